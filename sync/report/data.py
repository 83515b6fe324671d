"""What the report shows, read from the score files of a run. Plain values; nothing is drawn here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from connectors.errors import ConfigError
from enrichment.fields import STANCES

_COLUMNS = (
    "id",
    "name",
    "bothways_stance",
    "bothways_customer_dependence",
    "bothways_seller_dependence",
    "bothways_reciprocity_balance",
    "bothways_reclaimable_hours",
    "bothways_seller_effort_hours",
    "bothways_customer_effort_hours",
    "bothways_confidence",
    "bothways_coverage",
    "bothways_top_drivers",
    "bothways_asof",
    "bothways_model_version",
)
MOVED = 5.0
"""Points by which a dependence or a balance must have moved to be listed among the movers."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account; None is unknown."""

    id: str
    name: str
    stance: str
    customer_dependence: float | None
    seller_dependence: float | None
    balance: float | None
    reclaimable: float | None
    seller_hours: float | None
    customer_hours: float | None
    confidence: float | None
    coverage: float | None
    why: str


@dataclass(frozen=True, slots=True)
class Mover:
    """An account whose stance changed, or whose dependence or balance moved by at least MOVED."""

    name: str
    before: str
    after: str
    dependence_moved: float | None
    balance_moved: float | None


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything the page needs."""

    crm: str
    as_of: datetime | None
    model_version: str
    accounts: tuple[AccountRow, ...]
    movers: tuple[Mover, ...]
    compared_with: datetime | None

    @property
    def stance_counts(self) -> list[tuple[str, str, int, float]]:
        """(code, label, accounts, reclaimable hours) in the catalogue's order."""
        counts = Counter(row.stance for row in self.accounts)
        hours: dict[str, float] = defaultdict(float)
        for row in self.accounts:
            hours[row.stance] += row.reclaimable or 0.0
        return [(code, label, counts[code], hours[code]) for code, label in STANCES]

    @property
    def reclaimable_hours(self) -> float:
        return sum(row.reclaimable or 0.0 for row in self.accounts)

    @property
    def known(self) -> int:
        """Accounts with a stance other than "insufficient evidence"."""
        return sum(row.stance != "insufficient_evidence" for row in self.accounts)

    @property
    def on_the_map(self) -> tuple[AccountRow, ...]:
        """Accounts with both coordinates of the quadrant."""
        return tuple(row for row in self.accounts if row.customer_dependence is not None and row.balance is not None)


def read_report(scores: Path, previous: Path | None, crm: str, *, names: bool) -> ReportData:
    """The report of the score folder `scores`, with movers against `previous`. Without `names` only ids are shown.

    Raises ConfigError when there are no scores yet.
    """
    rows, as_of, model_version = _read(scores, names=names)
    movers: tuple[Mover, ...] = ()
    compared = None
    if previous is not None and (previous / "accounts.parquet").exists():
        old, compared, _ = _read(previous, names=names)
        movers = _movers({row.id: row for row in old}, rows)
    return ReportData(crm, as_of, model_version, tuple(rows), movers, compared)


def _read(folder: Path, *, names: bool) -> tuple[list[AccountRow], datetime | None, str]:
    path = folder / "accounts.parquet"
    if not path.exists():
        raise ConfigError(f"There are no scores in {folder}.", remedy="Run `bothways sync` or `bothways score` first.")
    present = set(pq.read_schema(path).names)
    table = pq.read_table(path, columns=[name for name in _COLUMNS if name in present])
    records: Sequence[Mapping[str, Any]] = table.to_pylist()
    rows = [_row(record, names=names) for record in records]
    rows.sort(key=lambda row: (-(row.reclaimable or 0.0), row.name, row.id))
    first = records[0] if records else {}
    return rows, first.get("bothways_asof"), first.get("bothways_model_version") or ""


def _row(record: Mapping[str, Any], *, names: bool) -> AccountRow:
    identity = str(record["id"])
    return AccountRow(
        id=identity,
        name=str(record.get("name") or identity) if names else identity,
        stance=record.get("bothways_stance") or "insufficient_evidence",
        customer_dependence=record.get("bothways_customer_dependence"),
        seller_dependence=record.get("bothways_seller_dependence"),
        balance=record.get("bothways_reciprocity_balance"),
        reclaimable=record.get("bothways_reclaimable_hours"),
        seller_hours=record.get("bothways_seller_effort_hours"),
        customer_hours=record.get("bothways_customer_effort_hours"),
        confidence=record.get("bothways_confidence"),
        coverage=record.get("bothways_coverage"),
        why=record.get("bothways_top_drivers") or "",
    )


def _movers(old: Mapping[str, AccountRow], rows: Sequence[AccountRow]) -> tuple[Mover, ...]:
    found = []
    for row in rows:
        before = old.get(row.id)
        if before is None:
            continue
        dependence = _difference(before.customer_dependence, row.customer_dependence)
        balance = _difference(before.balance, row.balance)
        if before.stance != row.stance or abs(dependence or 0.0) >= MOVED or abs(balance or 0.0) >= MOVED:
            found.append(Mover(row.name, before.stance, row.stance, dependence, balance))
    found.sort(
        key=lambda m: (m.before == m.after, -abs(m.dependence_moved or 0.0) - abs(m.balance_moved or 0.0), m.name)
    )
    return tuple(found)


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
