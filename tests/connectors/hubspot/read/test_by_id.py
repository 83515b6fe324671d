"""Single records read again by id: as they are now, whatever the search index shows, in as few calls as can be."""

from __future__ import annotations

from typing import Any

import pytest

from enrichment.fields import fields

OBJECTS, LINKS = "/crm/objects/2026-03", "/crm/v4/objects"


def again(connector: Any, use: Any, stream: str, *ids: str) -> tuple[dict[str, Any], set[str]]:
    pages = list(connector.reread(stream, ids))
    return use.rows(pages), use.gone(pages)


def test_a_pair_is_there_while_the_two_are_associated(portal: Any, use: Any) -> None:
    one = portal(accounts=8)
    connector = one.connect()
    deal = next(iter(one.app.ids["opportunities"].values()))
    linked = {
        row["person_id"]
        for row in use.rows(use.read(connector, "opportunity_people")).values()
        if row["opportunity_id"] == deal
    }
    person = next(p for p in one.app.ids["people"].values() if p not in linked)
    pair = f"{deal}-{person}"
    assert again(connector, use, "opportunity_people", pair)[1] == {pair}
    one.api("PUT", f"{LINKS}/deals/{deal}/associations/default/contacts/{person}")
    found, gone = again(connector, use, "opportunity_people", pair)
    assert (found[pair]["person_id"], gone) == (person, set())
    assert {row["person_id"] for row in found.values()} == linked | {person}  # all of the deal, for one call
    one.api("DELETE", f"{LINKS}/deals/{deal}/associations/contacts/{person}")
    assert again(connector, use, "opportunity_people", pair)[1] == {pair}


def test_a_moved_contact_has_its_new_company_though_no_stamp_moved(portal: Any, use: Any) -> None:
    one = portal(accounts=8)
    connector = one.connect()
    before = use.rows(use.read(connector, "people"))
    person, row = next((p, r) for p, r in before.items() if r["account_id"])
    other = next(c for c in one.app.ids["accounts"].values() if c != row["account_id"])
    one.api("DELETE", f"{LINKS}/contacts/{person}/associations/companies/{row['account_id']}")
    one.api("PUT", f"{LINKS}/contacts/{person}/associations/default/companies/{other}")
    found, _ = again(connector, use, "people", person)
    assert (found[person]["account_id"], found[person]["modified_at"]) == (other, row["modified_at"])


def test_it_reads_past_the_index_and_what_we_hold_comes_along(portal: Any, use: Any) -> None:
    one = portal(accounts=4, index_lag=3600)
    owned = fields("essential")
    one.connect().provision(owned)
    connector = one.connect(owned)
    company = next(iter(one.app.ids["accounts"].values()))
    one.edit("companies", company, name="Renamed", bothways_confidence="41.5")
    found, _ = again(connector, use, "accounts", company)
    assert (found[company]["name"], found[company]["bothways_confidence"]) == ("Renamed", 41.5)


@pytest.mark.parametrize("new_id", [True, False])
def test_all_ids_of_a_merge_lead_to_the_survivor(portal: Any, use: Any, new_id: bool) -> None:
    one = portal(accounts=4, merge_makes_new_id=new_id)
    connector = one.connect()
    kept, lost = list(one.app.ids["accounts"].values())[:2]
    into = one.api("POST", f"{OBJECTS}/companies/merge", {"primaryObjectId": kept, "objectIdToMerge": lost})["id"]
    pages = list(connector.reread("accounts", [kept, lost, into]))
    merged = {loser: survivor for page in pages for loser, survivor in page.merged.items()}
    assert set(use.rows(pages)) == {into}
    assert merged == dict.fromkeys({kept, lost} - {into}, into)
    assert use.gone(pages) == set()


def test_activities_are_told_apart_by_their_kind(portal: Any, use: Any) -> None:
    one = portal(accounts=6)
    connector = one.connect()
    whole = use.rows(use.read(connector, "activities"))
    some = [next(i for i in whole if i.startswith(kind)) for kind in ("emails", "calls", "meetings", "tasks")]
    number = some[0].partition("-")[2]
    found, gone = again(connector, use, "activities", *some, f"calls-{number}x", "faxes-1", number)
    assert {i: whole[i] for i in some} == found
    assert gone == {f"calls-{number}x", "faxes-1", number}


def test_it_takes_one_call_for_a_hundred_records_and_one_for_a_thousand_associations(portal: Any, use: Any) -> None:
    one = portal(accounts=120)
    connector = one.connect()
    ids = sorted(use.rows(use.read(connector, "opportunities")))[:250]
    assert len(ids) == 250
    before = dict(connector.calls().by_endpoint)
    assert set(again(connector, use, "opportunities", *ids, *ids)[0]) == set(ids)
    after = connector.calls().by_endpoint
    made = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
    assert (made.pop("batch read deals"), made.pop("associations deals companies")) == (3, 1)
    assert all(count == 1 for count in made.values())
    assert not any("search" in name or "list" in name for name in made)
