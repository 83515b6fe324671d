"""Salesforce: the only package that knows its words and its client library."""
