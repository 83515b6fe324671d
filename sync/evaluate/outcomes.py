"""What happened after a past moment, per record, and what a seller could have counted before it.

Every outcome has a population (who it is asked of), a window after the moment, and is true, false, or not asked (null).
Counts before the moment read only what had happened and was recorded by then; what happened later may be recorded
later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from enrichment.evaluation.ranking import Reals, Wholes
from enrichment.inputs import INPUTS
from sync.system.duckdb import Session, fill, parquet, session

LEAST_SPAN_DAYS = 180
Name = Literal["buys_again", "spend_collapse", "renewal", "win", "stays_two_way"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`sign` +1: a higher score should mean more of it. `gap_days` after the moment are left out: signing is no news.

    `{days}` in the question is `window_days`.
    """

    name: Name
    asks: str
    stream: Literal["accounts", "opportunities"]
    window_days: int
    gap_days: int
    score: str
    sign: int
    baseline: tuple[str, ...]
    stratum: str = ""

    @property
    def reach(self) -> timedelta:
        """How long after the moment the answer is known."""
        later = 60 if self.name == "renewal" else 0
        return timedelta(days=self.gap_days + self.window_days + later)

    @property
    def question(self) -> str:
        """What is asked, in words."""
        return self.asks.format(days=self.window_days)

    @property
    def follows_purchases(self) -> bool:
        """Whether its window is the horizon. Contracts, deals and talk have terms of their own."""
        return self.name in ("buys_again", "spend_collapse")

    @property
    def beyond_volume(self) -> bool:
        """Whether the score must also add to decayed volume: the effort of both sides, whoever made it."""
        return self.score == "bothways_reciprocity_index"

    def within(self, horizon_days: int) -> Outcome:
        """The same outcome by this horizon. Two spans of revenue are compared over at least 180 days each."""
        if not self.follows_purchases:
            return self
        days = horizon_days if self.name == "buys_again" else max(LEAST_SPAN_DAYS, horizon_days)
        return replace(self, window_days=days)


_RFM = ("recency", "frequency", "revenue")
OUTCOMES: dict[str, Outcome] = {
    outcome.name: outcome
    for outcome in (
        Outcome(
            "buys_again",
            "A customer who bought in the last 365 days buys again in the next {days}",
            "accounts",
            90,
            0,
            "bothways_customer_dependence",
            1,
            _RFM,
        ),
        Outcome(
            "spend_collapse",
            "Net revenue of the next {days} days falls below a quarter of that of the {days} days before",
            "accounts",
            180,
            0,
            "bothways_customer_dependence",
            -1,
            _RFM,
        ),
        Outcome(
            "renewal",
            "A contract that ends in the next {days} days is followed by another or by a won deal within 60 "
            "days of its end",
            "accounts",
            90,
            14,
            "bothways_customer_dependence",
            1,
            _RFM,
        ),
        Outcome(
            "win",
            "A deal open at the moment is won, of those that close in the next {days} days",
            "opportunities",
            90,
            14,
            "bothways_deal_reciprocity_index",
            1,
            ("age", "recency", "frequency", "revenue"),
        ),
        Outcome(
            "stays_two_way",
            "A pair with at least 2 acts in the last 90 days has acts of both sides in the next {days}",
            "accounts",
            60,
            0,
            "bothways_reciprocity_index",
            1,
            ("acts", "act_recency"),
            "acts",
        ),
    )
}
_VIEWS = """
CREATE VIEW won AS SELECT * FROM @opportunities WHERE coalesce(is_won, false) AND account IS NOT NULL AND close_at IS
  NOT NULL;
CREATE VIEW act AS SELECT *, channel IN ('meeting', 'call') AND (outcome = 'done' OR outcome IS NULL AND (channel =
  'meeting' OR minutes > 0)) AS held
FROM @activities
WHERE account IS NOT NULL AND occurred_at IS NOT NULL AND channel IN ('email', 'call', 'meeting', 'case_reply')
  AND coalesce(direction, '') <> 'internal' AND coalesce(outcome, 'done') NOT IN ('scheduled', 'cancelled', 'bounced')
  AND NOT coalesce(automated, false);
"""
_FRAME = """
WITH bought AS (
  SELECT account, count(DISTINCT close_at::DATE) FILTER (amount > 0) AS frequency, max(close_at) FILTER (amount > 0)
    AS last,
         sum(amount) AS revenue, sum(amount) FILTER (close_at > $since) AS span
  FROM won WHERE close_at <= $t AND close_at > $t - INTERVAL 365 DAY AND (created_at IS NULL OR created_at <= $t)
    GROUP BY account
), wide AS (
  SELECT won.account, count(DISTINCT f.family) AS breadth FROM @families f JOIN won USING (opportunity)
  WHERE won.close_at <= $t AND won.close_at > $t - INTERVAL 365 DAY AND coalesce(f.amount, 1) > 0
    AND (f.created_at IS NULL OR f.created_at <= $t) AND (won.created_at IS NULL OR won.created_at <= $t) GROUP BY
      won.account
), busy AS (
  SELECT account, count(*) AS acts, max(occurred_at) AS last_act FROM act
  WHERE occurred_at <= $t AND occurred_at > $t - INTERVAL 90 DAY AND (created_at IS NULL OR created_at <= $t) GROUP BY
    account
), later AS (
  SELECT account, count(*) FILTER (amount > 0) AS orders, sum(amount) AS spent FROM won
  WHERE close_at > $from AND close_at <= $to GROUP BY account
), talk AS (
  SELECT account, bool_or(direction = 'inbound' OR held) AND bool_or(direction = 'outbound' OR held) AS both
  FROM act WHERE occurred_at > $from AND occurred_at <= $to GROUP BY account
), ending AS (
  SELECT account, max(end_at) AS ends FROM @contracts
  WHERE end_at > $from AND end_at <= $to AND (start_at IS NULL OR start_at <= $t) AND (created_at IS NULL OR
    created_at <= $t) GROUP BY account
), renewed AS (
  SELECT e.account, count(c.account) > 0 OR count(w.account) > 0 AS again FROM ending e
  LEFT JOIN @contracts c ON c.account = e.account AND (c.end_at > e.ends OR c.end_at IS NULL) AND c.created_at > $t
    AND c.start_at <= e.ends + INTERVAL 60 DAY
  LEFT JOIN won w ON w.account = e.account AND w.close_at > $from AND w.close_at <= e.ends + INTERVAL 60 DAY
  GROUP BY e.account
)
SELECT a.id AS account_id, coalesce(a.family, a.account) AS family, lower(trim(coalesce(a.industry, ''))) AS segment,
       date_diff('second', bought.last, $t) / 86400.0 AS recency, coalesce(bought.frequency, 0) AS frequency,
       coalesce(bought.revenue, 0) AS revenue, coalesce(wide.breadth, 0) AS breadth,
       coalesce(busy.acts, 0) AS acts, date_diff('second', busy.last_act, $t) / 86400.0 AS act_recency,
       CASE WHEN bought.frequency > 0 THEN coalesce(later.orders, 0) > 0 END AS buys_again,
       CASE WHEN bought.span > 0 THEN coalesce(later.spent, 0) < 0.25 * bought.span END AS spend_collapse,
       renewed.again AS renewal,
       CASE WHEN busy.acts >= 2 THEN coalesce(talk.both, false) END AS stays_two_way,
       a.account
FROM @accounts a LEFT JOIN bought USING (account) LEFT JOIN wide USING (account) LEFT JOIN busy USING (account)
LEFT JOIN later USING (account) LEFT JOIN talk USING (account) LEFT JOIN renewed USING (account)
WHERE a.created_at IS NULL OR a.created_at <= $t
"""
_GAPS = """
SELECT median(gap) FROM (
  SELECT date_diff('day', lag(day) OVER (PARTITION BY account ORDER BY day), day) AS gap FROM (
    SELECT DISTINCT account, close_at::DATE AS day FROM won
    WHERE coalesce(amount, 1) > 0 AND close_at <= $t AND (created_at IS NULL OR created_at <= $t)
  )
)
"""
_ACCOUNTS = "SELECT account_id AS id, * EXCLUDE (account, account_id) FROM frame WHERE @outcome IS NOT NULL ORDER BY id"
_DEALS = """
SELECT o.id, frame.family, frame.segment, frame.recency, frame.frequency, frame.revenue, frame.breadth,
       date_diff('second', o.created_at, $t) / 86400.0 AS age,
       (SELECT count(*) FROM act WHERE act.opportunity = o.opportunity AND act.occurred_at <= $t
          AND act.occurred_at > $t - INTERVAL 90 DAY AND (act.created_at IS NULL OR act.created_at <= $t)) AS acts,
       NULL::DOUBLE AS act_recency, coalesce(o.is_won, false) AS win
FROM @opportunities o JOIN frame ON frame.account = o.account
WHERE coalesce(o.is_closed, false) AND o.created_at <= $t AND o.close_at > $from AND o.close_at <= $to ORDER BY o.id
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """The population of one outcome at one moment, a row per record in the order of `ids`."""

    as_of: datetime
    ids: NDArray[np.str_]
    family: Wholes
    segment: NDArray[np.str_]
    columns: dict[str, Reals]
    happened: NDArray[np.bool_]


class Past:
    """Reads the normalized tables; nothing is written."""

    def __init__(self, normalized: Path, scratch: Path) -> None:
        self._normalized, self._scratch = normalized, scratch

    def ends(self) -> datetime | None:
        """The newest closed deal or act: windows that reach beyond it are not over."""
        query = (
            "SELECT max(epoch(t)) FROM (SELECT max(close_at) AS t FROM won UNION ALL SELECT max(occurred_at) FROM act)"
        )
        with session(self._scratch) as connection:
            self._views(connection)
            row = connection.execute(query).fetchone()
        return datetime.fromtimestamp(float(row[0]), UTC) if row and row[0] is not None else None

    def usual_gap(self, as_of: datetime) -> float | None:
        """The median of all gaps between the days on which an account bought, in days, by what was known at `as_of`;
        None where nobody had bought twice.
        """
        with session(self._scratch) as connection:
            self._views(connection)
            connection.execute("SET VARIABLE at_t = $1::TIMESTAMPTZ", [as_of.isoformat()])
            row = connection.execute(self._dated(_GAPS)).fetchone()
        return float(row[0]) if row and row[0] is not None else None

    def ask(self, outcome: Outcome, as_of: datetime) -> Asked:
        """Who was asked at `as_of`, what could be counted then, and what happened in the window."""
        start = as_of + timedelta(days=outcome.gap_days)
        window = timedelta(days=outcome.window_days)
        moments = {"t": as_of, "since": as_of - window, "from": start, "to": start + window}
        with session(self._scratch) as connection:
            self._views(connection)
            for name, moment in moments.items():
                connection.execute(f'SET VARIABLE "at_{name}" = $1::TIMESTAMPTZ', [moment.isoformat()])
            connection.execute(f"CREATE TABLE frame AS {self._dated(_FRAME)}")
            query = _DEALS if outcome.stream == "opportunities" else _ACCOUNTS
            found = connection.execute(self._dated(fill(query, outcome=outcome.name, opportunities="opportunities")))
            rows = found.fetchnumpy()
        numbers = ("recency", "frequency", "revenue", "breadth", "acts", "act_recency", "age")
        columns = {name: _reals(rows[name]) for name in numbers if name in rows}
        return Asked(
            as_of,
            np.asarray(rows["id"], np.str_),
            np.asarray(rows["family"], np.int64),
            np.asarray(rows["segment"], np.str_),
            columns,
            np.asarray(rows[outcome.name], np.bool_),
        )

    def _views(self, connection: Session) -> None:
        for name in INPUTS:
            source = parquet([self._normalized / f"{name}.parquet"])
            connection.execute(fill(f"CREATE VIEW @name AS FROM {source}", name=name))
        connection.execute(_named(_VIEWS))

    @staticmethod
    def _dated(query: str) -> str:
        for name in ("since", "from", "to", "t"):
            query = query.replace(f"${name}", f"getvariable('at_{name}')")
        return _named(query)


def _named(query: str) -> str:
    return fill(query, **{name: name for name in INPUTS})


def _reals(column: object) -> Reals:
    """A numeric column; what is missing is NaN."""
    values = np.ma.masked_array(column, dtype=np.float64)
    return np.asarray(values.filled(np.nan), np.float64)
