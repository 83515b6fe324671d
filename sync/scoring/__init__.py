"""Scoring as SQL: statements compiled from the expressions of `enrichment`, kept, and run on DuckDB or Spark."""
