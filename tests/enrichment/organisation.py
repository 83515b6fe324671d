"""A small organisation in terse Python, and its scores: `Organisation().account("A")`, `.email(...)`, `.score()`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from enrichment.inputs import INPUTS, PREVIOUS
from enrichment.model import ScoringModel
from sync.scoring.compile import compile_statements
from sync.scoring.engines import DuckDB
from sync.scoring.statements import OUTPUTS, Statements, statements_for

AS_OF = datetime(2026, 6, 30, 12, tzinfo=UTC)  # a Tuesday
VARIANT = ScoringModel.model_validate(
    {
        "effort": {"meeting_counting": "once", "capture_rates": {"email": 0.5}},
        "evidence": {"dependence_fades_with": "organisation"},
        "families": {
            "critical": {"pumps": 0.9, "Valves": 0.2},
            "strategic": {"Valves": 0.3},
            "modular": {"Pumps": 0.4, "Valves": 1.0},
        },
        "wallet_per_employee": {"Steel": 100.0},
        "accounts": {"excluded_types": ("partner",)},
    }
)
"""One model with everything set that ships empty: each further model costs seconds of compiling."""
_FOLDER = TemporaryDirectory()
_CON = duckdb.connect()
_ENGINE = DuckDB(_CON)


@dataclass
class Result:
    accounts: dict[str, dict[str, Any]]
    deals: dict[str, dict[str, Any]]
    account_audit: dict[str, dict[str, Any]]
    deal_audit: dict[str, dict[str, Any]]

    @property
    def stances(self) -> dict[str, dict[str, str]]:
        """What the next run is told was decided."""
        return {
            "accounts": {i: r["bothways_stance"] for i, r in self.accounts.items()},
            "opportunities": {i: r["bothways_deal_stance"] for i, r in self.deals.items()},
        }


def _path(name: str) -> Path:
    return Path(_FOLDER.name) / f"{name}.parquet"


def _load(name: str, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), _path(name))
    _ENGINE.read(name, _path(name))


def _statements(model: ScoringModel) -> Statements:
    return statements_for("duckdb", model, lambda: compile_statements(_ENGINE, model))


class Organisation:
    """Rows of the normalized tables; days are counted back from `as_of`."""

    def __init__(self, as_of: datetime = AS_OF) -> None:
        self.as_of = as_of
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in INPUTS}

    def ago(self, days: float) -> datetime:
        return self.as_of - timedelta(days=days)

    def _add(self, table: str, **values: Any) -> int:
        self.rows[table].append(values)
        return len(self.rows[table]) - 1

    def account(self, name: str, parent: int | None = None, **values: Any) -> int:
        key = len(self.rows["accounts"])
        family = key if parent is None else self.rows["accounts"][parent]["family"]
        return self._add("accounts", account=key, id=name, name=f"{name} Ltd", family=family, parent=parent, **values)

    def deal(
        self,
        account: int | None,
        amount: float | None,
        close: float,
        *,
        won: bool | None = None,
        probability: float | None = None,
        created: float | None = None,
        name: str | None = None,
        family: str | None = None,
        **values: Any,
    ) -> int:
        """won None: still open. `close` and `created` are days ago (negative: ahead)."""
        key = len(self.rows["opportunities"])
        made = self.ago(close + 60 if created is None else created)
        self._add(
            "opportunities",
            opportunity=key,
            id=name or f"D{key}",
            account=account,
            name=f"Deal {key}",
            amount=amount,
            is_closed=won is not None,
            is_won=bool(won),
            probability=probability,
            close_at=self.ago(close),
            created_at=made,
            **values,
        )
        if family:
            self._add("families", opportunity=key, account=account, family=family, created_at=made)
        return key

    def act(
        self,
        account: int,
        channel: str,
        direction: str | None,
        days: float,
        *,
        logged: float | None = None,
        **values: Any,
    ) -> int:
        key = len(self.rows["activities"])
        facts = {"person": account * 10, "seller_user": 1, "customer_people": 1, "seller_people": 1, "outcome": "done"}
        return self._add(
            "activities",
            activity=key,
            account=account,
            channel=channel,
            direction=direction,
            occurred_at=self.ago(days),
            created_at=self.ago(days if logged is None else logged),
            **(facts | values),
        )

    def email(self, account: int, direction: str, days: float, **values: Any) -> int:
        return self.act(account, "email", direction, days, **values)

    def meeting(self, account: int, direction: str | None, days: float, minutes: float = 60, **values: Any) -> int:
        return self.act(account, "meeting", direction, days, minutes=minutes, **values)

    def call(self, account: int, direction: str, days: float, minutes: float = 20, **values: Any) -> int:
        return self.act(account, "call", direction, days, minutes=minutes, **values)

    def case(self, account: int, days: float, *, reply: float | None = None, **values: Any) -> int:
        key = len(self.rows["cases"])
        return self._add(
            "cases",
            case=key,
            account=account,
            person=account * 10,
            by_customer=True,
            opened_at=self.ago(days),
            created_at=self.ago(days),
            first_reply_at=None if reply is None else self.ago(reply),
            **values,
        )

    def contract(self, account: int, start: float, end: float) -> int:
        return self._add("contracts", account=account, start_at=self.ago(start), end_at=self.ago(end))

    def asset(self, account: int, **values: Any) -> int:
        return self._add("assets", account=account, active=True, **values)

    def rival(self, account: int, name: str, deal: int | None = None, days: float = 30) -> int:
        return self._add("rivals", account=account, opportunity=deal, name=name, seen_at=self.ago(days))

    def rate(self, currency: str, rate: float, start: float | None = None, end: float | None = None) -> int:
        return self._add(
            "currency_rates",
            currency=currency,
            rate=rate,
            start_at=None if start is None else self.ago(start),
            end_at=None if end is None else self.ago(end),
        )

    def lively(self, account: int, *, theirs: int = 6, ours: int = 6) -> None:
        """Enough recent two-way activity, on all four channels, for effort to be trusted."""
        for n in range(ours):
            self.call(account, "outbound", 2 + n)
        for n in range(theirs):
            self.call(account, "inbound", 2.5 + n)
        self.email(account, "outbound", 3)
        self.email(account, "inbound", 3.1)
        self.meeting(account, None, 4)
        self.case(account, 5)

    def score(
        self,
        model: ScoringModel | None = None,
        previous: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        deals: bool = False,
        backwards: bool = False,
    ) -> Result:
        """The statements of the public `score()` over these rows (or in reverse order), as Python rows by the CRM's id.

        `previous`: by stream and id the stance last decided, or a mapping of columns of PREVIOUS. Opportunities only
        when `deals` says so: they take as long again.
        """
        for name, schema in INPUTS.items():
            _load(f"in_{name}", self.rows[name][::-1] if backwards else self.rows[name], schema)
        for name in ("accounts", "opportunities"):
            last = (previous or {}).get(name, {})
            before = [{"id": i, **({"stance": s} if isinstance(s, str) else s)} for i, s in last.items()]
            _load(f"previous_{name}", before, PREVIOUS)
        _ENGINE.as_of(self.as_of)
        _ENGINE.expect(0)
        statements = _statements(model or ScoringModel())
        tables: dict[str, list[dict[str, Any]]] = {}
        for name, sql in statements.stages:
            if deals or name != "opportunities":
                _ENGINE.store(sql, _path(f"stage_{name}"))
                _ENGINE.read(f"stage_{name}", _path(f"stage_{name}"))
        for name, sql in statements.outputs:
            rows = _CON.sql(sql).to_arrow_table().to_pylist() if deals or name.startswith("account") else []
            tables[name] = rows
        return Result(*({row["id"]: row for row in tables[name]} for name in OUTPUTS))
