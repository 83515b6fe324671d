"""Files, signals, times, logs: what the operating system and libraries need."""
