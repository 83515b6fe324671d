"""HubSpot's HTTP API: client, authentication, limits, response checks."""
