"""The stage pull: pages from a connector to Parquet files."""
