"""Fills a portal with a neutral organisation."""
