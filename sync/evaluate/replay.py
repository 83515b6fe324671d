"""Scores as of past moments for a backtest: through `enrichment.score.score`, over tables as they can have been known
then.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from enrichment.evaluation.ranking import Reals
from enrichment.evaluation.verdict import LEAST_KNOWN
from enrichment.model import BENEFIT, COST, ScoringModel
from sync.enrich import score_tables
from sync.evaluate.as_known_then import past

_ACCOUNT_SCORES = ("bothways_customer_dependence", "bothways_dependence_benefit", "bothways_dependence_cost")
_ACT_SCORES = ("bothways_reciprocity_index",)
_DEAL_SCORES = ("bothways_deal_reciprocity_index", "bothways_deal_customer_dependence")
LABELS = {
    "bothways_customer_dependence": "Customer dependence",
    "bothways_dependence_benefit": "Dependence: benefit",
    "bothways_dependence_cost": "Dependence: cost to leave",
    "bothways_reciprocity_index": "Reciprocity index",
    "bothways_deal_reciprocity_index": "Deal reciprocity index",
    "bothways_deal_customer_dependence": "Deal customer dependence",
    "dependence_before_null_rule": "Customer dependence before its null rule",
    "dependence_observed_only": "The same from observed components alone, without priors",
    "reliance": "Purchase continuity (the component reliance)",
    "index_before_null_rule": "Reciprocity index before its null rule",
}


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of one moment by record: `of(ids, measure)`; the components of customer dependence by `part`."""

    as_of: datetime
    accounts: pa.Table
    deals: pa.Table
    _index: dict[str, dict[str, int]] = field(default_factory=dict)

    def of(self, stream: str, ids: NDArray[np.str_], measure: str) -> Reals:
        """The measure of each record in `ids`; NaN where it is unknown or the record was not scored."""
        table, places = self._places(stream, ids)
        if not table.num_rows:
            return np.full(len(ids), np.nan)
        values = _reals(table[measure])
        return np.where(places >= 0, values[np.maximum(places, 0)], np.nan)

    def stances(self, stream: str, ids: NDArray[np.str_]) -> NDArray[np.str_]:
        """The stance of each record in `ids`; empty where it was not scored."""
        table, places = self._places(stream, ids)
        given = table["bothways_stance" if stream == "accounts" else "bothways_deal_stance"].to_pylist()
        return np.array([given[place] if place >= 0 else "" for place in places.tolist()], np.str_)

    def _places(self, stream: str, ids: NDArray[np.str_]) -> tuple[pa.Table, NDArray[np.int64]]:
        table = self.accounts if stream == "accounts" else self.deals
        if stream not in self._index:
            self._index[stream] = {key: row for row, key in enumerate(table["id"].to_pylist())}
        return table, np.array([self._index[stream].get(str(key), -1) for key in ids], np.int64)


class Replay:
    """Scores the normalized tables as of any moment into a folder of its own, that is removed by `close`."""

    def __init__(self, normalized: Path, folder: Path, model: ScoringModel, engine: str) -> None:
        self._normalized, self._folder, self.model, self._engine = normalized, folder, model, engine
        self.taken: dict[str, int] = {}

    def at(self, as_of: datetime, changed: Callable[[Path], None] | None = None) -> Scored:
        """The scores at `as_of`; `changed` may alter the folder of tables before they are read."""
        tables, out = self._folder / "tables", self._folder / "scores"
        taken = past(self._normalized, tables, as_of, self._folder / "tmp")
        for name, count in taken.items():
            self.taken[name] = max(count, self.taken.get(name, 0))
        if changed is not None:
            changed(tables)
        scratch = self._folder / "engine"
        score_tables(tables, out, as_of, self.model, None, engine=self._engine, scratch=scratch)
        accounts = _joined(out, "accounts", "account_audit", (*_ACCOUNT_SCORES, *_ACT_SCORES, "bothways_stance"))
        deals = _joined(out, "opportunities", "opportunity_audit", (*_DEAL_SCORES, "bothways_deal_stance"))
        return Scored(as_of, _measured(accounts, self.model), deals)

    def with_model(self, model: ScoringModel) -> Replay:
        """The same tables scored by another model."""
        return Replay(self._normalized, self._folder, model, self._engine)

    def close(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


def measures(outcome: str) -> tuple[str, ...]:
    """The measures that are compared with an outcome; the verdict is about the first, or the next one for a win where
    too few records have the first (`judged_by`)."""
    if outcome == "stays_two_way":
        return (*_ACT_SCORES, "index_before_null_rule")
    if outcome == "win":
        return _DEAL_SCORES
    return (*_ACCOUNT_SCORES, "dependence_before_null_rule", "dependence_observed_only", "reliance")


def judged_by(outcome: str, known: Sequence[int], records: int) -> int:
    """Which measure the verdict is about, by how many records have it, whatever came of them."""
    candidates = 2 if outcome == "win" else 1
    return next((place for place in range(candidates) if known[place] >= LEAST_KNOWN * records), 0)


def _joined(folder: Path, scores: str, audit: str, wanted: tuple[str, ...]) -> pa.Table:
    left = pq.read_table(folder / f"{scores}.parquet", columns=["id", *wanted])
    if scores == "opportunities":
        return left
    parts = [*(f"{name}_value" for name in BENEFIT + COST), "dependence_index", "dependence_known", "es", "ec"]
    right = pq.read_table(folder / f"{audit}.parquet", columns=["id", *parts])
    if left["id"].to_pylist() != right["id"].to_pylist():
        raise AssertionError("the scores and their audit list different records")
    for name in parts:
        left = left.append_column(name, right[name])
    return left


def _measured(table: pa.Table, model: ScoringModel) -> pa.Table:
    """Adds what the evidence asks for beside the scores themselves: the same before a null rule, or without priors."""
    known = np.asarray(table["dependence_known"].to_pylist(), np.bool_) if table.num_rows else np.empty(0, np.bool_)
    raw = np.where(known, _reals(table["dependence_index"]), np.nan)
    benefit, cost = (_observed(table, names, model) for names in (BENEFIT, COST))
    a = model.dependence.exponent
    es, ec = _reals(table["es"]), _reals(table["ec"])
    with np.errstate(invalid="ignore"):
        index = 200.0 * np.minimum(es, ec) / (es + ec + 2.0 * model.reciprocity.k0_minutes)
        observed = 100.0 * benefit**a * cost ** (1.0 - a)
    for name, values in {
        "dependence_before_null_rule": raw,
        "dependence_observed_only": observed,
        "reliance": _reals(table["reliance_value"]),
        "index_before_null_rule": index,
    }.items():
        table = table.append_column(name, pa.array(values, pa.float64()))
    return table


def _observed(table: pa.Table, names: tuple[str, ...], model: ScoringModel) -> Reals:
    """The weighted mean of a group's observed components; NaN where none is."""
    values = np.column_stack([_reals(table[f"{name}_value"]) for name in names])
    weights = np.array([model.components[name].weight for name in names]) * ~np.isnan(values)
    total = weights.sum(axis=1)
    return np.where(
        total > 0.0, (np.nan_to_num(values) * weights).sum(axis=1) / np.where(total > 0.0, total, 1.0), np.nan
    )


def _reals(column: pa.ChunkedArray) -> Reals:
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
