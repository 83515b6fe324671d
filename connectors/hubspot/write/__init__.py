"""Writes our properties to HubSpot."""
