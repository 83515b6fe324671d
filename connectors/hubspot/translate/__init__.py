"""HubSpot objects to canonical records."""
