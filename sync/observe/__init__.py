"""Metrics, alerts, and the result of the last run."""
