"""What a folder is understood to say, and what of it is in doubt."""
