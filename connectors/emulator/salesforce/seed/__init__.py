"""Fills an org with a neutral organisation."""
