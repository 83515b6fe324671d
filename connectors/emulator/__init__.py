"""Loopback HTTP stand-ins for both CRMs, with seeded data and injectable faults; they share no code with the
connectors.
"""
