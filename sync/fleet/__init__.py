"""Many workspaces, one after another or a few at a time, each run in a process of its own."""
