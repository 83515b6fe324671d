"""`/query` and `/queryAll`: pages, locators and their refusals."""

from __future__ import annotations

import re
from array import array
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.emulator.salesforce.rest.columns import column_metadata
from connectors.emulator.salesforce.rest.records import Record, Shape
from connectors.emulator.salesforce.soql.parser import parse
from connectors.emulator.salesforce.soql.sql import Child, Compiler, Plan, Typed
from connectors.emulator.salesforce.soql.whos import refuse_too_large
from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.errors import ApiError
from connectors.emulator.salesforce.store.ids import make_id
from connectors.emulator.salesforce.store.org import Org

_LOCATOR = re.compile(r"(0r8\w{15})-(\d+)\Z")
_LOCATOR_LIFE = timedelta(days=2)
_KEPT_CURSORS = 2000
_MOST_GROUPS = 2000
LARGEST_PAGE = 2000
SMALLEST_PAGE = 200


@dataclass(slots=True)
class _Cursor:
    plan: Plan
    rows: array[int]
    made: datetime
    user_id: str
    verb: str


class Queries:
    """REST queries of one organisation. `page_weight` is how much of a row (a column weighs 1, a long text 100) a full
    page holds before it shrinks.
    """

    def __init__(self, org: Org, *, page_weight: int = 200) -> None:
        self._org = org
        self._page_weight = page_weight
        self._cursors: OrderedDict[str, _Cursor] = OrderedDict()
        self._made = 0

    def query(self, soql: str, rights: Rights, version: str, *, everything: bool, batch: int | None) -> Record:
        """The first page. Raises ApiError."""
        query = parse(soql)
        if query.offset > 2000:
            raise ApiError(
                400, "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is 2000, but was {query.offset}"
            )
        private = self._org.behaviours.private_activities
        compiler = Compiler(
            self._org.schema, rights, self._org.now().date(), everything=everything, private_activities=private
        )
        plan = compiler.compile(query)
        refuse_too_large(self._org, plan, rights)
        self._org.reading()
        if query.aggregates:
            return self._groups(plan)
        rows = array("q", (row[0] for row in self._org.store.tuples(plan.rows_sql(), plan.parameters)))
        cursor = _Cursor(plan, rows, self._org.now(), rights.user_id, "queryAll" if everything else "query")
        return self._page(cursor, "", 0, version, batch)

    def columns(self, soql: str, rights: Rights) -> Record:
        """What the columns of a query are, without running it."""
        plan = Compiler(self._org.schema, rights, self._org.now().date(), everything=False).compile(parse(soql))
        return column_metadata(plan)

    def more(self, locator: str, rights: Rights, version: str, batch: int | None) -> Record:
        """A later page, by the last part of `nextRecordsUrl`."""
        match = _LOCATOR.match(locator)
        cursor = self._cursors.get(match.group(1)) if match else None
        if match is None or cursor is None or cursor.user_id != rights.user_id:
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        if self._org.now() - cursor.made > _LOCATOR_LIFE:
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        self._org.reading()
        return self._page(cursor, match.group(1), int(match.group(2)), version, batch)

    def forget_locators(self) -> None:
        """As when the server has dropped them."""
        self._cursors.clear()

    def _groups(self, plan: Plan) -> Record:
        rows = [
            row for kept in plan.groupings for row in self._org.store.tuples(_grouped_sql(plan, kept), plan.parameters)
        ]
        if len(plan.groupings) > 1 and plan.query.limit is not None:
            rows = rows[: plan.query.limit]
        if plan.query.counts_only:
            return {"totalSize": rows[0][0], "done": True, "records": []}
        if len(rows) > _MOST_GROUPS:
            raise ApiError(
                400,
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
            )
        names = [output.path[-1] for output in plan.outputs]
        flags = [output.path[-1] for output in plan.outputs if output.type == "boolean"]
        records = [{"attributes": {"type": "AggregateResult"}, **dict(zip(names, row, strict=True))} for row in rows]
        for record in records:
            for name in flags:
                record[name] = None if record[name] is None else record[name] == 1
        return {"totalSize": len(records), "done": True, "records": records}

    def _page(self, cursor: _Cursor, locator: str, start: int, version: str, batch: int | None) -> Record:
        size = self._page_size(cursor.plan, batch)
        picked = cursor.rows[start : start + size]
        records = self._fetch(cursor.plan, picked, version)
        after = start + len(picked)
        answer: Record = {"totalSize": len(cursor.rows), "done": after >= len(cursor.rows)}
        if not answer["done"]:
            locator = locator or self._keep(cursor)
            answer["nextRecordsUrl"] = f"/services/data/v{version}/{cursor.verb}/{locator}-{after}"
        answer["records"] = records
        return answer

    def _keep(self, cursor: _Cursor) -> str:
        with self._org.store.lock:
            self._made += 1
            locator = make_id("0r8", self._made)
            self._cursors[locator] = cursor
            while len(self._cursors) > _KEPT_CURSORS:
                self._cursors.popitem(last=False)
        return locator

    def _page_size(self, plan: Plan, batch: int | None) -> int:
        """What fits: the hint of the caller, less for wide rows."""
        weight = sum(100 if output.type == "textarea" and output.length > 255 else 1 for output in plan.outputs)
        size = min(LARGEST_PAGE, batch or LARGEST_PAGE)
        fits = LARGEST_PAGE * self._page_weight // max(weight, self._page_weight)
        return max(SMALLEST_PAGE, min(size, fits))

    def _fetch(self, plan: Plan, picked: array[int], version: str) -> list[Record]:
        records = picked_records(self._org, plan, picked, version)
        for child in plan.children:
            self._attach(child, records, version)
        for typed in plan.typed:
            self._attach_typed(plan, typed, records, version)
        return records

    def _attach_typed(self, plan: Plan, typed: Typed, records: list[Record], version: str) -> None:
        """What a TYPEOF asks of each record that is referred to; null where there is none."""
        ids = [record["attributes"]["url"].rpartition("/")[2] for record in records]
        sql = f'SELECT Id, "{typed.reference}" FROM "{plan.object.name}" WHERE Id IN (SELECT value FROM json_each(?))'  # noqa: S608
        targets: dict[str, str | None] = dict(self._org.store.tuples(sql, (orjson.dumps(ids).decode(),)))
        found: dict[str, Record] = {}
        for name, inner in typed.plans.items():
            wanted = [one for one in targets.values() if one and self._org.schema.of_id(one) == name]
            rows = f'SELECT rowid FROM "{name}" WHERE Id IN (SELECT value FROM json_each(?))'  # noqa: S608
            numbers = array("q", (row[0] for row in self._org.store.tuples(rows, (orjson.dumps(wanted).decode(),))))
            for one in picked_records(self._org, inner, numbers, version):
                found[one["attributes"]["url"].rpartition("/")[2]] = one
        for record_id, record in zip(ids, records, strict=True):
            record[typed.name] = found.get(targets.get(record_id) or "")

    def _attach(self, child: Child, records: list[Record], version: str) -> None:
        """Sub-query results, whole, under each parent; null where there are none."""
        ids = [record["attributes"]["url"].rpartition("/")[2] for record in records]
        shape = Shape(self._org.schema, child.plan, version)
        plan = child.plan
        where = plan.where.replace(" WHERE ", " WHERE (", 1) + ") AND" if plan.where else " WHERE"
        sql = (
            f'SELECT t."{child.reference}", '  # noqa: S608
            f'{", ".join(shape.sql)} FROM "{plan.object.name}" t {plan.joins}{where} '
            f't."{child.reference}" IN (SELECT value FROM json_each(?)){plan.order}'
        )
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for row in self._org.store.tuples(sql, (*plan.parameters, orjson.dumps(ids).decode())):
            rows.setdefault(row[0], []).append(row[1:])
        most = plan.query.limit
        for record_id, record in zip(ids, records, strict=True):
            found = rows.get(record_id, [])[:most]
            record[child.name] = (
                {"totalSize": len(found), "done": True, "records": shape.records(found)} if found else None
            )


def _grouped_sql(plan: Plan, kept: tuple[str, ...]) -> str:
    """One grouping of an aggregate query: a column that is not kept is null in it, and GROUPING() of it 1."""
    columns = []
    for output in plan.outputs:
        inside = re.fullmatch(r"GROUPING\((.+)\)", output.sql)
        if inside is not None:
            columns.append("0" if inside[1] in kept else "1")
        else:
            dropped = output.sql in plan.groupings[0] and output.sql not in kept
            columns.append("NULL" if dropped else output.sql)
    group = f" GROUP BY {', '.join(kept)}" if kept else ""
    tail = f"{plan.joins}{plan.where}{group}{plan.having}{plan.order if kept == plan.groupings[0] else ''}"
    limit = plan.limit if len(plan.groupings) == 1 else ""
    return f'SELECT {", ".join(columns)} FROM "{plan.object.name}" t {tail}{limit}'  # noqa: S608


def picked_records(org: Org, plan: Plan, picked: array[int], version: str) -> list[Record]:
    """The rows of these numbers, without sub-queries."""
    shape = Shape(org.schema, plan, version)
    sql = (
        f'SELECT {", ".join(shape.sql)} FROM json_each(?) page CROSS JOIN "{plan.object.name}" t ON t.rowid = '  # noqa: S608
        f"page.value "
        f"{plan.joins} ORDER BY page.key"
    )
    return shape.records(org.store.tuples(sql, (orjson.dumps(picked.tolist()).decode(),)))


def batch_hint(header: str | None) -> int | None:
    """`batchSize` of `Sforce-Query-Options`: 200 to 2,000, else ignored as Salesforce clamps it."""
    match = re.search(r"batchSize\s*=\s*(\d+)", header or "")
    return min(LARGEST_PAGE, max(SMALLEST_PAGE, int(match.group(1)))) if match else None
