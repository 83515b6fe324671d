"""The first hour: the demo, and the wizard that writes a first settings file."""
