"""HubSpot's endpoints, one module a family of paths."""
