"""Effort, threads and totals of activities."""
