"""The hand-written accounts of the organisation."""
