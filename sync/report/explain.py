"""Finds one record in the scores of the last run and opens it up."""

from __future__ import annotations

import difflib
import string
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from config.settings import Settings
from connectors.errors import ConfigError
from connectors.records import Stream
from enrichment.explain.explain import Explanation, explain
from enrichment.explain.what_if import Crossing
from enrichment.fields import DEAL_STANCES, STANCES
from enrichment.model import ScoringModel
from enrichment.reasons.texts import quoted
from sync.state.run_queries import FinishedRun, finished_runs

HISTORY = 5
"""So many runs before the last are shown."""
_COMPARED = 50_000
_KIND = {"accounts": "account", "opportunities": "deal"}
_STREAMS: tuple[tuple[Stream, str], ...] = (("accounts", "account_audit"), ("opportunities", "opportunity_audit"))


@dataclass(frozen=True, slots=True)
class Found:
    """A record's explanation, where it came from, and its scores of the run before."""

    stream: Stream
    name: str
    run: FinishedRun
    explanation: Explanation
    model: ScoringModel
    previous: Mapping[str, Any] | None
    history: tuple[tuple[str, Mapping[str, Any]], ...]
    """(as-of, scores) of this record in the runs before, the newest first; the first is `previous`."""

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
        for part, told in zip(value["parts"], self.explanation.parts, strict=True):
            part["sources"] = dict(told.sources)
        value["effort"]["habits"] = dict(self.explanation.effort.habits)
        return {
            "schema": 1,
            "stream": self.stream,
            "name": self.name,
            "run_id": self.run.run_id,
            "as_of": self.as_of,
            **value,
            "previous": self.previous,
            "history": [{"as_of": moment, **scores} for moment, scores in self.history],
        }


def stance_label(code: str, *, deal: bool) -> str:
    """A stance as people read it."""
    return dict(DEAL_STANCES if deal else STANCES).get(code, code.replace("_", " "))


def advice_for(audit: Mapping[str, Any], stance: str, model: ScoringModel, *, deal: bool) -> str:
    """What a record's stance tells people to do."""
    said = model.words.advice
    if deal:
        return said.get(f"deal_{stance}", said.get(stance, ""))
    advice = said.get(audit.get("text") or stance, said.get(stance, ""))
    figures = quoted(audit)
    wanted = {name for _, name, _, _ in string.Formatter().parse(advice) if name}
    return "" if any(figures.get(name) is None for name in wanted) else advice.format(**figures)


def change_in_words(crossing: Crossing, said: Mapping[str, str], *, deal: bool) -> str:
    """What would change a stance, in a line; `said` are the rules' words."""
    what, now, then = _figure(crossing, said)
    figures = {"what": what, "now": now, "then": then, "stance": stance_label(crossing.stance, deal=deal)}
    if crossing.also is not None:
        also, also_now, also_then = _figure(crossing.also, said)
        return said["changes_both"].format(also=also, also_now=also_now, also_then=also_then, **figures)
    return said["changes_unknown" if crossing.now is None else "changes"].format(**figures)


def _figure(crossing: Crossing, said: Mapping[str, str]) -> tuple[str, str, str]:
    """What moves, from what, to what; counts are whole."""
    decimals = 0 if isinstance(crossing.then, int) else 1 if crossing.what in said else 2
    what = said.get(crossing.what, crossing.what.replace("_", " "))
    if crossing.group:
        what = said["of_group"].format(what=what)
    return what, f"{crossing.counted_as:.{decimals}f}", f"{crossing.then:.{decimals}f}"


def explain_record(settings: Settings, model: ScoringModel, record: str) -> Found:
    """The account or deal with this id, this name, or this in its name (letter case aside), in the last finished run.

    An account comes before deals that have its name in theirs. Raises ConfigError when there is none (names that look
    like it are suggested), when several fit (they are listed), or when an earlier release scored it.
    """
    if not record.strip():
        raise ConfigError("Which account or deal?", remedy="Give any part of its name, or its id from the CRM.")
    runs = finished_runs(settings, most=1 + HISTORY)
    if not runs:
        raise ConfigError(
            "No run has finished in this workspace.", remedy="Run `bothways sync` or `bothways score` first."
        )
    last = runs[0]
    stream, audit_name, row = _find(last.scores_dir, record)
    audits = _rows(last.scores_dir / f"{audit_name}.parquet", row["id"])
    before = ((run, _before(run.scores_dir, stream, row["id"])) for run in runs[1:])
    history = tuple((run.as_of, scores) for run, scores in before if scores is not None)
    previous = history[0][1] if history else None
    name, opened = str(row.get("name") or row["id"]), explain(_Audit(audits[0]), row, model)
    return Found(stream, name, last, opened, model, previous, history)


class _Audit(dict[str, Any]):
    """What is kept beside a record's scores, of which an earlier release kept less."""

    def __missing__(self, column: str) -> Any:
        raise ConfigError(
            f"The last run was made by an earlier release: it did not keep {column}.",
            remedy="Run `bothways score` or `bothways plan`, then ask again.",
        )


def _find(folder: Path, record: str) -> tuple[Stream, str, Mapping[str, Any]]:
    wanted = record.strip()
    for column, how in (("id", "is"), ("name", "is"), ("name", "holds")):
        hits = [
            (stream, audit, row)
            for stream, audit in _STREAMS
            for row in _rows(folder / f"{stream}.parquet", wanted, column, how=how)
        ]
        accounts = [hit for hit in hits if hit[0] == "accounts"]
        if len(hits) == 1 or len(accounts) == 1:  # a deal mostly has its account's name in its own
            return (accounts or hits)[0]
        if hits:
            listed = "\n".join(
                f"  {_KIND[stream]} {row['id']}  {row.get('name') or ''}" for stream, _, row in hits[:20]
            )
            more = f"\n  ... and {len(hits) - 20:,} more" if len(hits) > 20 else ""
            raise ConfigError(
                f"{len(hits)} records have {record!r} in their name:\n{listed}{more}",
                remedy="Give the id, or more of the name, of the one you mean.",
            )
    near = _similar(folder, wanted.lower())
    raise ConfigError(
        f"No account or deal is called {record!r}." + (f" Did you mean {_either(near)}?" if near else ""),
        remedy="Give any part of the name, or the id from the CRM."
        + ("" if near else " Records made after the last run are not scored yet."),
    )


def _similar(folder: Path, wanted: str) -> list[str]:
    """Names that look like what was typed, the nearest first; deals only where no account does."""
    for stream, _ in _STREAMS:
        path = folder / f"{stream}.parquet"
        names: dict[str, str] = {}
        if path.exists():
            for name in pq.read_table(path, columns=["name"]).column("name").to_pylist():
                names.setdefault(str(name or "").lower(), str(name))
        if len(names) > _COMPARED:  # comparing takes a tenth of a millisecond a name
            names = {key: name for key, name in names.items() if key[:1] == wanted[:1]}
        near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.6)
        if near:
            return [names[key] for key in near]
    return []


def _either(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _rows(path: Path, wanted: str, column: str = "id", *, how: str = "is") -> list[dict[str, Any]]:
    """The rows with this id; or this name, or this in their name, whatever its case. Only the groups of rows that hold
    one are read whole: not through `pyarrow.dataset`, which takes longer to import than this to run.
    """
    if not path.exists():
        return []
    rows: list[dict[str, Any]] = []
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            values = file.read_row_group(group, columns=[column]).column(0).cast(pa.string())
            if column == "name":
                values, wanted = pc.utf8_lower(values), wanted.lower()
            hits = pc.match_substring(values, wanted) if how == "holds" else pc.equal(values, pa.scalar(wanted))
            if pc.any(hits).as_py():
                rows += file.read_row_group(group).filter(hits).to_pylist()
    return rows


def _before(folder: Path, stream: Stream, identity: str) -> dict[str, Any] | None:
    rows = _rows(folder / f"{stream}.parquet", identity)
    return {name: value for name, value in rows[0].items() if name.startswith("bothways_")} if rows else None
