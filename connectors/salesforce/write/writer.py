"""Writing our properties: up to 1,000 records in one call, one result for each, and nothing but what is ours.

A composite call carries five collections of 200. Rows of one account go together, so that two requests do not wait for
the same parent's lock; only rows that were locked are sent again, in the end in small groups.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.base import Change, PropertySpec, Value, WriteError, WriteErrorKind, WriteResult
from connectors.errors import ConfigError, RetriableError, SchemaError
from connectors.http.retry import retrying
from connectors.records import Stream
from connectors.salesforce.api.bulk_jobs import BulkUpdates
from connectors.salesforce.api.client import Client, soql_time
from connectors.salesforce.api.describe import Schema
from connectors.salesforce.config import SalesforceConfig
from connectors.salesforce.ids import to_18
from connectors.salesforce.names import OBJECTS, field_name, is_ours
from connectors.secrets import redact

COLLECTION, COLLECTIONS = 200, 5
BATCH = COLLECTION * COLLECTIONS
_LOCK_GROUPS = (COLLECTION, COLLECTION, 10, 1)
"""How many records a request carries at each try of the locked ones."""
HEADERS = {
    "Sforce-Auto-Assign": "FALSE",
    "Sforce-Duplicate-Rule-Header": "allowSave=true",
    "Sforce-Call-Options": "client=bothways/1",
}
"""Without the first, a write to a record may run assignment and territory rules and change its owner; without the
second, a duplicate rule that only warns people would refuse it.
"""

_REFERENCE = "@{"
"""Inside a composite call this begins a reference to an earlier answer, whatever text it stands in."""
PROVISION = "Run `bothways provision`, and assign the permission set Bothways_Integration to the integration user."
_KINDS: dict[str, tuple[WriteErrorKind, str]] = {
    "UNABLE_TO_LOCK_ROW": ("retry", "Another process held the record or its account; it is tried again."),
    "SERVER_UNAVAILABLE": ("retry", ""),
    "UNKNOWN_EXCEPTION": ("retry", ""),
    "REQUEST_RUNNING_TOO_LONG": ("retry", ""),
    "PROCESSING_HALTED": ("retry", ""),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": ("retry", ""),
    "ENTITY_IS_DELETED": ("gone", ""),
    "NOT_FOUND": ("gone", ""),
    "INVALID_CROSS_REFERENCE_KEY": ("gone", ""),
    "MALFORMED_ID": ("gone", ""),
    "INSUFFICIENT_ACCESS_OR_READONLY": ("auth", "Give the integration user edit access to the record."),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": ("auth", "Give the integration user edit access to the record."),
    "INSUFFICIENT_ACCESS": ("auth", "Give the integration user edit access to the record."),
    "INVALID_FIELD": ("schema", PROVISION),
    "INVALID_FIELD_FOR_INSERT_UPDATE": ("schema", PROVISION),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": ("schema", "Add the value to the picklist, or make it unrestricted."),
    "STRING_TOO_LONG": ("schema", "The field is shorter than it was provisioned; run `bothways provision --plan`."),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": (
        "rejected",
        "A validation rule refuses the record as it is; correct it there.",
    ),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": ("rejected", "An Apex trigger or a flow failed on the record."),
    "REQUIRED_FIELD_MISSING": ("rejected", "Fill the required field of the record."),
    "DUPLICATES_DETECTED": ("rejected", "A duplicate rule refuses the record."),
}
_REST_DEFAULT: tuple[WriteErrorKind, str] = ("rejected", "See the message; the record is kept as a dead letter.")
_BULK_ERROR = re.compile(r"^([A-Z_]+):(.*?)(?::[^:]*--)?$", re.DOTALL)


class _Locked(RetriableError):
    """Some rows were locked."""


def error(code: str, message: str) -> WriteError:
    """What a record's error means for us."""
    kind, remedy = _KINDS.get(code, _REST_DEFAULT)
    return WriteError(kind, code or "UNKNOWN", redact(message), remedy)


@dataclass(slots=True)
class Writer:
    """Updates accounts and opportunities. Safe to share between threads."""

    client: Client
    config: SalesforceConfig
    schema: Schema
    owned: Sequence[PropertySpec]

    def write(self, changes: Sequence[Change]) -> list[WriteResult]:
        """One result per change. Raises ConfigError (not ours, or too many), SchemaError (a property is not there),
        RetriableError when the outcome of the call is unknown."""
        if len(changes) > BATCH and self.config.bulk_write_rows is None:
            raise ConfigError(f"At most {BATCH} changes may be written at once, not {len(changes)}.")
        self._check(changes)
        results: list[WriteResult] = []
        for stream, object_name in OBJECTS.items():
            mine = sorted(
                (c for c in changes if c.stream == stream), key=lambda c: (c.parent_id or c.record_id, c.record_id)
            )
            if self.config.bulk_write_rows is not None and len(mine) >= self.config.bulk_write_rows:
                results += self._by_bulk(object_name, mine)
            elif mine:
                results += self._by_collections(object_name, mine)
        return results

    def _check(self, changes: Sequence[Change]) -> None:
        """Refuses everything that is not ours before anything is sent."""
        allowed: dict[Stream, set[str]] = {s: {p.name for p in self.owned if p.stream == s} for s in OBJECTS}
        used: dict[Stream, set[str]] = {}
        for change in changes:
            if change.stream not in OBJECTS:
                raise ConfigError(f"{change.stream} {change.record_id}: only {' and '.join(OBJECTS)} are ever written.")
            foreign = sorted(set(change.values) - allowed.get(change.stream, set()))
            if foreign or any(not is_ours(field_name(name)) for name in change.values):
                raise ConfigError(
                    f"{change.stream} {change.record_id}: {', '.join(foreign)} is no property of ours and is "
                    f"never written.",
                    remedy="Only properties of the chosen profile may be written.",
                )
            used.setdefault(change.stream, set()).update(change.values)
        for stream, names in used.items():
            self._writable(OBJECTS[stream], sorted(names))

    def _writable(self, object_name: str, stems: Sequence[str]) -> None:
        for stem in stems:
            found = self.schema.find(object_name, field_name(stem))
            if found is None or not found.updateable:
                how = "is not there, or not visible to" if found is None else "cannot be edited by"
                raise SchemaError(f"{object_name}.{field_name(stem)} {how} the integration user.", remedy=PROVISION)

    def _by_collections(self, object_name: str, changes: Sequence[Change]) -> list[WriteResult]:
        results: dict[int, WriteResult] = {}
        pending = list(range(len(changes)))
        tries = 0

        def attempt() -> None:
            nonlocal pending, tries
            size = _LOCK_GROUPS[min(tries, len(_LOCK_GROUPS) - 1)]
            tries += 1
            for start in range(0, len(pending), size * COLLECTIONS):
                call = pending[start : start + size * COLLECTIONS]
                groups = [call[n : n + size] for n in range(0, len(call), size)]
                answers = self._send(object_name, [[changes[i] for i in group] for group in groups])
                results.update(zip(call, answers, strict=True))
            pending = [i for i in pending if (e := results[i].error) is not None and e.code == "UNABLE_TO_LOCK_ROW"]
            if pending:
                raise _Locked(f"{len(pending)} records are locked.", retry_after=min(0.5 * 2**tries, 10.0))

        self.client.minimum += 1
        with suppress(_Locked):  # what is still locked says so in its own result
            retrying(attempt, on=_Locked, attempts=len(_LOCK_GROUPS))
        return [results[index] for index in range(len(changes))]

    def _send(self, object_name: str, groups: Sequence[Sequence[Change]]) -> list[WriteResult]:
        path = f"{self.client.root}/composite/sobjects"
        bodies = [
            {"allOrNone": False, "records": [_record(object_name, change) for change in group]} for group in groups
        ]
        if len(groups) == 1 or any(_REFERENCE in str(v) for g in groups for c in g for v in c.values.values()):
            answers = [self.client.send("PATCH", path, body, headers=HEADERS, purpose="write") for body in bodies]
        else:
            asked = [{"method": "PATCH", "url": path, "httpHeaders": HEADERS, "body": body} for body in bodies]
            parts = self.client.composite(asked, purpose="write", headers=HEADERS)
            for part in parts:
                if (failed := part.error("PATCH composite/sobjects")) is not None:
                    raise failed
            answers = [part.body for part in parts]
        return [r for group, answer in zip(groups, answers, strict=True) for r in _results(group, answer)]

    def _by_bulk(self, object_name: str, changes: Sequence[Change]) -> list[WriteResult]:
        fields = sorted({field_name(name) for change in changes for name in change.values})
        rows = [{"Id": to_18(c.record_id), **{field_name(n): _text(v) for n, v in c.values.items()}} for c in changes]
        outcomes = {
            to_18(o.record_id): o.error for o in BulkUpdates(self.client, self.config).update(object_name, fields, rows)
        }
        if missing := [c.record_id for c in changes if to_18(c.record_id) not in outcomes]:
            raise RetriableError(f"A Bulk write gave no result for {len(missing)} records, {missing[0]} among them.")
        return [WriteResult(c, _bulk_error(outcomes[to_18(c.record_id)])) for c in changes]


def _record(object_name: str, change: Change) -> dict[str, Any]:
    values = {field_name(name): _json(value) for name, value in sorted(change.values.items())}
    return {"attributes": {"type": object_name}, "id": to_18(change.record_id), **values}


def _json(value: Value) -> str | int | float | bool | None:
    return soql_time(value) if isinstance(value, datetime) else value


def _text(value: Value) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return soql_time(value) if isinstance(value, datetime) else repr(value)


def _results(group: Sequence[Change], answer: object) -> list[WriteResult]:
    """Results by position, the ids agreeing. Raises RetriableError when they do not: then no outcome is known."""
    if not isinstance(answer, list) or len(answer) != len(group):
        count = len(answer) if isinstance(answer, list) else "no"
        raise RetriableError(f"Salesforce gave {count} results for {len(group)} records: their outcome is unknown.")
    results = []
    for change, item in zip(group, answer, strict=True):
        if not _is_result(item):
            raise RetriableError("Salesforce gave a result that cannot be understood: the outcome is unknown.")
        named = item.get("id")
        if named is not None and to_18(str(named)) != to_18(change.record_id):
            raise RetriableError(f"Salesforce answered for {named} where {change.record_id} was sent: outcome unknown.")
        results.append(WriteResult(change, None if item.get("success") is True else _first_error(item)))
    return results


def _is_result(item: object) -> bool:
    errors = item.get("errors") or [] if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(errors, list) or not isinstance(item.get("success"), bool):
        return False
    return all(isinstance(e, dict) and isinstance(e.get("fields") or [], list) for e in errors)


def _first_error(item: Mapping[str, Any]) -> WriteError:
    first: Mapping[str, Any] = next(iter(item.get("errors") or ()), {})
    fields = ", ".join(map(str, first.get("fields") or ()))
    message = str(first.get("message", "no reason given"))
    return error(str(first.get("statusCode", "")), f"{message} ({fields})" if fields else message)


def _bulk_error(text: str | None) -> WriteError | None:
    if text is None:
        return None
    split = _BULK_ERROR.match(text)
    return error(split[1], split[2].strip()) if split else error("", text)
