"""A container that keeps nothing between runs decides as one that does: the stances before are those that the CRM
holds.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest

NOW = datetime(2026, 10, 15, tzinfo=UTC)
LATER = NOW + timedelta(days=20)


def held(line):
    """Our values of every record, by id."""
    rows = [row for kind in ("accounts", "opportunities") for row in line.server.app.records(kind)]
    return {
        row.get("id") or row.get("Id"): {
            name.lower(): value
            for name, value in row.get("properties", row).items()
            if name.lower().startswith("bothways_")
        }
        for row in rows
    }


@pytest.mark.slow
@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_a_later_run_writes_the_same_with_and_without_a_state(line, crm):
    kept, forgets = line(crm), line(crm)
    for one in (kept, forgets):
        assert one.sync(NOW).exit_code == 0
    shutil.rmtree(forgets.settings.workspace.dir)
    with_state, without = kept.sync(LATER), forgets.sync(LATER)

    assert without.changed == with_state.changed > 0
    assert without.changes_by_field == with_state.changes_by_field
    assert held(forgets) == held(kept)
