"""enrichment: computes; pure: no I/O, no clock, no CRM."""
