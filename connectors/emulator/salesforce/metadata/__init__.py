"""Metadata deployments and the Tooling API."""
