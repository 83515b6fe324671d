"""`/tooling`: queries of CustomField, EntityDefinition and FieldDefinition, and single custom fields made without a deployment."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

from connectors.emulator.http import Response
from connectors.emulator.salesforce.call import Call, answer, no_content
from connectors.emulator.salesforce.deploy import Deployments, refuse_without_metadata_rights
from connectors.emulator.salesforce.errors import ApiError, not_found, unknown_type
from connectors.emulator.salesforce.org import Org
from connectors.emulator.salesforce.package import Component, Package
from connectors.emulator.salesforce.soql import Compare, Condition, Logic, Path, Query, parse
from connectors.emulator.salesforce.soql_lexer import pointed, unquote

Json = dict[str, Any]


class Tooling:
    """Handlers of `/tooling`."""

    def __init__(self, org: Org, deployments: Deployments) -> None:
        self._org = org
        self._metadata = deployments.metadata

    def listing(self, call: Call) -> Response:
        names = ("CustomField", "EntityDefinition", "FieldDefinition", "LightningComponentBundle")
        base = f"/services/data/v{call.version}/tooling/sobjects"
        sobjects = [{"name": name, "queryable": True, "urls": {"sobject": f"{base}/{name}"}} for name in names]
        return answer({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects})

    def query(self, call: Call) -> Response:
        """Simple selects with conditions on the object's own columns."""
        refuse_without_metadata_rights(call.rights)
        query = parse(call.request.param("q") or "")
        name = query.source.text
        rows = self._rows(name.lower())
        if rows is None:
            raise ApiError(400, "INVALID_TYPE", pointed(query.text, query.source.at, unknown_type(name)))
        found = [row for row in rows if query.where is None or _holds(query.where, row, query.text)]
        total = len(found)
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
        rows = self._rows(name.lower()) or []
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
        raise ApiError(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{call.request.method}' not allowed.")

    def _rows(self, name: str) -> list[Json] | None:
        if name == "customfield":
            return self._custom_fields()
        if name == "entitydefinition":
            return [
                {"DurableId": t.name, "QualifiedApiName": t.name, "Label": t.label, "KeyPrefix": t.prefix}
                for t in self._org.schema.objects.values()
            ]
        if name == "fielddefinition":
            return [
                {"DurableId": f"{t.name}.{f.name}", "QualifiedApiName": f.name, "Label": f.label, "DataType": f.type,
                 "EntityDefinitionId": t.name, "EntityDefinition": {"QualifiedApiName": t.name}}
                for t in self._org.schema.objects.values() for f in t.fields.values()
            ]  # fmt: skip
        if name == "lightningcomponentbundle":
            bundles = self._metadata.components.items()
            return [
                {"Id": held.id, "DeveloperName": bundle, "NamespacePrefix": None}
                for (kind, bundle), held in bundles
                if kind == "LightningComponentBundle"
            ]
        return None

    def _custom_fields(self) -> list[Json]:
        rows: list[Json] = []
        seen: set[str] = set()
        for thing in self._org.schema.objects.values():
            for f in thing.fields.values():
                if not f.custom:
                    continue
                table = "Activity" if thing.name in ("Task", "Event") else thing.name
                full_name = f"{table}.{f.name}"
                if full_name in seen:
                    continue
                seen.add(full_name)
                held = self._metadata.components.get(("CustomField", full_name))
                rows.append(
                    {
                        "Id": held.id if held else None,
                        "DeveloperName": f.name.removesuffix("__c"),
                        "TableEnumOrId": table,
                        "FullName": full_name,
                        "NamespacePrefix": None,
                        "InlineHelpText": f.help_text,
                        "Length": f.length or None,
                        "Precision": f.precision or None,
                        "Scale": f.scale,
                        "ManageableState": "unmanaged",
                    }
                )
        return rows


def _page(total: int, records: list[Json], name: str) -> Json:
    return {
        "size": len(records),
        "totalSize": total,
        "done": True,
        "queryLocator": None,
        "entityTypeName": name,
        "records": records,
    }


def _chosen(row: Json, query: Query) -> Json:
    """The columns selected. Raises INVALID_FIELD."""
    lower = {key.lower(): key for key in row}
    made: Json = {}
    for selected in query.select:
        if not isinstance(selected.what, Path):
            continue
        key = lower.get(selected.what.parts[0].lower())
        if key is None:
            raise ApiError(
                400, "INVALID_FIELD", pointed(query.text, selected.what.at, f"No such column '{selected.what}'")
            )
        made[key] = row[key]
    return made


def _holds(condition: Condition, row: Json, text: str) -> bool:
    if isinstance(condition, Logic):
        results = [_holds(part, row, text) for part in condition.parts]
        return {"AND": all(results), "OR": any(results), "NOT": not results[0]}[condition.operator]
    return _compares(condition, row, text)


def _compares(compare: Compare, row: Json, text: str) -> bool:
    if not isinstance(compare.left, Path):
        raise ApiError(400, "MALFORMED_QUERY", pointed(text, compare.left.at, "functions are not supported here"))
    value: Any = {key.lower(): item for key, item in row.items()}
    for part in compare.left.parts:
        lower = {key.lower(): item for key, item in value.items()} if isinstance(value, dict) else {}
        if part.lower() not in lower:
            raise ApiError(400, "INVALID_FIELD", pointed(text, compare.left.at, f"No such column '{compare.left}'"))
        value = lower[part.lower()]
    wanted = [None if t.word() == "NULL" else unquote(text, t, like=compare.operator == "LIKE") for t in compare.values]
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
