"""What the contract suite needs of a seeded CRM. A harness satisfies this protocol; it need not import it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from connectors.base import Connector, PropertySpec, Value
from connectors.records import Stream


class Harness(Protocol):
    """One CRM, seeded with `organisation.ROWS`."""

    name: str
    streams: frozenset[Stream]
    """The streams of the organisation that this CRM has a place for."""
    unheld: Mapping[Stream, frozenset[str]]
    """Columns that it has no place for, so that they are not compared."""
    provisions: bool
    """False: it has no fields to add; the tests of provisioning and of access are skipped."""
    edits: bool
    """False: records cannot be changed or deleted behind the connector's back."""
    merges: bool

    def connect(self, owned: Sequence[PropertySpec] = ()) -> Connector:
        """A new connector, with nothing remembered, that reads `owned` with the records."""
        ...

    def id_of(self, stream: Stream, key: str) -> str:
        """The CRM's id of a seeded record."""
        ...

    def edit(self, stream: Stream, key: str, column: str, value: Value) -> None:
        """A person changes a field of theirs."""
        ...

    def delete(self, stream: Stream, key: str) -> None: ...

    def merge(self, loser: str, survivor: str) -> None:
        """Two accounts become one."""
        ...

    def revoke(self, spec: PropertySpec) -> None:
        """The connector's user can neither see nor write this property of ours any more."""
        ...

    # optional: own_records: frozenset[str], ids that the CRM itself brings (its administrators) and that are not in ROWS
