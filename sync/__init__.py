"""sync: runs it: pull, land, enrich, diff, write back."""
