"""The drawn background of the organisation."""
