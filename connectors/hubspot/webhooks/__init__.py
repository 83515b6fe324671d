"""HubSpot webhooks: signature and content."""
