"""Object types and properties of the portal: what exists, and which values it takes."""
