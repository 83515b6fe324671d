"""Bad input gives a clear error or a reject that names it, and everything else goes through."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.errors import AuthError, SchemaError
from connectors.records import SCHEMAS
from sync.registry import connect

CRMS = ["salesforce", "hubspot"]


def changed(organisation, stream, change):
    """The organisation with `change(rows)` applied to the rows of a stream."""
    rows = organisation.tables[stream].to_pylist()
    table = pa.Table.from_pylist(change(rows), schema=SCHEMAS[stream])
    return dataclasses.replace(organisation, tables={**organisation.tables, stream: table})


def by_name(folder):
    return {row["name"]: row for row in pq.read_table(folder / "accounts.parquet").to_pylist()}


def test_a_malformed_row_is_rejected_with_its_line_and_the_rest_is_scored(line):
    files = line("files")
    tables = files.settings.workspace.dir.parent / "tables"
    accounts = pq.read_table(tables / "accounts.parquet").select(["id", "name", "created_at"]).to_pylist()
    (tables / "accounts.parquet").unlink()
    rows = [f'{row["id"]},"{row["name"]}",{row["created_at"].isoformat()}' for row in accounts]
    rows.insert(3, 'BROKEN,"Broken, Ltd",2026-01-01T00:00:00+00:00,one,too,many')
    (tables / "accounts.csv").write_text("id,name,created_at\n" + "\n".join(rows) + "\n", encoding="utf-8")

    result = files.sync()

    assert result.scored["accounts"] == len(accounts)
    assert result.rejects == 1
    landed = files.settings.workspace.dir / "landing"
    reasons = [row for path in landed.rglob("*reject*.parquet") for row in pq.read_table(path).to_pylist()]
    assert any("accounts.csv:5" in json.dumps(row, default=str) for row in reasons)


@pytest.mark.parametrize("crm", ["files", "salesforce"])
def test_an_unknown_currency_leaves_money_out_and_says_so(line, organisation, plain_scores, crm):
    recent = organisation.now - timedelta(days=300)
    victim = next(
        row for row in organisation.tables["opportunities"].to_pylist() if row["is_won"] and row["close_at"] > recent
    )
    org = changed(
        organisation,
        "opportunities",
        lambda rows: [row | {"currency": "XXX"} if row["id"] == victim["id"] else row for row in rows],
    )
    folder = line(crm, org=org).score()

    scored, plain = by_name(folder), by_name(plain_scores)
    name = next(row["name"] for row in organisation.tables["accounts"].to_pylist() if row["id"] == victim["account_id"])
    assert set(scored) == set(plain)
    assert "rate" in scored[name]["bothways_top_drivers"]
    assert "rate" not in plain[name]["bothways_top_drivers"]
    assert scored[name]["bothways_coverage"] < plain[name]["bothways_coverage"]


@pytest.mark.parametrize("crm", ["files", *CRMS])
def test_a_circular_parent_chain_is_cut_and_reported(line, organisation, crm):
    ids = [row["id"] for row in organisation.tables["accounts"].to_pylist() if row["parent_id"] is None][5:8]
    parents = dict(zip(ids, ids[1:] + ids[:1], strict=True))
    org = changed(
        organisation,
        "accounts",
        lambda rows: [row | {"parent_id": parents.get(row["id"], row["parent_id"])} for row in rows],
    )
    there = line(crm, org=org)

    result = there.sync()

    assert result.rejects >= 1
    assert result.scored["accounts"] == len(org.visible().tables["accounts"])
    assert result.changed == result.written


@pytest.mark.parametrize("crm", ["files", *CRMS])
def test_an_activity_in_the_future_counts_for_nothing_yet(line, organisation, plain_scores, crm):
    def later(rows):
        act = next(row for row in rows if row["channel"] == "meeting" and row["outcome"] == "done")
        ahead = organisation.now + timedelta(days=20)
        return [
            *rows,
            act | {"id": "FUTURE1", "occurred_at": ahead, "dedupe_key": None, "outcome": "scheduled", "minutes": 480.0},
        ]

    with_future = by_name(line(crm, org=changed(organisation, "activities", later)).score())

    def figures(rows):
        names = ("bothways_seller_effort_hours", "bothways_customer_effort_hours", "bothways_stance")
        return {name: [row[field] for field in names] for name, row in rows.items()}

    assert figures(with_future) == figures(by_name(plain_scores))


@pytest.mark.parametrize("crm", CRMS)
def test_without_our_properties_nothing_is_written_and_the_command_is_named(line, crm):
    there = line(crm, provision=False)

    with pytest.raises(SchemaError, match="bothways provision"):
        there.sync()
    assert there.server.stats()["records_written"] == {}


def test_a_revoked_salesforce_field_is_unknown_and_said(line):
    there = line("salesforce")
    there.server.app.revoke("Account", "AnnualRevenue")

    connector = connect(there.settings)
    findings = connector.check().findings
    connector.close()
    folder = there.score()

    assert any("AnnualRevenue" in finding.message and finding.level != "ok" for finding in findings)
    audit = pq.read_table(folder / "account_audit.parquet").to_pylist()
    assert all(row["purchase_burden_value"] is None for row in audit)
    assert {row["bothways_stance"] for row in by_name(folder).values()} != {"insufficient_evidence"}


@pytest.mark.parametrize("crm", CRMS)
def test_a_refused_token_stops_at_once_and_names_the_fix(line, crm):
    there = line(crm)
    written = json.dumps(there.server.stats()["records_written"])
    there.server.faults.add({"kind": "status", "status": 401, "times": None, "body": REFUSED[crm]})
    calls = there.server.stats()["calls_total"]

    with pytest.raises(AuthError) as caught:
        there.sync()

    assert REMEDY[crm] in str(caught.value)
    assert json.dumps(there.server.stats()["records_written"]) == written
    assert there.server.stats()["calls_total"] - calls <= 20


@pytest.mark.parametrize("crm", CRMS)
def test_a_token_that_expires_in_the_middle_of_a_pull_stops_and_the_next_run_goes_on(line, crm):
    there, whole = line(crm), line("files")
    there.server.faults.add({"kind": "status", "status": 401, "after": 12, "times": None, "body": REFUSED[crm]})
    with pytest.raises(AuthError):
        there.sync()
    there.server.faults.clear()

    result = there.sync()

    assert result.exit_code == 0
    assert result.written == result.changed == sum(whole.sync().scored.values())


REMEDY = {"salesforce": "Get a new one", "hubspot": "new service key"}
REFUSED = {
    "salesforce": json.dumps([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]),
    "hubspot": json.dumps(
        {
            "status": "error",
            "message": "Authentication credentials not found.",
            "correlationId": "x",
            "category": "INVALID_AUTHENTICATION",
        }
    ),
}
