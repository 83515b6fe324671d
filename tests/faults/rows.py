"""Every fault of the reliability table: its id, what is injected, and what must come of it. One place lists them all.

A row is a function of a case (an emulated CRM, provisioned) and of what an undisturbed sync leaves there; it injects,
runs and asserts, and returns how many faults it injected. What must be true after *every* run is in `case.Case`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

WRITES = {"salesforce": "composite", "hubspot": "batch/update"}
METHOD = {"salesforce": "PATCH|POST", "hubspot": "POST"}
READS = {"salesforce": "query", "hubspot": "objects|search|batch/read|associations"}
ERROR = '[{"message":"later","errorCode":"SERVER_UNAVAILABLE"}]'
_PROPERTY = "bothways_stance"


@dataclass(frozen=True)
class Row:
    """`crms`: where it can be had; the first is run by default, the others with the slow tests."""

    id: str
    what: str
    run: Callable[..., int]
    crms: tuple[str, ...]


ROWS: list[Row] = []
DONE: list[dict[str, Any]] = []
"""What the rows found in this session; `report.py` makes a table of it."""
ELSEWHERE = {
    "A1": (
        "one renewal whatever the threads: tests/connectors/hubspot/api/test_client.py, "
        "tests/connectors/salesforce/api/test_auth.py"
    ),
    "N1": "one call a window, whatever the workers: tests/connectors/http/test_circuit_breaker.py",
    "N2": "circuit and retry budget: tests/connectors/http/test_circuit_breaker.py",
    "N5": "cut at every byte: tests/connectors/http/test_strict_response.py",
    "N6": "tests/connectors/http/test_strict_json.py",
    "N7": "tests/faults/test_secure.py",
    "N8": "tests/faults/test_secure.py",
    "Q1": "hours in which others work: tests/connectors/http/test_server_clock.py",
    "Q3": "halved once a burst, grown again: tests/connectors/http/test_circuit_breaker.py",
    "T1": "tests/faults/test_clocks.py",
    "K2": "tests/faults/test_kill_sweep.py (strace)",
    "K5": "tests/faults/test_power_loss.py",
    "C3": "tests/sync/state/test_file_system.py: the type of the file system is injected",
    "F1": "tests/faults/test_kill_sweep.py (strace) and row F1",
    "F3": "bench/memory.py, with --limit; figures below",
    "U1": "tests/sync/state/test_upgrade.py: states and settings frozen in tests/data/states",
    "K1": "tests/faults/test_kills.py (emulators), tests/sync/test_kill.py, tests/faults/test_postgres.py",
    "K3": "tests/faults/test_kill_sweep.py (at system calls), tests/sync/test_kill.py (at failpoints)",
    "K4": "tests/e2e/test_signals.py",
    "N3": "tests/connectors/http/test_deadline.py (headers, body, silence) and row N3",
    "X1": (
        "tests/hostile (files, both CRMs by REST, Bulk and JSON: 10,000 values each), "
        "tests/connectors/*/test_values.py, test_columns.py"
    ),
    "X2": (
        "tests/e2e/hostile/test_through_files.py, tests/connectors/hubspot/translate/test_values.py, "
        "tests/connectors/salesforce/translate/test_columns.py"
    ),
    "X3": (
        "tests/hostile: report in Chromium, CSV, terminal, JSON, SOQL, reasons; tests/sync/system/test_logs.py, "
        "tests/faults/test_hostile.py"
    ),
    "X4": "tests/connectors/salesforce/test_ids.py",
    "F2": "tests/faults/test_state_damage.py",
    "P11": (
        "tests/faults/test_canaries.py: every credential, 0 hits in all that runs leave behind; "
        "tests/connectors/test_redaction.py"
    ),
    "G1": "tests/config/test_settings.py and row G1",
    "R1": "tests/faults/test_soak.py (slow)",
    "B5": "row B1: a validation rule refuses a record; its reason is kept",
    "B6": "tests/connectors/salesforce/read/test_fetch.py and tests/connectors/salesforce/api/test_client.py",
    "D2": "tests/contract/test_salesforce.py",
    "D3": "only our own properties are ever sent: asserted after every run; tests/sync/test_run.py",
    "S3": "both emulators answer with more than was asked for; tests/connectors/salesforce/read/test_fetch.py",
    "C1": "tests/faults/test_starts.py, tests/sync/state/test_database.py and row C1",
}
NOT_HAD: dict[str, str] = {}
"""Faults that cannot be had here, and the reason."""


@dataclass
class Outcome:
    """How often a fault was injected; set by the test that injects it."""

    times: int = 0


@contextmanager
def told(fault: str, what: str, crm: str = "both") -> Iterator[Outcome]:
    """Puts a fault that a test of its own injects into the table; tests that give the same words are one line of it."""
    mine = {"id": fault, "what": what, "crm": crm}
    line = next((d for d in DONE if mine.items() <= d.items()), None)
    if line is None:
        DONE.append(line := {**mine, "times": 0, "result": "passed"})
    before, line["result"] = line["result"], "failed"
    outcome = Outcome()
    yield outcome
    line.update(times=line["times"] + outcome.times, result=before)


def row(fault: str, what: str, *crms: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    def add(run: Callable[..., int]) -> Callable[..., int]:
        ROWS.append(Row(fault, what, run, crms or ("hubspot", "salesforce")))
        return run

    return add


def fired(case: Any) -> int:
    return sum(case.server.stats()["faults_fired"].values())


def mended(case: Any, clean: Any) -> None:
    """With the fault gone, the next run ends where an undisturbed one would have, and another has nothing to do."""
    case.server.faults.clear()
    last = case.sync()
    assert last.code == 0, last.said
    assert case.held() == clean


def survived(case: Any, clean: Any) -> int:
    ended = case.sync()
    assert ended.code == 0, ended.said
    assert case.held() == clean
    assert fired(case) > 0
    return fired(case)


def stopped(case: Any, clean: Any, *codes: int, written: int = 0) -> int:
    """The run ends with one of the codes, writes nothing, and is made good afterwards."""
    before = case.written()
    ended = case.sync()
    assert ended.code in codes, (ended.code, ended.said)
    assert case.written() - before == written
    count = fired(case)
    mended(case, clean)
    return count


@row("N1", "429 with Retry-After in seconds, as a date, and without, on reads and writes")
def _(case, clean):
    for header in ({"Retry-After": "1"}, {"Retry-After": formatdate(usegmt=True)}, {}):
        for path in (READS, WRITES):
            case.fault(kind="status", status=429, headers=header, body="{}", match={"path": path[case.crm]})
    return survived(case, clean)


@row("N2", "20 % of answers are 500, 502, 503 in HTML, 504", "salesforce", "hubspot")
def _(case, clean):
    for seed, status in enumerate((500, 502, 504)):
        case.fault(kind="status", status=status, body=ERROR, rate=0.07, seed=seed)
    case.fault(kind="html", status=503, rate=0.05, seed=9)
    ended = case.sync()
    assert (ended.code, case.held()) == (0, clean), ended.said
    made, hit = ended.result.api_calls, fired(case)
    total = made["read"] + made["write"]
    # A call that was hit costs one more, and nothing costs more than that: 1.25 for one at 20 %, and 4 % of slack.
    assert 0 < total <= 1.04 * made["minimum"] / (1 - hit / total) + 5, (total, made["minimum"], hit)
    return hit


@row("N2", "every answer is 503: the run ends soon and writes nothing")
def _(case, clean):
    case.fault(kind="status", status=503, body=ERROR, times=None)
    before = case.calls()
    ended = case.sync()
    assert (ended.code, case.calls() - before <= 20 + 4) == (8, True)  # and what was under way
    count = fired(case)
    mended(case, clean)
    return count


@row("N3", "the server stalls after the request, and drips")
def _(case, clean):
    case.fault(kind="stall", seconds=0.2, match={"path": READS[case.crm]})
    case.fault(kind="drip", bytes=4000, seconds=0.001, times=3, match={"path": READS[case.crm]})
    return survived(case, clean)


@row("N4", "reset before the request takes effect, and after, on reads and writes", "salesforce", "hubspot")
def _(case, clean):
    for kind in ("reset", "reset_after", "close"):
        for path in (READS, WRITES):
            case.fault(kind=kind, after=1 if path is READS else 0, match={"path": path[case.crm]})
    return survived(case, clean)


@row("N5", "answers cut in their first bytes, in their middle and before their end, for ever: nothing is accepted")
def _(case, clean):
    case.fault(kind="cut", bytes=420, times=None, match={"path": READS[case.crm]})
    return stopped(case, clean, 8)


@row("N5", "answers cut now and then", "salesforce", "hubspot")
def _(case, clean):
    for size in (0, 60, 300, 500, 700):
        case.fault(kind="cut", bytes=size, after=size // 100, match={"path": READS[case.crm]})
    case.fault(kind="cut", bytes=350, match={"path": WRITES[case.crm]})
    return survived(case, clean)


BAD = (
    "<html>",
    "{}",
    "",
    "[]",
    "null",
    '{"records": [NaN]}',
    '\ufeff{"results": []}',
    '{"results": null}',
    '{"results": [], "results": []}',
    '{"records": [], "totalSize": 0, "done": true, "done": true}',
    '"ok"',
    "{",
)


@row(
    "N6",
    "200 with a login page, an empty object, NaN, a key twice, a byte order mark, a bare string, on reads",
    "hubspot",
    "salesforce",
)
def _(case, clean):
    for number, body in enumerate(BAD):
        case.fault(kind="status", status=200, body=body, after=5 * number, match={"path": READS[case.crm]})
    case.fault(kind="html", status=200, after=3)
    return survived(case, clean)


@row("N6", "200 with an empty object on every read: nothing is taken for an empty CRM", "salesforce", "hubspot")
def _(case, clean):
    case.fault(kind="status", status=200, body="{}", times=None, match={"path": READS[case.crm]})
    return stopped(case, clean, 8)


@row("N6", "200 with an empty object where writes are answered", "salesforce", "hubspot")
def _(case, clean):
    case.fault(kind="status", status=200, body="{}", times=2, match={"path": WRITES[case.crm], "body": "(?i)bothways_"})
    return survived(case, clean)


REFUSED = {
    "salesforce": '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]',
    "hubspot": '{"status":"error","message":"expired","category":"EXPIRED_AUTHENTICATION"}',
}


@row("A1", "one 401 while reading, one while writing; the token's source has no other", "hubspot", "salesforce")
def _(case, clean):
    case.fault(kind="status", status=401, body=REFUSED[case.crm], after=3)
    return stopped(case, clean, 4)


@row("A2", "the token is revoked in the middle: stops at once, nothing more is sent", "salesforce", "hubspot")
def _(case, clean):
    case.fault(kind="status", status=401, body=REFUSED[case.crm], times=None, match={"body": "(?i)bothways_.*asof"})
    before = case.calls()
    ended = case.sync()
    assert ended.code == 4
    assert case.calls() - before < 200
    assert fired(case) <= 8
    count = fired(case)
    mended(case, clean)
    return count


@row("A3", "an object may not be read: said before anything is written", "hubspot", "salesforce")
def _(case, clean):
    said = {"salesforce": '[{"message":"no","errorCode":"INSUFFICIENT_ACCESS"}]', "hubspot": '{"message":"scope"}'}
    case.fault(kind="status", status=403, times=None, match={"path": READS[case.crm]}, body=said[case.crm])
    return stopped(case, clean, 4)


@row("A4", "one of our fields may not be edited: stops, names it", "salesforce")
def _(case, clean):
    case.app.revoke("Account", "Bothways_Stance__c")
    ended = case.sync()
    assert ended.code == 4
    assert "Bothways_Stance__c" in ended.said
    return 1


@row("A5", "edit access is taken away while writing: stops, the rest is not tried", "salesforce")
def _(case, clean):
    case.app.add_validation_rule("Account", lambda row: True, "No.")
    case.app.add_validation_rule("Opportunity", lambda row: True, "No.")
    ended = case.sync()
    assert ended.code == 4
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in ended.said
    return 2


@row("Q1", "the day's calls are below the reserve at the start, and again later", "salesforce")
def _(case, clean):
    case.app.quota.daily, case.app.quota.used = 10_000, 9_000
    before = case.calls()
    ended = case.sync()
    assert (ended.code, case.calls() - before <= 2) == (7, True)
    case.app.quota.used = 7_985
    assert case.sync().code == 7
    assert case.app.quota.used <= 8_001
    case.app.quota.used = 0
    mended(case, clean)
    return 2


LIMIT = {
    "salesforce": (403, '[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]'),
    "hubspot": (429, '{"message":"You have reached your daily limit.","policyName":"DAILY","errorType":"RATE_LIMIT"}'),
}


@row("Q2", "the daily limit is reached while reading: no further call", "hubspot", "salesforce")
def _(case, clean):
    status, body = LIMIT[case.crm]
    case.fault(kind="status", status=status, body=body, after=5, times=None)
    before = case.calls()
    ended = case.sync()
    assert (ended.code, case.calls() - before <= 5 + 12) == (7, True)  # what was in flight when the first was told
    count = fired(case)
    mended(case, clean)
    return count


@row("Q2", "the daily limit is reached while writing: the plan is kept and gone on with", "salesforce", "hubspot")
def _(case, clean):
    status, body = LIMIT[case.crm]
    case.fault(
        kind="status", status=status, body=body, times=None, match={"path": WRITES[case.crm], "body": "(?i)_asof"}
    )
    ended = case.sync()
    assert (ended.code, ended.result.written) == (7, 0)
    assert ended.result.deferred == ended.result.changed
    count = fired(case)
    case.server.faults.clear()
    again = case.sync()
    assert (again.result.run_id, again.code, case.held()) == (ended.result.run_id, 0, clean)
    return count


@row("Q3", "too many long requests at once, for some calls", "salesforce")
def _(case, clean):
    case.app.quota.busy = 4
    ended = case.sync()
    assert (ended.code, case.held()) == (0, clean)
    return 4


@row("B1", "one record of a batch is refused; the others are written", "salesforce")
def _(case, clean):
    victim = case.app.records("accounts")[3]["Id"]
    case.app.add_validation_rule("Account", lambda row: row["Id"] == victim, "Not this one.")
    ended = case.sync()
    assert (ended.result.rejected, ended.result.written) == (1, ended.result.changed - 1)
    assert case.held() == {**clean, f"accounts/{victim}": {}}
    return 1


@row("B3", "a rule about somebody else's property refuses a record; it is a dead letter until it is mended", "hubspot")
def _(case, clean):
    body = json.dumps(
        {"status": "error", "category": "VALIDATION_ERROR", "message": "MISSING_CONDITIONAL_REQUIRED_PROPERTY"}
    )
    victim = case.app.records("accounts")[3]["id"]
    case.fault(kind="status", status=400, body=body, times=None, match={"path": "batch/update", "body": f'"{victim}"'})
    ended = case.sync()
    assert ended.result.rejected == 1, ended
    assert ended.result.written == ended.result.changed - 1
    count = fired(case)
    assert count <= 2 * 7 + 2  # B2: found by halving
    mended(case, clean)
    return count


@row("B2", "a whole batch is refused for one record: it is found by halving", "hubspot")
def _(case, clean):
    return _b2(case, clean)


def _b2(case, clean):
    body = json.dumps({"status": "error", "category": "VALIDATION_ERROR", "message": "one of them will not do"})
    victim = case.app.records("opportunities")[7]["id"]
    case.fault(kind="status", status=400, body=body, times=None, match={"path": "batch/update", "body": f'"{victim}"'})
    ended = case.sync()
    assert (ended.result.rejected, ended.result.written) == (1, ended.result.changed - 1)
    assert fired(case) <= 2 * 7 + 2
    count = fired(case)
    mended(case, clean)
    return count


@row("B4", "records are locked for some tries", "salesforce", "hubspot")
def _(case, clean):
    if case.crm == "salesforce":
        for record in case.app.records("accounts")[:4]:
            case.app.lock(record["Id"], 2)
        ended = case.sync()
        assert (ended.code, case.held()) == (0, clean)
        return 4
    case.fault(
        kind="status",
        status=423,
        body='{"message":"locked","category":"LOCKED"}',
        times=3,
        match={"path": "batch/update"},
    )
    return survived(case, clean)


@row("D1", "a record is deleted between reading and writing", "salesforce", "hubspot")
def _(case, clean):
    kind = "accounts"
    victim = case.app.records(kind)[5]
    identity = victim.get("id") or victim.get("Id")
    status = 503
    case.fault(
        kind="status", status=status, body=ERROR, times=None, match={"path": WRITES[case.crm], "body": "(?i)_asof"}
    )
    assert case.sync().code == 8  # planned, nothing written
    case.server.faults.clear()
    if case.crm == "salesforce":
        case.allowed = {"IsDeleted"}  # by us, not by the program
        case.app.delete("Account", identity)
    else:
        delete_hubspot(case, "companies", identity)
    ended = case.sync()
    assert (ended.code, ended.result.gone) == (0, 1), ended
    return 1


def delete_hubspot(case, kind, identity):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", case.server.port)
    connection.request(
        "DELETE", f"/crm/v3/objects/{kind}/{identity}", headers={"Authorization": f"Bearer {case.app.token}"}
    )
    assert connection.getresponse().status == 204
    connection.close()


@row("D4", "somebody edits our field by hand: put back by the next sync, counted as drift", "salesforce")
def _(case, clean):
    assert case.sync().code == 0
    identity = case.app.records("accounts")[2]["Id"]
    case.app.change("Account", identity, {"Bothways_Top_Drivers__c": "I know better"})
    ended = case.sync()
    assert (ended.result.drift, ended.result.written, case.held()) == (1, 1, clean)
    return 1


@row("S1", "one of our properties is not there: stops with its name and the command", "hubspot", "salesforce")
def _(case, clean):
    from enrichment.fields import fields
    from sync.registry import connect

    connector = connect(case.settings)
    connector.unprovision([s for s in fields("essential") if s.name == _PROPERTY])
    connector.close()
    before = case.written()
    ended = case.sync()
    assert (ended.code, case.written() - before) == (4, 0)
    assert _PROPERTY in ended.said.lower()
    assert "bothways provision" in ended.said
    return 1


@row("S2", "a source field of a score disappears: the rest is read and written", "salesforce")
def _(case, clean):
    case.app.revoke("Account", "AnnualRevenue")
    assert case.sync().code == 0
    return 1


@row("C1", "a second run while one works: it ends at once and does nothing")
def _(case, clean):
    from sync.state.lock import run_lock

    case.settings.workspace.dir.mkdir(exist_ok=True)
    with run_lock(case.settings.workspace.dir):
        before = case.calls()
        assert case.sync().code == 6
        assert case.calls() == before
    return 1


@row(
    "C2", "another install writes to the CRM: noticed without a call, taken over when told to", "hubspot", "salesforce"
)
def _(case, clean):
    import dataclasses
    from datetime import timedelta

    assert case.sync().code == 0
    space = case.settings.workspace.model_copy(update={"dir": case.folder / "other"})
    other = dataclasses.replace(case, settings=case.settings.model_copy(update={"workspace": space}))
    assert other.sync(as_of=case.now + timedelta(days=8)).result.written > 0
    before = case.written()
    ended = case.sync(as_of=case.now + timedelta(days=9))
    assert (ended.code, case.written()) == (5, before)
    assert "--take-over" in ended.said
    assert case.sync(as_of=case.now + timedelta(days=9), take_over=True).code == 0
    return 1


@row("T2", "the saved cursor is damaged (a day in the future): not believed, everything is read anew")
def _(case, clean):
    import sqlite3

    assert case.sync().code == 0
    with sqlite3.connect(case.settings.workspace.dir / "state.sqlite") as connection:
        connection.execute("update generations set cursor = '2099-01-01T00:00:00Z'")
    connection.close()
    before = case.calls()
    ended = case.sync()
    assert (ended.code, ended.result.changed, case.held()) == (0, 0, clean)
    assert case.calls() - before > 10
    return 1


@row("T3", "a record becomes visible after the cursor with an earlier stamp", "salesforce")
def _(case, clean):
    assert case.sync().code == 0
    identity = case.app.records("accounts")[1]["Id"]
    case.app.change_later("Account", identity, {"Bothways_Stance__c": None}, seconds=3600)
    assert case.sync().code == 0
    case.app.commit()
    ended = case.sync()
    assert (ended.result.changed, case.held()) == (1, clean)
    return 1


@row("F1", "the disk is full while state or landing are written: a clear error, the next run recovers")
def _(case, clean):
    import errno

    from sync.system import files as durable

    real, hits = durable.put, []

    def full(path, write):
        hits.append(path)
        if len(hits) in (2, 5):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return real(path, write)

    durable.put = full
    try:
        codes = [case.sync().code for _ in range(2)]
    finally:
        durable.put = real
    assert codes == [1, 1]
    mended(case, clean)
    return 2
