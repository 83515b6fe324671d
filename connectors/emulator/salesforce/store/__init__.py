"""The org's schema, records, permissions and quota."""
