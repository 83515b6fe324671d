"""Situations of real organisations, each with its right value and where it was reported or documented."""

from __future__ import annotations

from typing import Any

from connectors.emulator.salesforce.app import SalesforceEmulator


def test_the_fields_that_the_organisation_shows_are_told(connect: Any, app: SalesforceEmulator) -> None:
    """A field granted after the first read stays null in records that do not change (estuary/connectors#3493): what is shown
    is part of the landing's identity. Our own fields are not part of it, or each installation would mean a whole read."""
    before = {stream: connect(token=app.runtime_token).shown_fields(stream) for stream in ("accounts", "activities")}
    assert "Account.AnnualRevenue:currency" in before["accounts"]
    assert "Task.CallDurationInSeconds:int" in before["activities"]
    assert "EventRelation.Status:picklist" in before["activities"]
    app.revoke("Account", "AnnualRevenue")
    after = connect(token=app.runtime_token).shown_fields("accounts")
    assert set(before["accounts"]) - set(after) == {"Account.AnnualRevenue:currency"}
    app.grant("Account", "AnnualRevenue")
    assert connect(token=app.runtime_token).shown_fields("accounts") == before["accounts"]
