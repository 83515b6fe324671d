"""Salesforce ids: three characters of prefix say what a record is; 15 characters tell case apart, 18 are safe
everywhere.
"""

from __future__ import annotations

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

ACCOUNT, CONTACT, OPPORTUNITY, CASE, USER = "001", "003", "006", "500", "005"


def to_18(record_id: str) -> str:
    """The 18-character form: each five characters of the 15 add one that says which of them are capitals."""
    if len(record_id) != 15:
        return record_id
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, char in enumerate(record_id[start : start + 5]) if "A" <= char <= "Z")
        suffix += _ALPHABET[bits]
    return record_id + suffix


def is_id(value: object) -> bool:
    """Whether it looks like the id of a record."""
    return isinstance(value, str) and len(value) in (15, 18) and value.isascii() and value.isalnum()


def is_a(record_id: str | None, prefix: str) -> bool:
    """Whether the id is of the object with that key prefix."""
    return record_id is not None and record_id.startswith(prefix)
