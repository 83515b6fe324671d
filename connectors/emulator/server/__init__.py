"""The HTTP server that both emulators run on, with injectable faults."""
