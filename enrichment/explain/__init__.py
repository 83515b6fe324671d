"""The components behind a record's scores, and what would change them."""
