"""Writing to an emulated portal: one result for every change, and nothing else touched."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Change, Value, WriteResult
from connectors.emulator.hubspot.behaviours import ValidationRule
from connectors.emulator.server.http import Request, Response
from connectors.errors import AuthError, ConfigError, QuotaReached, RetriableError, SchemaError
from enrichment.fields import fields

ESSENTIAL = fields("essential")
Outcome = dict[str, tuple[str, str] | None]


def change(record: str, values: Mapping[str, Value] | None = None) -> Change:
    return Change("accounts", record, values or {"bothways_confidence": 50.0}, f"run/accounts/{record}")


def outcome(results: Sequence[WriteResult]) -> Outcome:
    return {r.change.record_id: (r.error.kind, r.error.code) if r.error else None for r in results}


def provisioned(portal: Any, accounts: int = 150, **switches: Any) -> tuple[Any, Any, list[str]]:
    """A portal with our properties, a connector that knows them, and the ids of a hundred companies."""
    one = portal(accounts=accounts, activities_per_account=0, **switches)
    connector = one.connect(ESSENTIAL)
    connector.provision(ESSENTIAL)
    live = [record["id"] for record in one.app.records("accounts")]
    return one, connector, live[:100]


def updates(one: Any) -> int:
    return sum(n for name, n in one.calls.items() if "batch/update" in name)


def test_a_hundred_changes_are_one_call(portal: Any) -> None:
    one, connector, live = provisioned(portal)
    changes = [change(r, {"bothways_confidence": n / 2, "bothways_stance": "protect"}) for n, r in enumerate(live)]
    assert dict.fromkeys(live) == outcome(list(connector.write(changes)))
    assert updates(one) == 1
    held = one.properties("companies", live[25], "bothways_confidence", "bothways_stance", "name")
    assert (held["bothways_confidence"], held["bothways_stance"]) == ("12.5", "protect")
    assert one.server.stats()["records_written"] == {"companies": {"bothways_confidence": 100, "bothways_stance": 100}}


@pytest.mark.parametrize("traced", [True, False], ids=["207", "400 for all"])
def test_a_record_that_a_rule_refuses_does_not_stop_the_others(portal: Any, traced: bool) -> None:
    rule = ValidationRule("companies", "website", when="city", values=("Nowhere",))
    one, _, live = provisioned(portal, trace_ids_on_update=traced, validation_rules=[rule])
    bad = {live[3], live[77]}
    for record in bad:
        one.edit("companies", record, city="Nowhere")
    connector = one.connect(ESSENTIAL, api_version="2026-09")
    before = updates(one)
    results = list(connector.write([change(r) for r in live]))
    assert {r: ("rejected", "MISSING_CONDITIONAL_REQUIRED_PROPERTY") if r in bad else None for r in live} == outcome(
        results
    )
    assert updates(one) - before <= (1 if traced else 2 * (2 * 7 + 2))
    refused = next(r.error for r in results if r.error)
    assert "website" in refused.message
    assert refused.remedy
    assert dict.fromkeys(live) == outcome(list(one.connect(ESSENTIAL).write([change(r) for r in live])))


@pytest.mark.parametrize("traced", [True, False])
def test_deleted_and_merged_records_are_gone_and_the_survivor_is_not_touched(portal: Any, traced: bool) -> None:
    one, connector, live = provisioned(portal, trace_ids_on_update=traced)
    deleted, kept, lost = live[:3]
    one.api("DELETE", f"/crm/objects/2026-03/companies/{deleted}")
    survivor = one.api(
        "POST", "/crm/objects/2026-03/companies/merge", {"primaryObjectId": kept, "objectIdToMerge": lost}
    )["id"]
    results = outcome(list(connector.write([change(r) for r in live])))
    assert {deleted: "gone", kept: "gone", lost: "gone"} == {r: e[0] for r, e in results.items() if e}
    assert results[lost] == ("gone", "MERGED")
    assert set(live) == set(results)
    assert one.properties("companies", survivor, "bothways_confidence") == {"bothways_confidence": None}


def test_a_locked_record_waits_and_the_others_do_not(portal: Any) -> None:
    one, connector, live = provisioned(portal)
    one.app.behaviours.locked_ids = {live[0]}
    results = outcome(list(connector.write([change(r) for r in live[:4]])))
    assert {live[0]: ("retry", "LOCKED"), live[1]: None, live[2]: None, live[3]: None} == results


def test_the_same_record_twice_is_written_in_order(portal: Any) -> None:
    one, connector, live = provisioned(portal)
    changes = [change(live[0], {"bothways_confidence": float(n)}) for n in (1, 2, 3)] + [change(live[1])]
    results = list(connector.write(changes))
    assert Counter(c.record_id for c in changes) == Counter(r.change.record_id for r in results)
    assert all(r.error is None for r in results)
    assert one.properties("companies", live[0], "bothways_confidence") == {"bothways_confidence": "3"}


def test_an_answer_lost_on_the_way_is_asked_for_again(portal: Any) -> None:
    one, connector, live = provisioned(portal)
    one.fault(match={"path": "batch/update"}, kind="reset_after", times=2)
    assert dict.fromkeys(live) == outcome(list(connector.write([change(r) for r in live])))
    assert updates(one) == 3


def test_an_unknown_outcome_is_an_error_of_the_whole_call(portal: Any) -> None:
    one, connector, live = provisioned(portal)
    one.fault(match={"path": "batch/update"}, kind="status", status=502, times=None)
    with pytest.raises(RetriableError):
        connector.write([change(r) for r in live])


def test_quota_and_scope_stop_the_call(portal: Any) -> None:
    one, connector, live = provisioned(portal)
    body = json.dumps({"message": "You have reached your daily limit.", "policyName": "DAILY"})
    one.fault(match={"path": "batch/update"}, kind="status", status=429, body=body)
    with pytest.raises(QuotaReached):
        connector.write([change(live[0])])
    one.app.behaviours.scopes[one.app.token] = frozenset({"crm.objects.companies.read", "crm.schemas.companies.read"})
    with pytest.raises(AuthError, match=r"crm\.objects\.companies\.write"):  # the first connector asks no more today
        one.connect(ESSENTIAL).write([change(live[0])])


def test_a_property_that_vanished_stops_before_any_write(portal: Any) -> None:
    one, _, live = provisioned(portal)
    one.api("DELETE", "/crm/properties/2026-03/companies/bothways_confidence")
    with pytest.raises(SchemaError, match="bothways_confidence") as refused:
        one.connect(ESSENTIAL).write([change(live[0])])
    assert "provision" in refused.value.remedy
    assert updates(one) == 0


@pytest.mark.parametrize("traced", [True, False])
def test_a_property_that_vanishes_in_the_middle_stops_the_run(portal: Any, traced: bool) -> None:
    one, connector, live = provisioned(portal, trace_ids_on_update=traced)
    connector.write([change(live[0])])
    one.api("DELETE", "/crm/properties/2026-03/companies/bothways_confidence")
    with pytest.raises(SchemaError, match="bothways_confidence"):
        connector.write([change(r) for r in live])


def test_an_option_that_an_admin_removed_stops_the_run(portal: Any) -> None:
    one, connector, live = provisioned(portal)
    one.api(
        "PATCH",
        "/crm/properties/2026-03/companies/bothways_stance",
        {"options": [{"label": "Protect", "value": "protect"}]},
    )
    with pytest.raises(SchemaError, match="bothways_stance"):
        connector.write([change(live[0], {"bothways_stance": "rebalance"})])
    assert one.connect(ESSENTIAL).plan_provision(ESSENTIAL).to_do
    one.connect(ESSENTIAL).provision(ESSENTIAL)
    assert outcome(list(connector.write([change(live[0], {"bothways_stance": "rebalance"})]))) == {live[0]: None}


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_values_are_sent_as_strings_in_hubspots_own_form(
    portal: Any, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """2026-09 answers with a warning for a value that it had to bring into its normal form."""
    one, _, live = provisioned(portal)
    every: list[Mapping[str, Value]] = [
        {"bothways_confidence": 50.0, "bothways_reciprocity_balance": -0.0, "bothways_reclaimable_hours": 0.1},
        {"bothways_confidence": 1e-4, "bothways_customer_dependence": 100, "bothways_stance": "protect"},
        {
            "bothways_asof": datetime(2026, 6, 1, 12, 30, 0, 5000, tzinfo=UTC),
            "bothways_top_drivers": "They need us.\nSo.",
        },
        {"bothways_confidence": None, "bothways_stance": None, "bothways_asof": None, "bothways_top_drivers": None},
    ]
    handle, sent, answers = one.app.handle, [], []

    def watched(request: Request) -> Response:
        answer = handle(request)
        if request.path.endswith("batch/update"):
            sent.extend(json.loads(request.body)["inputs"])
            answers.append(json.loads(answer.body))
        return answer

    monkeypatch.setattr(one.app, "handle", watched)
    changes = [change(record, values) for record, values in zip(live, every, strict=False)]
    assert dict.fromkeys(live[: len(every)]) == outcome(
        list(one.connect(ESSENTIAL, api_version=version).write(changes))
    )
    assert all(isinstance(value, str) for one_input in sent for value in one_input["properties"].values())
    assert {""} == set(sent[3]["properties"].values())
    traces = [one_input["objectWriteTraceId"] for one_input in sent]
    assert len(set(traces)) == len(traces)
    assert [answer.get("warnings") for answer in answers] == [None] * len(answers)


def test_an_answer_that_leaves_records_out_without_a_word_confirms_only_the_others(
    portal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, connector, live = provisioned(portal)
    handle = one.app.handle

    def forgetful(request: Request) -> Response:
        answer = handle(request)
        if request.path.endswith("batch/update"):
            body = json.loads(answer.body)
            body["results"] = [r for r in body["results"] if r["id"] != live[5]]
            answer.body = json.dumps(body).encode()
        return answer

    monkeypatch.setattr(one.app, "handle", forgetful)
    results = outcome(list(connector.write([change(r) for r in live])))
    assert {**dict.fromkeys(live), live[5]: ("retry", "UNCONFIRMED")} == results


def test_only_our_properties_of_existing_kinds_are_written(portal: Any) -> None:
    one, connector, live = provisioned(portal)
    for bad in (
        change(live[0], {"name": "x"}),
        change(live[0], {"bothways_deal_stance": "advance"}),
        change("1; drop", {"bothways_confidence": 1.0}),
        Change("people", "1", {"bothways_confidence": 1.0}, "k"),
    ):
        with pytest.raises(ConfigError):
            connector.write([change(live[1]), bad])
    with pytest.raises(ConfigError, match="101"):
        connector.write([change(live[0])] * 101)
    assert updates(one) == 0


def test_our_writes_come_back_once_and_as_they_were_written(portal: Any, use: Any) -> None:
    _, connector, live = provisioned(portal)
    mark = use.read(connector, "accounts")[-1].cursor
    connector.write([change(r, {"bothways_confidence": 12.3}) for r in live])
    echo = use.rows(use.read(connector, "accounts", mark))
    assert set(live) == set(echo)
    assert {12.3} == {row["bothways_confidence"] for row in echo.values()}
