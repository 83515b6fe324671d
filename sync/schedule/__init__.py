"""Renders units for schedulers."""
