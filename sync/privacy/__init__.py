"""Purge and the suppression list."""
