"""Associations of records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Link(NamedTuple):
    """One association: the other record, the type ids that join them and the first label given by a person."""

    record_id: str
    types: frozenset[int]
    label: str | None = None


Links = Mapping[str, Sequence[Link]]
"""By the id of the record that they start from."""
