"""Associations: type ids, the 207 of records without any, paging per record, labels, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

VERSIONS = ["/crm/v4/associations", "/crm/associations/2026-03", "/crm/associations/2026-09"]


def linked(portal: Any, source: str, target: str, *ids: str, status: int = 200) -> Any:
    inputs = [{"id": one} for one in ids]
    return portal.post(f"/crm/v4/associations/{source}/{target}/batch/read", {"inputs": inputs}, status)


@pytest.mark.parametrize("base", VERSIONS)
def test_a_deal_names_its_primary_company_by_type_id(portal: Any, base: str) -> None:
    deal = portal.get("/crm/v3/objects/deals?limit=1")["results"][0]["id"]
    answer = portal.post(f"{base}/deals/companies/batch/read", {"inputs": [{"id": deal}]})
    [link] = answer["results"][0]["to"]
    assert answer["results"][0]["from"] == {"id": deal}
    assert isinstance(link["toObjectId"], int)
    assert link["associationTypes"] == [
        {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"},
        {"category": "HUBSPOT_DEFINED", "typeId": 341, "label": None},
    ]


def test_a_record_without_links_is_an_error_entry_and_the_answer_a_207(portal: Any) -> None:
    made = portal.post("/crm/v3/objects/companies", {"properties": {"name": "Alone"}}, 201)["id"]
    answer = linked(portal, "companies", "deals", made, status=207)
    assert answer["results"] == []
    [error] = answer["errors"]
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert error["message"] == f"No deal is associated with company {made}."
    assert error["context"]["fromObjectId"] == [made]


def test_more_than_a_thousand_inputs_are_refused(portal: Any) -> None:
    ids = [str(one) for one in range(1001)]
    linked(portal, "companies", "deals", *ids, status=400)
    linked(portal, "companies", "deals", *ids[:1000], status=207)


def test_many_links_are_paged_per_record_and_nothing_is_lost(make_portal: Callable[..., Any]) -> None:
    whole, paged = make_portal(), make_portal(association_page=2)
    company = max(
        whole.company_ids(30),
        key=lambda one: len(whole.get(f"/crm/v4/objects/companies/{one}/associations/contacts")["results"]),
    )
    expected = linked(whole, "companies", "contacts", company)["results"][0]["to"]
    assert len(expected) > 4
    seen: list[Any] = []
    asked: dict[str, Any] = {"id": company}
    while True:
        body = {"inputs": [asked]}
        [result] = paged.post("/crm/v4/associations/companies/contacts/batch/read", body)["results"]
        seen += result["to"]
        if "paging" not in result:
            break
        asked = {"id": company, "after": result["paging"]["next"]["after"]}
    assert seen == expected


def test_links_of_one_record_page_too(portal: Any) -> None:
    [company] = portal.company_ids(1)
    path = f"/crm/v4/objects/companies/{company}/associations/deals"
    whole = portal.get(path)["results"]
    first = portal.get(f"{path}?limit=1")
    rest = portal.get(f"{path}?limit=500&after={first['paging']['next']['after']}")
    assert first["results"] + rest["results"] == whole


def test_the_old_shape_names_types_once_each(portal: Any) -> None:
    deal = portal.get("/crm/v3/objects/deals?limit=1")["results"][0]["id"]
    old = portal.get(f"/crm/v3/objects/deals/{deal}/associations/companies")["results"]
    assert [one["type"] for one in old] == ["deal_to_company", "deal_to_company_unlabeled"]
    dated = portal.get(f"/crm/objects/2026-03/deals/{deal}/associations/companies")["results"]
    assert [one["typeId"] for one in dated[0]["associationTypes"]] == [5, 341]


def test_a_new_primary_company_replaces_the_one_before_and_moves_no_stamp(portal: Any) -> None:
    portal.clock.advance(60)
    contact = portal.get("/crm/v3/objects/contacts?limit=1&properties=associatedcompanyid")["results"][0]
    before = contact["properties"]["associatedcompanyid"]
    other = next(one for one in portal.company_ids(5) if one != before)
    link = {
        "from": {"id": contact["id"]},
        "to": {"id": other},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}],
    }
    portal.post("/crm/v4/associations/contacts/companies/batch/create", {"inputs": [link]}, 201)
    types = {
        str(one["toObjectId"]): [kind["typeId"] for kind in one["associationTypes"]]
        for one in linked(portal, "contacts", "companies", contact["id"])["results"][0]["to"]
    }
    assert types[before] == [279]
    assert sorted(types[other]) == [1, 279]
    read = portal.get(f"/crm/v3/objects/contacts/{contact['id']}?properties=associatedcompanyid")
    assert read["properties"]["associatedcompanyid"] == other
    assert read["updatedAt"] == contact["updatedAt"]
    back = linked(portal, "companies", "contacts", other)["results"][0]["to"]
    assert [2, 280] in [
        sorted(kind["typeId"] for kind in one["associationTypes"])
        for one in back
        if str(one["toObjectId"]) == contact["id"]
    ]


def test_archiving_a_link_takes_it_from_both_sides(portal: Any) -> None:
    deal = portal.get("/crm/v3/objects/deals?limit=1")["results"][0]["id"]
    company = str(linked(portal, "deals", "companies", deal)["results"][0]["to"][0]["toObjectId"])
    body = {"inputs": [{"from": {"id": deal}, "to": [{"id": company}]}]}
    portal.post("/crm/v4/associations/deals/companies/batch/archive", body, 204)
    linked(portal, "deals", "companies", deal, status=207)
    answer = portal.call("GET", f"/crm/v4/objects/companies/{company}/associations/deals")
    assert deal not in [str(one["toObjectId"]) for one in answer.json["results"]]


def test_a_link_can_be_put_and_deleted_one_at_a_time(portal: Any) -> None:
    made = portal.post("/crm/v3/objects/companies", {"properties": {"name": "New"}}, 201)["id"]
    deal = portal.get("/crm/v3/objects/deals?limit=1")["results"][0]["id"]
    path = f"/crm/v4/objects/companies/{made}/associations/deals/{deal}"
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 342}]
    assert portal.call("PUT", path, types).status == 201
    assert linked(portal, "companies", "deals", made)["results"][0]["to"][0]["toObjectId"] == int(deal)
    assert portal.call("DELETE", path).status == 204
    linked(portal, "companies", "deals", made, status=207)


def test_labels_show_hubspots_own_types_and_those_that_people_made(portal: Any) -> None:
    labels = portal.get("/crm/v4/associations/companies/contacts/labels")["results"]
    assert {one["typeId"] for one in labels} == {280, 2}
    body = {"label": "Billing", "name": "billing", "inverseLabel": "Billed by"}
    made = portal.post("/crm/v4/associations/companies/contacts/labels", body)["results"]
    assert [one["category"] for one in made] == ["USER_DEFINED", "USER_DEFINED"]
    back = portal.get("/crm/v4/associations/contacts/companies/labels")["results"]
    assert "Billed by" in [one["label"] for one in back]
    portal.post("/crm/v4/associations/companies/contacts/labels", body, 409)


def test_a_type_id_that_does_not_belong_to_the_pair_is_refused(portal: Any) -> None:
    [company] = portal.company_ids(1)
    deal = portal.get("/crm/v3/objects/deals?limit=1")["results"][0]["id"]
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
    inputs = [{"from": {"id": company}, "to": {"id": deal}, "types": types}]
    answer = portal.post("/crm/v4/associations/companies/deals/batch/create", {"inputs": inputs}, 207)
    assert answer["results"] == []
    assert "279" in answer["errors"][0]["message"]


def test_an_archived_record_has_no_links_left(portal: Any) -> None:
    deal = portal.get("/crm/v3/objects/deals?limit=1")["results"][0]["id"]
    company = str(linked(portal, "deals", "companies", deal)["results"][0]["to"][0]["toObjectId"])
    portal.call("DELETE", f"/crm/v3/objects/deals/{deal}")
    answer = portal.get(f"/crm/v4/objects/companies/{company}/associations/deals")
    assert deal not in [str(one["toObjectId"]) for one in answer["results"]]


def test_a_child_knows_its_parent_by_link_and_property(portal: Any) -> None:
    body = {"filters": [{"propertyName": "hs_parent_company_id", "operator": "HAS_PROPERTY"}], "limit": 1}
    child = portal.post("/crm/v3/objects/companies/search", {**body, "properties": ["hs_parent_company_id"]})[
        "results"
    ][0]
    links = linked(portal, "companies", "companies", child["id"])["results"][0]["to"]
    parents = [one["toObjectId"] for one in links if one["associationTypes"][0]["typeId"] == 14]
    assert [str(one) for one in parents] == [child["properties"]["hs_parent_company_id"]]
    back = linked(portal, "companies", "companies", str(parents[0]))["results"][0]["to"]
    assert {one["associationTypes"][0]["typeId"] for one in back if str(one["toObjectId"]) == child["id"]} == {13}


def test_the_default_link_is_made_without_naming_a_type(portal: Any) -> None:
    made = portal.post("/crm/v3/objects/companies", {"properties": {"name": "New"}}, 201)["id"]
    deals = [one["id"] for one in portal.get("/crm/v3/objects/deals?limit=2")["results"]]
    body = {"inputs": [{"from": {"id": made}, "to": {"id": deals[0]}}]}
    answer = portal.post("/crm/v4/associations/companies/deals/batch/associate/default", body)
    assert [one["associationSpec"]["associationTypeId"] for one in answer["results"]] == [342, 341]
    put = portal.call("PUT", f"/crm/v4/objects/companies/{made}/associations/default/deals/{deals[1]}")
    assert put.status == 200
    shown = linked(portal, "companies", "deals", made)["results"][0]["to"]
    assert [str(one["toObjectId"]) for one in shown] == deals
    assert {len(one["associationTypes"]) for one in shown} == {1}


def test_the_old_batches_name_types_in_words(portal: Any) -> None:
    made = portal.post("/crm/v3/objects/companies", {"properties": {"name": "New"}}, 201)["id"]
    deal = portal.get("/crm/v3/objects/deals?limit=1")["results"][0]["id"]
    old = "/crm/v3/associations/companies/deals/batch"
    link = {"from": {"id": made}, "to": {"id": deal}, "type": "company_to_deal"}
    portal.post(f"{old}/create", {"inputs": [link]}, 201)
    read = portal.post(f"{old}/read", {"inputs": [{"id": made}]})["results"][0]
    assert read["to"] == [{"id": deal, "type": "company_to_deal"}]
    portal.post(f"{old}/archive", {"inputs": [link]}, 204)
    portal.post(f"{old}/read", {"inputs": [{"id": made}]}, 207)


def test_one_label_of_a_link_can_be_taken_away(portal: Any) -> None:
    deal = portal.get("/crm/v3/objects/deals?limit=1")["results"][0]["id"]
    company = str(linked(portal, "deals", "companies", deal)["results"][0]["to"][0]["toObjectId"])
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]
    body = {"inputs": [{"from": {"id": deal}, "to": {"id": company}, "types": types}]}
    portal.post("/crm/v4/associations/deals/companies/batch/labels/archive", body, 204)
    [left] = linked(portal, "deals", "companies", deal)["results"][0]["to"]
    assert [one["typeId"] for one in left["associationTypes"]] == [341]
