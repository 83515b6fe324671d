"""Lists, single records and merges answer as the service documents."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest


def test_a_list_pages_through_every_live_record_once_in_numeric_order_of_ids(portal: Any) -> None:
    seen, path = [], "/crm/v3/objects/contacts?limit=7&properties=email"
    while path:
        page = portal.get(path)
        seen += [int(one["id"]) for one in page["results"]]
        link = page.get("paging", {}).get("next", {}).get("link")
        path = link and urlsplit(link).path + "?" + urlsplit(link).query
    assert sorted(seen) == seen
    assert [str(one) for one in seen] != sorted(map(str, seen)), "ids of one length would hide text comparison"
    assert len(seen) == len(set(seen)) == len(portal.app.records("people"))


def test_the_link_to_the_next_page_is_absolute_on_the_host_asked_and_keeps_the_query(portal: Any) -> None:
    page = portal.get("/crm/v3/objects/companies?limit=1&properties=name&properties=domain")
    link = page["paging"]["next"]["link"]
    assert link.startswith(portal.server.url + "/crm/v3/objects/companies?")
    assert link.count("properties=") == 2


def test_known_unset_properties_are_null_unknown_ones_are_left_out(portal: Any) -> None:
    record = portal.get("/crm/v3/objects/companies?limit=1&properties=wallet,nothing_of_the_kind")["results"][0]
    assert record["properties"]["wallet"] is None
    assert "nothing_of_the_kind" not in record["properties"]
    assert {"hs_object_id", "createdate", "hs_lastmodifieddate"} <= set(record["properties"])


def test_contacts_have_their_own_name_for_the_modification_stamp(portal: Any) -> None:
    record = portal.get("/crm/v3/objects/contacts?limit=1")["results"][0]
    assert record["updatedAt"] == record["properties"]["lastmodifieddate"]
    assert "hs_lastmodifieddate" not in record["properties"]


@pytest.mark.parametrize("name", ["companies", "company", "COMPANY", "0-2", "Companies"])
@pytest.mark.parametrize("base", ["/crm/v3/objects", "/crm/objects/2026-03", "/crm/objects/2026-09", "/crm/v4/objects"])
def test_every_spelling_of_a_path_reaches_the_same_records(portal: Any, base: str, name: str) -> None:
    expected = portal.get("/crm/v3/objects/companies?limit=3")["results"]
    assert portal.get(f"{base}/{name}/?limit=3&archived=False")["results"] == expected


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=100", 200),
        ("limit=101", 400),
        ("limit=50&propertiesWithHistory=name", 200),
        ("limit=51&propertiesWithHistory=name", 400),
    ],
)
def test_list_limits(portal: Any, query: str, status: int) -> None:
    assert portal.call("GET", f"/crm/v3/objects/companies?{query}").status == status


def test_headers_are_those_of_the_service(portal: Any) -> None:
    answer = portal.call("GET", "/crm/v3/objects/companies?limit=1")
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    assert answer.headers["x-hubspot-ratelimit-max"] == "190"
    assert {"x-hubspot-correlation-id", "x-hubspot-ratelimit-daily"} <= set(answer.headers)
    missing = portal.call("GET", "/crm/v3/objects/companies/4")
    assert (missing.status, missing.headers["x-hubspot-notfound"]) == (404, "true")
    assert "category" not in missing.json


def test_a_link_with_two_types_comes_twice_in_a_list(portal: Any) -> None:
    record = portal.get("/crm/v3/objects/deals?limit=1&associations=companies")["results"][0]
    links = record["associations"]["companies"]["results"]
    assert [one["type"] for one in links] == ["deal_to_company", "deal_to_company_unlabeled"]
    assert len({one["id"] for one in links}) == 1


def test_a_merge_makes_a_new_record_that_answers_for_both(portal: Any) -> None:
    first, second = portal.company_ids(2)
    other = portal.get(f"/crm/v4/objects/companies/{second}/associations/contacts")["results"]
    merged = portal.post("/crm/v3/objects/companies/merge", {"primaryObjectId": first, "objectIdToMerge": second})
    assert merged["id"] not in (first, second)
    read = portal.get(f"/crm/v3/objects/companies/{first}?properties=hs_merged_object_ids")
    assert read["id"] == merged["id"]
    assert set(read["properties"]["hs_merged_object_ids"].split(";")) == {first, second}
    batch = portal.post("/crm/v3/objects/companies/batch/read", {"inputs": [{"id": first}, {"id": merged["id"]}]})
    assert [one["id"] for one in batch["results"]] == [merged["id"]]
    archived = portal.get("/crm/v3/objects/companies?limit=100&archived=true")["results"]
    assert not {first, second} & {one["id"] for one in archived}
    moved = portal.get(f"/crm/v4/objects/companies/{merged['id']}/associations/contacts")["results"]
    assert {one["toObjectId"] for one in other} <= {one["toObjectId"] for one in moved}
    assert portal.post("/crm/v4/associations/companies/contacts/batch/read", {"inputs": [{"id": first}]}, 207)[
        "numErrors"
    ]


def test_the_seeded_loser_of_a_merge_answers_with_the_survivor(portal: Any, organisation: Any) -> None:
    (loser, winner), *_ = organisation.merges
    lost, kept = portal.id("accounts", loser), portal.id("accounts", winner)
    read = portal.get(f"/crm/v3/objects/companies/{lost}?properties=hs_merged_object_ids")
    assert (read["id"], read["properties"]["hs_merged_object_ids"]) == (kept, lost)


def test_an_archived_record_is_only_in_the_archived_list(portal: Any) -> None:
    [company] = portal.company_ids(1)
    assert portal.call("DELETE", f"/crm/v3/objects/companies/{company}").status == 204
    assert portal.call("DELETE", f"/crm/v3/objects/companies/{company}").status == 204
    assert portal.call("GET", f"/crm/v3/objects/companies/{company}").status == 404
    archived = portal.get("/crm/v3/objects/companies?archived=true&limit=100")["results"]
    gone = next(one for one in archived if one["id"] == company)
    assert gone["archived"] is True
    assert gone["archivedAt"].startswith("2026-11-01T00:00")
    assert company not in portal.company_ids(100)


def test_an_erased_contact_is_nowhere(portal: Any) -> None:
    contact = portal.get("/crm/v3/objects/contacts?limit=1")["results"][0]["id"]
    portal.post("/crm/v3/objects/contacts/gdpr-delete", {"objectId": contact}, 204)
    assert portal.call("GET", f"/crm/v3/objects/contacts/{contact}").status == 404
    for archived in ("false", "true"):
        listed = portal.get(f"/crm/v3/objects/contacts?limit=100&archived={archived}")["results"]
        assert contact not in [one["id"] for one in listed]


def test_history_tells_our_write_from_what_was_there(portal: Any) -> None:
    [company] = portal.company_ids(1)
    portal.call("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"city": "Bonn"}})
    read = portal.get(f"/crm/v3/objects/companies/{company}?propertiesWithHistory=city,name")
    assert [one["sourceType"] for one in read["propertiesWithHistory"]["city"]] == ["INTEGRATION"]
    assert [one["sourceType"] for one in read["propertiesWithHistory"]["name"]] == ["CRM_UI"]


def test_a_contact_with_a_known_address_is_a_conflict_that_names_the_contact(portal: Any) -> None:
    known = portal.get("/crm/v3/objects/contacts?limit=1&properties=email")["results"][0]
    refused = portal.call("POST", "/crm/v3/objects/contacts", {"properties": {"email": known["properties"]["email"]}})
    assert refused.status == 409
    assert known["id"] in refused.json["message"]


def test_a_merge_may_keep_the_id_of_the_first(make_portal: Any) -> None:
    portal = make_portal(merge_makes_new_id=False)
    contacts = portal.get("/crm/v3/objects/contacts?limit=2")["results"]
    first, second = (one["id"] for one in contacts)
    merged = portal.post("/crm/v3/objects/contacts/merge", {"primaryObjectId": first, "objectIdToMerge": second})
    assert merged["id"] == first
    names = "hs_merged_object_ids,hs_calculated_merged_vids"
    read = portal.get(f"/crm/v3/objects/contacts/{second}?properties={names}")
    assert (read["id"], read["properties"]["hs_merged_object_ids"]) == (first, second)
    assert read["properties"]["hs_calculated_merged_vids"].split(":")[0] == second
    again = portal.post("/crm/v3/objects/contacts/merge", {"primaryObjectId": first, "objectIdToMerge": second}, 400)
    assert again["category"] == "VALIDATION_ERROR"


def test_an_archived_list_may_lack_the_admins_own_properties(make_portal: Any) -> None:
    for thin in (False, True):
        portal = make_portal(archived_is_thin=thin)
        [company] = portal.company_ids(1)
        portal.call("DELETE", f"/crm/v3/objects/companies/{company}")
        path = "/crm/v3/objects/companies?archived=true&properties=name,wallet"
        [gone] = portal.get(path)["results"]
        assert ("wallet" in gone["properties"]) is not thin
        assert "name" in gone["properties"]


def test_a_list_shows_some_links_of_a_record_and_where_the_rest_is(make_portal: Any) -> None:
    portal = make_portal(list_associations=1)
    path = "/crm/v3/objects/companies?limit=1&associations=deals"
    shown = portal.get(path)["results"][0]["associations"]["deals"]
    assert len({one["id"] for one in shown["results"]}) == 1
    link = urlsplit(shown["paging"]["next"]["link"])
    rest = portal.get(f"{link.path}?{link.query}")["results"]
    assert shown["results"][0]["id"] not in [one["id"] for one in rest]
    company = portal.company_ids(1)[0]
    whole = portal.get(f"/crm/v4/objects/companies/{company}/associations/deals")["results"]
    assert len(whole) == 1 + len({one["id"] for one in rest})
