"""An organisation as a folder of CSV or Parquet tables."""
