"""The demo organisation: deterministic, whole, and able to be carried by either CRM."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.emulator.organisation.catalogue import COUNTRIES, PRODUCT_BY_ID, STAGES
from connectors.emulator.organisation.model import DEMO_FAMILIES, Organisation, demo_model_toml, demo_organisation
from connectors.records import SCHEMAS, STREAMS
from enrichment.model import ScoringModel

NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo() -> Organisation:
    return demo_organisation(now=NOW)


@pytest.fixture(scope="module", params=[24, 25, 60, 700])
def sized(request: pytest.FixtureRequest) -> Organisation:
    return demo_organisation(3, request.param, now=NOW, activities_per_account=70)


def rows(organisation: Organisation, stream: str) -> list[dict]:
    return organisation.tables[stream].to_pylist()


def test_the_same_arguments_give_the_same_organisation():
    first, second = demo_organisation(5, 40, now=NOW), demo_organisation(5, 40, now=NOW)
    assert all(first.tables[stream].equals(second.tables[stream]) for stream in STREAMS)
    assert (first.merges, first.deleted) == (second.merges, second.deleted)


def test_another_seed_gives_another_organisation():
    assert (
        not demo_organisation(1, 40, now=NOW)
        .tables["activities"]
        .equals(demo_organisation(2, 40, now=NOW).tables["activities"])
    )


def test_now_is_todays_midnight_unless_given():
    now = demo_organisation(accounts=1).now
    assert (now.hour, now.minute, now.second, now.microsecond) == (0, 0, 0, 0)
    assert timedelta(0) <= datetime.now(UTC) - now < timedelta(days=2)


def test_a_naive_now_and_a_negative_size_are_refused():
    with pytest.raises(ValueError, match="time zone"):
        demo_organisation(now=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="negative"):
        demo_organisation(accounts=-1)


def test_the_totals_are_what_was_asked_for():
    o = demo_organisation(accounts=200, now=NOW, opportunities_per_account=6, activities_per_account=30)
    assert [o.tables[s].num_rows for s in ("accounts", "opportunities", "activities")] == [200, 1200, 6000]


def test_every_stream_has_its_canonical_schema_and_something_in_it(sized: Organisation):
    assert tuple(sized.tables) == STREAMS
    for stream, table in sized.tables.items():
        assert table.schema.equals(SCHEMAS[stream], check_metadata=True)
        assert table.num_rows > 0


def test_ids_are_unique_and_every_reference_is_kept(sized: Organisation):
    ids = {stream: table["id"].combine_chunks() for stream, table in sized.tables.items()}
    for stream, table in sized.tables.items():
        assert ids[stream].null_count == 0
        assert len(pc.unique(ids[stream])) == table.num_rows
        for field in table.schema:
            if field.metadata and b"ref" in field.metadata:
                column = table[field.name].combine_chunks()
                values = column.flatten() if pa.types.is_list(field.type) else column
                known = pc.is_in(values, ids[field.metadata[b"ref"].decode()])
                assert pc.all(pc.or_(known, pc.is_null(values))).as_py() in (True, None), f"{stream}.{field.name}"


def test_times_are_whole_seconds_and_nothing_was_entered_after_now(sized: Organisation):
    for stream, table in sized.tables.items():
        for field in table.schema:
            if pa.types.is_timestamp(field.type):
                assert pc.max(pc.microsecond(table[field.name])).as_py() in (0, None)
                assert pc.max(pc.millisecond(table[field.name])).as_py() in (0, None)
        for name in ("created_at", "modified_at"):
            assert table[name].null_count == 0, f"{stream}.{name}"
            assert pc.max(table[name]).as_py() <= sized.now, f"{stream}.{name}"
        assert pc.all(pc.less_equal(table["created_at"], table["modified_at"])).as_py(), stream


def test_dates_of_the_crm_are_midnights(sized: Organisation):
    for stream, name in [
        ("opportunities", "close_at"), ("contracts", "start_at"), ("contracts", "end_at"), ("assets", "installed_at"),
    ]:  # fmt: skip
        times = pc.drop_null(sized.tables[stream][name].combine_chunks())
        assert pc.all(pc.equal(times, pc.floor_temporal(times, unit="day"))).as_py(), f"{stream}.{name}"


def test_deals_are_consistent(sized: Organisation):
    lines: Counter[str] = Counter()
    for line in rows(sized, "line_items"):
        lines[line["opportunity_id"]] += round(line["amount"] * 100)
        assert line["product_family"] == PRODUCT_BY_ID[line["product_id"]].family
        assert line["quantity"] == int(line["quantity"]) > 0
    billed_in = {country: currency for country, currency, _ in COUNTRIES}
    currency = {a["id"]: billed_in[a["country"]] for a in rows(sized, "accounts")}
    for deal in rows(sized, "opportunities"):
        assert deal["probability"] == STAGES[deal["stage"]]
        assert deal["is_closed"] == deal["stage"].startswith("Closed")
        assert deal["is_won"] == (deal["stage"] == "Closed Won")
        assert deal["created_at"] < deal["close_at"]
        assert not deal["is_closed"] or (deal["stage_changed_at"] or deal["close_at"]) <= sized.now
        assert deal["currency"] == currency[deal["account_id"]]
        assert deal["amount"] is None or deal["amount"] == round(deal["amount"], 2)
        if deal["id"] in lines:
            assert round(deal["amount"] * 100) == lines[deal["id"]]


def test_the_money_of_foreign_customers_is_in_their_currency(sized: Organisation):
    billed_in = {country: currency for country, currency, _ in COUNTRIES}
    of_account = {a["id"]: billed_in[a["country"]] for a in rows(sized, "accounts")}
    assert {a["id"]: a["currency"] for a in rows(sized, "accounts")} == of_account
    assert set(of_account.values()) == {"EUR", "USD", "GBP"}
    for asset in rows(sized, "assets"):
        assert asset["currency"] == of_account[asset["account_id"]]
    for column in ("annual_revenue", "wallet"):
        assert {a["currency"] for a in rows(sized, "accounts") if a[column]} > {"EUR"}


def test_acts_are_consistent(sized: Organisation):
    account_of = {s: {r["id"]: r["account_id"] for r in rows(sized, s)} for s in ("people", "opportunities", "cases")}
    messages: Counter[str] = Counter()
    strangers = 0
    for act in rows(sized, "activities"):
        assert act["account_id"] is not None
        assert act["opportunity_id"] is None or act["case_id"] is None
        assert act["opportunity_id"] is None or account_of["opportunities"][act["opportunity_id"]] == act["account_id"]
        assert act["case_id"] is None or account_of["cases"][act["case_id"]] == act["account_id"]
        assert len(set(act["person_ids"])) == len(act["person_ids"])
        assert len(set(act["user_ids"])) == len(act["user_ids"]) >= 1
        strangers += any(account_of["people"][p] != act["account_id"] for p in act["person_ids"])
        assert (act["outcome"] == "scheduled") == (act["occurred_at"] > sized.now)
        assert act["outcome"] == "scheduled" or act["created_at"] >= act["occurred_at"]
        match act["channel"]:
            case "email":
                messages[act["dedupe_key"]] += 1
                assert act["thread_id"]
                assert act["outcome"] in ("done", "bounced")
            case "call":
                assert len(act["person_ids"]) == len(act["user_ids"]) == 1
                assert (act["minutes"] is None) == (act["outcome"] == "not_connected")
                assert act["minutes"] is None or abs(act["minutes"] * 60 - round(act["minutes"] * 60)) < 1e-9
            case "meeting":
                assert act["person_ids"] == sorted(act["person_ids"])  # a CRM need not keep the order of guests
                assert act["person_ids"]
                assert act["minutes"] == int(act["minutes"]) > 0
                assert act["outcome"] in ("done", "no_show", "cancelled", "scheduled")
            case channel:
                assert channel == "task"
                assert act["date_only"]
                assert act["direction"] == "outbound"
                assert act["occurred_at"].hour == act["occurred_at"].minute == 0
    assert [n for n in messages.values() if n > 1] == [2]  # the one mail that was logged twice
    assert strangers == 1  # the one man who sits in two companies


def test_threads_go_forward_and_belong_to_one_account(sized: Organisation):
    threads: dict[str, list[dict]] = {}
    for act in rows(sized, "activities"):
        if act["thread_id"]:
            threads.setdefault(act["thread_id"], []).append(act)
    for mails in threads.values():
        assert len({(m["account_id"], m["opportunity_id"], m["case_id"]) for m in mails}) == 1
        assert [m["occurred_at"] for m in mails] == sorted(m["occurred_at"] for m in mails)
    lengths = Counter(len(mails) for mails in threads.values())
    assert lengths[1] > 0  # silences
    assert max(lengths) >= 4


def test_people_can_be_told_apart_by_their_address(sized: Organisation):
    emails = sized.tables["people"]["email"]
    assert len(pc.unique(emails)) == len(emails)
    names = sized.tables["accounts"]["name"]
    assert len(pc.unique(names)) == len(names)


def test_families_have_two_levels(sized: Organisation):
    parent = {a["id"]: a["parent_id"] for a in rows(sized, "accounts")}
    children = [child for child, p in parent.items() if p]
    assert children
    assert all(parent[parent[child]] is None for child in children)


def test_rates_run_on_without_a_gap(sized: Organisation):
    by_currency: dict[str, list[dict]] = {}
    for rate in rows(sized, "currency_rates"):
        by_currency.setdefault(rate["currency"], []).append(rate)
    assert {"USD", "GBP"} == set(by_currency)
    used = pc.unique(sized.tables["opportunities"]["currency"]).to_pylist()
    assert set(used) <= {sized.corporate_currency, *by_currency}
    for rates in by_currency.values():
        assert [r["end_at"] for r in rates[:-1]] == [r["start_at"] for r in rates[1:]]
        assert rates[-1]["end_at"] is None
        assert all(round(r["rate"], 6) == r["rate"] for r in rates)  # a CRM keeps no more decimals
        assert all(1 / round(1 / r["rate"], 6) == r["rate"] for r in rates)  # survives a CRM that stores the inverse
        assert len({r["rate"] for r in rates}) > 1


def test_nothing_points_to_what_was_merged_away_or_deleted(sized: Organisation):
    gone = {record for _, record in sized.deleted} | {loser for loser, _ in sized.merges}
    assert {"people", "opportunities", "activities"} == {stream for stream, _ in sized.deleted}
    for stream, table in sized.tables.items():
        for field in table.schema:
            if field.metadata and b"ref" in field.metadata:
                column = table[field.name].combine_chunks()
                values = column.flatten() if pa.types.is_list(field.type) else column
                assert gone.isdisjoint(values.to_pylist()), f"{stream}.{field.name}"
    visible = sized.visible()
    assert gone.isdisjoint(record for t in visible.tables.values() for record in t["id"].to_pylist())
    assert len(gone) == sum(sized.tables[s].num_rows - visible.tables[s].num_rows for s in STREAMS) == 4


def test_the_oddities_that_every_crm_has_are_there(demo: Organisation):
    acts, people = rows(demo, "activities"), rows(demo, "people")
    ours = {p["id"] for p in people if p["email"].split("@")[1] in demo.own_domains}
    assert ours
    assert any(set(a["person_ids"]) <= ours and a["person_ids"] for a in acts)
    assert any(a["direction"] == "internal" and not a["person_ids"] for a in acts)
    assert any(a["automated"] for a in acts)
    assert {"bounced", "no_show", "cancelled", "scheduled", "not_connected", "done"} == {a["outcome"] for a in acts}
    assert any(a["channel"] == "meeting" and a["direction"] == "inbound" for a in acts)
    assert {True, False} == {c["by_customer"] for c in rows(demo, "cases")}
    assert any(a["is_rival"] and a["vendor"] for a in rows(demo, "assets"))
    assert any(d["amount"] is not None and d["amount"] < 0 for d in rows(demo, "opportunities"))
    active = [a["account_id"] for a in acts]
    buyers = {d["account_id"] for d in rows(demo, "opportunities") if d["is_won"]}
    assert buyers - set(active)  # a customer of whom no act is on record
    assert any(a["type"] == "prospect" and a["id"] not in buyers for a in rows(demo, "accounts"))
    assert any(a["mandated"] for a in acts)
    custom = (
        "wallet",
        "strategic_importance",
        "mission_criticality",
        "strategic_customer",
        "known_vendors",
        "contract_end",
    )
    assert all(any(a[column] is not None for a in rows(demo, "accounts")) for column in custom)
    ends = [c["end_at"] - demo.now for c in rows(demo, "contracts") if c["active"]]
    assert any(timedelta(0) < left < timedelta(days=75) for left in ends)
    assert any(left > timedelta(days=400) for left in ends)


def test_rivals_are_logged_on_enough_closed_deals(sized: Organisation):
    seen = set(sized.tables["rivals"]["opportunity_id"].to_pylist())
    closed = [d["id"] for d in rows(sized, "opportunities") if d["is_closed"]]
    assert sum(d in seen for d in closed) > 0.15 * len(closed)


def test_the_model_of_the_demo_knows_every_family(demo: Organisation):
    model = ScoringModel.from_toml(demo_model_toml(), "demo")
    sold = set(demo.tables["line_items"]["product_family"].to_pylist())
    assert sold <= set(model.families.strategic) == set(model.families.critical) == set(model.families.modular)
    assert model.families.critical["Control platform"] == DEMO_FAMILIES["Control platform"].critical
    assert model.corporate_currency == demo.corporate_currency


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    accounts=st.integers(0, 40),
    now=st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    deals=st.floats(0, 12),
    acts=st.floats(0, 90),
)
def test_any_size_seed_and_day_makes_an_organisation(
    seed: int, accounts: int, now: datetime, deals: float, acts: float
):
    o = demo_organisation(seed, accounts, now=now, opportunities_per_account=deals, activities_per_account=acts)
    assert o.tables["accounts"].num_rows == max(accounts, 24)
    assert all(t.schema.equals(SCHEMAS[s], check_metadata=True) for s, t in o.tables.items())
    assert pc.max(o.tables["activities"]["created_at"]).as_py() <= now
