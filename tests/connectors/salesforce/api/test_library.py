"""The defects of simple-salesforce 1.12, each of which would show here if its path were reached. Ours goes past all of
them.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Change
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer, Request, Response
from connectors.errors import AuthError, RetriableError
from connectors.salesforce.api.bulk_jobs import ingest_csv
from enrichment.fields import fields

UNAUTHORISED = {
    "kind": "status",
    "status": 401,
    "body": '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]',
}
OWNED = fields("essential")
ODD = 'Zürich says "never",\nand 𝄞 means\u2028it\x0b, or\x85so'
"""What a Latin-1 reading spoils, and what splits lines that are none."""


class Witness(SalesforceEmulator):
    """Keeps the head of every request. With `failed`, every write job is told to have failed for that reason."""

    def __init__(self, *given: Any, **settings: Any) -> None:
        super().__init__(*given, **settings)
        self.heads: list[tuple[str, dict[str, str]]] = []
        self.failed = ""

    def handle(self, request: Request) -> Response:
        self.heads.append((f"{request.method} {request.path}", dict(request.headers)))
        response = super().handle(request)
        if self.failed and request.method == "GET" and re.search(r"jobs/ingest/\w+$", request.path):
            job = {**json.loads(response.body), "state": "Failed", "errorMessage": self.failed}
            return replace(response, body=json.dumps(job).encode())
        return response

    def sent(self, words: str) -> list[dict[str, str]]:
        return [head for where, head in self.heads if words in where]


@pytest.fixture
def app(organisation: Any) -> Witness:
    return Witness(organisation)


@pytest.fixture
def bulk(connect: Any) -> Any:
    """A connector that writes by Bulk."""
    connect().provision(OWNED)
    return connect(owned=OWNED, bulk_write_rows=1)


def ids(connector: Any) -> list[str]:
    return [i for page in connector.read("accounts", None) for i in page.batch.column("id").to_pylist()]


def change(record: str, **values: Any) -> Change:
    return Change("accounts", record, {"bothways_confidence": 10.0, **values}, record)


def test_a_401_that_comes_again_and_again_ends(
    connect: Any, server: EmulatorServer, client_credentials: dict[str, Any]
) -> None:
    """Defect 1: rows signed in anew for ever; here once."""
    server.faults.add({**UNAUTHORISED, "match": {"path": "/services/data/v"}, "times": None})
    with pytest.raises(AuthError):
        ids(connect(auth=client_credentials))
    assert server.stats()["calls"]["POST /services/oauth2/token"] == 2
    assert server.stats()["calls_total"] == 4


def test_every_header_is_there_on_the_second_try(
    connect: Any, app: Witness, server: EmulatorServer, client_credentials: dict[str, Any]
) -> None:
    """Defect 2: a request was repeated without its headers after signing in anew."""
    connector = connect(auth=client_credentials)
    assert connector.capabilities.streams
    server.faults.add({**UNAUTHORISED, "match": {"path": "/queryAll"}, "times": 1})
    ids(connector)
    app.tokens.revoke(connector._client.transport.tokens.current())
    ids(connector)
    heads = app.sent("GET /services/data/v68.0/queryAll")
    assert len(heads) >= 3
    assert {head.get("sforce-query-options") for head in heads} == {"batchSize=2000"}


@pytest.mark.parametrize("path", ["batches", "successfulResults"])
def test_a_bulk_write_outlives_its_session(bulk: Any, app: Witness, server: EmulatorServer, path: str) -> None:
    """Defect 3: Bulk never signed in anew."""
    accounts = ids(bulk)
    second = app.tokens.add(app.token + "2", app.seeded.admin_user)
    server.faults.add({**UNAUTHORISED, "match": {"path": path}, "times": 1})
    bulk._client.transport.tokens._auth.token.file.write_text(second)
    assert [r.error for r in bulk.write([change(i) for i in accounts])] == [None] * len(accounts)
    assert server.stats()["calls"]["POST jobs/ingest"] == 1


def test_a_deployment_leaves_no_header_behind(connect: Any, app: Witness) -> None:
    """Defect 7: after a deployment every JSON request said text/xml. And X-PrettyPrint made all answers a third
    larger.
    """
    connector = connect(owned=OWNED)
    connector.provision(OWNED)
    app.heads.clear()
    [account, *_] = ids(connector)
    assert next(iter(connector.write([change(account)]))).error is None
    assert connector.check().ok
    bodies = [head for where, head in app.heads if where.startswith(("POST", "PATCH", "PUT"))]
    assert bodies
    assert {head["content-type"] for head in bodies} == {"application/json"}
    assert not any({"soapaction", "x-prettyprint", "cookie"} & set(head) for _, head in app.heads)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_last_record_of_a_bulk_write_is_written(bulk: Any, app: Witness, count: int) -> None:
    """Defect 8: one record sent wrote none."""
    chosen = ids(bulk)[:count]
    assert [r.error for r in bulk.write([change(i, bothways_confidence=77.0) for i in chosen])] == [None] * count
    held = {r["Id"] for r in app.records("Account") or [] if r["Bothways_Confidence__c"] == 77.0}
    assert held == set(chosen)


def test_bulk_results_are_read_as_they_were_written(bulk: Any, app: Witness) -> None:
    """Defects 9 and 10: results were read as Latin-1, and lost every line break and what looks like one."""
    accounts = ids(bulk)[:3]
    app.add_validation_rule("Account", lambda row: row["Id"] == accounts[1], ODD)
    results = {r.change.record_id: r.error for r in bulk.write([change(i, bothways_top_drivers=ODD) for i in accounts])}
    assert [results[accounts[0]], results[accounts[2]]] == [None, None]
    refused = results[accounts[1]]
    assert refused is not None
    assert refused.code == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    for word in ('Zürich says "never",', "and 𝄞 means", "it", "so"):
        assert word in refused.message


def test_a_deleted_permission_set_assignment_has_no_body(connect: Any) -> None:
    """Defect 12: a 204 was parsed as JSON, and a success became an error."""
    connect().provision(OWNED)
    assert connect().unprovision(OWNED).to_do


def test_columns_of_a_bulk_write_stand_in_the_order_that_was_given() -> None:
    """Defect 15: it came from a set, and changed from run to run."""
    names = ["Id", *(f"Bothways_{letter}__c" for letter in "QWERTYUIOP")]
    rows = [{name: name for name in reversed(names)}]
    assert ingest_csv(names, rows).decode().splitlines()[0].split(",") == names


def test_no_old_way_of_signing_in_is_used(connect: Any, app: Witness, client_credentials: dict[str, Any]) -> None:
    """SOAP login is gone from version 65 on."""
    ids(connect(auth=client_credentials))
    assert app.sent("/services/data/v68.0/")
    assert not app.sent("/services/Soap")
    assert not app.sent("/services/async")


def test_a_write_job_that_fails_is_an_unknown_outcome(bulk: Any, app: Witness, server: EmulatorServer) -> None:
    """Its records may or may not have been written: they are sent again, which is harmless."""
    accounts = ids(bulk)[:2]
    app.failed = "InvalidBatch : Field name not found"
    for path in ("successfulResults", "failedResults"):
        header = '"sf__Id","sf__Created","Id"\n' if path.startswith("s") else '"sf__Id","sf__Error","Id"\n'
        server.faults.add(
            {
                "kind": "status",
                "status": 200,
                "body": header,
                "content_type": "text/csv",
                "match": {"path": path},
                "times": None,
            }
        )
    with pytest.raises(RetriableError, match="InvalidBatch"):
        list(bulk.write([change(i) for i in accounts]))
