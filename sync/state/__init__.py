"""The state database: cursors, runs, journal, lock, flags."""
