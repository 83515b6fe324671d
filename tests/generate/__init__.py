"""Generators of what is shipped or tested: the panel of the CRM components, the optional Salesforce project."""
