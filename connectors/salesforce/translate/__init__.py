"""Salesforce objects to canonical records."""
