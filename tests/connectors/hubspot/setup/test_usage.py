"""What uses our properties is named before it is in the way: in the check, and in the plan to uninstall."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import SchemaError
from enrichment.fields import fields

ESSENTIAL = fields("essential")
NAMED = "bothways_stance"


def branch(name: str, value: str = "protect") -> dict[str, Any]:
    operation = {"operationType": "ENUMERATION", "operator": "IS_ANY_OF", "values": [value]}
    test = {"filterType": "PROPERTY", "property": name, "operation": operation}
    inner = {"filterBranchType": "AND", "filterBranchOperator": "AND", "filters": [test], "filterBranches": []}
    return {"filterBranchType": "OR", "filterBranchOperator": "OR", "filters": [], "filterBranches": [inner]}


def make_list(one: Any, name: str, *, uses: str) -> str:
    body = {"name": name, "objectTypeId": "0-2", "processingType": "DYNAMIC", "filterBranch": branch(uses)}
    return str(one.api("POST", "/crm/v3/lists", body)["list"]["listId"])


def make_flow(one: Any, name: str, **more: Any) -> str:
    body = {"type": "PLATFORM_FLOW", "flowType": "WORKFLOW", "objectTypeId": "0-2", "name": name, **more}
    return str(one.api("POST", "/automation/v4/flows", body)["id"])


@pytest.fixture
def used(portal: Any) -> Any:
    """A portal with our properties, a list and a workflow that use one of them, and others that do not."""
    one = portal(accounts=3)
    one.connect().provision(ESSENTIAL)
    make_list(one, "To protect", uses=NAMED)
    make_list(one, "In Bern", uses="city")
    one.api("POST", "/crm/v3/lists", {"name": "By hand", "objectTypeId": "0-2", "processingType": "MANUAL"})
    write = {
        "actionId": "1",
        "actionTypeId": "0-5",
        "fields": {"property_name": "city", "value": "{{ enrolled_object.bothways_stance }}"},
    }
    make_flow(
        one, "Tell the owner", actions=[write], enrollmentCriteria={"listFilterBranch": branch("bothways_confidence")}
    )
    make_flow(one, "Something else", enrollmentCriteria={"listFilterBranch": branch("bothways_stances_of_others")})
    return one


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_the_check_names_lists_and_workflows(used: Any, version: str) -> None:
    told = [f.message for f in used.connect(ESSENTIAL, api_version=version).check().findings if f.topic == "rules"]
    assert told == [
        "The list 'To protect' uses bothways_stance.",
        "The workflow 'Tell the owner' uses bothways_confidence, bothways_stance.",
    ]


def test_many_lists_and_workflows_are_all_looked_at(used: Any) -> None:
    for n in range(230):
        make_flow(used, f"Flow {n}")
        make_list(used, f"List {n}", uses=NAMED if n == 229 else "city")
    make_flow(used, "The last", enrollmentCriteria={"listFilterBranch": branch(NAMED)})
    connector = used.connect(ESSENTIAL)
    told = " ".join(f.message for f in connector.check().findings if f.topic == "rules")
    assert "'List 229'" in told
    assert "'The last'" in told
    calls = connector.calls().by_endpoint
    assert (calls["search lists"], calls["lists"], calls["workflows"], calls["batch read workflows"]) == (1, 3, 3, 3)


def test_the_plan_to_uninstall_names_who_uses_what_and_the_rest_goes(used: Any) -> None:
    plan = {i.name: i for i in used.connect().plan_unprovision(ESSENTIAL).items}
    assert plan[f"companies.{NAMED}"].detail == (
        "used by list 'To protect', workflow 'Tell the owner'; take it out there first"
    )
    assert plan["companies.bothways_confidence"].detail == "used by workflow 'Tell the owner'; take it out there first"
    assert {i.detail for n, i in plan.items() if "stance" not in n and not n.endswith("bothways_confidence")} == {""}
    with pytest.raises(SchemaError, match=r"companies\.bothways_stance \(.*in use"):
        used.connect().unprovision(ESSENTIAL)
    left = {p["name"] for p in used.api("GET", "/crm/properties/2026-03/companies")["results"]}
    assert {name for name in left if name.startswith("bothways_")} == {NAMED, "bothways_confidence"}


def test_what_cannot_be_looked_at_is_said_with_the_scope(used: Any) -> None:
    every = used.app.access.scopes(used.app.token)
    used.app.behaviours.scopes[used.app.token] = every - {"crm.lists.read", "automation"}
    diagnosis = used.connect(ESSENTIAL).check()
    told = {f.message: f for f in diagnosis.findings if f.topic == "rules"}
    assert set(told) == {
        "Which lists use our properties cannot be told: the scope crm.lists.read is missing.",
        "Which workflows use our properties cannot be told: the scope automation is missing.",
    }
    assert {f.level for f in told.values()} == {"warn"}
    assert all("leave this as it is" in f.remedy for f in told.values())
    assert diagnosis.ok
    plan = used.connect().plan_unprovision(ESSENTIAL)
    assert [(i.kind, i.detail) for i in plan.items if i.name == "(not looked at)"] == [
        ("list", "needs the scope crm.lists.read; what uses them is not known"),
        ("workflow", "needs the scope automation; what uses them is not known"),
    ]
    assert len(plan.to_do) == len(ESSENTIAL) + 2


def test_a_portal_without_the_path_is_no_failure(used: Any) -> None:
    used.fault(match={"path": "/automation/v4/flows"}, kind="status", status=404, times=None)
    diagnosis = used.connect(ESSENTIAL).check()
    assert diagnosis.ok
    assert any("Which workflows use our properties cannot be told" in f.message for f in diagnosis.findings)
