"""What a record's drawer shows beyond its row: advice, components, effort by channel, earlier runs, what would change
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as ds

from connectors.records import Stream
from enrichment.explain.what_if import account_crossings, deal_crossings
from enrichment.model import CHANNELS, COMPONENTS, ScoringModel
from enrichment.reasons.texts import FIGURES
from sync.report.data import columns_of
from sync.report.explain import advice_for, change_in_words
from sync.state.run_queries import FinishedRun

WHAT_IF = 200
"""Records of each stream for which what would change them is computed: it takes milliseconds each."""
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Detail:
    """`parts` are the components in the model's order (0..100, None: not observed), `acts` (ours, theirs) by channel,
    `history` (as-of, dependence, balance, stance) of earlier runs, the newest first."""

    id: str
    why: str
    advice: str
    parts: tuple[int | None, ...]
    acts: tuple[tuple[int, int], ...]
    history: tuple[tuple[str, float | None, float | None, str], ...]
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    audit: str
    stance: str
    why: str
    dependence: str
    balance: str
    deal: bool


_KINDS: dict[Stream, _Kind] = {
    "accounts": _Kind(
        "account_audit",
        "bothways_stance",
        "bothways_top_drivers",
        "bothways_customer_dependence",
        "bothways_reciprocity_balance",
        deal=False,
    ),
    "opportunities": _Kind(
        "opportunity_audit",
        "bothways_deal_stance",
        "bothways_deal_top_drivers",
        "bothways_deal_customer_dependence",
        "bothways_deal_reciprocity_balance",
        deal=True,
    ),
}


def details(
    folder: Path, stream: Stream, ids: Sequence[str], model: ScoringModel, earlier: Sequence[FinishedRun]
) -> Iterator[Detail]:
    """The details of the records with these ids, in their order, from a score folder and those of earlier runs."""
    kind = _KINDS[stream]
    history = _history(earlier, stream, kind, set(ids))
    for begin in range(0, len(ids), _AT_ONCE):
        some = list(ids[begin : begin + _AT_ONCE])
        scores = _by_id(folder / f"{stream}.parquet", some, ("id", kind.stance, kind.why))
        wanted = None if begin < WHAT_IF else _audit_columns()
        audits = _by_id(folder / f"{kind.audit}.parquet", some, wanted)
        for place, identity in enumerate(some):
            score, audit = scores[identity], audits.get(identity, {})
            stance = score.get(kind.stance) or "insufficient_evidence"
            tried = begin + place < WHAT_IF and bool(audit)
            yield Detail(
                identity,
                score.get(kind.why) or "",
                advice_for(audit, stance, model, deal=kind.deal),
                tuple(_percent(audit.get(f"{name}_value")) for name in COMPONENTS),
                () if kind.deal else tuple(_acts(audit, channel) for channel in CHANNELS),
                tuple(history.get(identity, ())),
                _changes(audit, stance, model, kind) if tried else (),
            )


def _audit_columns() -> tuple[str, ...]:
    acts = (f"{side}_{channel}" for channel in CHANNELS for side in ("seller", "customer"))
    return ("id", "text", *FIGURES.values(), *(f"{name}_value" for name in COMPONENTS), *acts)


def _by_id(path: Path, ids: Sequence[str], wanted: Sequence[str] | None) -> dict[str, Mapping[str, Any]]:
    if not path.exists():
        return {}
    source = ds.dataset(path)
    columns = None if wanted is None else [name for name in wanted if name in source.schema.names]
    rows = source.to_table(columns=columns, filter=pc.field("id").isin(list(ids))).to_pylist()
    return {row["id"]: row for row in rows}


def _changes(audit: Mapping[str, Any], stance: str, model: ScoringModel, kind: _Kind) -> tuple[str, ...]:
    crossings = (deal_crossings if kind.deal else account_crossings)(audit, stance, model)
    return tuple(change_in_words(crossing, model.words.rules, deal=kind.deal) for crossing in crossings[:4])


def _acts(audit: Mapping[str, Any], channel: str) -> tuple[int, int]:
    return int(audit.get(f"seller_{channel}") or 0), int(audit.get(f"customer_{channel}") or 0)


def _percent(value: float | None) -> int | None:
    return None if value is None else round(100 * value)


def _history(
    earlier: Sequence[FinishedRun], stream: Stream, kind: _Kind, ids: set[str]
) -> dict[str, list[tuple[str, float | None, float | None, str]]]:
    found: dict[str, list[tuple[str, float | None, float | None, str]]] = {}
    for run in earlier:
        for row in columns_of(run.scores_dir / f"{stream}.parquet", ("id", kind.dependence, kind.balance, kind.stance)):
            if row["id"] in ids:
                told = (run.as_of[:10], row.get(kind.dependence), row.get(kind.balance), row.get(kind.stance) or "")
                found.setdefault(row["id"], []).append(told)
    return found
