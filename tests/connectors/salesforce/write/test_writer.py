"""Writes: one result for each change, only our own fields, and whole answers or none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Change, Value
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer
from connectors.errors import ConfigError, RetriableError, SchemaError
from connectors.salesforce.api.bulk_jobs import ingest_csv
from connectors.salesforce.write.writer import _bulk_error, error
from enrichment.fields import fields


def ids(connector: Any, stream: str) -> list[str]:
    return [i for page in connector.read(stream, None) for i in page.batch.column("id").to_pylist()]


def change(stream: Any, record: str, parent: str | None = None, **values: Value) -> Change:
    return Change(stream, record, values, f"run/{record}", parent)


def held(connector: Any, stream: str, column: str) -> dict[str, Any]:
    return {row["id"]: row[column] for page in connector.read(stream, None) for row in page.batch.to_pylist()}


def many(connector: Any, score: float) -> list[Change]:
    return [change("accounts", i, bothways_confidence=score) for i in ids(connector, "accounts")]


def test_only_our_fields_are_ever_written(provisioned: Any, app: SalesforceEmulator, server: EmulatorServer) -> None:
    deals = [change("opportunities", i, bothways_deal_confidence=5.0) for i in ids(provisioned, "opportunities")[:300]]
    list(provisioned.write([*many(provisioned, 12.5), *deals]))
    written = app.stats()["records_written"]
    assert set(written) <= {"Account", "Opportunity", "PermissionSetAssignment"}
    assert all(name.startswith("Bothways_") for thing in ("Account", "Opportunity") for name in written[thing])
    assert app.stats()["owner_changes"] == 0


def test_several_collections_are_one_call(provisioned: Any, server: EmulatorServer) -> None:
    deals = ids(provisioned, "opportunities")
    assert len(deals) > 200
    before, written = server.stats()["calls_total"], provisioned.calls().write
    results = list(provisioned.write([change("opportunities", i, bothways_deal_confidence=7.5) for i in deals]))
    assert [r.error for r in results] == [None] * len(deals)
    assert server.stats()["calls_total"] - before == provisioned.calls().write - written == 1
    assert set(held(provisioned, "opportunities", "bothways_deal_confidence").values()) == {7.5}


def test_nothing_but_accounts_and_opportunities_is_written(provisioned: Any, app: SalesforceEmulator) -> None:
    before = app.stats()["records_written"]
    for stream in ("people", "activities"):
        with pytest.raises(ConfigError, match=stream):
            list(provisioned.write([Change(stream, "003000000000001AAA", {}, "k")]))
    assert app.stats()["records_written"] == before


def test_too_many_at_once_is_refused(provisioned: Any) -> None:
    with pytest.raises(ConfigError, match="1000"):
        list(provisioned.write([change("accounts", f"001{n:012}", bothways_confidence=1.0) for n in range(1001)]))


def test_15_character_ids_are_the_same_records(provisioned: Any) -> None:
    [account] = ids(provisioned, "accounts")[:1]
    [result] = list(provisioned.write([change("accounts", account[:15], bothways_confidence=3.0)]))
    assert (result.error, result.change.record_id) == (None, account[:15])
    assert held(provisioned, "accounts", "bothways_confidence")[account] == 3.0


def test_a_validation_rule_refuses_one_and_not_the_others(provisioned: Any, app: SalesforceEmulator) -> None:
    changes = many(provisioned, 50.0)
    victim = changes[1].record_id
    app.add_validation_rule("Account", lambda row: row["Id"] == victim, "Accounts in dispute are frozen")
    results = {r.change.record_id: r.error for r in provisioned.write(changes)}
    assert {r for r, e in results.items() if e} == {victim}
    refused = results[victim]
    assert (refused.kind, refused.code) == ("rejected", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert "Accounts in dispute are frozen" in refused.message


def test_a_locked_row_is_written_in_the_same_call(provisioned: Any, app: SalesforceEmulator) -> None:
    changes = many(provisioned, 51.0)
    for locked in changes[:3]:
        app.lock(locked.record_id, 2)
    assert [r.error for r in provisioned.write(changes)] == [None] * len(changes)
    assert set(held(provisioned, "accounts", "bothways_confidence").values()) == {51.0}


def test_a_row_that_stays_locked_may_be_tried_again_later(provisioned: Any, app: SalesforceEmulator) -> None:
    changes = many(provisioned, 52.0)
    app.lock(changes[0].record_id, None)
    failed = [r for r in provisioned.write(changes) if r.error]
    assert [(r.change, r.error.kind) for r in failed] == [(changes[0], "retry")]


def test_unknown_and_deleted_records_are_gone(provisioned: Any, app: SalesforceEmulator) -> None:
    changes = many(provisioned, 53.0)
    app.delete("Account", changes[0].record_id)
    app.purge("Account", changes[1].record_id)
    results = {r.change.record_id: r.error for r in provisioned.write(changes)}
    assert {r: e.kind for r, e in results.items() if e} == {c.record_id: "gone" for c in changes[:2]}


def test_fewer_results_than_records_are_an_unknown_outcome(provisioned: Any, server: EmulatorServer) -> None:
    changes = many(provisioned, 54.0)[:3]
    body = f'[{{"id":"{changes[0].record_id}","success":true,"errors":[]}}]'
    server.faults.add({"kind": "status", "status": 200, "body": body, "match": {"method": "PATCH"}})
    with pytest.raises(RetriableError, match="unknown"):
        list(provisioned.write(changes))


def test_results_of_other_records_are_an_unknown_outcome(provisioned: Any, server: EmulatorServer) -> None:
    first, second = sorted(many(provisioned, 54.0)[:2], key=lambda c: c.record_id)
    body = ",".join(f'{{"id":"{c.record_id}","success":true,"errors":[]}}' for c in (second, first))
    server.faults.add({"kind": "status", "status": 200, "body": f"[{body}]", "match": {"method": "PATCH"}})
    with pytest.raises(RetriableError, match="unknown"):
        list(provisioned.write([first, second]))


def test_an_answer_that_is_lost_is_asked_for_again(provisioned: Any, server: EmulatorServer) -> None:
    """The values are absolute, so the same request twice leaves the same records."""
    server.faults.add({"kind": "reset_after", "match": {"method": "PATCH"}, "times": 1})
    changes = many(provisioned, 55.0)
    assert [r.error for r in provisioned.write(changes)] == [None] * len(changes)


def test_text_that_looks_like_a_reference_is_text(provisioned: Any) -> None:
    deals = ids(provisioned, "opportunities")[:201]
    changes = [change("opportunities", i, bothways_deal_top_drivers="see @{r0[0].id}") for i in deals]
    assert [r.error for r in provisioned.write(changes)] == [None] * len(deals)
    assert held(provisioned, "opportunities", "bothways_deal_top_drivers")[deals[0]] == "see @{r0[0].id}"


def test_a_missing_field_names_itself_and_the_remedy(connect: Any) -> None:
    connector = connect(owned=fields("essential"))
    [account] = ids(connector, "accounts")[:1]
    with pytest.raises(SchemaError, match=r"Account\.Bothways_Confidence__c.*bothways provision"):
        list(connector.write([change("accounts", account, bothways_confidence=1.0)]))


def test_bulk_writes_the_same(provisioned: Any, connect: Any, app: SalesforceEmulator) -> None:
    bulk = connect(owned=fields("full"), bulk_write_rows=1)
    accounts = ids(provisioned, "accounts")
    app.delete("Account", accounts[0])
    values: dict[str, Value] = {
        "bothways_stance": "protect",
        "bothways_confidence": 70.5,
        "bothways_two_way_contacts": 3,
        "bothways_top_drivers": 'Zürich says "yes",\nand more',
        "bothways_asof": datetime(2026, 6, 1, 12, 30, tzinfo=UTC),
    }
    results = list(bulk.write([Change("accounts", i, values, i) for i in accounts]))
    assert {r.change.record_id: r.error.kind for r in results if r.error} == {accounts[0]: "gone"}
    row = next(r for p in bulk.read("accounts", None) for r in p.batch.to_pylist() if r["id"] == accounts[1])
    assert {n: row[n] for n in values} == {**values, "bothways_top_drivers": 'Zürich says "yes", and more'}
    list(bulk.write([change("accounts", accounts[1], bothways_stance=None)]))
    row = next(r for p in bulk.read("accounts", None) for r in p.batch.to_pylist() if r["id"] == accounts[1])
    assert (row["bothways_stance"], row["bothways_confidence"]) == (None, 70.5)
    assert app.stats()["owner_changes"] == 0


def test_the_csv_of_a_bulk_write() -> None:
    rows = [{"Id": "1", "A": "x,\r\ny", "B": None}, {"Id": "2", "B": 'say "ü"'}]
    assert ingest_csv(["Id", "A", "B"], rows).decode() == 'Id,A,B\n1,"x, y",#N/A\n2,,"say ""ü"""\n'


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UNABLE_TO_LOCK_ROW", "retry"),
        ("ENTITY_IS_DELETED", "gone"),
        ("INVALID_FIELD_FOR_INSERT_UPDATE", "schema"),
        ("INSUFFICIENT_ACCESS_OR_READONLY", "auth"),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "rejected"),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "rejected"),
        ("DUPLICATES_DETECTED", "rejected"),
        ("REQUIRED_FIELD_MISSING", "rejected"),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "schema"),
        ("STRING_TOO_LONG", "schema"),
        ("INVALID_CROSS_REFERENCE_KEY", "gone"),
        ("PROCESSING_HALTED", "retry"),
        ("ALL_OR_NONE_OPERATION_ROLLED_BACK", "retry"),
        ("SOMETHING_NEW", "rejected"),
    ],
)
def test_every_refusal_has_a_meaning(code: str, kind: str) -> None:
    assert error(code, "why").kind == kind
    bulk = _bulk_error(f"{code}:why, as told: in words:FIELD--")
    assert bulk is not None
    assert (bulk.kind, bulk.code, bulk.message) == (kind, code, "why, as told: in words")
