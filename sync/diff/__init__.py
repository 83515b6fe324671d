"""Compares wanted with held values."""
