"""Access tokens and identities."""
