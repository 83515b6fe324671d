"""Traps of the Salesforce APIs that lose, repeat or misread records without any error."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from connectors.base import Change, Organisation, Page
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer, Request, Response
from connectors.errors import RetriableError
from connectors.records import SCHEMAS, Stream
from connectors.salesforce.config import SalesforceConfig, SalesforceMapping
from connectors.salesforce.connector import SalesforceConnector
from connectors.salesforce.names import field_name
from connectors.salesforce.read.activities import objects
from connectors.salesforce.read.cursor import Position, decode
from connectors.salesforce.translate.columns import from_json
from connectors.salesforce.translate.participants import Sides, Tie
from connectors.salesforce.translate.task import Tasks
from enrichment.fields import fields

OWNED = fields("essential")
ANN, BOB, SAM = "003000000000001AAA", "003000000000002AAA", "005000000000001AAA"


class Witness(SalesforceEmulator):
    """Keeps the bodies of writes, and can spoil one answer inside a composite call."""

    def __init__(self, *given: Any, **settings: Any) -> None:
        super().__init__(*given, **settings)
        self.written: list[list[str]] = []
        self.spoil = 0

    def handle(self, request: Request) -> Response:
        response = super().handle(request)
        if not request.path.endswith("/composite") or b'"PATCH"' not in request.body:
            return response
        parts = json.loads(request.body)["compositeRequest"]
        self.written.append([row["id"] for part in parts for row in part["body"]["records"]])
        if self.spoil:
            self.spoil -= 1
            told = json.loads(response.body)
            told["compositeResponse"][-1] |= {
                "httpStatusCode": 503,
                "body": [{"errorCode": "SERVER_UNAVAILABLE", "message": "x"}],
            }
            response.body = json.dumps(told).encode()
        return response


@pytest.fixture
def app(organisation: Any) -> Witness:
    return Witness(organisation)


def read(connector: Any, stream: Stream, since: str | None = None) -> list[Page]:
    return list(connector.read(stream, since))


def rows(pages: list[Page]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for page in pages for row in page.batch.to_pylist()}


def test_what_a_person_changed_just_before_our_write_is_read(provisioned: Any, app: SalesforceEmulator) -> None:
    """Both in one window, and the last to touch the record is us: leaving out our own changes would lose theirs."""
    pages = read(provisioned, "accounts")
    account = next(iter(rows(pages)))
    app.change("Account", account, {"Name": "Renamed by hand"})
    [result] = provisioned.write([Change("accounts", account, {"bothways_confidence": 5.0}, "k")])
    assert result.error is None
    again = rows(read(provisioned, "accounts", pages[-1].cursor))
    assert (again[account]["name"], again[account]["bothways_confidence"]) == ("Renamed by hand", 5.0)


def test_records_of_one_second_are_all_read(connect: Any, app: SalesforceEmulator, server: EmulatorServer) -> None:
    """One transaction stamps hundreds of rows with one second: going on behind a stamp alone would skip the rest of
    them.
    """
    app.org.store.execute("UPDATE Opportunity SET SystemModstamp = '2026-10-01T00:00:00.000+0000'")
    whole = rows(read(connect(), "opportunities"))
    connector = connect(page_rows=200)
    body = '[{"message":"invalid query locator","errorCode":"INVALID_QUERY_LOCATOR"}]'
    server.faults.add(
        {"kind": "status", "status": 400, "body": body, "match": {"path": "query(All)?/0r8"}, "times": None}
    )
    pages = read(connector, "opportunities")
    assert len(pages) > 1
    assert rows(pages) == whole
    cursor = pages[0].cursor
    assert isinstance(decode(cursor), Position)
    assert {**rows(pages[:1]), **rows(read(connect(page_rows=200), "opportunities", cursor))} == whole


def test_an_object_that_bulk_does_not_serve_is_read_by_rest(connect: Any, server: EmulatorServer) -> None:
    whole = rows(read(connect(), "accounts"))
    body = '[{"errorCode":"INVALIDENTITY","message":"Entity \'Account\' is not supported by the Bulk API."}]'
    server.faults.add(
        {
            "kind": "status",
            "status": 400,
            "body": body,
            "match": {"method": "POST", "path": "jobs/query"},
            "times": None,
        }
    )
    assert rows(read(connect(bulk_read_rows=0), "accounts")) == whole


def test_a_chain_of_merges_is_told_link_by_link(connect: Any, app: SalesforceEmulator) -> None:
    connector = connect()
    pages = read(connector, "accounts")
    one, two, three = list(rows(pages))[:3]
    app.merge("Account", two, [one])
    app.merge("Account", three, [two])
    merged = {k: v for page in read(connector, "accounts", pages[-1].cursor) for k, v in page.merged.items()}
    assert {one: two, two: three}.items() <= merged.items()


def test_a_field_that_security_hides_is_unknown_and_named(connect: Any, app: SalesforceEmulator) -> None:
    """Selecting it would be INVALID_FIELD for the whole query."""
    app.revoke("Account", "Industry")
    connector = connect(token=app.runtime_token)
    assert {row["industry"] for row in rows(read(connector, "accounts")).values()} == {None}
    [found] = [f for f in connector.check().findings if "Account.Industry" in f.message]
    assert (found.level, bool(found.remedy)) == ("warn", True)


def test_rows_of_one_account_are_written_together(provisioned: Any, app: Witness) -> None:
    """Each write of an opportunity can lock its account: in two requests at once they would wait for each other."""
    deals = rows(read(provisioned, "opportunities"))
    parents = {i: row["account_id"] for i, row in deals.items()}
    assert len(set(parents.values())) > 10
    changes = [Change("opportunities", i, {"bothways_deal_confidence": 1.0}, i, parents[i]) for i in sorted(deals)]
    assert [r.error for r in provisioned.write(changes)] == [None] * len(changes)
    [sent] = app.written
    order = [parents[i] for i in sent]
    assert sum(a != b for a, b in pairwise(order)) == len(set(order)) - 1


def test_a_part_of_a_call_that_failed_is_sent_again_with_the_whole(provisioned: Any, app: Witness) -> None:
    """A composite call is 200 whatever its parts are."""
    deals = list(rows(read(provisioned, "opportunities")))
    app.spoil = 1
    changes = [Change("opportunities", i, {"bothways_deal_confidence": 2.0}, i) for i in deals]
    with pytest.raises(RetriableError):
        list(provisioned.write(changes))
    assert [r.error for r in provisioned.write(changes)] == [None] * len(changes)


@pytest.fixture
def one_currency(organisation: Any, connect: Any, mapping: SalesforceMapping, tmp_path: Path) -> Iterator[Any]:
    """A connector to an organisation without several currencies."""
    empty = pa.Table.from_pylist([], schema=SCHEMAS["currency_rates"])
    app = SalesforceEmulator(replace(organisation, tables={**organisation.tables, "currency_rates": empty}))
    (tmp_path / "one").write_text(app.token)
    with EmulatorServer(app) as server:
        auth = {"method": "token", "token": {"file": str(tmp_path / "one")}}
        config = SalesforceConfig.model_validate({"kind": "salesforce", "url": server.url, "auth": auth})
        connector = SalesforceConnector(config, mapping, (), Organisation(organisation.own_domains, "EUR", "UTC"))
        yield connector
        connector.close()


def test_an_organisation_of_one_currency_has_no_field_for_it(one_currency: Any) -> None:
    assert rows(read(one_currency, "currency_rates")) == {}
    deals = rows(read(one_currency, "opportunities"))
    assert {row["currency"] for row in deals.values()} == {None}
    assert any(row["amount"] for row in deals.values())
    assert not [f for f in one_currency.check().findings if "Currency" in f.message and f.level != "ok"]


def test_people_of_a_shared_task_are_known() -> None:
    shipped = Path(__file__).parents[4] / "config/mappings/salesforce.toml"
    mapping = SalesforceMapping.model_validate(tomllib.loads(shipped.read_text("utf-8")))
    task = dict(objects(mapping.activities))[("call", "task")]
    row = {"Id": "00T1", "ActivityDate": "2026-01-02", "IsClosed": True, "WhoId": ANN, "OwnerId": SAM, "WhoCount": 2}
    frame = from_json([row], ["Id", "CreatedDate", "SystemModstamp", *task.fields.values()])
    related = SimpleNamespace(ties=lambda kind, ids: {"00T1": [Tie(ANN), Tie(BOB)]}, twins=lambda *asked: set())
    made = Tasks(task, related, Sides()).translate(frame)
    assert made.batch.to_pylist()[0]["person_ids"] == [ANN, BOB]


def test_labels_and_names_fit_what_salesforce_takes() -> None:
    """A longer label fails the deployment; cut, two of them could become one."""
    for spec in fields("full"):
        assert len(spec.label) <= 40, spec.name
        assert len(spec.description) <= 510, spec.name
        assert len(field_name(spec.name)) <= 43, spec.name
        assert spec.precision <= 18
