"""Output on a terminal: progress, tables, JSON."""
