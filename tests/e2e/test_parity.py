"""The same organisation gives the same scores from files and from each CRM, field by field."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from connectors.emulator.hubspot.seed.organisation import fill
from enrichment.fields import ACCOUNT_FIELDS, OPPORTUNITY_FIELDS


def scores(folder, stream):
    return {row["id"]: row for row in pq.read_table(folder / f"{stream}.parquet").to_pylist()}


def close(field, ours, theirs):
    if field.type == "number" and ours is not None and theirs is not None:
        return abs(ours - theirs) <= 10**-field.scale + 1e-9
    return ours == theirs


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_a_crm_scores_as_files_do(line, crm, monkeypatch):
    """The portal associates activities with old deals and other companies too, as HubSpot does by itself."""
    monkeypatch.setattr(
        "connectors.emulator.hubspot.app.fill", lambda *a, **k: fill(*a, **{**k, "associates_more": True})
    )
    files, other = line("files"), line(crm)
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


def test_what_hubspot_associates_by_itself_moves_no_activity_to_another_account(line, monkeypatch):
    """fivetran/dbt_hubspot#35; knowledge.hubspot.com, "Set up automatic associations for records and activities": old deals
    and companies that nobody on an activity belongs to, many with lower ids than the right ones."""
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
