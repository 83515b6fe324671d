"""What is asked of the emulator, in the words of one API version: every endpoint that it serves, good calls and bad
ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Ask = Callable[..., tuple[int, Any]]
NEW: dict[str, Json] = {
    "companies": {"name": "x"},
    "contacts": {"email": "new@people.example"},
    "deals": {"dealname": "d"},
    "tickets": {"subject": "s", "hs_pipeline": "0", "hs_pipeline_stage": "1"},
    "line_items": {"name": "l", "quantity": "1", "price": "3"},
    "products": {"name": "p"},
}
ACTIVITIES = ("emails", "calls", "meetings", "tasks", "notes", "communications")
TYPES = (*NEW, *ACTIVITIES)
_HS = "HUBSPOT_DEFINED"


def objects(ask: Ask, version: str, kind: str) -> None:
    """Records of one type, one at a time and in batches."""
    base = _objects(version, kind)
    new = NEW.get(kind, {"hs_timestamp": "2026-01-01T00:00:00Z"})
    ask("GET", f"{base}?limit=5&associations=contacts,companies&properties=name,dealname,createdate,nope")
    ask("GET", f"{base}?limit=5&propertiesWithHistory=name,dealname")
    ask("GET", f"{base}?limit=5&archived=true")
    ask("GET", f"{base}?limit=101")
    ask("GET", f"{base}?after=zz")
    _, made = ask("POST", base, {"properties": new, "associations": []})
    record = made["id"]
    ask("GET", f"{base}/{record}?properties=name&propertiesWithHistory=name&associations=contacts")
    ask("GET", f"{base}/999999999999")
    ask("PATCH", f"{base}/{record}", {"properties": new})
    ask("PATCH", f"{base}/{record}", {"properties": {"nope": "1"}})
    ask("POST", f"{base}/search", {"limit": 3, "properties": ["name"], "sorts": ["hs_object_id"], "after": "0"})
    wrong = {"filters": [{"propertyName": "zz", "operator": "EQ", "value": "1"}]}
    ask("POST", f"{base}/search", {"filterGroups": [wrong]})
    _batches(ask, base, record, new)
    if kind == "contacts":
        one = {"idProperty": "email", "id": "up@people.example", "properties": {"firstname": "q"}}
        ask("POST", f"{base}/batch/upsert", {"inputs": [one]})
        ask("POST", f"{base}/gdpr-delete", {"objectId": record})
    if kind in ("companies", "deals", "tickets"):
        pair = [ask("POST", base, {"properties": new, "associations": []})[1]["id"] for _ in range(2)]
        ask("POST", f"{base}/merge", {"primaryObjectId": pair[0], "objectIdToMerge": pair[1]})
        ask("POST", f"{base}/merge", {"primaryObjectId": "1", "objectIdToMerge": "1"})
    ask("DELETE", f"{base}/{record}")
    ask("POST", f"{base}/batch/archive", {"inputs": [{"id": record}]})


def _batches(ask: Ask, base: str, record: str, new: Json) -> None:
    ask("POST", f"{base}/batch/read", {"inputs": [{"id": record}, {"id": "99999999999"}], "properties": ["name"]})
    ask("POST", f"{base}/batch/read", {"inputs": [{"id": record}], "propertiesWithHistory": ["name"]})
    bad = {"nope": "1"}
    again = {**new, "email": "batch@people.example"} if "email" in new else new
    ask("POST", f"{base}/batch/create", {"inputs": [{"properties": again, "associations": []}]})
    ask("POST", f"{base}/batch/create", {"inputs": [{"properties": bad, "objectWriteTraceId": "q"}]})
    ask("POST", f"{base}/batch/update", {"inputs": [{"id": record, "properties": new}]})
    traced = [
        {"id": record, "properties": bad, "objectWriteTraceId": "a"},
        {"id": "9", "properties": {}, "objectWriteTraceId": "b"},
    ]
    ask("POST", f"{base}/batch/update", {"inputs": traced})
    ask("POST", f"{base}/batch/upsert", {"inputs": [{"idProperty": "name", "id": "x", "properties": {}}]})


def properties(ask: Ask, version: str, kind: str) -> None:
    """Definitions and groups."""
    base, name = _area(version, f"properties/{kind}"), "hx_judged"
    for path in ("", "?archived=true", "/createdate", "/nope"):
        ask("GET", base + path)
    ask("POST", f"{base}/groups", {"name": name, "label": "g", "displayOrder": -1})
    ask("GET", f"{base}/groups")
    ask("GET", f"{base}/groups/{name}")
    ask("PATCH", f"{base}/groups/{name}", {"label": "h"})
    option = {"label": "A", "value": "a", "hidden": False, "displayOrder": 0}
    common = {"label": "l", "groupName": name}
    ask("POST", base, {**common, "name": name, "type": "enumeration", "fieldType": "select", "options": [option]})
    ask("POST", base, {**common, "name": name, "type": "number", "fieldType": "number"})
    ask("PATCH", f"{base}/{name}", {"label": "m"})
    ask("GET", f"{base}/{name}")
    ask("POST", f"{base}/batch/read", {"archived": False, "inputs": [{"name": name}, {"name": "nope"}]})
    ask(
        "POST",
        f"{base}/batch/create",
        {"inputs": [{**common, "name": f"{name}_b", "type": "string", "fieldType": "text"}]},
    )
    ask("POST", f"{base}/batch/archive", {"inputs": [{"name": f"{name}_b"}]})
    ask("DELETE", f"{base}/{name}")
    ask("DELETE", f"{base}/groups/{name}")


def account(ask: Ask, version: str) -> None:
    """Owners, account, limits, schemas of custom objects."""
    owners = _area(version, "owners")
    _, page = ask("GET", f"{owners}?limit=3")
    for path in ("?archived=true", f"/{page['results'][0]['id']}", "/999"):
        ask("GET", owners + path)
    ask("GET", f"/account-info/{version}/details")
    ask("GET", _area(version, "limits/custom-properties"))
    schemas = f"/crm-object-schemas/{version}/schemas"
    _, made = ask("GET", schemas)
    for one in made["results"]:
        ask("GET", f"{schemas}/{one['objectTypeId']}")


def pipelines(ask: Ask, version: str, kind: str) -> None:
    base = _area(version, f"pipelines/{kind}")
    _, found = ask("GET", base)
    first = f"{base}/{found['results'][0]['id']}"
    stage = f"{first}/stages/{found['results'][0]['stages'][0]['id']}"
    for path in (first, f"{first}/stages", stage, f"{first}/audit", f"{stage}/audit", f"{base}/nope"):
        ask("GET", path)
    metadata = {"probability": "0.5", "ticketState": "OPEN"}
    body = {"label": "judged", "displayOrder": 3, "stages": [{"label": "s", "displayOrder": 0, "metadata": metadata}]}
    _, made = ask("POST", base, body)
    own = f"{base}/{made['id']}"
    ask("PATCH", own, {"label": "renamed"})
    ask("PUT", own, body)
    _, added = ask("POST", f"{own}/stages", {"label": "t", "displayOrder": 1, "metadata": metadata})
    ask("PATCH", f"{own}/stages/{added['id']}", {"label": "u", "metadata": metadata})
    ask("DELETE", f"{own}/stages/{added['id']}")
    ask("DELETE", own)


def associations(ask: Ask, version: str) -> None:
    company, deal = (
        ask("GET", f"{_objects(version, kind)}?limit=1")[1]["results"][0]["id"] for kind in ("companies", "deals")
    )
    between = (
        "/crm/v4/associations/companies/deals" if version == "v3" else f"/crm/associations/{version}/companies/deals"
    )
    pair: Json = {"from": {"id": company}, "to": {"id": deal}}
    typed = {**pair, "types": [{"associationCategory": _HS, "associationTypeId": 342}]}
    ask("POST", f"{between}/batch/read", {"inputs": [{"id": company}, {"id": "999999"}]})
    ask("POST", f"{between}/batch/create", {"inputs": [typed]})
    ask("POST", f"{between}/batch/associate/default", {"inputs": [pair]})
    ask("POST", f"{between}/batch/labels/archive", {"inputs": [typed]})
    ask("POST", f"{between}/batch/archive", {"inputs": [{"from": {"id": company}, "to": [{"id": deal}]}]})
    ask("GET", f"{between}/labels")
    _, made = ask("POST", f"{between}/labels", {"label": "Judge", "name": "judge", "inverseLabel": "Judged"})
    ask("PUT", f"{between}/labels", {"associationTypeId": made["results"][0]["typeId"], "label": "Juror"})
    ask("DELETE", f"{between}/labels/{made['results'][0]['typeId']}")
    base = "/crm/v4/objects" if version == "v3" else f"/crm/objects/{version}"
    own = f"{base}/companies/{company}/associations/deals"
    if version != "2026-09":
        ask("GET", own)
    ask("PUT", f"{own}/{deal}", typed["types"])
    ask("DELETE", f"{own}/{deal}")
    ask("PUT", f"{base}/companies/{company}/associations/default/deals/{deal}")
    if version == "v3":
        _old_associations(ask, company, deal)


def _old_associations(ask: Ask, company: str, deal: str) -> None:
    base = "/crm/v3/associations/companies/deals"
    one = {"inputs": [{"from": {"id": company}, "to": {"id": deal}, "type": "company_to_deal"}]}
    ask("GET", f"{base}/types")
    ask("POST", f"{base}/batch/create", one)
    ask("POST", f"{base}/batch/read", {"inputs": [{"id": company}]})
    ask("POST", f"{base}/batch/archive", one)


def lists_and_exports(ask: Ask, version: str) -> None:
    _, page = ask("GET", f"{_objects(version, 'companies')}?limit=2")
    ids = [one["id"] for one in page["results"]]
    lists = _area(version, "lists")
    _, made = ask("POST", lists, {"name": "judged", "objectTypeId": "0-2", "processingType": "MANUAL"})
    own = f"{lists}/{made['list']['listId']}"
    ask("PUT", f"{own}/memberships/add", ids)
    for path in (own, f"{own}/memberships?limit=1", f"{lists}?listIds={made['list']['listId']}", f"{lists}/99999"):
        ask("GET", path)
    ask("GET", f"{lists}/records/0-2/{ids[0]}/memberships")
    ask("GET", f"{lists}/object-type-id/0-2/name/judged")
    ask("POST", f"{lists}/search", {"query": "judged", "offset": 0, "count": 20, "additionalProperties": []})
    ask("PUT", f"{own}/memberships/add-and-remove", {"recordIdsToAdd": [], "recordIdsToRemove": ids[:1]})
    ask("PUT", f"{own}/memberships/remove", ids)
    ask("PUT", f"{own}/update-list-name?listName=renamed")
    ask("DELETE", f"{own}/memberships")
    ask("DELETE", own)
    ask("PUT", f"{own}/restore")
    exports = _area(version, "exports/export")
    body = {
        "exportType": "VIEW",
        "format": "CSV",
        "exportName": "n",
        "objectType": "COMPANY",
        "language": "EN",
        "objectProperties": ["name"],
    }
    _, started = ask("POST", f"{exports}/async", body)
    for _ in range(3):
        ask("GET", f"{exports}/async/tasks/{started['id']}/status")
    ask("GET", f"{exports}/{started['id']}")


def _objects(version: str, kind: str) -> str:
    return f"/crm/v3/objects/{kind}" if version == "v3" else f"/crm/objects/{version}/{kind}"


def _area(version: str, rest: str) -> str:
    area, slash, tail = rest.partition("/")
    return f"/crm/v3/{rest}" if version == "v3" else f"/crm/{area}/{version}{slash}{tail}"
