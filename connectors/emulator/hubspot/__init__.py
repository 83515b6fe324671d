"""The HubSpot stand-in."""
