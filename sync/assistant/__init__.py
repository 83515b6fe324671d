"""Read-only answers for an assistant, over the Model Context Protocol."""
