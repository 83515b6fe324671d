"""Files: a folder of CSV or Parquet in, CSV out; no CRM needed."""
