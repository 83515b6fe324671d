"""config: describes a run: settings, scoring model, field mappings."""
