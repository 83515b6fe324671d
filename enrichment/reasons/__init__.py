"""Why, and what to do: reasons and texts made of figures."""
