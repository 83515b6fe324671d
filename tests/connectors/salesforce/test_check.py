"""What `check` finds in an organisation: rules, duplicates, merges, silent channels, and what a run will cost."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import Finding
from connectors.emulator.http import EmulatorServer
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.salesforce.check_cost import estimate


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
