"""The portal holds the organisation: read back over the wire, the canonical records come out equal.

The reading here knows nothing of any connector; it uses what HubSpot documents about its properties.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.emulator.organisation.model import Organisation

BODIES = {"hs_email_text", "hs_email_html", "hs_email_subject", "hs_call_body", "hs_meeting_body", "hs_task_body"}


class Reader:
    """Reads whole object types with all their properties, and links of whole object types."""

    def __init__(self, portal: Any) -> None:
        self.portal = portal
        self.source = {
            stream: {identifier: key for key, identifier in ids.items()} for stream, ids in portal.app.ids.items()
        }

    def all(self, plural: str) -> Iterator[dict[str, Any]]:
        names = [one["name"] for one in self.portal.get(f"/crm/v3/properties/{plural}")["results"]]
        after = "0"
        while after:
            ids = self.portal.get(f"/crm/v3/objects/{plural}?limit=100&after={after}")
            after = ids.get("paging", {}).get("next", {}).get("after")
            body = {"inputs": [{"id": one["id"]} for one in ids["results"]], "properties": names}
            yield from self.portal.post(f"/crm/v3/objects/{plural}/batch/read", body)["results"]

    def links(self, source: str, target: str, ids: list[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for start in range(0, len(ids), 1000):
            body = {"inputs": [{"id": one} for one in ids[start : start + 1000]]}
            answer = self.portal.call("POST", f"/crm/v4/associations/{source}/{target}/batch/read", body).json
            for one in answer["results"]:
                found[one["from"]["id"]] = [str(to["toObjectId"]) for to in one["to"]]
        return found

    def key(self, stream: str, identifier: str | None) -> str | None:
        return None if identifier is None else self.source[stream][identifier]


def real(text: str | None) -> float | None:
    return None if text is None else float(text)


def flag(text: str | None) -> bool | None:
    return None if text is None else text == "true"


def moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def rows(organisation: Organisation, stream: Any) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in organisation.visible().tables[stream].to_pylist()}


@pytest.fixture
def reader(portal: Any) -> Reader:
    return Reader(portal)


def same(expected: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]) -> None:
    assert set(found) == set(expected)
    for key, record in found.items():
        assert record == {name: expected[key][name] for name in record}, key


def stamps(record: dict[str, Any], created: str = "createdAt") -> dict[str, Any]:
    return {"created_at": moment(record[created]), "modified_at": moment(record["updatedAt"])}


def test_companies_are_the_accounts(reader: Reader, organisation: Organisation) -> None:
    found = {}
    for record in reader.all("companies"):
        p = record["properties"]
        found[reader.key("accounts", record["id"])] = {
            "name": p["name"],
            "parent_id": reader.key("accounts", p["hs_parent_company_id"]),
            "type": p["type"],
            "industry": p["industry"],
            "country": p["country"],
            "currency": p["hs_annual_revenue_currency_code"],
            "annual_revenue": real(p["annualrevenue"]),
            "employees": real(p["numberofemployees"]),
            "owner_id": reader.key("users", p["hubspot_owner_id"]),
            "domain": p["domain"],
            "strategic_customer": flag(p["strategic_customer"]),
            "contract_start": moment(p["contract_start"]),
            "contract_end": moment(p["contract_end"]),
            **{
                name: real(p[name])
                for name in ("wallet", "strategic_importance", "mission_criticality", "non_modularity", "known_vendors")
            },
            **stamps(record),
        }
    same(rows(organisation, "accounts"), found)


def test_contacts_are_the_people_and_owners_the_users(reader: Reader, organisation: Organisation) -> None:
    found = {}
    for record in reader.all("contacts"):
        p = record["properties"]
        found[reader.key("people", record["id"])] = {
            "account_id": reader.key("accounts", p["associatedcompanyid"]),
            "name": " ".join(filter(None, [p["firstname"], p["lastname"]])),
            "email": p["email"],
            "title": p["jobtitle"],
            **stamps(record),
        }
    same(rows(organisation, "people"), found)
    owners = [
        one
        for archived in ("false", "true")
        for one in reader.portal.get(f"/crm/v3/owners?limit=500&archived={archived}")["results"]
    ]
    users = {
        reader.key("users", one["id"]): {
            "name": f"{one['firstName']} {one['lastName']}".strip(),
            "email": one["email"],
            "active": not one["archived"],
        }
        for one in owners
    }
    same(rows(organisation, "users"), users)


def test_deals_are_the_opportunities(reader: Reader, organisation: Organisation) -> None:
    [pipeline] = reader.portal.get("/crm/v3/pipelines/deals")["results"]
    stages = {one["id"]: one for one in pipeline["stages"]}
    records = list(reader.all("deals"))
    companies = reader.links("deals", "companies", [one["id"] for one in records])
    rates = {
        (one["currency"], one["start_at"]): one["rate"] for one in organisation.tables["currency_rates"].to_pylist()
    }
    found = {}
    for record in records:
        p, stage = record["properties"], stages[record["properties"]["dealstage"]]
        chance = float(stage["metadata"]["probability"])
        closed = stage["metadata"]["isClosed"] == "true"
        assert (p["hs_is_closed"], p["hs_is_closed_won"]) == (str(closed).lower(), str(closed and chance == 1).lower())
        if p["amount"] is not None and p["deal_currency_code"] not in (None, organisation.corporate_currency):
            assert float(p["hs_exchange_rate"]) in rates.values()
            worth = float(p["amount"]) * float(p["hs_exchange_rate"])
            assert float(p["amount_in_home_currency"]) == pytest.approx(worth)
        found[reader.key("opportunities", record["id"])] = {
            "account_id": reader.key("accounts", companies.get(record["id"], [None])[0]),
            "name": p["dealname"],
            "amount": real(p["amount"]),
            "currency": p["deal_currency_code"],
            "is_closed": closed,
            "is_won": closed and chance == 1,
            "stage": stage["label"],
            "probability": chance,
            "close_at": moment(p["closedate"]),
            "type": p["dealtype"],
            "owner_id": reader.key("users", p["hubspot_owner_id"]),
            "product_family": p["product_family"],
            **stamps(record),
        }
    same(rows(organisation, "opportunities"), found)


def test_competitors_roles_and_line_items_hang_on_deals(reader: Reader, organisation: Organisation) -> None:
    seen: dict[str, set[str]] = {}
    for one in rows(organisation, "rivals").values():
        seen.setdefault(one["opportunity_id"], set()).add(one["name"])
    for one in rows(organisation, "opportunities").values():
        seen.setdefault(one["id"], set()).update(one["rivals"] or ())
    records = list(reader.all("deals"))
    for record in records:
        names = set(filter(None, (record["properties"]["competitors"] or "").split(";")))
        assert names == seen[reader.key("opportunities", record["id"]) or ""]
    body = {"inputs": [{"id": one["id"]} for one in records]}
    links = reader.portal.call("POST", "/crm/v4/associations/deals/contacts/batch/read", body).json["results"]
    roles = {
        (reader.key("opportunities", one["from"]["id"]), reader.key("people", str(to["toObjectId"])), kind["label"])
        for one in links
        for to in one["to"]
        for kind in to["associationTypes"]
        if kind["label"]
    }
    expected = rows(organisation, "opportunity_people").values()
    assert roles == {(one["opportunity_id"], one["person_id"], one["role"]) for one in expected}
    products = {one["id"]: one["properties"] for one in reader.all("products")}
    items = list(reader.all("line_items"))
    deals = reader.links("line_items", "deals", [one["id"] for one in items])
    found = {}
    for record in items:
        p = record["properties"]
        product = products[p["hs_product_id"]]
        found[reader.key("line_items", record["id"])] = {
            "opportunity_id": reader.key("opportunities", deals[record["id"]][0]),
            "product_id": product["hs_sku"],
            "product_family": product["product_family"],
            "quantity": real(p["quantity"]),
            "amount": real(p["hs_tcv"]),
            "currency": p["hs_line_item_currency_code"],
            **stamps(record),
        }
    same(rows(organisation, "line_items"), found)


def test_contracts_and_assets_are_custom_objects(reader: Reader, organisation: Organisation) -> None:
    names = {one["name"]: one["objectTypeId"] for one in reader.portal.get("/crm/v3/schemas")["results"]}
    assert set(names) == {"contract", "asset"}
    contracts, assets = list(reader.all(names["contract"])), list(reader.all(names["asset"]))
    homes = reader.links(names["contract"], "companies", [one["id"] for one in contracts])
    found = {
        reader.key("contracts", one["id"]): {
            "account_id": reader.key("accounts", homes[one["id"]][0]),
            "start_at": moment(one["properties"]["start_date"]),
            "end_at": moment(one["properties"]["end_date"]),
            "status": one["properties"]["contract_status"],
            **stamps(one),
        }
        for one in contracts
    }
    same(rows(organisation, "contracts"), found)
    homes = reader.links(names["asset"], "companies", [one["id"] for one in assets])
    found = {}
    for one in assets:
        p = one["properties"]
        found[reader.key("assets", one["id"])] = {
            "account_id": reader.key("accounts", homes[one["id"]][0]),
            "product_id": p["product_id"],
            "product_family": p["product_family"],
            "active": {"Active": True, "Inactive": False, None: None}[p["asset_status"]],
            "is_rival": flag(p["is_competitor"]),
            "vendor": p["vendor"],
            "installed_at": moment(p["installed_on"]),
            "ends_at": moment(p["ends_on"]),
            "price": real(p["price"]),
            "currency": p["currency"],
            "quantity": real(p["quantity"]),
            **stamps(one),
        }
    same(rows(organisation, "assets"), found)


def test_tickets_are_the_cases_some_tied_to_their_company_only_through_the_contact(
    reader: Reader, organisation: Organisation
) -> None:
    records = list(reader.all("tickets"))
    ids = [one["id"] for one in records]
    companies, contacts = reader.links("tickets", "companies", ids), reader.links("tickets", "contacts", ids)
    deals = reader.links("tickets", "deals", ids)
    homes = {one["id"]: one["properties"]["associatedcompanyid"] for one in reader.all("contacts")}
    [pipeline] = reader.portal.get("/crm/v3/pipelines/tickets")["results"]
    states = {one["id"]: one["metadata"]["ticketState"] for one in pipeline["stages"]}
    found = {}
    for record in records:
        p, person = record["properties"], contacts.get(record["id"], [None])[0]
        company = companies.get(record["id"], [homes.get(person or "")])[0]
        assert (states[p["hs_pipeline_stage"]] == "CLOSED") is (p["closed_date"] is not None)
        found[reader.key("cases", record["id"])] = {
            "account_id": reader.key("accounts", company),
            "person_id": reader.key("people", person),
            "opportunity_id": reader.key("opportunities", deals.get(record["id"], [None])[0]),
            "opened_at": moment(p["createdate"]),
            "closed_at": moment(p["closed_date"]),
            "priority": p["hs_ticket_priority"],
            "by_customer": True if p["source_type"] else False if p["hs_object_source"] == "CRM_UI" else None,
            "first_reply_at": moment(p["first_agent_reply_date"]),
            "owner_id": reader.key("users", p["hubspot_owner_id"]),
            **stamps(record),
        }
    same(rows(organisation, "cases"), found)
    assert len(companies) < len(records)


def activity(reader: Reader, organisation: Organisation, plural: str, channel: str) -> Iterator[tuple[Any, Any, Any]]:
    """(record, what the organisation says, links) of every activity of a type; checks that none is missing."""
    records = list(reader.all(plural))
    ids = [one["id"] for one in records]
    links = {target: reader.links(plural, target, ids) for target in ("companies", "contacts", "deals", "tickets")}
    expected = {key: one for key, one in rows(organisation, "activities").items() if one["channel"] == channel}
    keyed = {reader.key("activities", one["id"]) or "": one for one in records}
    assert set(keyed) == set(expected)
    for key, record in keyed.items():
        yield record, expected[key], {name: found.get(record["id"], []) for name, found in links.items()}


def check_common(reader: Reader, record: Any, act: Any, links: Any) -> None:
    p = record["properties"]
    first = {"companies": "accounts", "deals": "opportunities", "tickets": "cases"}
    names = {"companies": "account_id", "deals": "opportunity_id", "tickets": "case_id"}
    for target, stream in first.items():
        keys = {reader.key(stream, one) for one in links[target]}
        assert act[names[target]] in keys if act[names[target]] is not None else not keys
    assert {reader.key("people", one) for one in links["contacts"]} == set(act["person_ids"] or ())
    assert moment(p["hs_timestamp"]) == act["occurred_at"]
    assert stamps(record) == {name: act[name] for name in ("created_at", "modified_at")}
    if "automated" in p:
        assert (flag(p["automated"]), flag(p["mandated"])) == (act["automated"], act["mandated"])


def test_emails_tell_their_sides_by_their_addresses(reader: Reader, organisation: Organisation) -> None:
    people = {one["email"]: key for key, one in rows(organisation, "people").items()}
    users = {one["email"]: key for key, one in rows(organisation, "users").items()}
    directions = set()
    for record, act, links in activity(reader, organisation, "emails", "email"):
        check_common(reader, record, act, links)
        p = record["properties"]
        headers = json.loads(p["hs_email_headers"])
        sender = headers["from"]["email"]
        receivers = [one["email"] for one in headers["to"] + headers["cc"]]
        assert (sender, receivers[0], headers["messageId"]) == (
            p["hs_email_from_email"],
            p["hs_email_to_email"],
            p["hs_email_message_id"],
        )
        ours = [users[one] for one in [sender, *receivers] if one in users]
        theirs = [people[one] for one in [sender, *receivers] if one in people]
        assert (ours, theirs) == (act["user_ids"], act["person_ids"])
        inbound = sender in people
        expected = "inbound" if inbound else "outbound" if theirs else "internal"
        assert expected == act["direction"]
        directions.add(p["hs_email_direction"])
        if p["hs_email_direction"] != "FORWARDED_EMAIL":
            assert (p["hs_email_direction"] == "INCOMING_EMAIL") is inbound
        assert {"SENT": "done", "BOUNCED": "bounced"}[p["hs_email_status"]] == act["outcome"]
        assert (p["hs_email_thread_id"], p["hs_email_message_id"]) == (act["thread_id"], act["dedupe_key"])
    assert directions == {"EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"}


def test_calls_are_connected_by_disposition_not_by_status(reader: Reader, organisation: Organisation) -> None:
    labels = {one["id"]: one["label"] for one in reader.portal.get("/calling/v1/dispositions")}
    misleading = 0
    for record, act, links in activity(reader, organisation, "calls", "call"):
        check_common(reader, record, act, links)
        p = record["properties"]
        connected = labels[p["hs_call_disposition"]] == "Connected"
        assert connected is (act["outcome"] == "done")
        misleading += not connected and p["hs_call_status"] == "COMPLETED"
        assert p["hs_call_direction"].lower() == act["direction"]
        assert real(p["hs_call_duration"]) == (None if act["minutes"] is None else act["minutes"] * 60_000)
        assert reader.key("users", p["hubspot_owner_id"]) == act["user_ids"][0]
    assert misleading


def test_meetings_name_their_attendees_and_how_they_were_booked(reader: Reader, organisation: Organisation) -> None:
    outcomes = {"done": "COMPLETED", "no_show": "NO_SHOW", "scheduled": "SCHEDULED", "cancelled": "CANCELED"}
    for record, act, links in activity(reader, organisation, "meetings", "meeting"):
        check_common(reader, record, act, links)
        p = record["properties"]
        attendees = [reader.key("users", one) for one in p["hs_attendee_owner_ids"].split(";")]
        assert attendees == act["user_ids"]
        assert p["hs_meeting_outcome"] == outcomes[act["outcome"]]
        start, end = moment(p["hs_meeting_start_time"]), moment(p["hs_meeting_end_time"])
        assert start is not None
        assert end == start + timedelta(minutes=act["minutes"])
        assert (p["hs_meeting_source"] == "MEETINGS_PUBLIC") is (act["direction"] == "inbound")


def test_tasks_are_done_when_they_are_completed(reader: Reader, organisation: Organisation) -> None:
    for record, act, links in activity(reader, organisation, "tasks", "task"):
        check_common(reader, record, act, links)
        assert (record["properties"]["hs_task_status"] == "COMPLETED") is (act["outcome"] == "done")


def test_texts_are_there_for_whoever_asks(reader: Reader) -> None:
    names = ",".join(sorted(BODIES))
    for plural in ("emails", "calls", "meetings", "tasks"):
        record = reader.portal.get(f"/crm/v3/objects/{plural}?limit=1&properties={names}")["results"][0]
        assert any(record["properties"].get(name) for name in BODIES)
        plain = reader.portal.get(f"/crm/v3/objects/{plural}?limit=1")["results"][0]
        assert not BODIES & set(plain["properties"])


def test_deleted_records_are_archived_and_merged_ones_gone(portal: Any, organisation: Organisation) -> None:
    plurals = {"people": "contacts", "opportunities": "deals", "activities": None}
    for stream, key in organisation.deleted:
        identifier = portal.id(stream, key)
        plural = plurals[stream] or next(
            one
            for one in ("emails", "calls", "meetings", "tasks", "notes")
            if portal.app.portal.tables[one].ids
            and portal.call("GET", f"/crm/v3/objects/{one}/{identifier}?archived=true").status == 200
        )
        assert portal.call("GET", f"/crm/v3/objects/{plural}/{identifier}").status == 404
        archived = portal.get(f"/crm/v3/objects/{plural}?archived=true&limit=100")["results"]
        assert identifier in [one["id"] for one in archived]


def test_the_same_organisation_makes_the_same_portal(make_portal: Callable[..., Any]) -> None:
    path = "/crm/v3/objects/emails?limit=100&properties=hs_email_headers,hs_timestamp"
    first, second = make_portal(), make_portal()
    assert first.get(path)["results"] == second.get(path)["results"]
    assert first.app.ids == second.app.ids


def test_records_for_checks_carry_vendor_names_and_where_they_came_from(
    portal: Any, organisation: Organisation
) -> None:
    accounts = portal.get("/__emulator__/records/accounts")
    assert {one["source_id"] for one in accounts} == set(rows(organisation, "accounts"))
    assert accounts[0]["properties"]["hs_object_id"] == accounts[0]["id"]
    activities = portal.get("/__emulator__/records/activities")
    assert {one["source_id"] for one in activities} == set(rows(organisation, "activities"))
    assert portal.call("GET", "/__emulator__/records/unicorns").status == 404


def test_some_activities_lead_to_an_old_deal_or_a_company_nobody_there_belongs_to(
    make_portal: Callable[..., Any], organisation: Organisation
) -> None:
    """HubSpot associates by itself: the primary company and open deals of the contact, by the account's settings
    (knowledge.hubspot.com, "Set up automatic associations for records and activities"), and keeps the links."""
    reader = Reader(make_portal())
    deals = rows(organisation, "opportunities")
    people = rows(organisation, "people")
    several = {"deals": 0, "companies": 0}
    for plural, channel in (("calls", "call"), ("meetings", "meeting"), ("tasks", "task")):
        for _, act, links in activity(reader, organisation, plural, channel):
            others = {reader.key("opportunities", one) for one in links["deals"]} - {act["opportunity_id"]}
            assert all(deals[one]["is_closed"] and deals[one]["close_at"] < act["occurred_at"] for one in others if one)
            accounts = {reader.key("accounts", one) for one in links["companies"]} - {act["account_id"]}
            homes = {people[one]["account_id"] for one in act["person_ids"] or ()}
            assert not accounts or homes == {act["account_id"]}
            several["deals"] += bool(others)
            several["companies"] += bool(accounts)
    assert min(several.values()) > 10
