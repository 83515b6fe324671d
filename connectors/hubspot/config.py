"""Settings of the HubSpot connector: where, as whom, how fast; and which property of which object feeds which
column.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.http.addresses import address
from connectors.http.quota_reserve import hours
from connectors.records import SCHEMAS, Stream
from connectors.secrets import Secret

ApiVersion = Literal["v3", "2026-03", "2026-09"]
DEFAULT_VERSION: ApiVersion = "2026-03"
"""Writes of 2026-09 are subject to validation rules about properties that are not ours; those of 2026-03 and v3 are
not.
"""

API_HOST = "api.hubapi.com"
_HOSTS = re.compile(re.escape(API_HOST))


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TokenAuth(_Strict):
    """A service key, or the static token of a project app."""

    method: Literal["token"] = "token"
    token: Secret


class OAuthAuth(_Strict):
    """An OAuth app: the refresh token is exchanged for access tokens of half an hour."""

    method: Literal["oauth"]
    client_id: str
    client_secret: Secret
    refresh_token: Secret


class HubSpotConfig(_Strict):
    """The `[crm]` section for HubSpot."""

    kind: Literal["hubspot"] = "hubspot"
    url: str = f"https://{API_HOST}"
    auth: Annotated[TokenAuth | OAuthAuth, Field(discriminator="method")]
    api_version: ApiVersion = DEFAULT_VERSION
    rate_limit: int | None = Field(default=None, ge=1, le=1000)
    """Requests in ten seconds; None for as many as HubSpot says the account may make, less what others make."""
    search_limit: int = Field(default=5, ge=1, le=1000)
    """Searches in one second; the account has five for all its apps together."""
    daily_reserve: float = Field(default=0.2, ge=0, lt=1)
    """The share of the daily allowance that is left to others."""
    busy_reserve: float = Field(default=0.4, ge=0, lt=1)
    """The share that is left to them in busy hours, if larger."""
    busy_hours: str = "8-18"
    """When people work with the account: Monday to Friday, in the organisation's time zone; "" for never."""
    overlap_minutes: int = Field(default=5, ge=1, le=1440)
    """How far an incremental read goes back before its watermark: the search index lags."""
    associations_days: int = Field(default=90, ge=0, le=365)
    """The associations of open deals, and of what was modified in so many days, are read again once a night."""
    workers: int = Field(default=4, ge=1, le=16)
    request_seconds: float = Field(default=120.0, gt=0, le=3600)
    """The longest that one request may take, from its first byte to its last."""
    ca_file: str | None = None

    @field_validator("busy_hours")
    @classmethod
    def _span(cls, text: str) -> str:
        hours(text)
        return text

    @field_validator("url")
    @classmethod
    def _known_host(cls, url: str) -> str:
        try:
            found = address(url, _HOSTS)
        except ValueError as error:
            raise ValueError(f"{error}; the token is sent to https://{API_HOST} or to loopback only") from None
        if found.path not in ("", "/") and not found.loopback:
            raise ValueError("must be the address alone, without a path")
        return str(found).rstrip("/")

    @property
    def overlap_ms(self) -> int:
        return self.overlap_minutes * 60_000


Kind = Literal[
    "accounts",
    "people",
    "opportunities",
    "line_items",
    "products",
    "cases",
    "emails",
    "calls",
    "meetings",
    "tasks",
    "communications",
    "contracts",
    "assets",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
ACTIVITY_KINDS: tuple[Kind, ...] = ("emails", "calls", "meetings", "tasks", "communications")

_ACT = frozenset({"occurred_at", "owner_id", "automated", "mandated", "origin"})
_EXTRA: dict[Kind, frozenset[str]] = {
    "accounts": frozenset({"merged"}),
    "people": frozenset({"merged", "merged_vids", "first_name", "last_name", "other_emails"}),
    "opportunities": frozenset({"merged", "home_amount", "pipeline", "born"}),
    "cases": frozenset({"merged", "source"}),
    "line_items": frozenset({"total"}),
    "products": frozenset({"name", "product_family"}),
    "emails": _ACT
    | {"direction", "status", "sender", "recipients", "copies", "headers", "thread_id", "message_id"}
    | {"out_of_office"},
    "calls": _ACT | {"direction", "status", "disposition", "milliseconds"},
    "meetings": _ACT | {"status", "starts_at", "ends_at", "source", "attendees"},
    "tasks": _ACT | {"status", "completed_at"},
    "communications": _ACT | {"direction", "thread_id"},
}
_STAMPED = frozenset({"id", "created_at", "modified_at"})


def _fields_of(kind: Kind) -> frozenset[str]:
    stream: Stream | None = next((s for s in SCHEMAS if s == kind), None)
    columns = frozenset(SCHEMAS[stream].names) - _STAMPED if stream else frozenset()
    return columns | _EXTRA.get(kind, frozenset())


_OBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_PROPERTY = re.compile(r"[a-z][a-z0-9_]{0,99}")


class KindMapping(_Strict):
    """One kind of record: the HubSpot object that holds it and, by our field, the property that feeds it.

    `values` translates what a property holds, by field; the key `*` stands for every other value. An empty `object`
    switches the kind off; an empty property leaves its field null.
    """

    object: str = ""
    fields: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    required: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _well_formed(self) -> Self:
        if self.object and not _OBJECT.fullmatch(self.object):
            raise ValueError(f"object {self.object!r} is not a HubSpot object name such as companies or 2-123456")
        for field, name in self.fields.items():
            if name and not _PROPERTY.fullmatch(name):
                raise ValueError(f"fields.{field}: {name!r} is not a HubSpot property name")
            if name.startswith("bothways_"):
                raise ValueError(f"fields.{field}: {name} is written by bothways and cannot be an input")
        unknown = (set(self.values) | set(self.required)) - set(self.fields)
        if unknown:
            raise ValueError(f"values and required name fields that are not mapped: {', '.join(sorted(unknown))}")
        return self

    def property_of(self, field: str) -> str | None:
        """The property that feeds the field, or None."""
        return self.fields.get(field) or None

    def among(self, names: Container[str]) -> str:
        """The mapped properties that are among the names, sorted, with blanks between; "-" for none."""
        return " ".join(sorted(name for name in self.properties if name in names)) or "-"

    @property
    def properties(self) -> tuple[str, ...]:
        """Every mapped property once, in the order of the mapping."""
        return tuple(dict.fromkeys(name for name in self.fields.values() if name))


class HubSpotMapping(_Strict):
    """`config/mappings/hubspot.toml`, with the user's own file merged over it."""

    accounts: KindMapping
    people: KindMapping
    opportunities: KindMapping
    line_items: KindMapping = KindMapping()
    products: KindMapping = KindMapping()
    cases: KindMapping = KindMapping()
    emails: KindMapping = KindMapping()
    calls: KindMapping = KindMapping()
    meetings: KindMapping = KindMapping()
    tasks: KindMapping = KindMapping()
    communications: KindMapping = KindMapping()
    contracts: KindMapping = KindMapping()
    assets: KindMapping = KindMapping()

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        for kind in KINDS:
            known = _fields_of(kind)
            unknown = set(self.of(kind).fields) - known
            if unknown:
                raise ValueError(
                    f"{kind}.fields: no such field {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}"
                )
        for kind in ("accounts", "people", "opportunities"):
            if not self.of(kind).object:
                raise ValueError(f"{kind}.object cannot be empty")
        return self

    def of(self, kind: Kind) -> KindMapping:
        """The mapping of one kind."""
        mapping: KindMapping = getattr(self, kind)
        return mapping
