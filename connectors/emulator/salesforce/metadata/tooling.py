"""`/tooling`: queries of what an administrator has set up, and single custom fields made without a deployment."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

from connectors.emulator.salesforce.call import Call, answer, no_content
from connectors.emulator.salesforce.metadata.deploy import Deployments, refuse_without_metadata_rights
from connectors.emulator.salesforce.metadata.package import Component, Package
from connectors.emulator.salesforce.metadata.tooling_rows import NAMES, ToolingRows
from connectors.emulator.salesforce.soql.lexer import Token, pointed, unquote
from connectors.emulator.salesforce.soql.parser import parse
from connectors.emulator.salesforce.soql.tree import Compare, Condition, Logic, Path, Query
from connectors.emulator.salesforce.store.errors import ApiError, not_found, unknown_type
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.server.http import Response

Json = dict[str, Any]


class Tooling:
    """Handlers of `/tooling`."""

    def __init__(self, org: Org, deployments: Deployments) -> None:
        self._metadata = deployments.metadata
        self._rows = ToolingRows(org, deployments.metadata)

    def listing(self, call: Call) -> Response:
        return answer(
            {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [_summary(name, call.version) for name in NAMES]}
        )

    def describe(self, call: Call, name: str) -> Response:
        """`sobjects/X` and `sobjects/X/describe`: the columns that a query may name."""
        exact = next((known for known in NAMES if known.lower() == name.lower()), None)
        if exact is None:
            raise not_found()
        summary = _summary(exact, call.version)
        if not call.path.endswith("/describe"):
            return answer({"objectDescribe": summary, "recentItems": []})
        fields = [
            {"name": column, "label": column, "type": kind, "filterable": True, "nillable": column != "Id"}
            for column, kind in self._rows.columns(exact).items()
        ]
        return answer({**summary, "fields": fields, "childRelationships": [], "recordTypeInfos": []})

    def query(self, call: Call) -> Response:
        """Simple selects with conditions on the object's own columns."""
        refuse_without_metadata_rights(call.rights)
        query = parse(call.request.param("q") or "")
        name = query.source.text
        rows = self._rows.of(name)
        if rows is None:
            raise ApiError(400, "INVALID_TYPE", pointed(query.text, query.source.at, unknown_type(name)))
        found = [row for row in rows if query.where is None or _holds(query.where, row, query.text)]
        found = _sorted(found, query)
        total = len(found)
        if len(found) > 1 and {"metadata", "fullname"} & {str(chosen.what).lower() for chosen in query.select}:
            message = (
                "When retrieving results with Metadata or FullName fields, the query qualifications must "
                "specify no more "
                f"than one row for retrieval. Result size: {total}"
            )
            raise ApiError(400, "MALFORMED_QUERY", message)
        if query.counts_only:
            return answer(_page(total, [], name))
        base = f"/services/data/v{call.version}/tooling/sobjects/{name}"
        records = [
            {
                "attributes": {"type": name, "url": f"{base}/{row.get('Id') or row.get('DurableId')}"},
                **_chosen(row, query),
            }
            for row in found[query.offset :][: query.limit]
        ]
        return answer(_page(total if query.limit is None else len(records), records, name))

    def create(self, call: Call, name: str) -> Response:
        """`POST CustomField {"FullName", "Metadata"}`."""
        refuse_without_metadata_rights(call.rights)
        body = call.json()
        if name != "CustomField":
            raise not_found()
        given = body if isinstance(body, dict) else {}
        full_name, metadata = given.get("FullName"), given.get("Metadata")
        if not isinstance(full_name, str) or not isinstance(metadata, dict):
            raise ApiError(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [FullName, Metadata]")
        xml = _to_xml("fields", {"fullName": full_name.partition(".")[2], **metadata})
        package = Package([Component("CustomField", full_name, "tooling", xml)])
        done, failed = self._metadata.deploy(package, call.rights.user_id, check_only=False, rollback=True)
        if failed:
            raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", str(failed[0]["problem"]), [])
        if not done[0]["created"]:
            raise ApiError(400, "DUPLICATE_DEVELOPER_NAME", f"There is already a field named {full_name}", [])
        return answer({"id": done[0]["id"], "success": True, "errors": [], "warnings": [], "infos": []}, 201)

    def one(self, call: Call, name: str, record: str) -> Response:
        refuse_without_metadata_rights(call.rights)
        rows = self._rows.of(name) or []
        row = next((row for row in rows if row.get("Id") == record), None)
        if row is None:
            raise not_found()
        if call.request.method == "GET":
            return answer(row)
        if call.request.method == "DELETE" and name == "CustomField":
            package = Package(deletions=[Component("CustomField", row["FullName"], "tooling")])
            _, failed = self._metadata.deploy(package, call.rights.user_id, check_only=False, rollback=True)
            if failed:
                raise ApiError(400, "DELETE_FAILED", str(failed[0]["problem"]), [])
            return no_content()
        if call.request.method == "PATCH" and name == "CustomField":
            body = call.json()
            metadata = body.get("Metadata") if isinstance(body, dict) else None
            if not isinstance(metadata, dict):
                raise ApiError(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]")
            xml = _to_xml("fields", {"fullName": row["FullName"].partition(".")[2], **metadata})
            package = Package([Component("CustomField", row["FullName"], "tooling", xml)])
            _, failed = self._metadata.deploy(package, call.rights.user_id, check_only=False, rollback=True)
            if failed:
                raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", str(failed[0]["problem"]), [])
            return no_content()
        raise ApiError(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{call.request.method}' not allowed.")


def _page(total: int, records: list[Json], name: str) -> Json:
    return {
        "size": len(records),
        "totalSize": total,
        "done": True,
        "queryLocator": None,
        "entityTypeName": name,
        "records": records,
    }


def _summary(name: str, version: str) -> Json:
    base = f"/services/data/v{version}/tooling/sobjects/{name}"
    writable = name == "CustomField"
    flags = {"createable": writable, "deletable": writable, "updateable": False, "queryable": True, "custom": False}
    urls = {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"}
    return {"name": name, "label": name, **flags, "urls": urls}


def _sorted(rows: list[Json], query: Query) -> list[Json]:
    for order in reversed(query.order):
        if isinstance(order.by, Path):
            keys = [_value(row, order.by, query.text) for row in rows]
            ranked = sorted(
                range(len(rows)), key=lambda i: (keys[i] is not None, str(keys[i])), reverse=order.descending
            )
            rows = [rows[i] for i in ranked]
    return rows


def _value(row: Json, path: Path, text: str) -> Any:
    """The value at the end of a path. Raises INVALID_FIELD."""
    value: Any = row
    for part in path.parts:
        lower = {key.lower(): key for key in value} if isinstance(value, dict) else {}
        if part.lower() not in lower:
            raise ApiError(400, "INVALID_FIELD", pointed(text, path.at, f"No such column '{path}'"))
        value = value[lower[part.lower()]]
    return value


def _chosen(row: Json, query: Query) -> Json:
    """The columns selected, parents nested. Raises INVALID_FIELD."""
    made: Json = {}
    for selected in query.select:
        if not isinstance(selected.what, Path):
            continue
        value = _value(row, selected.what, query.text)
        *parents, last = selected.what.parts
        inner, source = made, row
        for parent in parents:
            name = next(key for key in source if key.lower() == parent.lower())
            source = source[name]
            inner = inner.setdefault(name, {"attributes": {"type": name}})
        inner[next(key for key in source if key.lower() == last.lower())] = value
    return made


def _holds(condition: Condition, row: Json, text: str) -> bool:
    if isinstance(condition, Logic):
        results = [_holds(part, row, text) for part in condition.parts]
        return {"AND": all(results), "OR": any(results), "NOT": not results[0]}[condition.operator]
    return _compares(condition, row, text)


def _compares(compare: Compare, row: Json, text: str) -> bool:
    if not isinstance(compare.left, Path):
        raise ApiError(400, "MALFORMED_QUERY", pointed(text, compare.left.at, "functions are not supported here"))
    value = _value(row, compare.left, text)
    if isinstance(value, bool):
        value = str(value).lower()
    wanted = [_literal(token, text, like=compare.operator == "LIKE") for token in compare.values]
    folded = value.lower() if isinstance(value, str) else value
    options = [w.lower() if w is not None else None for w in wanted]
    if compare.operator in ("=", "IN"):
        return folded in options
    if compare.operator in ("!=", "NOT IN"):
        return folded not in options
    if compare.operator == "LIKE":
        pattern = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in options[0] or "")
        return re.fullmatch(pattern, folded or "", re.DOTALL) is not None
    raise ApiError(400, "MALFORMED_QUERY", f"operator {compare.operator} is not supported here")


def _literal(token: Token, text: str, *, like: bool) -> str | None:
    if token.kind == "string":
        return unquote(text, token, like=like)
    return None if token.word() == "NULL" else token.text


def _to_xml(tag: str, value: Any) -> ET.Element:
    """Tooling's JSON metadata in the form of its XML."""
    element = ET.Element(tag)
    if isinstance(value, dict):
        for name, inner in value.items():
            for item in inner if isinstance(inner, list) else [inner]:
                if item is not None:
                    element.append(_to_xml("fullName" if name == "valueName" else str(name), item))
    else:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)
    return element
