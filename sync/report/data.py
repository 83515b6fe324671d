"""What the report shows, read from the score files of a run. Plain values; nothing is drawn here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.errors import ConfigError
from enrichment.fields import STANCES
from sync.report.changes import Mover, movers

_ACCOUNT = (
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
_DEAL = (
    "id",
    "name",
    "account_id",
    "bothways_deal_stance",
    "bothways_deal_customer_dependence",
    "bothways_deal_reciprocity_balance",
    "bothways_deal_seller_effort_hours",
    "bothways_deal_customer_effort_hours",
    "bothways_deal_days_since_customer_act",
    "bothways_deal_confidence",
    "bothways_deal_top_drivers",
)
_AUDIT = ("id", "revenue_share", "wrote_seller", "wrote_customer", "left_open", "opened", "segment")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account; None is unknown. `revenue_share` is 0..1, `wrote` counts messages of 90 days (ours, theirs),
    `left_open` the threads and cases of theirs that we left, and all that were due.
    """

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
    segment: str = ""
    region: str = ""
    revenue_share: float | None = None
    wrote: tuple[int, int] | None = None
    left_open: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class DealRow:
    """One open deal; None is unknown. `account` is the name shown for its account."""

    id: str
    name: str
    account_id: str
    account: str
    stance: str
    customer_dependence: float | None
    balance: float | None
    seller_hours: float | None
    customer_hours: float | None
    quiet_days: int | None
    confidence: float | None
    why: str
    stage: str = ""
    amount: float | None = None
    currency: str = ""
    segment: str = ""


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything the page needs. `deals` are the open ones; `deals_closed` counts the others."""

    crm: str
    as_of: datetime | None
    model_version: str
    accounts: tuple[AccountRow, ...]
    movers: tuple[Mover, ...]
    compared_with: datetime | None
    deals: tuple[DealRow, ...] = ()
    deals_closed: int = 0
    names: bool = True
    """Whether customers' names are shown, or ids."""

    @property
    def stance_counts(self) -> list[tuple[str, str, int, float]]:
        """(code, label, accounts, hours to win back) in the catalogue's order."""
        counts = Counter(row.stance for row in self.accounts)
        hours: dict[str, float] = defaultdict(float)
        for row in self.accounts:
            hours[row.stance] += row.reclaimable or 0.0
        return [(code, label, counts[code], hours[code]) for code, label in STANCES]

    @property
    def reclaimable_hours(self) -> float:
        return sum(row.reclaimable or 0.0 for row in self.accounts)

    @property
    def seller_hours(self) -> float | None:
        """Hours spent on all accounts together; None where nobody's are known."""
        known = [row.seller_hours for row in self.accounts if row.seller_hours is not None]
        return sum(known) if known else None

    @property
    def known(self) -> int:
        """Accounts with a stance other than "insufficient evidence"."""
        return sum(row.stance != "insufficient_evidence" for row in self.accounts)

    @property
    def on_the_map(self) -> tuple[AccountRow, ...]:
        """Accounts with both coordinates of the map."""
        return tuple(row for row in self.accounts if row.customer_dependence is not None and row.balance is not None)


def read_report(
    scores: Path, previous: Path | None, crm: str, *, names: bool, normalized: Path | None = None
) -> ReportData:
    """The report of the score folder `scores`, with movers against `previous`. Without `names` only ids are shown.

    `normalized` (the workspace's scoring tables) adds segments, regions, stages and amounts where it is there. Raises
    ConfigError when there are no scores yet.
    """
    rows, as_of, model_version = _accounts(scores, normalized, names=names)
    moved: tuple[Mover, ...] = ()
    compared = None
    if previous is not None and (previous / "accounts.parquet").exists():
        old, compared, _ = _accounts(previous, None, names=names)
        moved = movers({row.id: row for row in old}, rows)
    deals, closed = _deals(scores, normalized, {row.id: row for row in rows}, names=names)
    return ReportData(crm, as_of, model_version, tuple(rows), moved, compared, tuple(deals), closed, names)


def columns_of(path: Path, wanted: Sequence[str]) -> list[Mapping[str, Any]]:
    """The rows of a Parquet file with those of the wanted columns that it has; none when there is no such file."""
    if not path.exists():
        return []
    there = set(pq.read_schema(path).names)
    table: pa.Table = pq.read_table(path, columns=[name for name in wanted if name in there])
    rows: list[Mapping[str, Any]] = table.to_pylist()
    return rows


def _accounts(folder: Path, normalized: Path | None, *, names: bool) -> tuple[list[AccountRow], datetime | None, str]:
    path = folder / "accounts.parquet"
    if not path.exists():
        raise ConfigError(f"There are no scores in {folder}.", remedy="Run `bothways sync` or `bothways score` first.")
    records = columns_of(path, _ACCOUNT)
    audits = {row["id"]: row for row in columns_of(folder / "account_audit.parquet", _AUDIT)}
    wanted = ("id", "industry", "country")
    described = {} if normalized is None else {r["id"]: r for r in columns_of(normalized / "accounts.parquet", wanted)}
    rows = [
        _account(record, audits.get(record["id"], {}), described.get(record["id"], {}), names=names)
        for record in records
    ]
    rows.sort(key=lambda row: (-(row.reclaimable or 0.0), row.name, row.id))
    first = records[0] if records else {}
    return rows, first.get("bothways_asof"), first.get("bothways_model_version") or ""


def _account(
    record: Mapping[str, Any], audit: Mapping[str, Any], described: Mapping[str, Any], *, names: bool
) -> AccountRow:
    identity = str(record["id"])
    ours, theirs = audit.get("wrote_seller"), audit.get("wrote_customer")
    left, opened = audit.get("left_open"), audit.get("opened")
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
        segment=described.get("industry") or "",
        region=described.get("country") or "",
        revenue_share=audit.get("revenue_share"),
        wrote=None if ours is None and theirs is None else (int(ours or 0), int(theirs or 0)),
        left_open=None if left is None or opened is None else (int(left), int(opened)),
    )


def _deals(
    folder: Path, normalized: Path | None, accounts: Mapping[str, AccountRow], *, names: bool
) -> tuple[list[DealRow], int]:
    records = columns_of(folder / "opportunities.parquet", _DEAL)
    opened = [record for record in records if record.get("bothways_deal_stance") != "closed"]
    wanted = ("id", "stage", "amount", "currency")
    described = (
        {} if normalized is None else {r["id"]: r for r in columns_of(normalized / "opportunities.parquet", wanted)}
    )
    rows = [
        _deal(record, described.get(record["id"], {}), accounts.get(record.get("account_id") or ""), names=names)
        for record in opened
    ]
    rows.sort(key=lambda row: (-(row.amount or 0.0), row.account, row.name, row.id))
    return rows, len(records) - len(opened)


def _deal(
    record: Mapping[str, Any], described: Mapping[str, Any], account: AccountRow | None, *, names: bool
) -> DealRow:
    identity = str(record["id"])
    return DealRow(
        id=identity,
        name=str(record.get("name") or identity) if names else identity,
        account_id=record.get("account_id") or "",
        account="" if account is None else account.name,
        stance=record.get("bothways_deal_stance") or "insufficient_evidence",
        customer_dependence=record.get("bothways_deal_customer_dependence"),
        balance=record.get("bothways_deal_reciprocity_balance"),
        seller_hours=record.get("bothways_deal_seller_effort_hours"),
        customer_hours=record.get("bothways_deal_customer_effort_hours"),
        quiet_days=record.get("bothways_deal_days_since_customer_act"),
        confidence=record.get("bothways_deal_confidence"),
        why=record.get("bothways_deal_top_drivers") or "",
        stage=described.get("stage") or "",
        amount=described.get("amount"),
        currency=described.get("currency") or "",
        segment="" if account is None else account.segment,
    )
