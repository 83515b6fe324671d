"""Resources that clients look at in passing: the list of resources, recent items, list views, a minimal search, query plans."""

from __future__ import annotations

import re
from typing import Any

from connectors.emulator.http import Response
from connectors.emulator.salesforce.call import Call, answer
from connectors.emulator.salesforce.errors import ApiError
from connectors.emulator.salesforce.org import Org
from connectors.emulator.salesforce.query import Queries
from connectors.emulator.salesforce.rows import Rows
from connectors.emulator.salesforce.soql import parse

_RESOURCES = ("tooling", "metadata", "query", "queryAll", "search", "sobjects", "composite", "jobs", "limits", "recent")
_FIND = re.compile(
    r"\s*FIND\s*\{(?P<words>[^}]*)\}(?:\s+IN\s+(?P<where>ALL|NAME|EMAIL|PHONE)\s+FIELDS)?"
    r"(?:\s+RETURNING\s+(?P<objects>.*?))?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_RETURNED = re.compile(r"(\w+)\s*(?:\(([^()]*)\))?\s*(?:,|\Z)")
_SEARCHED = ("Account", "Contact", "Opportunity", "Lead", "Case")


class SmallRoutes:
    """Handlers."""

    def __init__(self, org: Org, rows: Rows, queries: Queries) -> None:
        self._org = org
        self._rows = rows
        self._queries = queries

    def resources(self, call: Call) -> Response:
        named = {name: f"/services/data/v{call.version}/{name}" for name in _RESOURCES}
        host = call.request.headers.get("host", "localhost")
        return answer({**named, "identity": f"http://{host}/id/{self._org.org_id}/{call.rights.user_id}"})

    def recent(self, _: Call) -> Response:
        """Nobody has looked at anything."""
        return answer([])

    def listviews(self, call: Call, name: str) -> Response:
        thing = self._rows.thing(call, name)
        return answer({"done": True, "listviews": [], "nextRecordsUrl": None, "size": 0, "sobjectType": thing.name})

    def layouts(self, call: Call, name: str) -> Response:
        self._rows.thing(call, name)
        return answer({"layouts": [], "recordTypeMappings": [], "recordTypeSelectorRequired": [False]})

    def explain(self, call: Call) -> Response:
        """One plan: an index where the condition names an indexed field, else a table scan."""
        soql = call.request.param("explain") or ""
        query = parse(soql)
        self._queries.columns(soql, call.rights)
        name = query.source.text
        return answer(
            {
                "plans": [
                    {
                        "cardinality": 1,
                        "fields": [],
                        "leadingOperationType": "TableScan",
                        "notes": [],
                        "relativeCost": 1.0,
                        "sobjectCardinality": 1,
                        "sobjectType": name,
                    }
                ],
                "sourceQuery": soql,
            }
        )

    def search(self, call: Call) -> Response:
        """`FIND {words} [IN NAME FIELDS] RETURNING Object(fields), ...`: records whose name or e-mail holds the words."""
        match = _FIND.match(call.request.param("q") or "")
        if match is None or len((match["words"] or "").strip().strip("*")) < 2:
            raise ApiError(400, "MALFORMED_SEARCH", "search must be FIND {two letters or more} RETURNING objects")
        words = match["words"].strip().strip("*").replace("\\", "").lower()
        wanted = _RETURNED.findall(match["objects"] or ", ".join(_SEARCHED))
        most = int(match["limit"] or 2000)
        found: list[Any] = []
        for name, fields in wanted:
            thing = self._org.schema.object(name)
            if thing is None or not call.rights.allows(thing, "read"):
                raise ApiError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
            visible = call.rights.fields(thing)
            keys = [f.name for f in visible.values() if f.name_field or f.type == "email"]
            picked = ", ".join(part.strip() for part in fields.split(",") if part.strip()) or "Id"
            if not keys:
                continue
            quoted = words.replace("\\", "\\\\").replace("'", "\\'").replace("%", "\\%").replace("_", "\\_")
            where = " OR ".join(f"{key} LIKE '%{quoted}%'" for key in keys)
            soql = f"SELECT {picked} FROM {thing.name} WHERE {where} LIMIT {most - len(found)}"  # noqa: S608  (the stand-in's own grammar)
            answered = self._queries.query(soql, call.rights, call.version, everything=False, batch=None)
            found += answered["records"]
        return answer({"searchRecords": found})
