"""Salesforce's HTTP APIs: client, authentication, Bulk, describe."""
