"""HTTP concerns that both CRM connectors share."""
