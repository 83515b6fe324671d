"""Lists, exports and pipelines over the wire."""

from __future__ import annotations

import csv
import io
from urllib.parse import urlsplit

import pytest

LISTS = {"v3": "/crm/v3/lists", "2026-03": "/crm/lists/2026-03", "2026-09": "/crm/lists/2026-09"}
EXPORTS = {"v3": "/crm/v3/exports", "2026-03": "/crm/exports/2026-03", "2026-09": "/crm/exports/2026-09"}
ASKED = {"exportType": "VIEW", "format": "CSV", "exportName": "All", "objectType": "COMPANY", "language": "EN"}


def number_filter(name, operator, value):
    operation = {"operationType": "NUMBER", "operator": operator, "value": value}
    inner = {
        "filterBranchType": "AND",
        "filters": [{"filterType": "PROPERTY", "property": name, "operation": operation}],
    }
    return {"filterBranchType": "OR", "filterBranches": [inner], "filters": []}


@pytest.mark.parametrize("version", LISTS)
def test_a_list_by_hand_holds_what_is_put_into_it(portal, version):
    base, ids = LISTS[version], portal.company_ids(3)
    made = portal.call("POST", base, {"name": "By hand", "objectTypeId": "0-2", "processingType": "MANUAL"}).json[
        "list"
    ]
    one = f"{base}/{made['listId']}"
    added = portal.call("PUT", f"{one}/memberships/add", [*ids, "999"]).json
    assert (ids, ["999"]) == (added["recordsIdsAdded"], added["recordIdsMissing"])
    portal.call("PUT", f"{one}/memberships/remove", ids[:1])
    first = portal.get(f"{one}/memberships?limit=1")
    second = portal.get(f"{one}/memberships?limit=1&after={first['paging']['next']['after']}")
    assert ids[1:] == [page["results"][0]["recordId"] for page in (first, second)]
    assert "paging" not in second
    assert [made["listId"]] == [m["listId"] for m in portal.get(f"{base}/records/0-2/{ids[1]}/memberships")["results"]]
    assert portal.get(f"{base}/object-type-id/0-2/name/By%20hand")["list"]["size"] == 2


def test_a_list_by_filters_follows_the_records(portal):
    ids = portal.company_ids(2)
    portal.call("PATCH", f"/crm/v3/objects/companies/{ids[0]}", {"properties": {"numberofemployees": "123456"}})
    branch = number_filter("numberofemployees", "IS_GREATER_THAN", 100000)
    body = {"name": "Large", "objectTypeId": "0-2", "processingType": "DYNAMIC", "filterBranch": branch}
    one = f"/crm/v3/lists/{portal.call('POST', '/crm/v3/lists', body).json['list']['listId']}"
    assert [ids[0]] == [m["recordId"] for m in portal.get(f"{one}/memberships")["results"]]
    portal.call("PATCH", f"/crm/v3/objects/companies/{ids[1]}", {"properties": {"numberofemployees": "200000"}})
    assert ids == [m["recordId"] for m in portal.get(f"{one}/memberships")["results"]]
    refused = portal.call("PUT", f"{one}/memberships/add", ids)
    assert (refused.status, refused.json["category"]) == (400, "VALIDATION_ERROR")
    assert branch == portal.get(f"{one}?includeFilters=true")["list"]["filterBranch"]


def test_a_property_that_a_list_names_cannot_be_archived(portal):
    made = {"name": "hx", "label": "hx", "type": "number", "fieldType": "number", "groupName": "companyinformation"}
    portal.post("/crm/v3/properties/companies", made, 201)
    body = {
        "name": "L",
        "objectTypeId": "0-2",
        "processingType": "DYNAMIC",
        "filterBranch": number_filter("hx", "IS_EQUAL_TO", 1),
    }
    one = f"/crm/v3/lists/{portal.call('POST', '/crm/v3/lists', body).json['list']['listId']}"
    refused = portal.call("DELETE", "/crm/v3/properties/companies/hx")
    assert refused.json["subCategory"] == "PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE"
    assert portal.call("DELETE", one).status == 204
    assert portal.call("DELETE", "/crm/v3/properties/companies/hx").status == 204


def test_lists_are_found_archived_and_restored(portal):
    for name in ("Alpha", "Beta"):
        portal.call("POST", "/crm/v3/lists", {"name": name, "objectTypeId": "0-3", "processingType": "MANUAL"})
    search = {"query": "alph", "offset": 0, "count": 5, "processingTypes": [], "additionalProperties": []}
    found = portal.post("/crm/v3/lists/search", search)
    assert ([one["name"] for one in found["lists"]], found["total"], found["hasMore"]) == (["Alpha"], 1, False)
    identifier = found["lists"][0]["listId"]
    portal.call("DELETE", f"/crm/v3/lists/{identifier}")
    assert portal.call("GET", f"/crm/v3/lists/{identifier}").status == 404
    assert portal.post("/crm/v3/lists/search", search)["total"] == 0
    assert portal.call("PUT", f"/crm/v3/lists/{identifier}/restore").status == 204
    assert portal.get(f"/crm/v3/lists/{identifier}")["list"]["name"] == "Alpha"


def finished(portal, base, identifier, looks=4):
    for _ in range(looks):
        status = portal.get(f"{base}/export/async/tasks/{identifier}/status")
        if status["status"] == "COMPLETE":
            return status
    raise AssertionError(status)


@pytest.mark.parametrize("version", EXPORTS)
def test_an_export_is_a_file_with_a_row_for_each_record(portal, version):
    base = EXPORTS[version]
    body = {**ASKED, "objectProperties": ["name", "domain"], "associatedObjectType": ["CONTACT"]}
    made = portal.post(f"{base}/export/async", body, 202)
    assert portal.get(f"{base}/export/async/tasks/{made['id']}/status")["status"] == "PROCESSING"
    status = finished(portal, base, made["id"])
    file = portal.call("GET", urlsplit(status["result"]).path, headers={"Authorization": ""})
    rows = list(csv.DictReader(io.StringIO(file.body.decode())))
    names = {
        one["id"]: one["properties"]["name"]
        for one in portal.get("/crm/v3/objects/companies?limit=100&properties=name")["results"]
    }
    label = portal.get("/crm/v3/properties/companies/name")["label"]
    assert names == {row["Record ID"]: row[label] for row in rows}
    assert any(row["Associated Contact IDs"] for row in rows)
    assert portal.get(f"{base}/export/{made['id']}")["recordCount"] == len(rows)


def test_the_address_of_a_file_holds_for_five_minutes(portal):
    made = portal.post("/crm/v3/exports/export/async", {**ASKED, "objectProperties": ["name"]}, 202)
    path = urlsplit(finished(portal, "/crm/v3/exports", made["id"])["result"]).path
    portal.clock.advance(301)
    assert portal.call("GET", path).status == 403
    fresh = urlsplit(finished(portal, "/crm/v3/exports", made["id"])["result"]).path
    assert portal.call("GET", fresh).status == 200


def test_exports_wait_for_one_another_and_are_thirty_a_day(portal):
    body = {**ASKED, "objectProperties": ["name"]}
    ids = [portal.post("/crm/v3/exports/export/async", body, 202)["id"] for _ in range(2)]
    assert portal.get(f"/crm/v3/exports/export/async/tasks/{ids[1]}/status")["status"] == "PENDING"
    finished(portal, "/crm/v3/exports", ids[0])
    finished(portal, "/crm/v3/exports", ids[1])
    for _ in range(28):
        portal.post("/crm/v3/exports/export/async", body, 202)
    assert portal.call("POST", "/crm/v3/exports/export/async", body).status == 429
    portal.clock.advance(86_401)
    portal.post("/crm/v3/exports/export/async", body, 202)


def test_an_export_takes_filters_three_by_three(portal):
    (identifier,) = portal.company_ids(1)
    one = {"propertyName": "hs_object_id", "operator": "EQ", "value": identifier}
    asked = {"filters": [one], "sorts": [], "query": ""}
    body = {**ASKED, "objectProperties": ["name"], "publicCrmSearchRequest": asked}
    made = portal.post("/crm/v3/exports/export/async", body, 202)
    assert portal.get(f"/crm/v3/exports/export/{made['id']}")["recordCount"] == 1
    body["publicCrmSearchRequest"] = {"filters": [one] * 4}
    assert portal.call("POST", "/crm/v3/exports/export/async", body).status == 400


def test_a_pipeline_of_ones_own_can_hold_deals(portal):
    stages = [{"label": "Talk", "displayOrder": 0, "metadata": {"probability": "0.2"}},
              {"label": "Won", "displayOrder": 1, "metadata": {"probability": "1.0"}}]  # fmt: skip
    made = portal.post("/crm/v3/pipelines/deals", {"label": "Partners", "displayOrder": 1, "stages": stages}, 201)
    won = made["stages"][1]
    deal = {"dealname": "x", "pipeline": made["id"], "dealstage": won["id"]}
    record = portal.post("/crm/v3/objects/deals", {"properties": deal}, 201)
    held = portal.get(f"/crm/v3/objects/deals/{record['id']}?properties=hs_is_closed_won,dealstage")
    assert (won["id"], "true") == (held["properties"]["dealstage"], held["properties"]["hs_is_closed_won"])
    base = f"/crm/v3/pipelines/deals/{made['id']}"
    third = portal.post(f"{base}/stages", {"label": "Lost", "displayOrder": 2, "metadata": {"probability": "0.0"}}, 201)
    assert [*[s["id"] for s in made["stages"]], third["id"]] == [
        s["id"] for s in portal.get(f"{base}/stages")["results"]
    ]
    assert portal.call("PATCH", f"{base}/stages/{third['id']}", {"label": "Gone"}).json["label"] == "Gone"
    assert portal.get(f"{base}/audit")["results"][0]["identifier"] == made["id"]
    assert portal.call("DELETE", base).status == 204
    assert portal.call("GET", base).status == 404


def test_a_label_can_be_renamed_and_taken_away(portal):
    company, deal = portal.company_ids(1)[0], portal.get("/crm/v3/objects/deals?limit=1")["results"][0]["id"]
    labels = "/crm/v4/associations/companies/deals/labels"
    made = portal.post(labels, {"label": "Sponsor", "name": "sponsor"})["results"][0]
    link = f"/crm/v4/objects/companies/{company}/associations/deals/{deal}"
    types = [{"associationCategory": "USER_DEFINED", "associationTypeId": made["typeId"]}]
    assert portal.call("PUT", link, types).json["toObjectId"] == int(deal)

    def held():
        found = portal.get(f"/crm/v4/objects/companies/{company}/associations/deals?limit=500")["results"]
        return {kind["label"] for one in found if str(one["toObjectId"]) == deal for kind in one["associationTypes"]}

    assert "Sponsor" in held()
    assert portal.call("PUT", labels, {"associationTypeId": made["typeId"], "label": "Patron"}).status == 204
    assert "Patron" in held()
    assert "Sponsor" not in held()
    assert portal.call("DELETE", f"{labels}/{made['typeId']}").status == 204
    assert "Patron" not in held()
    assert portal.call("DELETE", f"{labels}/{made['typeId']}").status == 404


def test_dated_versions_write_ids_of_a_link_as_text(portal):
    company, deal = portal.company_ids(1)[0], portal.get("/crm/v3/objects/deals?limit=1")["results"][0]["id"]
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 342}]
    for version in ("2026-03", "2026-09"):
        made = portal.call("PUT", f"/crm/objects/{version}/companies/{company}/associations/deals/{deal}", types).json
        assert (company, deal) == (made["fromObjectId"], made["toObjectId"])


def test_a_departed_owner_has_no_user(portal):
    departed = portal.get("/crm/v3/owners?archived=true")["results"]
    assert departed
    assert all("userId" not in owner and owner["userIdIncludingInactive"] for owner in departed)


def test_a_refresh_token_is_described_and_revoked(portal):
    told = portal.app.ways_in()
    form = "&".join(f"{key}={told[key]}" for key in ("client_id", "client_secret", "refresh_token"))
    asked = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": ""}
    assert portal.get(f"/oauth/v1/refresh-tokens/{told['refresh_token']}")["token_type"] == "refresh"
    assert portal.call("POST", "/oauth/v1/token", f"grant_type=refresh_token&{form}", asked).status == 200
    assert portal.call("POST", "/oauth/2026-03/token/revoke", f"token={told['refresh_token']}", asked).status == 204
    assert portal.call("POST", "/oauth/v1/token", f"grant_type=refresh_token&{form}", asked).status == 400
