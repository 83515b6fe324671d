"""Writes our fields to Salesforce."""
