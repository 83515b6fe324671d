"""Deals, revenue, contracts and assets."""
