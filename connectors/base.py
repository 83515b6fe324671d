"""What sync asks of a connector, and the values that cross the border.

A connector is a `Source` (reads streams page by page), a `Destination` (writes our own properties on records that
exist) and says what it can do in its `Capabilities`. Everything here is a frozen value or a small protocol; nothing
does I/O.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

import pyarrow as pa

from connectors.records import Stream
from connectors.redaction import redact

Cursor = str
"""Where to go on reading: opaque to all but the connector that made it, and *inclusive* on resume.

A connector MUST make a cursor that survives the process (no handles), and MUST return, when resumed from it, every
record that was not on an earlier page, even if some come twice. The cursor of the *last* page of a read is the
watermark for the next incremental read; it already includes the overlap window.
"""

Value = str | int | float | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Organisation:
    """What a connector must know of the organisation to read its records: which addresses are ours, which currency the
    corporate one is (None: ask the CRM), and the zone of people whose zone is unknown."""

    own_domains: tuple[str, ...] = ()
    corporate_currency: str | None = None
    time_zone: str = "UTC"


PropertyType = Literal["number", "integer", "string", "text", "enumeration", "datetime"]


@dataclass(frozen=True, slots=True)
class PropertySpec:
    """A custom field that we own, in neutral words; `translate.py` of each connector turns `name` into the vendor's.

    `name` is the stem (`bothways_stance`), `scale` the decimals kept for numbers, `length` the most characters of a
    string, `options` the (code, label) pairs of an enumeration, `former` the pairs that earlier releases installed,
    `former_label` what they called the field.
    """

    name: str
    stream: Stream
    label: str
    type: PropertyType
    description: str
    scale: int = 0
    precision: int = 18
    length: int = 255
    options: tuple[tuple[str, str], ...] = ()
    former: tuple[tuple[str, str], ...] = ()
    former_label: str = ""

    def renamed(self, held: str) -> bool:
        """Whether a field that is called `held` still has its label of an earlier release, and should get today's."""
        return bool(self.former_label) and held == self.former_label and held != self.label

    def relabelled(self, held: Mapping[str, str]) -> dict[str, str]:
        """Of the options held (code -> label), those that still have a label of an earlier release, with today's label.

        A label that an administrator chose is not ours and is left out.
        """
        former = set(self.former)
        return {
            code: label
            for code, label in self.options
            if code in held and held[code] != label and (code, held[code]) in former
        }


@dataclass(frozen=True, slots=True)
class Reject:
    """A pulled record, or a field of it, that could not be understood: kept, counted, reported, never fatal."""

    stream: Stream
    record_id: str
    field: str
    message: str
    source: str = ""
    """Where it came from: `file.csv:17`, or the vendor object's name."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of one stream in the canonical schema, and the cursor from which to go on after them.

    `batch` has `connectors.records.schema(stream, owned)`; an empty batch with a cursor is a page (it moves the
    watermark). `deleted` are ids that are gone; `merged` maps a losing id to the one that survives.
    """

    stream: Stream
    batch: pa.RecordBatch
    cursor: Cursor
    deleted: tuple[str, ...] = ()
    merged: Mapping[str, str] = field(default_factory=dict)
    rejects: tuple[Reject, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """New values for our own properties of one record that exists. Absolute, so harmless to repeat. None clears."""

    stream: Stream
    record_id: str
    values: Mapping[str, Value]
    """By `PropertySpec.name`; numbers already rounded to the property's scale."""
    idempotency_key: str
    """`run_id/stream/record_id`."""
    parent_id: str | None = None
    """The account of an opportunity: writes of one parent are kept together, to avoid row locks."""


WriteErrorKind = Literal["retry", "gone", "rejected", "auth", "schema"]


@dataclass(frozen=True, slots=True)
class WriteError:
    """Why the CRM did not take a change.

    kind: `retry` may work later in this run or the next; `gone` the record was deleted or merged away (not an error);
    `rejected` the CRM's rules refuse it until a person changes something (a dead letter); `auth` that we may
    not edit it (a dead letter too, unless it is so for most); `schema` concerns the whole run, not the record.
    """

    kind: WriteErrorKind
    code: str
    message: str
    remedy: str = ""

    def __post_init__(self) -> None:
        # A CRM may repeat what it was sent; these words are kept in the state and shown.
        object.__setattr__(self, "message", redact(self.message))

    @property
    def retriable(self) -> bool:
        return self.kind == "retry"


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one change; `error` is None when the CRM confirmed it."""

    change: Change
    error: WriteError | None = None
    stamp: datetime | None = None
    """The modification stamp that this write left, if the CRM sent it and nobody changed the record since its read."""


FindingLevel = Literal["ok", "todo", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `bothways check`."""

    level: FindingLevel
    topic: str
    """credentials, scopes, objects, fields, properties, limits, activity, rules, files."""
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return all(f.level != "fail" for f in self.findings)


ProvisionStep = Literal["create", "exists", "update", "conflict", "delete"]


@dataclass(frozen=True, slots=True)
class ProvisionItem:
    """One component: `kind` is the vendor's word (field, permission set, property group, property)."""

    step: ProvisionStep
    kind: str
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ProvisionPlan:
    """What provision would do. It changes and deletes nothing that is not ours; a `conflict` stops it before."""

    items: tuple[ProvisionItem, ...]

    @property
    def conflicts(self) -> tuple[ProvisionItem, ...]:
        return tuple(i for i in self.items if i.step == "conflict")

    @property
    def to_do(self) -> tuple[ProvisionItem, ...]:
        return tuple(i for i in self.items if i.step in ("create", "update", "delete"))


@dataclass(frozen=True, slots=True)
class ApiCalls:
    """Calls made so far, and the least that the published page and batch sizes allow for the same records."""

    read: int = 0
    write: int = 0
    minimum: int = 0
    by_endpoint: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`streams` are those this source can give now; `incremental` those that it can read from a watermark (others are
    read whole each time). A batch of `write_batch` changes is one call; at most `write_workers` batches are in
    flight.
    """

    streams: tuple[Stream, ...]
    incremental: frozenset[Stream]
    write_batch: int
    write_workers: int = 1
    read_workers: int = 1
    writable: frozenset[Stream] = frozenset({"accounts", "opportunities"})
    rereadable: frozenset[Stream] = frozenset()
    """Streams whose records can be asked for by id: then the connector is a `connectors.optional.Rereader` too."""


class Source(Protocol):
    """Where records come from."""

    def check(self) -> Diagnosis:
        """Credentials, scopes, visible objects and fields, limits. Never raises for a finding."""
        ...

    def read(self, stream: Stream, since: Cursor | None) -> Iterator[Page]:
        """Every record of the stream (`since` None) or every one changed at or after the cursor.

        A record may come twice, none may be missed. At least one page is yielded; the last one's cursor is the
        watermark for the next read. Raises RetriableError (after its own retries), QuotaReached, AuthError or
        SchemaError: then what was yielded so far is good and reading can go on from the last cursor.
        """
        ...


class Destination(Protocol):
    """Where changes go."""

    def plan_provision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """What is missing for `specs`. Reads only."""

    def provision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """Adds what is missing, returns what was done. Idempotent. A conflict raises SchemaError before any change."""
        ...

    def plan_unprovision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """Exactly what `unprovision` would remove. Reads only."""

    def unprovision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """Removes exactly what `provision` added."""
        ...

    def write(self, changes: Sequence[Change]) -> Iterator[WriteResult]:
        """One result for every change, whatever happens, in any order; harmless to repeat.

        At most `capabilities.write_batch` changes a call; may be called from several threads. Refuses (ConfigError)
        any property that is not one of ours. Raises RetriableError when the outcome of the whole call is unknown,
        QuotaReached, AuthError or SchemaError.
        """
        ...


class Connector(Source, Destination, Protocol):
    """Both, with a name (`salesforce`, `hubspot`, `files`)."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def calls(self) -> ApiCalls:
        """Calls made by this object since it was built."""
        ...

    def server_time(self) -> datetime | None:
        """The server's clock as of its last answer (UTC), or None if there is no server."""
        ...

    def close(self) -> None: ...
