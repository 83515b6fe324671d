"""Reads HubSpot objects as pages of canonical records."""
