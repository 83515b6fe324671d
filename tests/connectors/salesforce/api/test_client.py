"""The transport: what goes wrong on the wire, and the defects of the library under it, none of which may be reached."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Change
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer
from connectors.errors import AuthError, QuotaReached, RetriableError
from connectors.salesforce.api.client import soql
from connectors.salesforce.api.transport import endpoint

EXPIRED = {
    "kind": "status",
    "status": 401,
    "body": '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]',
}


def error(status: int, code: str, message: str, **rule: Any) -> dict[str, Any]:
    return {"kind": "status", "status": status, "body": f'[{{"message":"{message}","errorCode":"{code}"}}]', **rule}


def accounts(connector: Any) -> set[str]:
    return {row for page in connector.read("accounts", None) for row in page.batch.column("id").to_pylist()}


def test_a_token_that_never_heals_ends_at_once(server: EmulatorServer, connect: Any) -> None:
    server.faults.add({**EXPIRED, "times": None})
    with pytest.raises(AuthError, match=r"crm\.auth"):
        accounts(connect())
    assert server.stats()["calls_total"] == 1


def test_a_rotated_token_is_read_again(
    server: EmulatorServer, app: SalesforceEmulator, connect: Any, tmp_path: Path
) -> None:
    connector = connect()
    before = accounts(connector)
    app.tokens.revoke(app.token)
    (tmp_path / "token0").write_text(app.tokens.add("00Dnew!token", app.seeded.admin_user))
    assert accounts(connector) == before


def test_eight_threads_with_one_expired_token_log_in_once(
    server: EmulatorServer, app: SalesforceEmulator, connect: Any, client_credentials: dict[str, Any]
) -> None:
    connector = connect(auth=client_credentials)
    client = connector._client
    client.limits()
    app.tokens.revoke(client.transport.tokens.current())
    barrier, failed = threading.Barrier(8), []

    def ask() -> None:
        barrier.wait()
        try:
            client.limits()
        except AuthError as problem:
            failed.append(problem)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert server.stats()["calls"]["POST /services/oauth2/token"] == 2


def test_headers_survive_the_new_login(
    server: EmulatorServer, app: SalesforceEmulator, provisioned: Any, client_credentials: dict[str, Any]
) -> None:
    """Without Sforce-Auto-Assign the assignment rule of the organisation would take the account over."""
    [account] = list(accounts(provisioned))[:1]
    app.tokens.add(app.token + "2", app.seeded.admin_user)
    change = Change("accounts", account, {"bothways_confidence": 1.0}, "k")
    server.faults.add({**EXPIRED, "match": {"method": "PATCH"}, "times": 1})
    secret = provisioned._config.auth.token.file
    secret.write_text(app.token + "2")
    [result] = list(provisioned.write([change]))
    assert result.error is None
    assert app.stats()["owner_changes"] == 0


def test_a_refused_login_is_not_repeated(
    server: EmulatorServer, connect: Any, client_credentials: dict[str, Any]
) -> None:
    connector = connect(auth={**client_credentials, "client_id": "wrong"})
    for _ in range(3):
        with pytest.raises(AuthError, match="client_credentials"):
            accounts(connector)
    assert server.stats()["calls"]["POST /services/oauth2/token"] == 1


def test_bulk_jobs_outlive_a_session(server: EmulatorServer, app: SalesforceEmulator, connect: Any) -> None:
    server.faults.add({**EXPIRED, "match": {"path": "jobs/query/.*/results"}, "times": 1})
    connector = connect(bulk_read_rows=0)
    second = app.tokens.add(app.token + "2", app.seeded.admin_user)
    pages = connector.read("accounts", None)
    connector._client.limits()
    connector._config.auth.token.file.write_text(second)
    assert {i for page in pages for i in page.batch.column("id").to_pylist()} == accounts(connect())


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset"},
        {"kind": "reset_after"},
        {"kind": "close"},
        {"kind": "cut"},
        {"kind": "cut", "bytes": 2000},
        {"kind": "html", "status": 503},
        {"kind": "status", "status": 429, "body": "", "content_type": ""},
        {"kind": "status", "status": 420, "body": "", "content_type": ""},
        {"kind": "status", "status": 406, "body": "", "content_type": ""},
        {"kind": "status", "status": 502, "body": "<html>"},
        error(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
        error(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    ],
    ids=lambda fault: f"{fault['kind']}-{fault.get('status', fault.get('bytes', ''))}",
)
@pytest.mark.parametrize("bulk", [False, True])
def test_a_passing_fault_loses_nothing(server: EmulatorServer, connect: Any, fault: dict[str, Any], bulk: bool) -> None:
    whole = accounts(connect())
    connector = connect(bulk_read_rows=0 if bulk else 20_000)
    server.faults.add({**fault, "match": {"path": "results" if bulk else "/queryAll"}, "times": 1})
    assert accounts(connector) == whole
    assert sum(server.stats()["faults_fired"].values()) == 1


@pytest.mark.parametrize("size", [0, 100, 700])
def test_a_body_that_is_cut_everywhere_is_never_taken_for_whole(
    server: EmulatorServer, connect: Any, size: int
) -> None:
    server.faults.add({"kind": "cut", "bytes": 400 + size, "match": {"path": "/queryAll"}, "times": None})
    with pytest.raises(RetriableError):
        accounts(connect())


def test_a_body_that_drips_ends_at_the_deadline(server: EmulatorServer, connect: Any) -> None:
    connector = connect(request_seconds=0.2)
    assert connector.capabilities.streams
    drip = {"kind": "drip", "bytes": 100, "seconds": 0.05, "match": {"path": "/queryAll"}, "times": None}
    server.faults.add(drip)
    with pytest.raises(RetriableError, match="in time"):
        accounts(connector)


def test_a_login_page_is_no_answer(server: EmulatorServer, connect: Any) -> None:
    server.faults.add({"kind": "html", "status": 200, "match": {"path": "/queryAll"}, "times": None})
    with pytest.raises(RetriableError, match="text/html"):
        accounts(connect())


def test_the_daily_limit_stops_without_another_call(server: EmulatorServer, connect: Any) -> None:
    connector = connect()
    assert connector.capabilities.streams
    before = server.stats()["calls_total"]
    server.faults.add(error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", times=None))
    with pytest.raises(QuotaReached):
        accounts(connector)
    assert server.stats()["calls_total"] == before + 1


def test_the_reserve_is_left_to_others(
    organisation: Any, connect: Any, app: SalesforceEmulator, server: EmulatorServer
) -> None:
    connector = connect(quota_reserve=0.2)
    app.quota.daily = 20

    def ask_for_ever() -> None:
        for _ in range(30):
            connector._client.limits()

    with pytest.raises(QuotaReached, match="left to others"):
        ask_for_ever()
    assert 20 - app.quota.used >= 4


def test_a_token_goes_to_its_own_organisation_only(connect: Any, server: EmulatorServer) -> None:
    transport = connect()._client.transport
    for url in (
        "https://evil.example/services",
        server.url.replace("127.0.0.1", "127.0.0.2") + "/x",
        server.url + "0/x",
    ):
        with pytest.raises(AuthError, match="no token is sent"):
            transport.request("GET", url)
    assert server.stats()["calls_total"] == 0


def test_no_header_of_one_call_reaches_another(server: EmulatorServer, provisioned: Any) -> None:
    """A deployment sends multipart; JSON calls after it are still JSON."""
    assert provisioned.check().ok


def test_calls_agree_with_the_server(server: EmulatorServer, connect: Any) -> None:
    connector = connect()
    for stream in connector.capabilities.streams:
        list(connector.read(stream, None))
    calls = connector.calls()
    assert calls.read == server.stats()["calls_total"]
    assert calls.write == 0
    assert calls.minimum <= calls.read
    assert connector.server_time() is not None


@pytest.mark.parametrize("text", ["Account WHERE Name = 'x'", "Id) FROM User--", "Name\nFROM", "", None, 200, ["Id"]])
def test_nothing_but_names_stands_in_soql_without_quotes(text: Any) -> None:
    with pytest.raises(ValueError, match="without quotes"):
        soql("SELECT Id FROM {:literal}", text)
    assert soql("SELECT {:literal} FROM Account WHERE Name = {}", "Id, Owner.Name", "O'Brien \\") == (
        "SELECT Id, Owner.Name FROM Account WHERE Name = 'O\\'Brien \\\\'"
    )


def test_endpoints_are_counted_without_their_ids() -> None:
    base = "https://x.my.salesforce.com/services/data/v68.0"
    assert endpoint("GET", f"{base}/query/0r8xx0000000001AAA-2000") == "GET query/*"
    assert endpoint("GET", f"{base}/jobs/query/750000000000001AAA/results?x=1") == "GET jobs/query/*/results"
    assert endpoint("GET", "http://127.0.0.1:1/services/data") == "GET services/data"
