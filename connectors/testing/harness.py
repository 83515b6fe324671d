"""What the contract suite needs of a CRM: one seeded copy of it, and ways to change it behind the connector's back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from connectors.base import Connector, PropertySpec, Value
from connectors.records import Stream
from connectors.testing import properties


class Harness(Protocol):
    """One CRM that holds `organisation.ROWS` and none of our properties. Each test gets a fresh one.

    Subclass it to inherit the defaults, or satisfy it without importing it.
    """

    name: str
    streams: frozenset[Stream]
    """The streams of `organisation.ROWS` that this CRM has a place for. Tests that need another one are skipped."""
    unheld: Mapping[Stream, frozenset[str]] = {}
    """Columns that this CRM has no place for: they are not compared."""
    own_records: frozenset[str] = frozenset()
    """Ids of records that the CRM itself brings (its administrators) and that are not in `organisation.ROWS`."""
    essential: Sequence[PropertySpec] = properties.ESSENTIAL
    """The properties that are provisioned and written. They include all of `properties.ESSENTIAL`, by name and type."""
    full: Sequence[PropertySpec] = properties.FULL
    """`essential` and more, for provisioning in two steps."""
    provisions: bool = True
    """False: the CRM has no fields to add. Tests of provisioning, writing and access are skipped."""
    edits: bool = True
    """False: records cannot be changed or deleted behind the connector's back."""
    merges: bool = True
    """False: the CRM does not merge records."""
    has_server: bool = True
    """False: there is no server, so no calls to count and no server clock."""

    def connect(self, owned: Sequence[PropertySpec] = ()) -> Connector:
        """A new connector that remembers nothing and reads `owned` with the records.

        Its pages are small enough that `activities` needs several. The harness closes it at the end of the test.
        """
        ...

    def id_of(self, stream: Stream, key: str) -> str:
        """The CRM's id of a seeded record, by its key in `organisation.ROWS`."""
        ...

    def edit(self, stream: Stream, key: str, column: str, value: Value) -> None:
        """A person changes a field of theirs. The suite edits `accounts.name`."""
        ...

    def delete(self, stream: Stream, key: str) -> None:
        """A person deletes a record: an account or an opportunity."""
        ...

    def merge(self, loser: str, survivor: str) -> None:
        """A person merges two accounts, given by their keys. Called only if `merges`."""
        raise NotImplementedError(f"{self.name} does not merge records")

    def revoke(self, spec: PropertySpec) -> None:
        """The connector's user can neither see nor write this property of ours any more."""
        ...
