"""The SQL of the comparison, made from the catalogue of properties: one typed column per property and side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from connectors.base import PropertySpec
from connectors.records import Stream
from enrichment.fields import as_of_field
from sync.system.duckdb import fill, identifier, literal


@dataclass(frozen=True, slots=True)
class Rules:
    """When a record is written: a number moved by `min_delta` or more, or the written as-of is older than `max_age`."""

    min_delta: float = 0.5
    max_age: timedelta = timedelta(days=7)


_COMPARED = """
CREATE OR REPLACE TABLE @compared AS
WITH wanted AS (SELECT id, <wanted> FROM <scores>),
held AS (SELECT id, account_id, <held> FROM <crm>),
kept AS (SELECT id, <kept> FROM @confirmed)
SELECT wanted.* <frozen>, held.* EXCLUDE (id), kept.* EXCLUDE (id), f.why
FROM wanted JOIN held USING (id) LEFT JOIN kept USING (id) LEFT JOIN @forced f USING (id)
"""
_JUDGED = """
CREATE OR REPLACE TABLE @judged AS
SELECT *, (<changed>) OR why IS NOT NULL AS changed, <drifted> AS drifted, <any_held> AS any_held,
       <stances_held> AS stances_held, <stances_changed> AS stances_changed,
       <numbers_held> AS numbers_held, <numbers_cleared> AS numbers_cleared, <known> AS known, <foreign> AS foreign_
FROM @compared
"""
_PLAN = """
CREATE OR REPLACE TABLE @plan AS
SELECT <stream> AS stream, id AS record_id, <parent> AS parent_id, coalesce(why, '') AS forced,
       '{' || concat_ws(',', <old>) || '}' AS old, '{' || concat_ws(',', <new>) || '}' AS new,
       '{' || concat_ws(',', <full>) || '}' AS "full", concat_ws(',', <canonical>) AS canonical
FROM @judged WHERE changed
"""
_RESTORING = """
WITH sides AS (
  SELECT id, account_id, <sides> FROM done JOIN <held> held ON held.id = done.record_id
)
SELECT id, <parent>, '{' || concat_ws(',', <now>) || '}', '{' || concat_ws(',', <back>) || '}',
       '{' || concat_ws(',', <full>) || '}', <kept>
FROM sides ORDER BY 2 NULLS FIRST, id
"""
TOTALS = """
SELECT count(*) FILTER (NOT changed), count(*) FILTER (drifted), count(*) FILTER (any_held),
       coalesce(sum(stances_held), 0), coalesce(sum(stances_changed), 0),
       coalesce(sum(numbers_held), 0), coalesce(sum(numbers_cleared), 0),
       count(*) FILTER (known), count(*) FILTER (known AND foreign_)
FROM @judged
"""


def statements(
    stream: Stream, specs: Sequence[PropertySpec], rules: Rules, scores: str, held: str, names: dict[str, str]
) -> list[str]:
    """What makes the tables compared, judged and plan of a stream. `scores` and `held` are table functions.

    Needs the tables confirmed(id, held) and forced(id, why).
    """
    columns = [_Column(i, spec, rules, as_of_field(stream)) for i, spec in enumerate(specs)]
    classes = [c for c in columns if c.spec.type == "enumeration"]
    numbers = [c for c in columns if c.spec.type in ("number", "integer")]
    lists = {
        "wanted": ", ".join(f"{c.typed(identifier(c.spec.name))} AS {c.w}" for c in columns),
        "held": ", ".join(f"{c.typed(identifier(c.spec.name))} AS {c.h}" for c in columns),
        "kept": ", ".join(f"{c.kept} AS {c.c}, {c.exists} AS {c.k}" for c in columns),
        "frozen": _frozen(columns),
        "scores": scores,
        "crm": held,
        "changed": " OR ".join(f"({c.changed})" for c in columns),
        "drifted": "why IS DISTINCT FROM 'unknown' AND ("
        + " OR ".join(f"(coalesce({c.k}, false) AND {c.h} IS DISTINCT FROM {c.c})" for c in columns)
        + ")",
        "any_held": " OR ".join(f"{c.h} IS NOT NULL" for c in columns),
        "stances_held": _sum(f"{c.h} IS NOT NULL" for c in classes),
        "stances_changed": _sum(f"{c.h} IS NOT NULL AND {c.w} IS DISTINCT FROM {c.h}" for c in classes),
        "numbers_held": _sum(f"{c.h} IS NOT NULL" for c in numbers),
        "numbers_cleared": _sum(f"{c.h} IS NOT NULL AND {c.w} IS NULL" for c in numbers),
        # Newer than what we were last told is written: somebody else scores the record too.
        "known": "why IS DISTINCT FROM 'unknown' AND "
        + (" OR ".join(f"coalesce({c.k}, false)" for c in columns if c.is_as_of) or "false"),
        "foreign": " OR ".join(f"coalesce({c.h} > {c.c}, false)" for c in columns if c.is_as_of) or "false",
        "stream": literal(stream),
        "parent": "account_id" if stream == "opportunities" else "NULL",
        "old": ", ".join(f"CASE WHEN {c.differs} THEN {c.json(c.h)} END" for c in columns),
        "new": ", ".join(f"CASE WHEN {c.differs} THEN {c.json(c.w)} END" for c in columns),
        "full": ", ".join(c.json(c.w) for c in columns),
        "canonical": ", ".join(f"CASE WHEN {c.differs} THEN {c.json(c.w)} END" for c in columns if not c.is_as_of),
    }
    filled = []
    for statement in (_COMPARED, _JUDGED, _PLAN):
        for name, text in lists.items():
            statement = statement.replace(f"<{name}>", text)
        filled.append(fill(statement, **names))
    return filled


def restoring(stream: Stream, specs: Sequence[PropertySpec], held: str) -> str:
    """The query of a rollback: record, parent, values held and to restore as JSON, all our values afterwards, values
    kept.

    Needs the table done(record_id, old, new). A value is restored when the CRM still holds what was written, and kept
    when it holds neither that nor what it was before.
    """
    columns = [_Column(i, spec, Rules(), "") for i, spec in enumerate(specs)]
    sides = []
    for c in columns:
        name, path = identifier(c.spec.name), literal(f'$."{c.spec.name}"')
        sides.append(
            f"{c.typed(name)} AS {c.h}, {c.typed(f'(new->>{path})', text=True)} AS {c.w},"
            f" {c.typed(f'(old->>{path})', text=True)} AS {c.c}, coalesce(json_exists(new, {path}), false) AS {c.k}"
        )
    back = [f"{c.k} AND {c.h} IS NOT DISTINCT FROM {c.w} AND {c.h} IS DISTINCT FROM {c.c}" for c in columns]
    kept = [f"{c.k} AND {c.h} IS DISTINCT FROM {c.w} AND {c.h} IS DISTINCT FROM {c.c}" for c in columns]
    pairs = list(zip(columns, back, strict=True))
    lists = {
        "sides": ", ".join(sides),
        "held": held,
        "parent": "account_id" if stream == "opportunities" else "NULL",
        "now": ", ".join(f"CASE WHEN {test} THEN {c.json(c.h)} END" for c, test in pairs),
        "back": ", ".join(f"CASE WHEN {test} THEN {c.json(c.c)} END" for c, test in pairs),
        "full": ", ".join(c.json(f"CASE WHEN {test} THEN {c.c} ELSE {c.h} END") for c, test in pairs),
        "kept": _sum(kept),
    }
    statement = _RESTORING
    for name, text in lists.items():
        statement = statement.replace(f"<{name}>", text)
    return statement


def _frozen(columns: Sequence[_Column]) -> str:
    """A closed deal keeps what was last confirmed (else what it holds) where its moment cannot be computed any more."""
    stance = next((c for c in columns if c.spec.name == "bothways_deal_stance"), None)
    kept = [c for c in columns if c.spec.type in ("number", "integer")] if stance else []
    if stance is None or not kept:
        return ""
    return (
        "REPLACE ("
        + ", ".join(
            f"CASE WHEN {stance.w} = 'closed' THEN coalesce({c.w}, {c.c}, {c.h}) ELSE {c.w} END AS {c.w}" for c in kept
        )
        + ")"
    )


def _sum(conditions: object) -> str:
    parts = [f"CAST({c} AS INTEGER)" for c in conditions]  # type: ignore[attr-defined]
    return " + ".join(parts) or "0"


class _Column:
    """The expressions of one property: `w` wanted, `h` held, `c` last confirmed, `k` whether it ever was."""

    def __init__(self, number: int, spec: PropertySpec, rules: Rules, as_of: str) -> None:
        self.spec, self._rules = spec, rules
        self.w, self.h, self.c, self.k = (f"{letter}{number}" for letter in "whck")
        self.is_as_of = spec.name == as_of
        path = literal(f'$."{spec.name}"')
        self.exists = f"json_exists(held, {path})"
        self.kept = self.typed(f"(held->>{path})", text=True)
        # A record whose last write may still be under way is sent whole: what it holds now proves nothing.
        self.differs = f"({self.w} IS DISTINCT FROM {self.h} OR why IS NOT NULL)"

    def typed(self, value: str, *, text: bool = False) -> str:
        """The value in the type and to the scale in which it is compared and written."""
        kind = self.spec.type
        if kind in ("number", "integer"):
            scale = self.spec.scale if kind == "number" else 0
            number = f"TRY_CAST({value} AS DOUBLE)"
            to = f"DECIMAL(18,{scale})" if kind == "number" else "BIGINT"
            return f"CASE WHEN isfinite({number}) THEN TRY_CAST(round_even({number}, {scale}) AS {to}) END"
        if kind == "datetime":
            return f"date_trunc('second', {f'TRY_CAST({value} AS TIMESTAMPTZ)' if text else value})"
        if kind == "enumeration":
            return f"nullif(trim({value}), '')"
        flat = f"trim(regexp_replace({value}, '[[:cntrl:][:space:]]+', ' ', 'g'))"
        return f"nullif(trim(left({flat}, {self.spec.length})), '')"

    @property
    def changed(self) -> str:
        """Whether this property alone makes the record worth writing."""
        w, h = self.w, self.h
        emptied = f"({w} IS NULL) <> ({h} IS NULL)"
        match self.spec.type:
            case "number":
                return (
                    f"{emptied} OR coalesce(abs({w} - {h}) >= CAST({self._rules.min_delta!r} AS DECIMAL(18,6)), false)"
                )
            case "string" | "text":
                return f"{emptied} OR {h} IS DISTINCT FROM coalesce({self.c}, {w})"
            case "datetime" if self.is_as_of:
                seconds = int(self._rules.max_age.total_seconds())
                return f"{emptied} OR coalesce({h} < {w} - to_seconds({seconds}), false)"
            case _:
                return f"{w} IS DISTINCT FROM {h}"

    def json(self, value: str) -> str:
        """`"name":value` as JSON text."""
        if self.spec.type == "datetime":
            value = f"strftime(timezone('UTC', {value}), '%Y-%m-%dT%H:%M:%SZ')"
        return f"""{literal(f'"{self.spec.name}":')} || coalesce(CAST(to_json({value}) AS VARCHAR), 'null')"""
