"""The questions an assistant may ask, each a strict model of its arguments with the function that answers it.

Every answer is a JSON object read from the workspace; nothing is asked of the CRM, nothing is written. A value that is
not known is null, and `unknown` says of which fields. Without names, records are known by their ids alone, and texts
that contain a name are left out.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from config.loading import load_model
from config.settings import Settings
from connectors.errors import ConfigError
from enrichment.fields import FIELDS, STANCES
from sync.diff.diff import read_plan
from sync.report.explain import explain_record
from sync.state.run_queries import FinishedRun, finished_runs

Limit = Annotated[int, Field(ge=1, le=100, description="At most so many records.")]
_STREAMS = {"accounts": "bothways_stance", "opportunities": "bothways_deal_stance"}


class _Arguments(BaseModel):
    """Unknown arguments are refused, so that a misspelt filter never widens an answer."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Why(_Arguments):
    """Why an account or opportunity has its scores and its stance, and which figures they rest on."""

    record: Annotated[str, Field(min_length=1, max_length=255, description="Its id in the CRM, or its whole name.")]


class Waiting(_Arguments):
    """Which customers wait for us: they reach out and we do not answer, the most effort of theirs first."""

    limit: Limit = 10


class WithStance(_Arguments):
    """The accounts of one stance, those with the most hours to win back first."""

    stance: Annotated[str, Field(description="One of: " + ", ".join(code for code, _ in STANCES))]
    limit: Limit = 10


class Changes(_Arguments):
    """Which accounts changed their stance between the last two runs whose scores are kept."""

    limit: Limit = 20


class Planned(_Arguments):
    """What the last plan or sync would write or wrote: counts by property, and records with old and new values."""

    limit: Limit = 20


@dataclass(frozen=True, slots=True)
class Question:
    """A tool: its name, the model of its arguments (whose docstring describes it), and the function that answers."""

    name: str
    arguments: type[BaseModel]
    answer: Callable[[Workbench, Any], dict[str, Any]]

    @property
    def description(self) -> str:
        return " ".join((self.arguments.__doc__ or "").split())


@dataclass(frozen=True, slots=True)
class Workbench:
    """What answers are read from. With `names` false no customer's name leaves."""

    settings: Settings
    names: bool = True

    def why(self, asked: Why) -> dict[str, Any]:
        """The record's explanation as `bothways explain --json` gives it."""
        explained = explain_record(self.settings, load_model(self.settings), asked.record)
        answer = explained.to_json()
        return answer if self.names else _without_texts(answer)

    def waiting(self, asked: Waiting) -> dict[str, Any]:
        """Accounts to respond to."""
        return self._accounts("respond", asked.limit, "bothways_customer_effort_hours")

    def with_stance(self, asked: WithStance) -> dict[str, Any]:
        """Accounts of one stance. Raises ConfigError for a stance that does not exist."""
        if asked.stance not in dict(STANCES):
            raise ConfigError(
                f"There is no stance {asked.stance!r}.", remedy=f"Choose one of: {', '.join(dict(STANCES))}."
            )
        return self._accounts(asked.stance, asked.limit, "bothways_reclaimable_hours")

    def changes(self, asked: Changes) -> dict[str, Any]:
        """Stances then and now. Raises ConfigError where fewer than two runs are kept."""
        runs = finished_runs(self.settings, most=2)
        if len(runs) < 2:
            raise ConfigError("Fewer than two runs have kept their scores.", remedy="Ask again after the next sync.")
        now, before = (_by_id(run.scores_dir) for run in runs)
        moved = [
            {"id": key, **self._named(row), "before": before[key]["bothways_stance"], "now": row["bothways_stance"]}
            for key, row in now.items()
            if key in before and before[key]["bothways_stance"] != row["bothways_stance"]
        ]
        return {**_about(runs[0]), "since": runs[1].as_of, "changed": len(moved), "accounts": moved[: asked.limit]}

    def planned(self, asked: Planned) -> dict[str, Any]:
        """The latest plan file. Raises ConfigError where none is kept."""
        run = next((r for r in finished_runs(self.settings, most=10) if self._plan(r).exists()), None)
        if run is None:
            raise ConfigError("No plan is kept in this workspace.", remedy="Run `bothways plan` first.")
        counts: Counter[str] = Counter()
        for row in read_plan(self._plan(run)):
            counts.update(list(json.loads(row.new)))
        rows = [
            {"stream": row.stream, "id": row.record_id, **self._changed(row.old, row.new)}
            for row in islice(read_plan(self._plan(run)), asked.limit)
        ]
        written = run.kind == "sync"
        return {**_about(run), "written": written, "by_property": dict(counts.most_common()), "records": rows}

    def _plan(self, run: FinishedRun) -> Path:
        return self.settings.workspace.dir / "plans" / f"{run.run_id}.parquet"

    def _changed(self, old: str, new: str) -> dict[str, Any]:
        before, after = json.loads(old), json.loads(new)
        kept = {k: v for k, v in after.items() if self.names or not _is_text(k)}
        return {"old": {k: before.get(k) for k in kept}, "new": kept}

    def _accounts(self, stance: str, limit: int, order: str) -> dict[str, Any]:
        runs = finished_runs(self.settings)
        if not runs:
            raise ConfigError("No run has finished in this workspace.", remedy="Run `bothways sync` first.")
        rows = [row for row in _by_id(runs[0].scores_dir).values() if row["bothways_stance"] == stance]
        rows.sort(key=lambda row: (-(row.get(order) or 0.0), row["id"]))
        shown = [
            {"id": row["id"], **self._named(row)}
            | {k: v for k, v in row.items() if k.startswith("bothways_") and (self.names or not _is_text(k))}
            for row in rows[:limit]
        ]
        return {**_about(runs[0]), "stance": stance, "count": len(rows), "accounts": [_plain(row) for row in shown]}

    def _named(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"name": row.get("name")} if self.names else {}


QUESTIONS: tuple[Question, ...] = (
    Question("why", Why, Workbench.why),
    Question("who_waits_for_us", Waiting, Workbench.waiting),
    Question("accounts_with_stance", WithStance, Workbench.with_stance),
    Question("what_changed", Changes, Workbench.changes),
    Question("what_would_be_written", Planned, Workbench.planned),
)
_TEXTS = frozenset(field.name for field in FIELDS if field.name.endswith("_top_drivers"))
"""Reasons in words may hold names of rivals and families."""


def _is_text(name: str) -> bool:
    return name in _TEXTS


def _about(run: FinishedRun) -> dict[str, Any]:
    return {"run_id": run.run_id, "as_of": run.as_of}


def _by_id(folder: Path) -> dict[str, dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / "accounts.parquet").to_pylist()
    return {row["id"]: row for row in rows}


def _without_texts(value: Any) -> Any:
    """The same without names and without texts that people wrote or read."""
    if isinstance(value, Mapping):
        left_out = {"name", "text", "sentence", "reasons", "sources", *_TEXTS}
        return {k: _without_texts(v) for k, v in value.items() if k not in left_out}
    if isinstance(value, list | tuple):
        return [_without_texts(v) for v in value]
    return value


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON can hold it, with the fields that are not known listed."""
    values = {k: _value(v) for k, v in row.items()}
    return values | {"unknown": [k for k, v in values.items() if v is None]}


def _value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value
