"""The Salesforce stand-in: an org of its own behind the REST, Bulk 2.0 and Metadata protocols, on loopback."""
