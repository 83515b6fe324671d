"""Templates of the units that `bothways schedule` prints."""
