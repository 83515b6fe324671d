"""connectors: talks to CRMs and files; imports nothing of ours above it."""
