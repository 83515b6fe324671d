"""Properties that appear or disappear: the stream is read whole again, and what is lost is unknown."""

from __future__ import annotations

from typing import Any

PATH = "/crm/properties/2026-03/companies"


def test_a_lost_property_is_unknown_on_every_record_and_a_restored_one_comes_back(portal: Any, use: Any) -> None:
    """HubSpot leaves a property that is archived out of every record without a word, and no stamp moves; restoring it
    within 90 days brings its values back (developers.hubspot.com, properties guide)."""
    one = portal()
    connector = one.connect()
    first = use.read(connector, "accounts")
    wallets = {key: row["wallet"] for key, row in use.rows(first).items()}
    assert any(wallets.values())
    record = next(iter(wallets))

    definition = one.api("GET", f"{PATH}/wallet")
    one.api("DELETE", f"{PATH}/wallet")
    assert use.rows(use.read(one.connect(), "accounts", first[-1].cursor)) == {}, "nobody has met a record yet"
    one.edit("companies", record, city="Bonn")
    lost = use.read(one.connect(), "accounts", first[-1].cursor)
    rows = use.rows(lost)
    assert rows.keys() == wallets.keys()
    assert {row["wallet"] for row in rows.values()} == {None}

    one.api("POST", PATH, {key: definition[key] for key in ("name", "label", "type", "fieldType", "groupName")})
    one.edit("companies", record, city="Rom")
    back = use.read(one.connect(), "accounts", lost[-1].cursor)
    assert {key: row["wallet"] for key, row in use.rows(back).items()} == wallets


def test_a_read_that_breaks_off_while_all_is_listed_again_goes_on_there(portal: Any, use: Any) -> None:
    one = portal(accounts=120)
    first = use.read(one.connect(), "accounts")
    one.api("DELETE", f"{PATH}/wallet")
    one.edit("companies", next(iter(use.rows(first))), city="Bonn")
    pages = use.read(one.connect(), "accounts", first[-1].cursor)
    listing = next(page.cursor for page in pages if '"relist"' in page.cursor)
    rest = use.read(one.connect(), "accounts", listing)
    assert use.rows(rest).keys() == use.rows(first).keys()
    assert use.rows(use.read(one.connect(), "accounts", rest[-1].cursor)).keys() <= use.rows(first).keys()
