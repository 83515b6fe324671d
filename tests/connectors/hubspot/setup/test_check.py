"""What `check` says of a portal as people use it: each thing once, with one remedy."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Finding, Organisation
from connectors.hubspot.setup.check import ENDS
from enrichment.fields import fields

ESSENTIAL = fields("essential")
TODAY = datetime.now(UTC)


def ago(days: float) -> str:
    return (TODAY - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def about(findings: Any, word: str) -> list[Finding]:
    return [f for f in findings if word in f.message]


def make(one: Any, kind: str, **properties: str) -> str:
    return str(one.api("POST", f"/crm/v3/objects/{kind}", {"properties": properties})["id"])


def mail(one: Any, direction: str, sender: str, days: float, **more: str) -> None:
    headers = json.dumps({"from": {"email": sender}, "to": [{"email": "ann@acme.example"}]})
    make(one, "emails", hs_timestamp=ago(days), hs_email_direction=direction, hs_email_headers=headers, **more)


def test_before_provisioning_there_is_one_thing_to_do_and_no_fault(portal: Any) -> None:
    one = portal()
    diagnosis = one.connect(ESSENTIAL).check()
    assert [(f.level, f.remedy) for f in diagnosis.findings if f.topic == "properties"] == [
        ("todo", 'Run "bothways provision".')
    ]
    assert diagnosis.ok


def test_an_option_that_an_admin_has_removed_is_a_fault_before_the_first_write_meets_it(portal: Any) -> None:
    """HubSpot lets admins edit any custom property's options; a write of one that is gone answers INVALID_OPTION."""
    one = portal()
    connector = one.connect(ESSENTIAL)
    connector.provision(ESSENTIAL)
    assert not [f for f in connector.check().findings if f.topic == "properties"]
    path = "/crm/properties/2026-03/companies/bothways_stance"
    options = one.api("GET", path)["options"]
    one.api("PATCH", path, {"options": options[1:]})
    [found] = [f for f in connector.check().findings if f.topic == "properties"]
    assert (found.level, "companies.bothways_stance" in found.message) == ("fail", True)
    connector.provision(ESSENTIAL)
    assert not [f for f in connector.check().findings if f.topic == "properties"]


def test_one_property_that_is_gone_is_a_fault_and_a_changed_text_is_not(portal: Any) -> None:
    one = portal()
    connector = one.connect(ESSENTIAL)
    connector.provision(ESSENTIAL)
    one.api("PATCH", "/crm/properties/2026-03/deals/bothways_deal_stance", {"description": "Ours"})
    assert [f.level for f in connector.check().findings if f.topic == "properties"] == ["warn"]
    one.api("DELETE", "/crm/properties/2026-03/companies/bothways_stance")
    levels = [f.level for f in connector.check().findings if f.topic == "properties"]
    assert levels == ["fail", "warn"]


def test_senders_that_look_like_ours_are_proposed_as_own_domains(portal: Any) -> None:
    """Mail that HubSpot has as sent by us (developers.hubspot.com, "Activities | Email", hs_email_direction EMAIL) from
    a second brand's domain; public mail hosts are nobody's."""
    one = portal()
    for sender in ("kim@brand-two.example", "kim@brand-two.example", "boss@gmail.com"):
        mail(one, "EMAIL", sender, 3)
    mail(one, "INCOMING_EMAIL", "ann@acme.example", 3)
    [found] = about(one.connect().check().findings, "own_domains")
    assert (found.level, '"brand-two.example"' in found.remedy) == ("warn", True)
    assert "brand-two.example (2 in 90 days)" in found.message
    assert "gmail" not in found.message
    assert "acme" not in found.message
    own = Organisation((*one.organisation.own_domains, "brand-two.example"), "EUR")
    assert not about(one.connect(organisation=own).check().findings, "own_domains")


def test_outcomes_without_a_meaning_are_listed_with_their_counts(portal: Any, use: Any) -> None:
    """developers.hubspot.com, calls guide: an account may have call outcomes of its own, each with a GUID;
    knowledge.hubspot.com, "Customize call and meeting outcomes"."""
    one = portal()
    key = "0b077000-0000-4000-8000-00000000beef"
    one.app.add_option("calls", "hs_call_disposition", key, "Gatekeeper")
    one.app.add_option("calls", "hs_call_disposition", key[:-1] + "0", "Never used")
    one.app.add_option("meetings", "hs_meeting_outcome", "HELD_BY_PHONE", "Held by phone")
    for _ in range(3):
        make(one, "calls", hs_timestamp=ago(1), hs_call_disposition=key, hs_call_status="COMPLETED")
    meeting = make(one, "meetings", hs_timestamp=ago(1), hs_meeting_outcome="HELD_BY_PHONE")
    findings = [f for f in one.connect().check().findings if "without a mapping" in f.message]
    assert [("Gatekeeper (3)" in f.message, "Held by phone (1)" in f.message) for f in findings] == [
        (True, False),
        (False, True),
    ]
    assert "[calls.values.disposition]" in findings[0].remedy
    assert "Never used" not in findings[0].message
    mapping = use.mapping_of("hubspot.toml", "hubspot-demo.toml").model_dump()
    mapping["calls"]["values"]["disposition"][key] = "not_connected"
    mapping["meetings"]["values"]["status"] = {"HELD_BY_PHONE": "COMPLETED"}
    told = one.connect(mapping=type(use.mapping_of("hubspot.toml")).model_validate(mapping))
    assert not about(told.check().findings, "without a mapping")
    assert use.rows(use.read(told, "activities"))[f"meetings-{meeting}"]["outcome"] == "done"


def test_meetings_that_are_over_and_still_scheduled_are_counted(portal: Any, use: Any) -> None:
    one = portal()
    times = {"hs_meeting_start_time": ago(3), "hs_meeting_end_time": ago(2.9), "hs_timestamp": ago(3)}
    before = about(one.connect().check().findings, "still SCHEDULED")
    over = make(one, "meetings", hs_meeting_outcome="SCHEDULED", **times)
    make(one, "meetings", hs_meeting_outcome="COMPLETED", **times)
    [found] = about(one.connect().check().findings, "still SCHEDULED")
    earlier = int(before[0].message.split()[0]) if before else 0
    assert int(found.message.split()[0]) == earlier + 1
    assert use.rows(use.read(one.connect(), "activities"))[f"meetings-{over}"]["outcome"] == "done"


@pytest.mark.parametrize("replies_only", [True, False])
def test_a_portal_that_logs_replies_only_is_noticed(portal: Any, replies_only: bool) -> None:
    """knowledge.hubspot.com, "Manage contact email logging rules" (the default until 2026): with "Log replies only"
    incoming messages that belong to no logged thread are not logged."""
    one = portal(logs_replies_only=replies_only)
    found = about(one.connect().check().findings, "replies only")
    assert [f.level for f in found] == (["warn"] if replies_only else [])
    assert all("Log all emails" in f.remedy for f in found)


def test_deals_that_are_entered_late_and_notes_that_nobody_scores_are_said(portal: Any) -> None:
    one = portal()
    make(one, "notes", hs_timestamp=ago(1))
    assert len(about(one.connect().check().findings, "notes of the last 90 days")) == 1
    assert not about(one.connect().check().findings, "entered late")
    deals = [make(one, "deals", dealname="x", dealstage="closedwon", closedate=ago(100)) for _ in range(40)]
    assert len(deals) == 40, "made today, closed a hundred days ago"
    assert [f.level for f in about(one.connect().check().findings, "entered late")] == ["warn"]


@pytest.mark.parametrize("version", ENDS)
def test_a_version_that_ends_within_a_year_is_named(portal: Any, version: str) -> None:
    """developers.hubspot.com/changelog: v4 ends on 30 March 2027; a dated version is supported for 18 months."""
    found = about(portal().connect(api_version=version).check().findings, "ends about")
    assert [f.level for f in found] == (["warn"] if (ENDS[version] - TODAY.date()).days < 365 else [])


def test_each_remedy_is_said_once(portal: Any) -> None:
    one = portal()
    remedies = [f.remedy for f in one.connect(ESSENTIAL, organisation=Organisation()).check().findings if f.remedy]
    assert len(remedies) == len(set(remedies))


def test_calls_of_seconds_are_noticed(portal: Any) -> None:
    """developers.hubspot.com, calls guide: hs_call_duration is "the duration of the call in milliseconds";
    hackclub/slash-z#3 is one of many programs that sent the other unit. A call of ten minutes took none.
    """
    one = portal()
    for hours in range(25):
        make(one, "calls", hs_timestamp=ago(hours / 24), hs_call_status="COMPLETED", hs_call_duration="600000")
    assert not about(one.connect().check().findings, "seconds where milliseconds")
    table = one.app.portal.tables["calls"]
    for row in range(len(table.ids)):
        if length := table.get(row, "hs_call_duration"):
            table.columns["hs_call_duration"].set(row, str(int(length) // 1000))
    [found] = about(one.connect().check().findings, "seconds where milliseconds")
    assert (found.level, "calls.hs_call_duration" in found.message) == ("warn", True)
