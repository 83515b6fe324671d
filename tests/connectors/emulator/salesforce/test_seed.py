"""What the canonical organisation holds can be read back from the Salesforce one, column by column, by hand-written
queries.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import pytest


def moment(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC) if text else None


@pytest.fixture(scope="module")
def canonical(organisation):
    """Rows of a stream that a CRM shows, with every id already the record id."""

    def rows(org, stream):
        ids = org.app.seeded.ids
        refs = {
            "account_id": "accounts",
            "parent_id": "accounts",
            "owner_id": "users",
            "opportunity_id": "opportunities",
        }
        refs |= {"person_id": "people", "case_id": "cases"}
        made = {}
        for row in organisation.visible().tables[stream].to_pylist():
            for column, target in refs.items():
                if row.get(column) is not None:
                    row[column] = ids[target][row[column]]
            for column, target in (("person_ids", "people"), ("user_ids", "users")):
                if row.get(column) is not None:
                    row[column] = [ids[target][i] for i in row[column]]
            made[ids[stream][row["id"]]] = row
        return made

    return rows


def same(recovered, rows, columns):
    assert recovered.keys() == rows.keys()
    for record_id, row in rows.items():
        assert recovered[record_id] == {column: row[column] for column in columns}, record_id


def test_accounts(org, canonical):
    columns = (
        "name",
        "parent_id",
        "type",
        "industry",
        "country",
        "currency",
        "annual_revenue",
        "employees",
        "owner_id",
        "domain",
        "wallet",
        "created_at",
        "modified_at",
    )
    found = org.call.rows(
        "SELECT Id, Name, ParentId, Type, Industry, BillingCountry, CurrencyIsoCode, AnnualRevenue, "
        "NumberOfEmployees, OwnerId, "
        "Website, Wallet__c, CreatedDate, SystemModstamp FROM Account"
    )
    recovered = {}
    for record in found:
        del record["attributes"]
        record_id, *values, created, modified = record.values()
        values[9] = values[9].removeprefix("https://") if values[9] else None
        recovered[record_id] = dict(zip(columns, [*values, moment(created), moment(modified)], strict=True))
    same(recovered, canonical(org, "accounts"), columns)


def test_people_and_opportunities(org, canonical):
    people = {
        r["Id"]: {"name": r["Name"], "email": r["Email"], "title": r["Title"], "account_id": r["AccountId"]}
        for r in org.call.rows("SELECT Id, Name, Email, Title, AccountId FROM Contact")
    }
    same(people, canonical(org, "people"), ("name", "email", "title", "account_id"))
    columns = (
        "account_id",
        "name",
        "amount",
        "currency",
        "is_closed",
        "is_won",
        "stage",
        "probability",
        "close_at",
        "type",
    )
    deals = {}
    for r in org.call.rows(
        "SELECT Id, AccountId, Name, Amount, CurrencyIsoCode, IsClosed, IsWon, StageName, Probability, "
        "CloseDate, Type FROM Opportunity"
    ):
        del r["attributes"]
        record_id, *values = r.values()
        values[7] = None if values[7] is None else values[7] / 100
        values[8] = datetime.fromisoformat(values[8]).replace(tzinfo=UTC)
        deals[record_id] = dict(zip(columns, values, strict=True))
    same(deals, canonical(org, "opportunities"), columns)


def test_line_items_roles_rivals_assets(org, canonical):
    items = {
        r["Id"]: {
            "opportunity_id": r["OpportunityId"],
            "quantity": r["Quantity"],
            "amount": r["TotalPrice"],
            "product_family": r["Product2"]["Family"],
            "product_id": r["Product2"]["ProductCode"],
        }
        for r in org.call.rows(
            "SELECT Id, OpportunityId, Quantity, TotalPrice, Product2.Family, Product2.ProductCode FROM "
            "OpportunityLineItem"
        )
    }
    same(items, canonical(org, "line_items"), ("opportunity_id", "quantity", "amount", "product_family", "product_id"))
    roles = {
        r["Id"]: {"opportunity_id": r["OpportunityId"], "person_id": r["ContactId"], "role": r["Role"]}
        for r in org.call.rows("SELECT Id, OpportunityId, ContactId, Role FROM OpportunityContactRole")
    }
    same(roles, canonical(org, "opportunity_people"), ("opportunity_id", "person_id", "role"))
    rivals = {
        r["Id"]: {
            "opportunity_id": r["OpportunityId"],
            "account_id": r["Opportunity"]["AccountId"],
            "name": r["CompetitorName"],
        }
        for r in org.call.rows(
            "SELECT Id, OpportunityId, Opportunity.AccountId, CompetitorName FROM OpportunityCompetitor"
        )
    }
    same(rivals, canonical(org, "rivals"), ("opportunity_id", "account_id", "name"))
    assets = {
        r["Id"]: {
            "account_id": r["AccountId"],
            "is_rival": r["IsCompetitorProduct"],
            "vendor": r["Vendor__c"],
            "price": r["Price"],
            "active": r["Status"] != "Obsolete",
        }
        for r in org.call.rows("SELECT Id, AccountId, IsCompetitorProduct, Vendor__c, Price, Status FROM Asset")
    }
    same(assets, canonical(org, "assets"), ("account_id", "is_rival", "vendor", "price", "active"))


def test_currency_rates_are_the_inverse(org, organisation):
    rows = org.call.rows("SELECT IsoCode, StartDate, NextStartDate, ConversionRate FROM DatedConversionRate")
    found = {(r["IsoCode"], r["StartDate"], r["NextStartDate"]): 1 / r["ConversionRate"] for r in rows}
    wanted = {
        (r["currency"], f"{r['start_at']:%Y-%m-%d}", None if r["end_at"] is None else f"{r['end_at']:%Y-%m-%d}"): r[
            "rate"
        ]
        for r in organisation.tables["currency_rates"].to_pylist()
    }
    assert found == pytest.approx(wanted, rel=1e-15)
    corporate = org.call.one("SELECT IsoCode, ConversionRate FROM CurrencyType WHERE IsCorporate = true")
    assert (corporate["IsoCode"], corporate["ConversionRate"]) == (organisation.corporate_currency, 1.0)


def parties(org, child, parent, extra=""):
    found = defaultdict(list)
    for r in org.call.rows(f"SELECT Id, {parent}, RelationId{extra} FROM {child} ORDER BY Id", "queryAll"):
        found[r[parent]].append(r)
    return found


def test_emails(org, canonical):
    wanted = {k: v for k, v in canonical(org, "activities").items() if v["channel"] == "email"}
    sent = parties(org, "EmailMessageRelation", "EmailMessageId", ", RelationType")
    recovered = {}
    for r in org.call.rows(
        "SELECT Id, Incoming, IsBounced, Automated__c, MessageDate, ThreadIdentifier, MessageIdentifier, "
        "ParentId, RelatedToId FROM EmailMessage"
    ):
        own = sent[r["Id"]]
        order = {"FromAddress": 0, "ToAddress": 1, "CcAddress": 2}
        own.sort(key=lambda one: order[one["RelationType"]])
        people = [one["RelationId"] for one in own if one["RelationId"].startswith("003")]
        recovered[r["Id"]] = {
            "direction": "inbound" if r["Incoming"] else "outbound" if people else "internal",
            "outcome": "bounced" if r["IsBounced"] else "done",
            "automated": r["Automated__c"],
            "occurred_at": moment(r["MessageDate"]),
            "thread_id": r["ThreadIdentifier"],
            "dedupe_key": r["MessageIdentifier"],
            "case_id": r["ParentId"],
            "person_ids": people,
            "user_ids": [one["RelationId"] for one in own if one["RelationId"].startswith("005")],
        }
    same(recovered, wanted, tuple(next(iter(recovered.values()))))


def test_every_email_has_one_task_beside_it(org):
    emails = org.call.rows("SELECT Id, ActivityId FROM EmailMessage")
    tasks = {
        r["Id"] for r in org.call.rows("SELECT Id FROM Task WHERE TaskSubtype IN ('Email', 'ListEmail')", "queryAll")
    }
    assert len({r["ActivityId"] for r in emails}) == len(emails)
    assert {r["ActivityId"] for r in emails} <= tasks


def test_meetings(org, canonical):
    wanted = {k: v for k, v in canonical(org, "activities").items() if v["channel"] == "meeting"}
    invited = parties(org, "EventRelation", "EventId", ", IsWhat, IsOrganizer")
    outcomes = {"Held": "done", "No show": "no_show", "Cancelled": "cancelled", "Scheduled": "scheduled"}
    recovered = {}
    for r in org.call.rows(
        "SELECT Id, OwnerId, StartDateTime, DurationInMinutes, Meeting_Outcome__c, WhatId FROM Event WHERE "
        "IsChild = false AND IsDeleted = false",
        "queryAll",
    ):
        own = [one for one in invited[r["Id"]] if not one["IsWhat"]]
        host = next((one["RelationId"] for one in own if one["IsOrganizer"]), "")
        users = [
            one["RelationId"]
            for one in own
            if one["RelationId"].startswith("005") and one["RelationId"] != r["OwnerId"]
        ]
        recovered[r["Id"]] = {
            "direction": {"003": "inbound", "005": "outbound"}.get(host[:3]),
            "outcome": outcomes[r["Meeting_Outcome__c"]],
            "occurred_at": moment(r["StartDateTime"]),
            "minutes": float(r["DurationInMinutes"]),
            "person_ids": [one["RelationId"] for one in own if one["RelationId"].startswith("003")],
            "user_ids": [r["OwnerId"], *users],
        }
    same(recovered, wanted, tuple(next(iter(recovered.values()))))


def test_calls_and_tasks(org, canonical):
    wanted = {k: v for k, v in canonical(org, "activities").items() if v["channel"] in ("call", "task")}
    recovered = {}
    for r in org.call.rows(
        "SELECT Id, TaskSubtype, CallType, CallDisposition, CallDurationInSeconds, CompletedDateTime, "
        "ActivityDate, OwnerId, WhoId, AccountId "
        "FROM Task WHERE TaskSubtype IN ('Call', 'Task') AND IsDeleted = false",
        "queryAll",
    ):
        call = r["TaskSubtype"] == "Call"
        at = r["CompletedDateTime"] or f"{r['ActivityDate']}T00:00:00.000+0000"
        seconds = r["CallDurationInSeconds"]
        recovered[r["Id"]] = {
            "channel": r["TaskSubtype"].lower(),
            "direction": r["CallType"].lower() if call else "outbound",
            "outcome": "not_connected" if r["CallDisposition"] == "No answer" else "done",
            "date_only": r["CompletedDateTime"] is None,
            "occurred_at": moment(at),
            "minutes": None if seconds is None else pytest.approx(seconds / 60, abs=1 / 60),
            "account_id": r["AccountId"],
            "person_ids": [r["WhoId"]],
            "user_ids": [r["OwnerId"]],
        }
    same(recovered, wanted, tuple(next(iter(recovered.values()))))


def test_child_events_copy_the_meeting_for_each_invited_user(org, canonical):
    invited = sum(len(v["user_ids"]) - 1 for v in canonical(org, "activities").values() if v["channel"] == "meeting")
    children = org.call.query("SELECT COUNT() FROM Event WHERE IsChild = true AND IsDeleted = false", "queryAll").json()
    assert children["totalSize"] == invited


def test_the_same_organisation_gives_the_same_records(organisation, org):
    from connectors.emulator.salesforce.app import SalesforceEmulator

    again = SalesforceEmulator(organisation)
    for kind in ("activities", "line_items", "FieldPermissions"):
        assert again.records(kind) == org.app.records(kind)
