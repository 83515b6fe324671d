"""Associations that change without a stamp are read again each night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from connectors.records import schema
from sync.pull.landing import Files
from sync.pull.recent import recent

SEQ = pa.field("_seq", pa.int64())

A_DAY = 86_400_000


def yesterday(cursor: str) -> str:
    """The cursor as if that read had been a day ago."""
    fields = orjson.loads(cursor)
    return orjson.dumps({**fields, "linked": fields["linked"] - A_DAY, "start": fields["start"] - A_DAY}).decode()


def landed(pages: Any) -> pa.Table:
    return pa.Table.from_batches([page.batch for page in pages])


def moved(one: Any, kind: str, record: str, to_kind: str, old: str | None, new: str) -> None:
    if old is not None:
        one.api("DELETE", f"/crm/v4/objects/{kind}/{record}/associations/{to_kind}/{old}")
    one.api("PUT", f"/crm/v4/objects/{kind}/{record}/associations/default/{to_kind}/{new}")


def test_a_deal_moved_to_another_company_is_found_by_its_associations_alone(portal: Any, use: Any) -> None:
    """airbytehq/airbyte#27199: an association that changes moves no hs_lastmodifieddate."""
    one = portal()
    connector = one.connect()
    pages = use.read(connector, "opportunities")
    rows = landed(pages)
    deal, old = next((r["id"], r["account_id"]) for r in rows.to_pylist() if r["account_id"])
    new = next(r["account_id"] for r in rows.to_pylist() if r["account_id"] not in (None, old))
    moved(one, "deals", deal, "companies", old, new)
    assert deal not in use.rows(use.read(connector, "opportunities", pages[-1].cursor)), "no search finds it"
    before = dict(one.calls)
    [page] = connector.relink("opportunities", rows)
    assert [(r["id"], r["account_id"]) for r in page.batch.to_pylist()] == [(deal, new)]
    assert sum(one.calls.values()) - sum(before.values()) == -(-rows.num_rows // 1000), "1 call for 1,000 records"
    untouched = {name for name in rows.schema.names if name != "account_id"}
    original = next(r for r in rows.to_pylist() if r["id"] == deal)
    assert {n: page.batch.to_pylist()[0][n] for n in untouched} == {n: original[n] for n in untouched}


def test_an_act_put_on_a_deal_or_contact_later_keeps_its_author(portal: Any, use: Any) -> None:
    one = portal()
    connector = one.connect()
    rows = landed(use.read(connector, "activities"))
    assert list(connector.relink("activities", rows)) == [], "nothing has changed, whatever the order of an answer"
    act = next(
        r
        for r in rows.to_pylist()
        if r["channel"] == "email" and r["direction"] == "inbound" and r["opportunity_id"] and not r["opportunity_ids"]
    )
    record = act["id"].removeprefix("emails-")
    deals, contacts = (one.api("GET", f"/crm/v3/objects/{k}?limit=20")["results"] for k in ("deals", "contacts"))
    deal = next(d["id"] for d in deals if d["id"] != act["opportunity_id"])
    contact = next(c["id"] for c in contacts if c["id"] not in act["person_ids"])
    moved(one, "emails", record, "deals", None, deal)
    moved(one, "emails", record, "contacts", None, contact)
    [page] = connector.relink("activities", rows)
    [now] = page.batch.to_pylist()
    assert now["person_ids"] == [*act["person_ids"], contact]
    both = sorted([deal, act["opportunity_id"]], key=int)
    assert (now["opportunity_id"], now["opportunity_ids"]) == (both[0], both)


def test_it_is_time_once_a_night(portal: Any, use: Any) -> None:
    one = portal()
    connector = one.connect()
    end = use.read(connector, "opportunities")[-1].cursor
    assert not connector.relinks("opportunities", end)
    assert connector.relinks("opportunities", yesterday(end))
    assert not connector.relinks("users", end)
    again = use.read(connector, "opportunities", yesterday(end))[-1].cursor
    assert not connector.relinks("opportunities", again), "that read was the night's"


@pytest.mark.parametrize(("days", "expected"), [(90, {"1", "2"}), (20, {"1"}), (0, {"1"})])
def test_how_far_back_is_looked_is_a_setting_and_open_deals_are_always_looked_at(
    portal: Any, tmp_path: Path, days: int, expected: set[str]
) -> None:
    """`crm.associations_days`: where activities are many, their associations are most of a night's calls."""
    columns = schema("opportunities")
    now = datetime(2026, 6, 1, tzinfo=UTC)
    rows = [
        {"id": "1", "is_closed": False, "modified_at": now - timedelta(days=400)},
        {"id": "2", "is_closed": True, "modified_at": now - timedelta(days=30)},
        {"id": "3", "is_closed": True, "modified_at": now - timedelta(days=100)},
    ]
    table = pa.Table.from_pylist([{**row, "_seq": n} for n, row in enumerate(rows)], schema=columns.append(SEQ))
    pq.write_table(table, tmp_path / "part.parquet")
    found = recent("opportunities", Files((tmp_path / "part.parquet",)), columns, now, days)
    assert set(found.column("id").to_pylist()) == expected
    assert portal().connect().relink_days() == 90


def test_tasks_which_no_score_counts_are_left_to_the_weekly_read(portal: Any, use: Any) -> None:
    one = portal()
    connector = one.connect()
    rows = landed(use.read(connector, "activities"))
    tasks = rows.filter(pc.equal(rows.column("channel"), "task"))
    before = sum(one.calls.values())
    assert tasks.num_rows
    assert list(connector.relink("activities", tasks)) == []
    assert sum(one.calls.values()) == before
