"""Property definitions: creating, restoring, changing, archiving, and the limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

COMPANIES = "/crm/v3/properties/companies"
SCORE = {"name": "our_score", "label": "Score", "type": "number", "fieldType": "number", "groupName": "ours"}


@pytest.fixture
def grouped(portal: Any) -> Any:
    portal.post(f"{COMPANIES}/groups", {"name": "ours", "label": "Ours", "displayOrder": -1}, 201)
    return portal


@pytest.mark.parametrize("base", ["/crm/v3/properties", "/crm/properties/2026-03", "/crm/properties/2026-09"])
def test_a_property_is_made_read_changed_and_archived(grouped: Any, base: str) -> None:
    made = grouped.call("POST", f"{base}/company", SCORE)
    assert made.status == 201
    assert made.headers["location"].endswith("/our_score")
    assert made.json["modificationMetadata"] == {
        "archivable": True,
        "readOnlyDefinition": False,
        "readOnlyValue": False,
    }
    assert grouped.get(f"{base}/companies/our_score")["label"] == "Score"
    changed = grouped.call("PATCH", f"{base}/companies/our_score", {"label": "Better", "name": "other"}).json
    assert (changed["label"], changed["name"]) == ("Better", "our_score")
    assert grouped.call("DELETE", f"{base}/companies/our_score").status == 204
    missing = grouped.call("GET", f"{base}/companies/our_score")
    assert (missing.status, missing.json["category"]) == (404, "OBJECT_NOT_FOUND")
    assert "our_score" in [one["name"] for one in grouped.get(f"{base}/companies?archived=true")["results"]]


def test_names_are_taken_once(grouped: Any) -> None:
    grouped.post(COMPANIES, SCORE, 201)
    again = grouped.post(COMPANIES, SCORE, 409)
    assert again["message"] == "A property named 'our_score' already exists."
    assert again["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    grouped.post(f"{COMPANIES}/groups", {"name": "ours", "label": "Ours"}, 409)


def test_making_an_archived_name_again_brings_its_values_back(grouped: Any) -> None:
    [company] = grouped.company_ids(1)
    grouped.post(COMPANIES, SCORE, 201)
    grouped.call("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"our_score": "5"}})
    grouped.call("DELETE", f"{COMPANIES}/our_score")
    path = f"/crm/v3/objects/companies/{company}?properties=our_score"
    assert "our_score" not in grouped.get(path)["properties"]
    grouped.post(COMPANIES, SCORE, 201)
    assert grouped.get(path)["properties"]["our_score"] == "5"


def test_a_property_in_use_and_a_group_with_properties_stay(grouped: Any) -> None:
    grouped.post(COMPANIES, SCORE, 201)
    grouped.app.portal.properties["companies"].usage.add("our_score")
    refused = grouped.call("DELETE", f"{COMPANIES}/our_score")
    assert (refused.status, refused.json["subCategory"]) == (
        400,
        "PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
    )
    refused = grouped.call("DELETE", f"{COMPANIES}/groups/ours")
    assert (refused.status, refused.json["subCategory"]) == (400, "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES")
    grouped.app.portal.properties["companies"].usage.clear()
    assert grouped.call("DELETE", f"{COMPANIES}/our_score").status == 204
    assert grouped.call("DELETE", f"{COMPANIES}/groups/ours").status == 204


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Our Score"},
        {"name": "1score"},
        {"label": ""},
        {"type": "money"},
        {"fieldType": "text"},
        {"groupName": "nobody"},
        {"type": "enumeration", "fieldType": "select"},
        {"type": "enumeration", "fieldType": "select", "options": [{"label": "A"}]},
    ],
)
def test_definitions_that_are_refused(grouped: Any, wrong: dict[str, Any]) -> None:
    assert grouped.post(COMPANIES, {**SCORE, **wrong}, 400)["category"] == "VALIDATION_ERROR"


def test_a_batch_makes_what_it_can_and_reports_the_rest(grouped: Any) -> None:
    grouped.post(COMPANIES, SCORE, 201)
    answer = grouped.post(f"{COMPANIES}/batch/create", {"inputs": [SCORE, {**SCORE, "name": "second"}]}, 207)
    assert [one["name"] for one in answer["results"]] == ["second"]
    assert answer["errors"][0]["category"] == "OBJECT_ALREADY_EXISTS"
    grouped.post(f"{COMPANIES}/batch/create", {"inputs": [{**SCORE, "name": "third"}]}, 201)
    read = grouped.post(
        f"{COMPANIES}/batch/read", {"archived": False, "inputs": [{"name": "third"}, {"name": "no"}]}, 207
    )
    assert [one["name"] for one in read["results"]] == ["third"]
    grouped.post(f"{COMPANIES}/batch/archive", {"inputs": [{"name": "third"}, {"name": "no"}]}, 204)
    assert grouped.call("GET", f"{COMPANIES}/third").status == 404


def test_enumerations_take_only_their_options_and_patching_replaces_them(grouped: Any) -> None:
    options = [{"label": "Red", "value": "r"}, {"label": "Blue", "value": "b"}]
    colour = {**SCORE, "name": "colour", "type": "enumeration", "fieldType": "select", "options": options}
    grouped.post(COMPANIES, colour, 201)
    [company] = grouped.company_ids(1)
    path = f"/crm/v3/objects/companies/{company}"
    assert grouped.call("PATCH", path, {"properties": {"colour": "r"}}).status == 200
    assert grouped.call("PATCH", path, {"properties": {"colour": "Red"}}).status == 400
    grouped.call("PATCH", f"{COMPANIES}/colour", {"options": options[1:]})
    assert grouped.call("PATCH", path, {"properties": {"colour": "r"}}).status == 400


def test_a_new_property_is_unknown_for_a_while(make_portal: Callable[..., Any]) -> None:
    portal = make_portal(property_delay=0.7)
    portal.post(f"{COMPANIES}/groups", {"name": "ours", "label": "Ours"}, 201)
    portal.post(COMPANIES, SCORE, 201)
    [company] = portal.company_ids(1)
    body = {"inputs": [{"id": company, "properties": {"our_score": "1"}}]}
    refused = portal.post("/crm/v3/objects/companies/batch/update", body, 400)
    assert "PROPERTY_DOESNT_EXIST" in refused["message"]
    assert portal.call("GET", f"{COMPANIES}/our_score").status == 404
    portal.clock.advance(1)
    portal.post("/crm/v3/objects/companies/batch/update", body)


def test_calculated_and_hubspots_own_properties_are_protected(grouped: Any) -> None:
    calculated = {
        **SCORE,
        "name": "twice",
        "fieldType": "calculation_equation",
        "calculationFormula": "annualrevenue*2",
    }
    made = grouped.post(COMPANIES, calculated, 201)
    assert made["calculated"] is True
    [company] = grouped.company_ids(1)
    refused = grouped.call("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"twice": "1"}})
    assert "READ_ONLY_VALUE" in refused.json["message"]
    assert grouped.call("DELETE", f"{COMPANIES}/name").status == 400
    assert grouped.call("PATCH", f"{COMPANIES}/name", {"label": "Nom"}).status == 400


def test_a_thousand_custom_properties_are_all_there_may_be(grouped: Any) -> None:
    used = {one["objectTypeId"]: one for one in grouped.get("/crm/limits/2026-09/custom-properties")["byObjectType"]}[
        "0-2"
    ]
    assert used["limit"] == 1000
    room = used["limit"] - used["usage"]
    for start in range(0, room, 100):
        inputs = [{**SCORE, "name": f"p{at}"} for at in range(start, min(start + 100, room))]
        grouped.post(f"{COMPANIES}/batch/create", {"inputs": inputs}, 201)
    refused = grouped.post(COMPANIES, SCORE, 400)
    assert refused["subCategory"] == "PropertyValidationError.PROPERTY_LIMIT_EXCEEDED"
    assert grouped.get("/crm/v3/limits/custom-properties")["overallUsage"] >= 1000


def test_the_legacy_list_is_a_bare_list(portal: Any) -> None:
    names = [one["name"] for one in portal.get("/properties/v2/company/properties")]
    assert names == [one["name"] for one in portal.get(COMPANIES)["results"]]
