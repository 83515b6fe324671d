"""Provisioning an emulated portal: adds, restores, refuses; takes away exactly what is ours."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from connectors.errors import SchemaError
from enrichment.fields import STANCES, fields
from enrichment.former import FORMER_LABELS

ESSENTIAL, FULL = fields("essential"), fields("full")
COMPANIES = "/crm/properties/2026-03/companies"


def steps(plan: Any) -> dict[str, str]:
    return {item.name: item.step for item in plan.items}


def test_provision_is_complete_and_readable_at_once(portal: Any) -> None:
    ticks = itertools.count(1_793_500_000)
    one = portal(property_delay=40, clock=lambda: float(next(ticks)))  # every look at the clock takes a second
    plan = one.connect(FULL).provision(FULL)
    assert {"create"} == set(steps(plan).values())
    made = {p["name"]: p for p in one.api("GET", COMPANIES)["results"]}
    ours = [spec for spec in FULL if spec.stream == "accounts"]
    assert {spec.name for spec in ours} <= made.keys()
    for spec in ours:
        held = made[spec.name]
        assert ("bothways", spec.label, spec.description, False) == (
            held["groupName"], held["label"], held["description"], held["formField"]
        )  # fmt: skip
        assert list(spec.options) == [(o["value"], o["label"]) for o in held["options"]]
    assert one.connect(FULL).check().ok


def test_the_minimum_of_calls(portal: Any) -> None:
    connector = portal().connect()
    connector.provision(FULL)
    writes = {name: n for name, n in connector.calls().by_endpoint.items() if "create" in name}
    assert writes == {
        "property group create companies": 1, "property group create deals": 1,
        "properties batch create companies": 1, "properties batch create deals": 1,
    }  # fmt: skip


def test_nothing_of_theirs_changes(portal: Any) -> None:
    one = portal()
    before = {p["name"]: p for p in one.api("GET", COMPANIES)["results"]}
    one.connect().provision(FULL)
    one.connect().unprovision(FULL)
    after = {p["name"]: p for p in one.api("GET", COMPANIES)["results"]}
    assert before == after
    assert "bothways" not in {g["name"] for g in one.api("GET", f"{COMPANIES}/groups")["results"]}


def test_another_property_of_our_name_stops_everything_before_any_change(portal: Any) -> None:
    one = portal()
    body = {
        "name": "bothways_confidence", "label": "Mine", "type": "string", "fieldType": "text",
        "groupName": "companyinformation",
    }  # fmt: skip
    one.api("POST", COMPANIES, body)
    connector = one.connect()
    plan = connector.plan_provision(ESSENTIAL)
    assert [item.name for item in plan.conflicts] == ["companies.bothways_confidence"]
    with pytest.raises(SchemaError, match="bothways_confidence"):
        connector.provision(ESSENTIAL)
    assert not any(p["name"] == "bothways_stance" for p in one.api("GET", COMPANIES)["results"])
    connector.unprovision(ESSENTIAL)
    assert any(p["name"] == "bothways_confidence" for p in one.api("GET", COMPANIES)["results"])


def test_an_archived_property_is_restored(portal: Any) -> None:
    one = portal()
    one.connect().provision(ESSENTIAL)
    one.api("DELETE", f"{COMPANIES}/bothways_confidence")
    plan = one.connect().provision(ESSENTIAL)
    assert {i.name: i.detail for i in plan.to_do} == {"companies.bothways_confidence": "restores the archived one"}
    assert one.connect().plan_provision(ESSENTIAL).to_do == ()


def test_an_archived_property_of_another_type_is_a_conflict(portal: Any) -> None:
    one = portal()
    body = {"label": "Mine", "type": "string", "fieldType": "text", "groupName": "companyinformation"}
    one.api("POST", COMPANIES, {"name": "bothways_confidence", **body})
    one.api("DELETE", f"{COMPANIES}/bothways_confidence")
    assert one.connect().plan_provision(ESSENTIAL).conflicts


def test_missing_options_come_back_and_theirs_stay(portal: Any) -> None:
    one = portal()
    one.connect().provision(ESSENTIAL)
    theirs = [{"label": "Ours!", "value": "theirs"}, {"label": "Beschützen", "value": "protect"}]
    one.api("PATCH", f"{COMPANIES}/bothways_stance", {"options": theirs, "label": "Haltung"})
    plan = one.connect().provision(ESSENTIAL)
    assert {i.name: i.step for i in plan.to_do} == {"companies.bothways_stance": "update"}
    held = one.api("GET", f"{COMPANIES}/bothways_stance")
    labels = {o["value"]: o["label"] for o in held["options"]}
    assert (
        labels["protect"], labels["theirs"], labels["respond"], held["label"]
    ) == ("Beschützen", "Ours!", "Answer them", "Haltung")  # fmt: skip


MODEL_1 = {
    "protect": "Protect", "respond": "Respond", "partner": "Partner", "earn_value": "Earn value",
    "build_close": "Build close", "test_reciprocity": "Test reciprocity", "maintain": "Maintain",
    "rebalance": "Rebalance", "keep_transactional": "Keep transactional",
    "insufficient_evidence": "Insufficient evidence",
}  # fmt: skip
ADDED = {"bothways_confidence_dependence", "bothways_confidence_effort"}


def test_a_portal_provisioned_for_model_1_is_upgraded_in_place(portal: Any) -> None:
    """Frozen here: what releases with model 1 installed. An administrator has renamed one option and one property
    since.
    """
    one = portal()
    before = {p["name"]: p for p in one.api("GET", COMPANIES)["results"]}
    model_1 = [
        replace(
            spec,
            label=FORMER_LABELS.get(spec.name, spec.label),
            options=tuple(MODEL_1.items()) if spec.name == "bothways_stance" else spec.options,
        )
        for spec in FULL
        if spec.name not in ADDED
    ]
    one.connect().provision(model_1)
    held = one.api("GET", f"{COMPANIES}/bothways_stance")["options"]
    renamed = [{**o, "label": "Unsere Partner"} if o["value"] == "partner" else o for o in held]
    one.api("PATCH", f"{COMPANIES}/bothways_stance", {"options": renamed})
    one.api("PATCH", f"{COMPANIES}/bothways_coverage", {"label": "Abdeckung"})
    company = one.api("GET", "/crm/objects/2026-03/companies?limit=1")["results"][0]["id"]
    values = {"bothways_stance": "maintain", "bothways_customer_dependence": "41.5"}
    one.edit("companies", company, **values)

    plan = one.connect().provision(FULL)

    assert {i.name: i.step for i in plan.to_do} == {
        **{
            f"{'companies' if spec.stream == 'accounts' else 'deals'}.{spec.name}": "update"
            for spec in FULL
            if spec.former_label and spec.name not in ADDED | {"bothways_coverage"}
        },
        **{f"companies.{name}": "create" for name in ADDED},
    }
    assert [
        one.api("GET", f"{COMPANIES}/bothways_{name}")["label"] for name in ("customer_dependence", "coverage")
    ] == ["They need us", "Abdeckung"]
    labels = {o["value"]: o["label"] for o in one.api("GET", f"{COMPANIES}/bothways_stance")["options"]}
    assert labels == {**dict(STANCES), "partner": "Unsere Partner"}
    assert one.properties("companies", company, *values) == values
    assert one.connect().plan_provision(FULL).to_do == ()
    one.connect().unprovision(FULL)
    assert {p["name"]: p for p in one.api("GET", COMPANIES)["results"]} == before


def test_a_full_portal_is_said_before_any_change(portal: Any) -> None:
    one = portal()
    definitions = one.app.portal.definitions(one.app.portal.kind("companies"))
    for number in range(1000 - definitions.custom_count() - 3):
        definitions.add_custom(f"theirs_{number}", "string", "text", 0)
    with pytest.raises(SchemaError, match="room for 3"):
        one.connect().provision(ESSENTIAL)
    assert not any(p["name"].startswith("bothways_") for p in one.api("GET", COMPANIES)["results"])


def test_a_property_in_use_is_named_and_the_rest_is_taken_away(portal: Any) -> None:
    one = portal()
    one.connect().provision(ESSENTIAL)
    one.app.portal.definitions(one.app.portal.kind("companies")).usage.add("bothways_stance")
    with pytest.raises(SchemaError, match="bothways_stance"):
        one.connect().unprovision(ESSENTIAL)
    left = [p["name"] for p in one.api("GET", COMPANIES)["results"] if p["name"].startswith("bothways_")]
    assert left == ["bothways_stance"]
