"""The same organisation gives the same scores from files and from each CRM, field by field."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from connectors.emulator.hubspot.seed.logging_rules import replies_only
from connectors.emulator.hubspot.seed.organisation import fill
from connectors.emulator.hubspot.store.table import LIVE
from enrichment.fields import ACCOUNT_FIELDS, OPPORTUNITY_FIELDS


class Row:
    """A live record of the portal, by the names of its properties."""

    def __init__(self, table, row):
        self.table, self.row = table, row

    def __getitem__(self, name):
        return self.table.get(self.row, name)


def records(app, kind):
    """The live records of a kind of an emulator, by the vendor's names."""
    if app.crm == "salesforce":
        return [row for row in app.records(kind) or [] if not row.get("IsDeleted")]
    table = app.portal.tables[kind]
    return [Row(table, row) for row in range(len(table.ids)) if table.state[row] == LIVE]


def some(kind, holds):
    return lambda app: sum(map(holds, records(app, kind))) > 0


def linked_to_several(app, target):
    return any(
        len(app.portal.links.of(("meetings", target), int(one))) > 1 for one in app.portal.tables["meetings"].ids
    )


SITUATIONS = {
    "salesforce": {
        "S1 S2 another currency than the corporate one": some("Opportunity", lambda o: o["CurrencyIsoCode"] != "EUR"),
        "S2 a static rate besides dated ones": some("CurrencyType", lambda c: c["IsCorporate"]),
        "S5 a deal lost before its close date": some(
            "Opportunity",
            lambda o: o["IsClosed"] and not o["IsWon"] and o["CloseDate"] > (o["LastStageChangeDate"] or "9")[:10],
        ),
        "S6 the record of a series": some("Event", lambda e: e["GroupEventType"] == "3"),
        "S6 a proposed meeting": some("Event", lambda e: e["GroupEventType"] == "2"),
        "S9 a mail that AI sent": some("EmailMessage", lambda m: m["AutomationType"] == "AiAutomated"),
        "S9 an automatic reply": some("EmailMessage", lambda m: (m["Subject"] or "").startswith("Automat")),
        "a draft": some("EmailMessage", lambda m: m["Status"] == "5"),
        "an origin of the organisation's own": some("Case", lambda c: c["Origin"] == "Email - Service Desk"),
        "a case that nobody at a customer raised": some("Case", lambda c: c["Origin"] == "Internal"),
        "the task of a mail": some("Task", lambda t: t["TaskSubtype"] == "Email"),
        "a call that was not answered": some(
            "Task", lambda t: t["TaskSubtype"] == "Call" and not t["CallDurationInSeconds"]
        ),
        "a call that was called off": some("Task", lambda t: t["Status"] == "Canceled"),
        "a deleted record": lambda app: any(row["IsDeleted"] for row in app.records("Account") or []),
        "a merged account": lambda app: any(row["MasterRecordId"] for row in app.records("Account") or []),
    },
    "hubspot": {
        "H1 an activity of several deals": lambda app: linked_to_several(app, "deals"),
        "H2 an activity of several companies": lambda app: linked_to_several(app, "companies"),
        "H3 a mail that was forwarded": some("emails", lambda m: m["hs_email_direction"] == "FORWARDED_EMAIL"),
        "H5 a meeting that is over and still scheduled": some(
            "meetings",
            lambda m: m["hs_meeting_outcome"] == "SCHEDULED" and (m["hs_meeting_end_time"] or "9") < "2026-11",
        ),
        "a draft": some("emails", lambda m: m["hs_email_direction"] == "DRAFT_EMAIL"),
        "an absent person's reply": some("emails", lambda m: m["hs_incoming_email_is_out_of_office"] == "true"),
        "a bounce": some("emails", lambda m: m["hs_email_status"] == "BOUNCED"),
        "a call that never ended": some("calls", lambda c: c["hs_call_status"] == "RINGING"),
        "a call that was logged twice": lambda app: bool(app.noise["calls once more"]),
        "a meeting of 1970": some("meetings", lambda m: (m["hs_meeting_start_time"] or "").startswith("1970")),
        "a deal lost before its close date": some(
            "deals",
            lambda d: d["hs_is_closed"] == "true" and d["closedate"] > (d["hs_v2_date_entered_current_stage"] or "9"),
        ),
        "a line item that is paid monthly": some("line_items", lambda i: i["recurringbillingfrequency"] == "monthly"),
        "another currency than the home one": some("deals", lambda d: d["deal_currency_code"] not in (None, "EUR")),
        "a merged company": lambda app: any(
            table.get(row, "hs_merged_object_ids")
            for table in [app.portal.tables["companies"]]
            for row in range(len(table.ids))
        ),
    },
}
"""What is in the organisation that the parity test scores; records that no score may count are the emulators' noise.
The rest of the situations are states of an account (a portal that logs replies only, sharing, refusals), with tests of
their own.
"""


def scores(folder, stream):
    return {row["id"]: row for row in pq.read_table(folder / f"{stream}.parquet").to_pylist()}


def close(field, ours, theirs):
    if field.type == "number" and ours is not None and theirs is not None:
        return abs(ours - theirs) <= 10**-field.scale + 1e-9
    return ours == theirs


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_a_crm_scores_as_files_do(line, crm):
    """Field by field, on an organisation that holds every situation of `SITUATIONS`."""
    files, other = line("files"), line(crm, noise=True)
    missing = {name for name, holds in SITUATIONS[crm].items() if not holds(other.server.app)}
    assert missing == set()
    expected_dir, actual_dir = files.score(), other.score()

    for stream, catalogue in (("accounts", ACCOUNT_FIELDS), ("opportunities", OPPORTUNITY_FIELDS)):
        expected, actual = scores(expected_dir, stream), scores(actual_dir, stream)
        assert {other.vendor_id(stream, identity) for identity in expected} == set(actual)
        different = [
            (row["name"], field.name, row[field.name], actual[other.vendor_id(stream, identity)][field.name])
            for identity, row in expected.items()
            for field in catalogue
            if not close(field, row[field.name], actual[other.vendor_id(stream, identity)][field.name])
        ]
        assert different == []


def test_who_opens_is_unknown_where_mail_is_logged_in_part(line, organisation):
    """knowledge.hubspot.com, "Manage contact email logging rules": "Log replies only" leaves out what customers write
    first. Nobody is said to open rarely, and the figure is empty.
    """
    rows = scores(line("hubspot", org=replies_only(organisation)).score(), "accounts").values()
    assert {row["bothways_customer_initiation_share"] for row in rows} == {None}
    assert not [row for row in rows if "they opened" in (row["bothways_top_drivers"] or "")]
    assert sum(row["bothways_reciprocity_balance"] is not None for row in rows) > 10  # the rest of effort is known


def test_what_hubspot_associates_by_itself_moves_no_activity_to_another_account(line, monkeypatch):
    """fivetran/dbt_hubspot#35; knowledge.hubspot.com, "Set up automatic associations for records and activities": old
    deals and companies that nobody on an activity belongs to, many with lower ids than the right ones.
    """
    found = []
    for more in (False, True):
        monkeypatch.setattr(
            "connectors.emulator.hubspot.app.fill", lambda *a, m=more, **k: fill(*a, **{**k, "associates_more": m})
        )
        portal = line("hubspot")
        portal.score()
        folder = portal.settings.workspace.dir / "normalized"
        acts = pq.read_table(folder / "activities.parquet", columns=["account", "person", "customer_people"])
        further = pq.read_metadata(folder / "activity_opportunities.parquet").num_rows
        found.append((acts.to_pylist(), further))
    (plain, none), (associated, some) = found
    assert (none, some > 50) == (0, True)
    assert associated == plain
