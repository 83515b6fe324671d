"""Both Bulk APIs: ingest and query jobs."""
