"""Writes our own properties in batches of 100: one result for every change, whatever the answer leaves out.

Every input carries its own objectWriteTraceId, so that one bad record does not fail the others. Where an answer refuses
the whole batch all the same, the batch is halved until the bad one stands alone; where an id is missing from a success,
the record is asked for: it may have been merged away.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from connectors.base import Change, PropertySpec, WriteError, WriteErrorKind, WriteResult
from connectors.errors import ConfigError, RetriableError, SchemaError
from connectors.hubspot.api.call_counter import BATCH
from connectors.hubspot.api.client import Client
from connectors.hubspot.api.failures import ErrorBody, ErrorDetail, NotFound, Refused
from connectors.hubspot.api.response_checks import a_record, written
from connectors.hubspot.config import HubSpotMapping
from connectors.hubspot.read.properties import PROVISION, Properties
from connectors.hubspot.translate import values
from connectors.records import Stream

WRITABLE: tuple[Stream, ...] = ("accounts", "opportunities")
_SCHEMA_CODES = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE", "INVALID_OPTION"})
_LATER = frozenset(
    {"RATE_LIMITS", "RATE_LIMIT", "INTERNAL_ERROR", "LOCKED", "CONFLICT", "TIMEOUT", "SERVICE_UNAVAILABLE"}
)
_GONE = frozenset({"OBJECT_NOT_FOUND", "NOT_FOUND"})


class Writer:
    """Updates records that exist. Raises ConfigError, SchemaError, AuthError, QuotaReached or RetriableError."""

    def __init__(
        self,
        client: Client,
        mapping: HubSpotMapping,
        owned: Sequence[PropertySpec],
        properties: Properties,
        changed_since_read: Callable[[Stream], frozenset[str] | None] = lambda _: None,
    ) -> None:
        self._changed_since_read = changed_since_read
        self._lock, self._others = threading.Lock(), {}  # type: tuple[threading.Lock, dict[Stream, frozenset[str] | None]]
        self._client, self._mapping, self._properties = client, mapping, properties
        self._calls = itertools.count(1)
        self._ours = {stream: {s.name: s for s in owned if s.stream == stream} for stream in WRITABLE}

    def write(self, changes: Sequence[Change]) -> list[WriteResult]:
        """One result for each change, in any order."""
        self._allow(changes)
        results: list[WriteResult] = []
        for stream in WRITABLE:
            mine = [c for c in changes if c.stream == stream]
            if not mine:
                continue
            name = self._mapping.of(stream).object  # type: ignore[arg-type]
            used = {p for c in mine for p in c.values}
            self._properties.refuse_missing(name, self._properties.absent(name, used))
            self._changed(stream)  # before anything of ours is among them
            for wave in _waves(mine):
                self._client.calls.needed(f"batch update {name}", len(wave), BATCH)
                results += self._batch(name, wave)
        return results

    def _allow(self, changes: Sequence[Change]) -> None:
        if len(changes) > BATCH:
            raise ConfigError(f"{len(changes)} changes in one call; HubSpot takes {BATCH}.")
        for change in changes:
            if change.stream not in WRITABLE:
                raise ConfigError(f"bothways writes to accounts and opportunities only, not to {change.stream}.")
            foreign = sorted(change.values.keys() - self._ours[change.stream].keys())
            if foreign:
                raise ConfigError(
                    f"{change.stream} {change.record_id}: {', '.join(foreign)} is not a property of bothways.",
                    remedy="Only properties of the active profile are ever written.",
                )
            if not change.record_id.isdigit():
                raise ConfigError(f"{change.record_id!r} is not the id of a HubSpot record.")

    def _batch(self, name: str, changes: Sequence[Change]) -> list[WriteResult]:
        """One batch/update call, and what it takes to account for every change of it."""
        if not changes:
            return []
        call = next(self._calls)  # so that the answer to another call is never taken for the one to this
        traced = {f"bw-{call}-{number}": change for number, change in enumerate(changes)}
        inputs = [
            {
                "id": change.record_id,
                "properties": {p: values.written(v) for p, v in change.values.items()},
                "objectWriteTraceId": trace,
            }
            for trace, change in traced.items()
        ]
        try:
            asked = {"inputs": inputs}
            path = self._client.paths.batch_update(name)
            check = written(path.name, {trace: change.record_id for trace, change in traced.items()})
            body = self._client.call(path, body=asked, write=True, expects="results", check=check).body
        except RetriableError as error:
            if error.status != 423:
                raise
            if len(changes) > 1:  # one locked record refuses the batch; the others need not wait for it
                return self._halved(name, changes)
            return [WriteResult(changes[0], WriteError("retry", "LOCKED", str(error)))]
        except NotFound as error:
            if len(changes) > 1:
                return self._halved(name, changes)
            return [WriteResult(changes[0], WriteError("gone", "NOT_FOUND", str(error)))]
        except Refused as error:
            return self._refused(name, changes, error)
        return self._accounted(name, traced, body)

    def _refused(self, name: str, changes: Sequence[Change], refused: Refused) -> list[WriteResult]:
        self._stop_for_schema(name, changes, refused.text)
        if len(changes) == 1:
            return [WriteResult(changes[0], _error(refused.body))]
        named = {
            i for i in (refused.body.get("context") or {}).get("ids", []) if any(c.record_id == i for c in changes)
        }
        if named and len(named) < len(changes):
            rest = self._batch(name, [c for c in changes if c.record_id not in named])
            return rest + self._batch(name, [c for c in changes if c.record_id in named])
        return self._halved(name, changes)

    def _halved(self, name: str, changes: Sequence[Change]) -> list[WriteResult]:
        half = len(changes) // 2
        return self._batch(name, changes[:half]) + self._batch(name, changes[half:])

    def _accounted(self, name: str, by_trace: Mapping[str, Change], body: Mapping[str, Any]) -> list[WriteResult]:
        """Every change is in the results, named by an error, or looked up."""
        changes = list(by_trace.values())
        by_id = {change.record_id: change for change in changes}
        done = {str(r.get("id")): r.get("updatedAt") for r in body.get("results") or ()}
        failed: dict[str, WriteError] = {}
        for detail in body.get("errors") or ():
            context = detail.get("context") or {}
            hit = [by_trace[t].record_id for t in context.get("objectWriteTraceId", []) if t in by_trace]
            hit = hit or [str(i) for i in context.get("ids", []) if str(i) in by_id]
            self._stop_for_schema(name, [by_id[i] for i in hit] or changes, detail.get("message", ""))
            failed |= dict.fromkeys(hit, _error(detail))
        results = [WriteResult(by_id[i], e) for i, e in failed.items() if i not in done]
        results += [WriteResult(c, stamp=self._stamp(c, done[c.record_id])) for c in changes if c.record_id in done]
        unknown = [c for c in changes if c.record_id not in done and c.record_id not in failed]
        return results + [WriteResult(c, self._whereabouts(name, c)) for c in unknown]

    def _stamp(self, change: Change, told: object) -> datetime | None:
        """The modification stamp that the write left, unless somebody may have changed the record since it was read."""
        others = self._changed(change.stream)
        if others is None or change.record_id in others or not isinstance(told, str):
            return None
        try:
            return values.parse_time(told)
        except ValueError:
            return None

    def _changed(self, stream: Stream) -> frozenset[str] | None:
        """Records that were changed between the read and our first write of the stream. None: not known, or many."""
        with self._lock:
            if stream not in self._others:
                self._others[stream] = self._changed_since_read(stream)
            return self._others[stream]

    def _whereabouts(self, name: str, change: Change) -> WriteError:
        """Why a record is missing from a success: gone, merged into another, or just not confirmed."""
        try:
            path = self._client.paths.record(name, change.record_id)
            found = str(self._client.call(path, expects="properties", check=a_record(path.name)).body["id"])
        except NotFound:
            return WriteError("gone", "NOT_FOUND", f"{name} {change.record_id} was deleted.")
        if found != change.record_id:
            return WriteError("gone", "MERGED", f"{name} {change.record_id} was merged into {found}.")
        return WriteError("retry", "UNCONFIRMED", f"HubSpot did not confirm the write of {name} {change.record_id}.")

    def _stop_for_schema(self, name: str, changes: Sequence[Change], message: str) -> None:
        """Raises SchemaError when the values were refused because of one of our own properties."""
        ours = {p for c in changes for p in c.values}
        for problem in invalid_properties(message):
            if problem.get("error") in _SCHEMA_CODES and problem.get("name") in ours:
                raise SchemaError(
                    f"HubSpot {name}: {problem.get('message') or problem['error']} ({problem['name']}).",
                    remedy=PROVISION,
                )


def invalid_properties(message: str) -> list[dict[str, Any]]:
    """The list of refused properties that HubSpot puts as JSON inside its message; empty when there is none."""
    found = re.search(r"\[\s*\{.*\}\s*\]", message, re.DOTALL)
    if not found:
        return []
    try:
        problems = orjson.loads(found.group())
    except orjson.JSONDecodeError:
        return []
    return [p for p in problems if isinstance(p, dict)]


def _error(detail: ErrorBody | ErrorDetail) -> WriteError:
    message = detail.get("message", "") or "HubSpot gave no reason."
    category = str(detail.get("category") or "UNKNOWN")
    problems = invalid_properties(message)
    if category in _GONE:
        return WriteError("gone", category, message)
    kind: WriteErrorKind = "retry" if category in _LATER else "rejected"
    code = str(problems[0].get("error") or category) if problems else category
    names = [str(p["name"]) for p in problems if p.get("name")]
    remedy = f"Look at {', '.join(names)} of the record in HubSpot." if names else ""
    if "MISSING_CONDITIONAL_REQUIRED_PROPERTY" in message or category == "MISSING_CONDITIONAL_REQUIRED_PROPERTY":
        code = "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
        remedy = "Fill the property that HubSpot's validation rule requires, or set crm.api_version to 2026-03."
    return WriteError(kind, code, message, remedy)


def _waves(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Runs of changes in which no record comes twice, in the given order: HubSpot refuses a batch with duplicates."""
    waiting = list(changes)
    while waiting:
        seen: set[str] = set()
        wave = [c for c in waiting if not (c.record_id in seen or seen.add(c.record_id))]  # type: ignore[func-returns-value]
        taken = {id(c) for c in wave}
        waiting = [c for c in waiting if id(c) not in taken]
        yield wave
