"""What `check` finds in an organisation: rules, duplicates, merges, silent channels, and what a run will cost."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import Finding
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer
from connectors.salesforce.setup.check_cost import estimate


def about(connector: Any, topic: str) -> list[Finding]:
    return [f for f in connector.check().findings if f.topic == topic]


def test_what_runs_on_our_objects_is_named(connect: Any, app: SalesforceEmulator) -> None:
    app.add_validation_rule("Account", lambda row: False, "No", name="Fax_needed")
    app.add_validation_rule("Contact", lambda row: False, "No", name="Not_ours")
    app.add_automation("Flow", "Opportunity", "Notify_owner")
    app.add_automation("Flow", "Opportunity", "Retired", active=False)
    app.add_automation("ApexTrigger", "Account", "AccountTrigger")
    app.add_automation("ApexTrigger", "Account", "Off", active=False)
    found = about(connect(), "rules")
    warned = " ".join(f.message for f in found if f.level == "warn")
    for name in ("Fax_needed", "Notify_owner", "AccountTrigger"):
        assert name in warned
    for name in ("Not_ours", "Retired", "Off"):
        assert name not in " ".join(f.message for f in found)
    assert all(f.remedy for f in found if f.level == "warn")
    assert any(f.level == "ok" and "workflow rules" in f.message for f in found)


def test_long_lists_of_rules_are_shortened(connect: Any, app: SalesforceEmulator) -> None:
    for number in range(8):
        app.add_automation("WorkflowRule", "Account", f"Rule_{number}")
    [found] = [f for f in about(connect(), "rules") if f.level == "warn"]
    assert "Rule_4 and 3 more" in found.message
    assert "Rule_5" not in found.message


def test_what_the_runtime_user_may_not_see_is_unknown_not_absent(connect: Any, app: SalesforceEmulator) -> None:
    app.add_automation("ApexTrigger", "Account", "AccountTrigger")
    [found] = about(connect(token=app.runtime_token), "rules")
    assert found.level == "warn"
    assert "may not see" in found.message
    assert "administrator" in found.remedy


def test_duplicates_are_counted_and_nobody_is_named(connect: Any, app: SalesforceEmulator) -> None:
    assert not [f for f in about(connect(), "objects") if "shared by" in f.message and "Account" in f.message]
    one, two = [r["Id"] for r in app.records("accounts") or [] if not r["IsDeleted"]][:2]
    for record in (one, two):
        app.change("Account", record, {"Name": "Twice Ltd"})
    [found] = [f for f in about(connect(), "objects") if "shared by" in f.message and "Account" in f.message]
    assert "1 values of Account.Name are shared by 2 records" in found.message
    assert "Twice" not in found.message


def test_merges_are_told(connect: Any, app: SalesforceEmulator) -> None:
    before = sum(bool(r["MasterRecordId"]) for r in app.records("accounts") or [])
    one, two = [r["Id"] for r in app.records("accounts") or [] if not r["IsDeleted"]][:2]
    app.merge("Account", one, [two])
    assert any(f"{before + 1} merged accounts" in f.message for f in about(connect(), "objects"))


def test_channels_that_nobody_logs_are_absent(connect: Any, app: SalesforceEmulator) -> None:
    app.org.store.execute("DELETE FROM Event")
    app.org.store.execute("UPDATE Task SET TaskSubtype = 'Task'")
    said = " ".join(f.message for f in about(connect(), "activity") if f.level == "warn")
    assert "No meeting has been logged" in said
    assert "No call has been logged" in said


def test_the_cost_that_is_told_is_about_what_a_run_takes(connect: Any) -> None:
    connector = connect()
    [told] = [f.message for f in about(connector, "limits") if "A first run" in f.message]
    first, unchanged = (int(word) for word in told.replace(".", "").split() if word.isdigit())
    fresh = connect()
    marks = {s: list(fresh.read(s, None))[-1].cursor for s in fresh.capabilities.streams}
    assert fresh.calls().read == pytest.approx(first, abs=5)
    again = connect(overlap_minutes=0)
    again.expect(marks)
    for stream, mark in marks.items() if again.capabilities.streams else ():
        list(again.read(stream, mark))
    assert again.calls().read == pytest.approx(unchanged, abs=2)


def test_a_run_that_costs_more_than_the_day_has_left_is_warned_of(connect: Any, app: SalesforceEmulator) -> None:
    app.quota.daily, app.quota.used = 60, 10
    [found] = [f for f in about(connect(quota_reserve=0.5), "limits") if "A first run" in f.message]
    assert found.level == "warn"
    assert found.remedy


def test_large_objects_cost_bulk_jobs(connect: Any) -> None:
    config = connect()._config
    small, large = (dict.fromkeys(("Account", "Task"), size) for size in (20_000, 1_000_000))
    assert estimate(small, [["Account"], ["Task"]], config).first == 2 + 2 * 10 + 20
    assert estimate(large, [["Task"]], config).first == 2 + 5 + 20 + 1_000


def test_who_may_not_see_limits_and_counts_is_still_checked(
    connect: Any, app: SalesforceEmulator, server: EmulatorServer
) -> None:
    body = '[{"message":"no access","errorCode":"INSUFFICIENT_ACCESS"}]'
    server.faults.add({"kind": "status", "status": 403, "body": body, "match": {"path": "/limits"}, "times": None})
    app.quota.daily, app.quota.used = 10_000, 1_000
    diagnosis = connect().check()
    assert diagnosis.ok
    said = [f.message for f in diagnosis.findings if f.topic == "limits"]
    assert any("of 10000 API calls are left" in message for message in said)
    assert any("not known" in message for message in said)


def test_licence_profile_and_permission_sets_are_named(connect: Any, app: SalesforceEmulator) -> None:
    said = " ".join(f.message for f in about(connect(token=app.runtime_token), "credentials"))
    assert "Licence Salesforce Integration, profile Minimum Access - API Only Integrations" in said
    assert "permission sets: CRM_Integration_User" in said
    assert "change everything" not in said


def test_a_user_who_may_do_everything_is_too_much_for_the_nightly_run(connect: Any) -> None:
    [found] = [f for f in about(connect(), "credentials") if f.level == "warn"]
    assert "signed in as an administrator" in found.message
    assert "Bothways_Integration" in found.remedy


def test_records_that_are_hidden_by_sharing_are_told(
    connect: Any, app: SalesforceEmulator, server: EmulatorServer
) -> None:
    """Sharing makes queries silently smaller; the count of all records knows nothing of it."""
    seen = sum(not row["IsDeleted"] for row in app.records("Opportunity") or [])
    assert not [f for f in about(connect(), "objects") if "This user sees" in f.message]
    body = f'{{"sObjects":[{{"count":{seen * 2},"name":"Opportunity"}},{{"count":1,"name":"Account"}}]}}'
    server.faults.add(
        {"kind": "status", "status": 200, "body": body, "match": {"path": "limits/recordCount"}, "times": None}
    )
    [found] = [f for f in about(connect(), "objects") if "This user sees" in f.message]
    assert found.level == "warn"
    assert f"sees {seen} of about {seen * 2} Opportunity records" in found.message
    assert "View All" in found.remedy


def test_how_far_each_channel_reaches_is_told(connect: Any, app: SalesforceEmulator) -> None:
    app.org.store.execute("UPDATE Task SET TaskSubtype = 'Task'")
    living = [row for row in app.records("Task") or [] if row["AccountId"] and not row["IsDeleted"]]
    same = [row for row in living if row["AccountId"] == living[0]["AccountId"]]
    assert len(same) > 1
    for row in same:
        app.org.store.execute("UPDATE Task SET TaskSubtype = 'Call' WHERE Id = ?", (row["Id"],))
        app.change("Task", row["Id"], {"ActivityDate": app.org.now().date().isoformat()})
    [found] = [f for f in about(connect(), "activity") if "accounts in 90 days" in f.message]
    accounts = sum(not row["IsDeleted"] for row in app.records("Account") or [])
    assert found.message == f"Of {accounts} accounts in 90 days: meetings with 0, calls with 1."


def test_mail_that_only_goes_out_is_captured_elsewhere(connect: Any, app: SalesforceEmulator) -> None:
    app.org.store.execute("UPDATE EmailMessage SET Incoming = 0")
    [found] = [f for f in about(connect(), "activity") if "no incoming message" in f.message]
    assert found.level == "warn"
    assert "Einstein Activity Capture" in found.remedy
