"""The neutral organisation that both emulators, and files, are filled with."""
