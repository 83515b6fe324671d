"""Switches: how this portal behaves where the service differs by tier, by day, or by what nobody has established."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """An admin's rule, enforced on writes of API version 2026-09: where `when` has one of `values` (any value if there
    are none), `required` must be filled."""

    object_type: str
    required: str
    when: str | None = None
    values: tuple[str, ...] = ()


@dataclass(slots=True)
class Behaviours:
    """May be changed while the emulator runs. Times are in seconds."""

    rate_limits: bool = True
    """Whether requests are counted against the tier's buckets at all."""
    retry_after: bool = False
    """Whether a 429 says when to come back; the service does not promise it."""
    daily_limit: int | None = None
    """Instead of the tier's."""
    only_own_token: bool = True
    """Whether a bearer is refused that is neither the emulator's own nor one that it issued; otherwise any is taken."""
    revoked_tokens: set[str] = field(default_factory=set)
    expired_tokens: set[str] = field(default_factory=set)
    scopes: dict[str, frozenset[str]] = field(default_factory=dict)
    """Scopes by token; a token that is not here has them all."""
    token_life: int = 1800
    """Of an OAuth access token."""

    index_lag: float = 0.0
    """How long search goes on filtering by old values, and does not see new records."""
    enrichment_after: float | None = None
    """HubSpot's own enrichment bumps the modification stamp of a new record this long after its creation."""
    same_value_bumps: bool = True
    """Whether writing the value that is already there moves the modification stamp."""
    trace_ids_on_update: bool = True
    """Whether batch/update honours `objectWriteTraceId` (batch/create and batch/upsert always do)."""
    merge_makes_new_id: bool = True
    archived_is_thin: bool = False
    """Whether `archived=true` leaves out properties that admins made."""
    calculated_null_in_search: bool = False
    property_delay: float = 0.0
    """How long after its creation a property is still unknown to reads and writes."""
    validation_rules: list[ValidationRule] = field(default_factory=list)
    normalisation_warnings: bool = True
    """Whether 2026-09 writes report values that were brought into normal form."""

    locked_ids: set[str] = field(default_factory=set)
    """Records that a bulk operation holds: writes answer 423."""
    migrating: int | None = None
    """While set, everything answers 477 with this Retry-After."""
    association_page: int = 500
    """How many links of one record a batch read shows before paging."""
    list_associations: int = 100
    """How many links of one record a list shows."""
    interval_headers: bool = True
    longest_url: int = 16_384
    """Of path and query; what is longer answers 414. HubSpot gives no number."""
