"""The metrics of one CRM in the Prometheus text format, from the state and the last outcome: the same text in a file
for the node exporter's textfile collector and at the daemon's /metrics.

Every figure is of the last sync, or of the present where its name says age or last. What is not known is left out.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from config.settings import Settings
from connectors.errors import ConfigError
from sync.errors import ending
from sync.observe import last_outcome as outcome
from sync.state.run_queries import rows_of
from sync.state.tables import dead_letters, journal, runs
from sync.system import files as durable
from sync.system.times import parse_time

_STANCES = ("bothways_stance", "bothways_deal_stance")
_REPORTED_AS = {"confirmed": "written", "intent": "deferred", "unknown": "deferred"}
"""What the journal calls it -> what the metrics call it; other words are the same."""


def write_textfile(settings: Settings, path: Path) -> None:
    """Puts the text at `path`, whole or not at all, readable by the exporter. Raises OSError, StateError."""
    text = generate_latest(figures_of(settings))
    path.parent.mkdir(parents=True, exist_ok=True)
    durable.put(path, lambda temporary: _fill(temporary, text))
    path.chmod(0o644)  # counts and times only; the exporter runs as somebody else


def _fill(path: Path, text: bytes) -> None:
    path.write_bytes(text)


def figures_of(settings: Settings) -> CollectorRegistry:
    """The figures of the runs, as they are now. Raises StateError when the state cannot be read."""
    registry, crm = CollectorRegistry(), settings.crm.kind
    ended = outcome.last(settings.workspace.dir)
    _gauge(
        registry, "lock_waits", "Runs that found another one at work, ever.", crm, outcome.waits(settings.workspace.dir)
    )
    if ended is not None:
        at = parse_time(ended.at).timestamp()
        _gauge(registry, "last_run_timestamp_seconds", "When the last sync ended.", crm, at)
        _gauge(registry, "last_run_exit_code", "How it ended; see docs/operations.md.", crm, ended.exit_code)
        if ended.quota_left is not None:
            _gauge(registry, "api_quota_remaining_ratio", "Of the day's API calls, 0 to 1.", crm, ended.quota_left)
        calls = Counter(
            "bothways_api_calls", "Answers of the last sync by HTTP status.", ["crm", "status"], registry=registry
        )
        for status, count in sorted(ended.answers.items()):
            calls.labels(crm, status).inc(count)
    with suppress(ConfigError):  # no workspace yet: nothing is known
        _from_state(registry, settings, crm)
    return registry


def _from_state(registry: CollectorRegistry, settings: Settings, crm: str) -> None:
    mine = sa.select(runs).where((runs.c.crm == crm) & (runs.c.kind == "sync")).order_by(runs.c.started_at.desc())
    rows = rows_of(settings, mine.limit(200))
    results = [(row, json.loads(row.result or "{}")) for row in rows]
    succeeded = [row for row, result in results if row.status == "finished" and ending(result.get("exit_code")).success]
    if succeeded:
        last = max(succeeded, key=lambda row: str(row.ended_at))
        age = (datetime.now(UTC) - parse_time(last.as_of)).total_seconds()
        stamp = parse_time(last.ended_at).timestamp()
        _gauge(registry, "last_success_timestamp_seconds", "When the last successful sync ended.", crm, stamp)
        _gauge(registry, "score_age_seconds", "Since the moment that the scores in the CRM are of.", crm, age)
    done = next(((row, result) for row, result in results if result), None)
    if done is not None:
        _of_run(registry, settings, crm, done[0].run_id, done[1])
    letters = (
        sa.select(dead_letters.c.code, sa.func.count().label("changes"))
        .where(dead_letters.c.crm == crm)
        .group_by(dead_letters.c.code)
    )
    rejected = Gauge(
        "bothways_rejected", "Changes that the CRM refuses at present.", ["crm", "code"], registry=registry
    )
    for row in rows_of(settings, letters):
        rejected.labels(crm, row.code).set(row.changes)


def _of_run(registry: CollectorRegistry, settings: Settings, crm: str, run_id: str, result: dict[str, Any]) -> None:
    seconds = Gauge("bothways_run_duration_seconds", "Of the last sync, by stage.", ["crm", "phase"], registry=registry)
    for phase, took in result.get("seconds", {}).items():
        seconds.labels(crm, phase).set(took)
    records = Gauge(
        "bothways_records", "Of the last sync, by what became of them.", ["crm", "object", "outcome"], registry=registry
    )
    for stream, count in result.get("pulled", {}).items():
        records.labels(crm, stream, "pulled").set(count)
    for stream, count in result.get("scored", {}).items():
        records.labels(crm, stream, "scored").set(count)
    of_run = sa.select(journal.c.stream, journal.c.status, sa.func.count().label("changes")).where(
        journal.c.run_id == run_id
    )
    for row in rows_of(settings, of_run.group_by(journal.c.stream, journal.c.status)):
        records.labels(crm, row.stream, _REPORTED_AS.get(row.status, row.status)).inc(row.changes)
    changed = sum(count for name, count in result.get("changes_by_field", {}).items() if name in _STANCES)
    _gauge(registry, "stance_changes", "Stances that the last sync changed.", crm, changed)


def _gauge(registry: CollectorRegistry, name: str, words: str, crm: str, value: float) -> None:
    Gauge(f"bothways_{name}", words, ["crm"], registry=registry).labels(crm).set(value)
