"""Checks a portal; provisions and removes our properties."""
