"""Reads Salesforce objects as pages of canonical records."""
