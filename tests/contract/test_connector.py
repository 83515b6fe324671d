"""What every connector promises, whatever is behind it. The same tests for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

from connectors.base import Change, Connector, Page, Rereader, Value
from connectors.errors import ConfigError, SchemaError
from connectors.records import SCHEMAS, Stream, schema
from enrichment.fields import fields

ESSENTIAL = fields("essential")
ACCOUNT_VALUES: dict[str, Value] = {
    "bothways_stance": "protect",
    "bothways_customer_dependence": 61.5,
    "bothways_seller_dependence": 0.0,
    "bothways_reciprocity_balance": -12.3,
    "bothways_reclaimable_hours": 4.2,
    "bothways_top_drivers": 'They need us: "sole source", Zürich; 3 more\nand they answer.',
    "bothways_confidence": 70.0,
    "bothways_asof": datetime(2026, 6, 1, 12, 30, tzinfo=UTC),
}


def read(connector: Connector, stream: Stream, since: str | None = None) -> list[Page]:
    return list(connector.read(stream, since))


def rows(pages: Iterable[Page]) -> dict[str, dict[str, Any]]:
    """The newest version of each record, as a landing would keep it."""
    kept: dict[str, dict[str, Any]] = {}
    for page in pages:
        for row in page.batch.to_pylist():
            kept[row["id"]] = row
    return kept


def gone(pages: Iterable[Page]) -> set[str]:
    return {record for page in pages for record in page.deleted}


def change(stream: Stream, record_id: str, values: dict[str, Value], parent: str | None = None) -> Change:
    return Change(stream, record_id, values, f"run/{stream}/{record_id}", parent)


def expected(harness: Any, organisation: ModuleType, stream: Stream) -> dict[str, dict[str, Any]]:
    """The organisation's rows of the compared columns, keys replaced by the CRM's ids."""
    columns = organisation.compared(stream, harness.unheld)

    def resolve(column: str, value: Any) -> Any:
        metadata = SCHEMAS[stream].field(column).metadata or {}
        target = metadata.get(b"ref", b"").decode() or (stream if column == "id" else "")
        if not target or value is None:
            return value
        if isinstance(value, list):
            return [harness.id_of(target, key) for key in value]
        return harness.id_of(target, value)

    wanted = [{column: resolve(column, row.get(column)) for column in columns} for row in organisation.ROWS[stream]]
    return {row["id"]: row for row in wanted}


@pytest.fixture
def connector(harness: Any) -> Connector:
    return harness.connect()  # type: ignore[no-any-return]


@pytest.fixture
def provisioned(harness: Any) -> Connector:
    """A connector of a CRM that has our essential properties."""
    if not harness.provisions:
        pytest.skip(f"{harness.name} has no fields to add")
    harness.connect().provision(ESSENTIAL)
    return harness.connect(ESSENTIAL)  # type: ignore[no-any-return]


def _streams(harness: Any, organisation: ModuleType) -> list[Stream]:
    return [stream for stream in organisation.ROWS if stream in harness.streams]


def test_full_read_returns_every_record_exactly(harness: Any, organisation: ModuleType, connector: Connector) -> None:
    for stream in _streams(harness, organisation):
        want = expected(harness, organisation, stream)
        columns = organisation.compared(stream, harness.unheld)
        pages = read(connector, stream)
        of_the_crm = getattr(harness, "own_records", frozenset())
        got = {r: {c: row[c] for c in columns} for r, row in rows(pages).items() if r not in of_the_crm}
        assert want == got, stream
        assert [reject for page in pages for reject in page.rejects] == [], stream


def test_capabilities_name_the_streams_that_can_be_read(
    harness: Any, organisation: ModuleType, connector: Connector
) -> None:
    assert set(_streams(harness, organisation)) <= set(connector.capabilities.streams)
    for stream in connector.capabilities.streams:
        assert read(connector, stream)


def test_batches_have_exactly_the_canonical_schema(
    harness: Any, organisation: ModuleType, connector: Connector
) -> None:
    for stream in connector.capabilities.streams:
        for page in read(connector, stream):
            assert stream == page.stream
            assert schema(stream).equals(page.batch.schema, check_metadata=False), stream
            page.batch.validate(full=True)
            assert page.batch.column("id").null_count == 0


def test_two_full_reads_are_equal(connector: Connector) -> None:
    for stream in connector.capabilities.streams:
        assert rows(read(connector, stream)) == rows(read(connector, stream)), stream


def test_a_read_resumed_from_any_page_misses_nothing(harness: Any, connector: Connector) -> None:
    whole = read(connector, "activities")
    everything = set(rows(whole))
    for number, page in enumerate(whole[:-1]):
        later = rows(read(harness.connect(), "activities", page.cursor))
        assert everything <= set(rows(whole[: number + 1])) | set(later)


def test_an_incremental_read_returns_the_changed_record(harness: Any, connector: Connector) -> None:
    if not harness.edits:
        pytest.skip(f"{harness.name} records cannot be edited in place")
    last = read(connector, "accounts")[-1].cursor
    harness.edit("accounts", "acme", "name", "Acme Bern")
    assert rows(read(harness.connect(), "accounts", last))[harness.id_of("accounts", "acme")]["name"] == "Acme Bern"


def test_with_nothing_changed_only_known_versions_come_back(harness: Any, connector: Connector) -> None:
    for stream in connector.capabilities.incremental:
        first = read(connector, stream)
        again = read(connector, stream, first[-1].cursor)
        known = rows(first)
        assert all(known[record] == row for record, row in rows(again).items()), stream
        assert set() == gone(again), stream


def test_a_deleted_record_is_reported(harness: Any, connector: Connector) -> None:
    if not harness.edits:
        pytest.skip(f"{harness.name} records cannot be deleted in place")
    last = read(connector, "opportunities")[-1].cursor
    victim = harness.id_of("opportunities", "deal_lost")
    harness.delete("opportunities", "deal_lost")
    pages = read(harness.connect(), "opportunities", last)
    full = read(harness.connect(), "opportunities")
    assert victim not in rows(full)
    if "opportunities" in connector.capabilities.incremental:
        assert victim in gone(pages)
        assert victim not in rows(pages)


def test_a_merged_account_is_reported_with_its_survivor(harness: Any, connector: Connector) -> None:
    if not harness.merges:
        pytest.skip(f"{harness.name} does not merge records")
    last = read(connector, "accounts")[-1].cursor
    loser, survivor = harness.id_of("accounts", "twin"), harness.id_of("accounts", "solo")
    harness.merge("twin", "solo")
    pages = read(harness.connect(), "accounts", last)
    assert {loser: survivor} == {a: b for page in pages for a, b in page.merged.items()}
    assert loser not in rows(read(harness.connect(), "accounts"))


def test_values_round_trip_and_clear(harness: Any, provisioned: Connector) -> None:
    record = harness.id_of("accounts", "acme")
    [result] = list(provisioned.write([change("accounts", record, ACCOUNT_VALUES)]))
    assert result.error is None
    held = rows(read(harness.connect(ESSENTIAL), "accounts"))[record]
    want = {**ACCOUNT_VALUES}
    drivers = str(want.pop("bothways_top_drivers"))
    assert want == {name: held[name] for name in want}
    assert drivers.split() == held["bothways_top_drivers"].split()

    cleared: dict[str, Value] = dict.fromkeys(ACCOUNT_VALUES)
    [result] = list(provisioned.write([change("accounts", record, cleared)]))
    assert result.error is None
    held = rows(read(harness.connect(ESSENTIAL), "accounts"))[record]
    assert cleared == {name: held[name] for name in cleared}


def test_a_property_that_was_not_given_keeps_its_value(harness: Any, provisioned: Connector) -> None:
    record = harness.id_of("opportunities", "deal_open")
    list(provisioned.write([change("opportunities", record, {"bothways_deal_confidence": 55.5})]))
    list(provisioned.write([change("opportunities", record, {"bothways_deal_stance": "advance"})]))
    held = rows(read(harness.connect(ESSENTIAL), "opportunities"))[record]
    assert (held["bothways_deal_confidence"], held["bothways_deal_stance"]) == (55.5, "advance")


def test_the_batch_schema_carries_the_held_properties(provisioned: Connector) -> None:
    for stream in ("accounts", "opportunities"):
        for page in read(provisioned, stream):
            assert schema(stream, ESSENTIAL).equals(page.batch.schema, check_metadata=False)
            held = [spec.name for spec in ESSENTIAL if spec.stream == stream]
            assert all(page.batch.num_rows == page.batch.column(name).null_count for name in held)


def test_every_change_has_one_result_and_a_deleted_record_is_gone(harness: Any, provisioned: Connector) -> None:
    keys = ("acme", "acme_sub", "solo", "twin")
    harness.delete("accounts", "acme_sub")
    changes = [change("accounts", harness.id_of("accounts", k), {"bothways_confidence": 50.0}) for k in keys]
    results = list(provisioned.write(changes))
    assert sorted(c.record_id for c in changes) == sorted(r.change.record_id for r in results)
    kinds = {r.change.record_id: r.error.kind if r.error else None for r in results}
    assert {harness.id_of("accounts", k): "gone" if k == "acme_sub" else None for k in keys} == kinds


def test_writing_twice_is_harmless(harness: Any, provisioned: Connector) -> None:
    changes = [change("accounts", harness.id_of("accounts", "acme"), ACCOUNT_VALUES)]
    first, second = list(provisioned.write(changes)), list(provisioned.write(changes))
    assert [first[0].error, second[0].error] == [None, None]


def test_a_field_of_theirs_is_never_written(harness: Any, provisioned: Connector) -> None:
    record = harness.id_of("accounts", "acme")
    for foreign in ("name", "Name", "Industry", "bothways_unheard_of"):
        with pytest.raises(ConfigError, match=foreign):
            list(provisioned.write([change("accounts", record, {foreign: "x"})]))
    assert rows(read(harness.connect(), "accounts"))[record]["name"] == "Acme Zürich “AG”"


def test_provision_adds_once_and_only_what_is_missing(harness: Any) -> None:
    if not harness.provisions:
        pytest.skip(f"{harness.name} has no fields to add")
    some, every = fields("essential"), fields("full")
    before = rows(read(harness.connect(), "accounts"))
    plan = harness.connect().plan_provision(some)
    assert len(plan.to_do) >= len(some)
    assert plan.conflicts == ()
    harness.connect().provision(some)
    assert harness.connect().plan_provision(some).to_do == ()
    assert harness.connect().provision(some).to_do == ()

    harness.connect().provision(every)
    assert harness.connect().plan_provision(every).to_do == ()
    assert harness.connect().plan_provision(some).to_do == ()
    after = rows(read(harness.connect(), "accounts"))
    assert {r: {**v, "modified_at": None} for r, v in before.items()} == {
        r: {**v, "modified_at": None} for r, v in after.items()
    }


def test_unprovision_takes_away_what_was_put_in(harness: Any, provisioned: Connector) -> None:
    assert provisioned.plan_unprovision(ESSENTIAL).to_do
    harness.connect().unprovision(ESSENTIAL)
    assert harness.connect().plan_unprovision(ESSENTIAL).to_do == ()
    assert harness.connect().plan_provision(ESSENTIAL).to_do
    assert rows(read(harness.connect(), "accounts"))


def test_check_is_good_after_provisioning(provisioned: Connector) -> None:
    diagnosis = provisioned.check()
    assert diagnosis.ok, [finding for finding in diagnosis.findings if finding.level == "fail"]


def test_a_revoked_property_is_a_clear_finding(harness: Any, provisioned: Connector) -> None:
    spec = next(spec for spec in ESSENTIAL if spec.name == "bothways_confidence")
    harness.revoke(spec)
    fresh = harness.connect(ESSENTIAL)
    failed = [f for f in fresh.check().findings if f.level == "fail"]
    assert any("bothways_confidence" in f.message.lower() and f.remedy for f in failed)
    with pytest.raises(SchemaError, match=r"(?i)bothways_confidence"):
        list(fresh.write([change("accounts", harness.id_of("accounts", "acme"), {"bothways_confidence": 1.0})]))


def test_calls_are_counted(harness: Any, connector: Connector) -> None:
    read(connector, "activities")
    calls = connector.calls()
    if harness.name == "files":
        assert calls.read + calls.write + calls.minimum == 0
    else:
        assert calls.read > 0
        assert 0 < calls.minimum <= calls.read + calls.write
        assert calls.read + calls.write == sum(calls.by_endpoint.values())
    assert isinstance(read(connector, "accounts")[0].batch, pa.RecordBatch)


@pytest.fixture
def rereader(connector: Connector) -> Rereader:
    """A connector that reads single records again; the other ones say that they do not."""
    if not connector.capabilities.rereadable:
        pytest.skip(f"{connector.name} reads no single records again")
    assert isinstance(connector, Rereader)
    assert connector.capabilities.rereadable <= set(connector.capabilities.streams)
    return connector


def test_a_record_read_again_is_the_record_of_a_full_read(rereader: Rereader, connector: Connector) -> None:
    for stream in connector.capabilities.rereadable:
        whole = rows(read(connector, stream))
        some = sorted(whole)[::2]
        pages = list(rereader.reread(stream, some))
        assert {record: whole[record] for record in some} == {r: row for r, row in rows(pages).items() if r in some}
        assert set() == gone(pages), stream
        for page in pages:
            assert schema(stream).equals(page.batch.schema, check_metadata=False), stream


def test_a_record_that_is_not_there_is_answered_as_deleted(
    harness: Any, rereader: Rereader, connector: Connector
) -> None:
    harness.delete("opportunities", "deal_lost")
    victim, alive = harness.id_of("opportunities", "deal_lost"), harness.id_of("opportunities", "deal_open")
    pages = list(rereader.reread("opportunities", [victim, alive, "999999999"]))
    assert {alive} == set(rows(pages))
    assert {victim, "999999999"} == gone(pages)
    for stream in connector.capabilities.rereadable:
        pages = list(rereader.reread(stream, ["no such id"]))
        assert ({"no such id"}, {}) == (gone(pages), rows(pages)), stream


def test_a_survivor_read_again_names_who_was_merged_into_it(harness: Any, rereader: Rereader) -> None:
    loser, survivor = harness.id_of("accounts", "twin"), harness.id_of("accounts", "solo")
    harness.merge("twin", "solo")
    pages = list(rereader.reread("accounts", [loser, survivor]))
    assert {survivor} == set(rows(pages))
    assert {loser: survivor} == {a: b for page in pages for a, b in page.merged.items()}
    assert set() == gone(pages)
