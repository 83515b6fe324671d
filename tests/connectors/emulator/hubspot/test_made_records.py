"""Records made through the API behave as those that were there: their computed properties, unique values, links."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from connectors.emulator.hubspot.app import HubSpotEmulator
from connectors.emulator.hubspot.seed.logging_rules import replies_only
from connectors.emulator.organisation.model import Organisation

KINDS = ("emails", "calls", "meetings", "tasks", "notes", "tickets", "communications")


@pytest.mark.parametrize("kind", KINDS)
def test_a_made_record_can_be_read_with_every_property_and_beside_the_others(portal: Any, kind: str) -> None:
    names = [one["name"] for one in portal.get(f"/crm/v3/properties/{kind}")["results"]]
    made = portal.post(f"/crm/v3/objects/{kind}", {"properties": {"hubspot_owner_id": "80001"}}, 201)["id"]
    body = {"inputs": [{"id": made}], "properties": names}
    [read] = portal.post(f"/crm/v3/objects/{kind}/batch/read", body)["results"]
    texts = {name for name in read["properties"] if name.endswith(("_text", "_html", "_body", "_subject", "content"))}
    assert {read["properties"][name] for name in texts} == {None}, "nobody wrote these"
    last = portal.get(f"/crm/v3/objects/{kind}?limit=1&after={made}&properties={','.join(names[:40])}")["results"]
    assert [one["id"] for one in last] == [made]


def test_who_wrote_an_email_to_whom_follows_from_its_headers(portal: Any) -> None:
    """developers.hubspot.com, "Activities | Email", "Set email headers": the headers fill the read-only properties, and
    an address may stand with its name."""
    headers = {
        "from": {"email": "Ada <ada@customer.example>", "firstName": "Ada", "lastName": "Byron"},
        "to": [{"email": "seller@ours.example"}, {"email": "boss@ours.example"}],
        "cc": [{"email": "other@customer.example"}],
        "bcc": [],
    }
    properties = {
        "hs_timestamp": "2026-10-30T10:00:00Z",
        "hs_email_direction": "INCOMING_EMAIL",
        "hs_email_headers": json.dumps(headers),
    }
    made = portal.post("/crm/v3/objects/emails", {"properties": properties}, 201)["id"]
    names = ["hs_email_from_email", "hs_email_from_firstname", "hs_email_to_email", "hs_email_cc_email"]
    read = portal.get(f"/crm/v3/objects/emails/{made}?properties={','.join(names)}")["properties"]
    assert [read[name] for name in names] == [
        "ada@customer.example",
        "Ada",
        "seller@ours.example;boss@ours.example",
        "other@customer.example",
    ]
    sent = {"properties": {"hs_email_from_email": "x@y.example"}}
    refused = portal.call("PATCH", f"/crm/v3/objects/emails/{made}", sent)
    assert "READ_ONLY_VALUE" in refused.json["message"]


def test_a_task_is_completed_when_its_status_says_so(portal: Any) -> None:
    made = portal.post("/crm/v3/objects/tasks", {"properties": {"hs_task_status": "NOT_STARTED"}}, 201)["id"]
    path = f"/crm/v3/objects/tasks/{made}?properties=hs_task_completion_date"
    assert portal.get(path)["properties"]["hs_task_completion_date"] is None
    portal.call("PATCH", f"/crm/v3/objects/tasks/{made}", {"properties": {"hs_task_status": "COMPLETED"}})
    assert portal.get(path)["properties"]["hs_task_completion_date"] is not None


def test_a_deal_says_when_it_came_into_its_stage(portal: Any) -> None:
    deal = portal.get("/crm/v3/objects/deals?limit=1")["results"][0]["id"]
    portal.clock.advance(3600)
    portal.call("PATCH", f"/crm/v3/objects/deals/{deal}", {"properties": {"dealstage": "closedlost"}})
    path = f"/crm/v3/objects/deals/{deal}?properties=hs_v2_date_entered_current_stage,hs_is_closed"
    read = portal.get(path)["properties"]
    entered = datetime.fromisoformat(read["hs_v2_date_entered_current_stage"]).timestamp()
    assert (read["hs_is_closed"], entered) == ("true", pytest.approx(portal.clock(), abs=1))


@pytest.mark.parametrize("batch", [False, True])
def test_a_unique_value_that_another_record_holds_is_refused(portal: Any, batch: bool) -> None:
    body = {
        "name": "erp_number",
        "label": "ERP number",
        "groupName": "companyinformation",
        "type": "string",
        "fieldType": "text",
        "hasUniqueValue": True,
    }
    portal.post("/crm/v3/properties/companies", body, 201)
    given = {"properties": {"name": "First", "erp_number": "4711"}}
    first = portal.post("/crm/v3/objects/companies", given, 201)["id"]
    before = len(portal.app.records("accounts"))
    path = "/crm/v3/objects/companies" + ("/batch/create" if batch else "")
    refused = portal.call("POST", path, {"inputs": [given]} if batch else given)
    assert (refused.status, "CONFLICTING_UNIQUE_VALUE" in refused.json["message"]) == (400, True)
    assert len(portal.app.records("accounts")) == before
    assert portal.call("PATCH", f"/crm/v3/objects/companies/{first}", given).status == 200, "its own value"
    portal.call("DELETE", f"/crm/v3/objects/companies/{first}")
    assert portal.call("POST", "/crm/v3/objects/companies", given).status == 201, "the recycle bin holds no values"


def test_an_admins_own_call_outcome_is_an_option_and_in_the_list_of_outcomes(portal: Any) -> None:
    """knowledge.hubspot.com, "Customize call and meeting outcomes"; the calls guide: custom outcomes have GUIDs that
    /calling/v1/dispositions lists."""
    key = "0b077000-0000-4000-8000-00000000beef"
    portal.app.add_option("calls", "hs_call_disposition", key, "Gatekeeper")
    listed = portal.get("/calling/v1/dispositions")
    assert {"id": key, "label": "Gatekeeper", "deleted": False} in listed
    portal.post("/crm/v3/objects/calls", {"properties": {"hs_call_disposition": key}}, 201)
    unknown = portal.call("POST", "/crm/v3/objects/calls", {"properties": {"hs_call_disposition": "Gatekeeper"}})
    assert "INVALID_OPTION" in unknown.json["message"]


def test_a_message_is_linked_to_a_ticket(portal: Any) -> None:
    ticket = portal.get("/crm/v3/objects/tickets?limit=1")["results"][0]["id"]
    given = {
        "properties": {"hs_communication_channel_type": "SMS", "hs_communication_logged_from": "CRM"},
        "associations": [
            {
                "to": {"id": ticket},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 83}],
            }
        ],
    }
    made = portal.post("/crm/v3/objects/communications", given, 201)["id"]
    linked = portal.get(f"/crm/v4/objects/tickets/{ticket}/associations/communications")["results"]
    assert [str(one["toObjectId"]) for one in linked] == [made]


def test_a_portal_that_logs_replies_only_lacks_what_customers_began(
    organisation: Organisation, make_portal: Callable[..., Any]
) -> None:
    """knowledge.hubspot.com, "Manage contact email logging rules": log replies only leaves out incoming messages that
    belong to no logged thread."""
    at = datetime(2026, 10, 1, 9, tzinfo=UTC)
    ours, theirs = ("outbound", "mixed"), ("inbound", "mixed")
    acts = [(*theirs, at), (*ours, at.replace(hour=10)), (*theirs, at.replace(hour=11)), ("inbound", "alone", at)]
    table = organisation.tables["activities"]
    made = pa.Table.from_pylist(
        [
            {"id": str(n), "channel": "email", "direction": way, "thread_id": thread, "occurred_at": when}
            for n, (way, thread, when) in enumerate(acts)
        ],
        table.schema,
    )
    found = replies_only(Organisation({"activities": made}, (), "EUR", "UTC", at)).tables["activities"]
    assert found["id"].to_pylist() == ["1", "2"]
    whole, some = make_portal(), HubSpotEmulator(organisation, logs_replies_only=True)
    assert 0 < len(some.portal.tables["emails"].ids) < len(whole.app.portal.tables["emails"].ids)


def test_a_line_item_is_worth_its_payments(portal: Any) -> None:
    """HubSpot Knowledge Base, "Edit price and term details in the line items editor": without a term twelve months are
    assumed; what is paid once is paid once."""
    monthly = {"recurringbillingfrequency": "monthly"}
    for more, expected in (
        ({}, "200"),
        (monthly, "2400"),
        ({**monthly, "hs_recurring_billing_period": "P3Y"}, "7200"),
        ({"recurringbillingfrequency": "annually", "hs_recurring_billing_period": "P24M"}, "400"),
        ({"recurringbillingfrequency": "per_two_years", "hs_recurring_billing_period": "P1Y"}, "200"),
    ):
        sent = {"properties": {"name": "l", "price": "100", "quantity": "2", **more}}
        made = portal.post("/crm/v3/objects/line_items", sent, 201)["id"]
        read = portal.get(f"/crm/v3/objects/line_items/{made}?properties=amount,hs_tcv")["properties"]
        assert (read["amount"], read["hs_tcv"]) == ("200", expected)
