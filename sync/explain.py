"""Finds one record in the scores of the last run and opens it up, as JSON or as a page of text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as ds

from config.settings import Settings
from connectors.errors import ConfigError
from connectors.records import Stream
from enrichment.explain import Explanation, explain
from enrichment.fields import FIELDS
from enrichment.model import ScoringModel
from sync.output import Output, number
from sync.runs import FinishedRun, finished_runs

_STREAMS: tuple[tuple[Stream, str], ...] = (("accounts", "account_audit"), ("opportunities", "opportunity_audit"))


@dataclass(frozen=True, slots=True)
class Found:
    """A record's explanation, where it came from, and its scores of the run before."""

    stream: Stream
    name: str
    run: FinishedRun
    explanation: Explanation
    previous: Mapping[str, Any] | None

    @property
    def as_of(self) -> str:
        """The moment that was scored: that of the record, since one `bothways score` may score several."""
        scores = dict(self.explanation.scores)
        moment = scores.get("bothways_asof") or scores.get("bothways_deal_asof")
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(moment, datetime) else self.run.as_of

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        value = asdict(self.explanation)
        value["scores"] = dict(self.explanation.scores)
        value["effort"]["counts"] = [
            {"channel": c, "ours": s, "theirs": t} for c, s, t in self.explanation.effort.counts
        ]
        return {
            "schema": 1,
            "stream": self.stream,
            "name": self.name,
            "run_id": self.run.run_id,
            "as_of": self.as_of,
            **value,
            "previous": self.previous,
        }


def explain_record(settings: Settings, model: ScoringModel, record: str) -> Found:
    """The account or opportunity with this id, or this name (letter case aside), in the last finished run.

    Raises ConfigError when there is none, or when several records have the name (they are listed).
    """
    runs = finished_runs(settings, most=2)
    if not runs:
        raise ConfigError(
            "No run has finished in this workspace.", remedy="Run `bothways sync` or `bothways score` first."
        )
    last = runs[0]
    stream, audit_name, row = _find(last.scores_dir, record)
    audits = _rows(last.scores_dir / f"{audit_name}.parquet", pc.field("id") == row["id"])
    before = _before(runs[1].scores_dir, stream, row["id"]) if len(runs) > 1 else None
    return Found(stream, str(row.get("name") or row["id"]), last, explain(audits[0], row, model), before)


def _find(folder: Path, record: str) -> tuple[Stream, str, Mapping[str, Any]]:
    for condition in (pc.field("id") == record, pc.utf8_lower(pc.field("name")) == record.lower()):
        hits = [
            (stream, audit, row) for stream, audit in _STREAMS for row in _rows(folder / f"{stream}.parquet", condition)
        ]
        if len(hits) == 1:
            return hits[0]
        if hits:
            listed = "\n".join(f"  {stream} {row['id']}  {row.get('name') or ''}" for stream, _, row in hits[:20])
            raise ConfigError(
                f"{len(hits)} records are called {record!r}:\n{listed}", remedy="Give the id of the one you mean."
            )
    raise ConfigError(
        f"No record has the id or name {record!r} in the last run.",
        remedy="Names must be given whole; ids are those of the CRM.",
    )


def _rows(path: Path, condition: Any) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    rows: list[dict[str, Any]] = ds.dataset(path).to_table(filter=condition).to_pylist()
    return rows


def _before(folder: Path, stream: Stream, identity: str) -> dict[str, Any] | None:
    rows = _rows(folder / f"{stream}.parquet", pc.field("id") == identity)
    return {name: value for name, value in rows[0].items() if name.startswith("bothways_")} if rows else None


def show(output: Output, found: Found) -> None:
    """The explanation for people: stance and advice first, then figures, components, effort, what is missing."""
    e = found.explanation
    scores = dict(e.scores)
    output.say(
        f"{found.name}  ({found.stream[:-1] if found.stream == 'accounts' else 'opportunity'} {e.record_id}), run {found.run.run_id}, as of {found.as_of[:16]}Z, model {e.model_version}"
    )
    output.say(f"\n{e.stance.replace('_', ' ').upper()}: {e.advice}")
    output.say(f"  because {e.rule}")
    why = scores.get("bothways_top_drivers") or scores.get("bothways_deal_top_drivers")
    if why:
        output.say(f"  {why}")
    labels = {field.name: field.label for field in FIELDS}
    texts = ("stance", "top_drivers", "model_version", "asof")
    rows = [
        (labels.get(name, name), _value(value), _value((found.previous or {}).get(name)) if found.previous else "")
        for name, value in e.scores
        if not name.endswith(texts)
    ]
    output.say("")
    output.table(("Score", "Now", "Last run"), rows, right=(1, 2))
    output.say("")
    output.table(
        ("Component", "Group", "Value", "Weight", "Prior", "Contribution", "From"),
        [
            (
                p.name.replace("_", " "),
                p.group,
                _value(p.value, 3),
                f"{p.weight:g}",
                f"{p.prior:.2f}" + (" used" if p.prior_used else ""),
                "" if p.contribution is None else f"{p.contribution:+.3f}",
                p.words or p.fill,
            )
            for p in e.parts
        ],
        right=(2, 3, 4, 5),
    )
    output.say(
        f"\nBenefit {number(e.benefit)}, cost to leave {number(e.cost)}; confidence in dependence {number(e.confidence_in_dependence)}, in effort {number(e.confidence_in_effort)}."
    )
    f = e.effort
    output.say(f"Effort, fading with age: we {f.seller_minutes:,.0f} min, they {f.customer_minutes:,.0f} min.")
    for channel, ours, theirs in f.counts:
        if ours or theirs:
            output.say(f"  {channel}: {ours:,} of ours, {theirs:,} of theirs")
    for reason in e.missing:
        output.say(f"Missing: {reason}")


def _value(value: Any, decimals: int = 1) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.{decimals}f}" if isinstance(value, float) else str(value)
