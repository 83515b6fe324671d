"""The contract suite: what every connector promises, as pytest classes. See docs/adding-a-connector.md."""
