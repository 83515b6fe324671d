"""How a Salesforce organisation is reached, and how its objects and fields become the canonical streams."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.http.addresses import address
from connectors.http.quota_reserve import hours
from connectors.records import SCHEMAS, Stream
from connectors.secrets import Secret

API_VERSION = "68.0"
_HOSTS = re.compile(r"(?:[a-z0-9-]+\.)+salesforce\.com")
_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TokenAuth(BaseModel):
    """An access token that somebody else obtained; read again when it expires."""

    model_config = _STRICT
    method: Literal["token"]
    token: Secret


class ClientCredentialsAuth(BaseModel):
    """The client credentials flow of an external client app with a Run-As user."""

    model_config = _STRICT
    method: Literal["client_credentials"]
    client_id: str
    client_secret: Secret


class JwtAuth(BaseModel):
    """The JWT bearer flow: a certificate's private key (PEM) signs for one user."""

    model_config = _STRICT
    method: Literal["jwt"]
    client_id: str
    username: str
    private_key: Secret
    audience: str = "https://login.salesforce.com"


class RefreshAuth(BaseModel):
    """The refresh token flow. With rotation on, keep the token in a file: the new one is written back to it."""

    model_config = _STRICT
    method: Literal["refresh"]
    client_id: str
    client_secret: Secret | None = None
    refresh_token: Secret


Auth = Annotated[TokenAuth | ClientCredentialsAuth | JwtAuth | RefreshAuth, Field(discriminator="method")]


class SalesforceConfig(BaseModel):
    """`[crm]` for Salesforce. `url` is the organisation's own My Domain address."""

    model_config = _STRICT

    kind: Literal["salesforce"]
    url: str
    auth: Auth
    api_version: str = Field(default=API_VERSION, pattern=r"^\d{2,3}\.0$")
    overlap_minutes: int = Field(default=15, ge=0, le=1440)
    """How far each incremental read goes back behind the last: rows are committed late with earlier stamps."""
    bulk_read_rows: int = Field(default=20_000, ge=0)
    """A read of more rows than this is a Bulk API 2.0 query."""
    bulk_page_rows: int = Field(default=50_000, ge=100, le=250_000)
    bulk_download_workers: int = Field(default=1, ge=1, le=5)
    """How many result pages of a Bulk query are downloaded at once, where the organisation offers it: more is faster,
    and takes a call more for each five pages.
    """
    bulk_write_rows: int | None = Field(default=None, ge=1)
    """A write of at least so many changes of one object is a Bulk API 2.0 job; null: always collections."""
    page_rows: int = Field(default=2_000, ge=200, le=2_000)
    write_workers: int = Field(default=1, ge=1, le=10)
    request_seconds: float = Field(default=130.0, gt=0, le=3600)
    """The longest that one request may take, from its first byte to its last."""
    bulk_seconds: float = Field(default=3_600.0, gt=0, le=86_400)
    """The longest that one Bulk job or metadata deployment may take."""
    quota_reserve: float = Field(default=0.2, ge=0, lt=1)
    """The share of the day's API calls that is left to others."""
    busy_reserve: float = Field(default=0.4, ge=0, lt=1)
    """The share that is left to them in busy hours, if larger."""
    busy_hours: str = "8-18"
    """When people work with the organisation: Monday to Friday, in its time zone; "" for never."""
    quota_reserve_calls: int = Field(default=1_000, ge=0)
    """At least so many are left (but never more than half of the day's)."""

    ca_file: str | None = None
    """Certificates (PEM) to trust instead of the public ones: those of a company's own proxy."""

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
            raise ValueError(f"{error}: use your My Domain, e.g. https://example.my.salesforce.com") from None
        if found.path not in ("", "/"):
            raise ValueError("must be the address alone, without a path")
        return found.origin


_PATH = re.compile(r"^([A-Za-z][A-Za-z0-9_]*\.){0,2}[A-Za-z][A-Za-z0-9_]*$")
_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")


class ObjectMapping(BaseModel):
    """One Salesforce object that feeds a stream: canonical (or vendor-role) column -> field, "" for none.

    `values` translates what a field holds, by column: {"direction": {"Inbound": "inbound"}}; "*" stands for any other
    value. `required` columns must exist in the organisation; others are null, with a finding, when their field is not
    there.
    """

    model_config = _STRICT

    object: str = Field(pattern=_NAME.pattern)
    fields: dict[str, str]
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    required: tuple[str, ...] = ()

    @field_validator("fields")
    @classmethod
    def _are_fields(cls, fields: dict[str, str]) -> dict[str, str]:
        for column, path in fields.items():
            if path and not _PATH.match(path):
                raise ValueError(f"{column}: {path!r} is not the API name of a field")
        return {column: path for column, path in fields.items() if path}


EMAIL_ROLES = frozenset(
    {"from_address", "incoming", "occurred_at", "status", "bounced", "task_id", "related_to", "case_id", "thread"}
    | {"reply_to", "message_id", "subject", "automated", "automation", "mandated"}
)
TASK_ROLES = frozenset(
    {"subtype", "call_type", "seconds", "disposition", "who_id", "what_id", "who_count", "account_id", "owner_id"}
    | {"occurred_at", "completed_at", "closed", "status", "subject", "recurrence", "type", "automated", "mandated"}
)
EVENT_ROLES = frozenset(
    {"starts_at", "ends_at", "minutes", "all_day", "who_id", "what_id", "account_id", "owner_id", "child"}
    | {"recurrence", "group_type", "subject", "outcome", "automated", "mandated"}
)
CASE_ROLES = frozenset({"supplied_email"})
"""Of cases, beside their columns."""
_ROLES = {"email": EMAIL_ROLES, "call": TASK_ROLES, "task": TASK_ROLES, "meeting": EVENT_ROLES}
ActivityKind = Literal["email", "call", "meeting", "task"]


class ActivityMapping(BaseModel):
    """The objects that hold activities. Calls and tasks of one object are read together and told apart by their
    subtype.

    A subject that contains one of `automated_subjects`, or begins with one of `automatic_replies`, was written by a
    tool: never effort. An event whose subject begins with one of `cancelled_subjects` did not take place.
    """

    model_config = _STRICT

    email: ObjectMapping | None = None
    meeting: ObjectMapping | None = None
    call: ObjectMapping | None = None
    task: ObjectMapping | None = None
    automated_subjects: tuple[str, ...] = ()
    automatic_replies: tuple[str, ...] = ()
    cancelled_subjects: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _known_roles(self) -> Self:
        for kind, roles in _ROLES.items():
            mapping: ObjectMapping | None = getattr(self, kind)
            if mapping is not None and (unknown := set(mapping.fields) - roles):
                raise ValueError(f"activities.{kind}: unknown columns {sorted(unknown)}; known: {sorted(roles)}")
        if self.call and self.task and self.call.object == self.task.object and self.call.fields != self.task.fields:
            merged = {**self.task.fields, **self.call.fields}
            clash = sorted(c for c in self.task.fields if merged[c] != self.task.fields[c])
            if clash:
                raise ValueError(f"activities.call and activities.task read the same object but differ in {clash}")
        return self


class SalesforceMapping(BaseModel):
    """The whole of `config/mappings/salesforce.toml`: which object and field feeds which stream and column."""

    model_config = _STRICT

    users: ObjectMapping | None = None
    accounts: ObjectMapping
    people: ObjectMapping | None = None
    opportunities: ObjectMapping
    opportunity_people: ObjectMapping | None = None
    line_items: ObjectMapping | None = None
    activities: ActivityMapping = Field(default_factory=ActivityMapping)
    cases: ObjectMapping | None = None
    contracts: ObjectMapping | None = None
    assets: ObjectMapping | None = None
    rivals: ObjectMapping | None = None
    currency_rates: ObjectMapping | None = None
    """The dated rates; static ones are read from CurrencyType where there are no dated ones."""

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        for stream, schema in SCHEMAS.items():
            mapping = self.of(stream)
            if mapping is None:
                continue
            known = set(schema.names) - {"id", "modified_at"} | (CASE_ROLES if stream == "cases" else frozenset())
            if unknown := set(mapping.fields) - known:
                raise ValueError(f"{stream}: unknown columns {sorted(unknown)}; known: {sorted(known)}")
        return self

    def of(self, stream: Stream) -> ObjectMapping | None:
        """The object of a stream; None when it is not mapped, and for activities, which have several."""
        if stream == "activities":
            return None
        mapping: ObjectMapping | None = getattr(self, stream)
        return mapping
