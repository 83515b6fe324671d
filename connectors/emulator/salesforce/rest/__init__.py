"""REST resources below `/services/data`."""
