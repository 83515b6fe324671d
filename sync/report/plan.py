"""What a plan would write, record by record, for people: the most telling changes first."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pyarrow.parquet as pq

from connectors.records import Stream
from connectors.spreadsheet import guard
from enrichment.fields import FIELDS
from sync.report.explain import stance_label
from sync.report.page import Change
from sync.system.files import put_output

TELLING = 20
_PEOPLES = (
    ("stance", "What to do"),
    ("customer_dependence", "They need us"),
    ("reciprocity_balance", "Balance"),
    ("reclaimable_hours", "Hours to win back"),
    ("seller_dependence", "We need them"),
    ("confidence", "How sure"),
)
"""What people call the figures that matter, the weightiest first."""
_LABELS = {field.name: field.label for field in FIELDS} | {
    f"{stem}{name}": label for stem in ("bothways_", "bothways_deal_") for name, label in _PEOPLES
}
_STREAMS: tuple[Stream, ...] = ("accounts", "opportunities")
_KINDS = {"accounts": "account", "opportunities": "deal"}
_QUIET = ("_top_drivers", "_asof", "_model_version")
"""Properties that follow from others, or change with every run: not a change that is worth a line."""
_FIRST = ("respond", "protect", "rebalance", "lapsed", "prospect", "earn_value", "test_reciprocity", "partner")
"""Stances that ask for something to be done, the most urgent first: what a first plan shows first."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A record that would be written. `old` and `new` hold the properties that differ; `why` is the record's reason."""

    stream: Stream
    id: str
    name: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    stance: str
    why: str

    @property
    def kind(self) -> str:
        """What people call such a record."""
        return _KINDS[self.stream]

    @property
    def first(self) -> bool:
        """Whether the CRM holds no score of ours on it yet."""
        return all(value is None for value in self.old.values())

    def lines(self) -> list[tuple[str, str, str]]:
        """(label, old, new) of each property that is worth a line, the stance first."""
        names = sorted((n for n in self.new if not n.endswith(_QUIET)), key=_weight)
        deal = self.stream != "accounts"
        return [
            (_LABELS.get(n, n), _shown(n, self.old.get(n), deal=deal), _shown(n, self.new[n], deal=deal)) for n in names
        ]

    def to_json(self) -> dict[str, Any]:
        return {
            "stream": self.stream,
            "id": self.id,
            "name": self.name,
            "stance": self.stance,
            "why": self.why,
            "old": dict(self.old),
            "new": dict(self.new),
        }


def planned_changes(plan: Path | None, scores: Path | None) -> list[PlannedChange]:
    """The changes of a plan, the most telling first: changed stances, then the furthest moves; of records without a
    score, those whose stance asks for something. None when the plan is no longer there."""
    if plan is None or not plan.exists():
        return []
    described = {} if scores is None else _described(scores)
    found = []
    for row in _rows(plan):
        stream, identity = row["stream"], row["record_id"]
        name, stance, why = described.get((stream, identity), (identity, "", ""))
        found.append(PlannedChange(stream, identity, name, json.loads(row["old"]), json.loads(row["new"]), stance, why))
    found.sort(key=_telling)
    return found


def as_changes(rows: Sequence[PlannedChange]) -> list[Change]:
    """The same for the page."""
    return [
        Change(
            row.name,
            row.kind,
            tuple(f"{label}: {new}" if row.first else f"{label}: {old} → {new}" for label, old, new in row.lines()),
            row.why,
        )
        for row in rows
    ]


def write_csv(path: Path, rows: Sequence[PlannedChange]) -> None:
    """One line for each property of each record. A text that a spreadsheet would take for a formula is made inert."""

    def fill(part: Path) -> None:
        with part.open("w", encoding="utf-8", newline="") as file:
            _fill_csv(file, rows)

    put_output(path, fill)


def _fill_csv(file: TextIO, rows: Sequence[PlannedChange]) -> None:
    writer = csv.writer(file)
    writer.writerow(["stream", "id", "name", "property", "old", "new", "why"])
    for row in rows:
        for name, new in row.new.items():
            cells = [row.stream, row.id, row.name, name, row.old.get(name), new, row.why]
            writer.writerow(["" if c is None else guard(c) if isinstance(c, str) else c for c in cells])


def _rows(plan: Path) -> Iterator[Mapping[str, Any]]:
    with pq.ParquetFile(plan) as file:
        for batch in file.iter_batches(10_000, columns=["stream", "record_id", "old", "new"]):
            yield from batch.to_pylist()


def _described(scores: Path) -> dict[tuple[str, str], tuple[str, str, str]]:
    found = {}
    for stream, stem in (("accounts", "bothways_"), ("opportunities", "bothways_deal_")):
        path = scores / f"{stream}.parquet"
        if path.exists():
            table = pq.read_table(path, columns=["id", "name", f"{stem}stance", f"{stem}top_drivers"])
            for identity, name, stance, why in zip(*(column.to_pylist() for column in table.columns), strict=True):
                found[stream, identity] = (name or identity, stance or "", why or "")
    return found


def _telling(row: PlannedChange) -> tuple[Any, ...]:
    stem = "bothways_" if row.stream == "accounts" else "bothways_deal_"
    moved = sum(
        abs((row.new.get(f"{stem}{name}") or 0.0) - (row.old.get(f"{stem}{name}") or 0.0))
        for name in ("customer_dependence", "reciprocity_balance")
        if f"{stem}{name}" in row.new
    )
    changed = not row.first and f"{stem}stance" in row.new
    rank = _FIRST.index(row.stance) if row.stance in _FIRST else len(_FIRST)
    hours = row.new.get("bothways_reclaimable_hours") or 0.0
    if row.first:
        return (1, row.stream, rank, -hours, -moved, row.name, row.id)
    return (0, not changed, row.stream, -moved, row.name, row.id)


def _weight(name: str) -> tuple[int, str]:
    stem = name.removeprefix("bothways_").removeprefix("deal_")
    return next((place for place, (known, _) in enumerate(_PEOPLES) if known == stem), len(_PEOPLES)), name


def _shown(name: str, value: Any, *, deal: bool) -> str:
    if value is None:
        return "nothing"
    if name.endswith("_stance"):
        return stance_label(str(value), deal=deal)
    return f"{value:,.1f}" if isinstance(value, float) else str(value)
