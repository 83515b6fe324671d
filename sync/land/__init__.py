"""The stage land: normalises pulled records into tables."""
