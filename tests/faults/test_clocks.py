"""T1: our clock is wrong, jumps, changes its zone. The server's is right, and what is read depends on that one
alone.
"""

from __future__ import annotations

import ast
import multiprocessing
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
import urllib3
import wrong_clock
from rows import told

PROCESSES = multiprocessing.get_context("spawn")
ZONES = ("UTC", "Asia/Kolkata", "America/St_Johns", "Europe/Berlin", "Pacific/Kiritimati")
OFF = (3.0, -3.0, 24 * 400.0, -24 * 400.0, 0.0, 0.1)
JUMPS = (0.0, 0.0, -2.0, 2.0, -26.0)


@contextmanager
def process(case) -> Iterator[multiprocessing.connection.Connection]:
    ours, theirs = PROCESSES.Pipe()
    settings = str(case.folder / "bothways.toml")
    child = PROCESSES.Process(target=wrong_clock.main, args=(settings, case.app.token, theirs), daemon=True)
    child.start()
    try:
        yield ours
        ours.send(None)
        child.join(30)
    finally:
        child.kill()


def ask(orders, what: str, hours: float = 0.0, jump: float = 0.0, zone: str = "UTC"):
    orders.send((what, hours, jump, zone))
    assert orders.poll(120), "no answer"
    return orders.recv()


def edit(case, stream: str, record: dict, value: str) -> str:
    """Somebody changes a name in the CRM; returns the record's id."""
    if case.crm == "salesforce":
        case.allowed = {"Name"}  # by us, not by the program
        case.app.change({"accounts": "Account", "opportunities": "Opportunity"}[stream], record["Id"], {"Name": value})
        return record["Id"]
    name = {"accounts": ("companies", "name"), "opportunities": ("deals", "dealname")}[stream]
    url = f"{case.server.url}/crm/objects/2026-03/{name[0]}/{record['id']}"
    headers = {"Authorization": f"Bearer {case.app.token}", "Content-Type": "application/json"}
    with urllib3.PoolManager() as pool:
        body = orjson.dumps({"properties": {name[1]: value}})
        assert pool.request("PATCH", url, body=body, headers=headers).status == 200
    return record["id"]


@pytest.mark.parametrize(
    ("crm", "runs"),
    [
        ("hubspot", 8),
        pytest.param("salesforce", 100, marks=pytest.mark.slow),
        pytest.param("hubspot", 100, marks=pytest.mark.slow),
    ],
)
def test_no_change_is_missed_whatever_our_clock_says(crm, runs, emulated):
    case = emulated(crm)
    case.allowed = {"Name", "name", "dealname"}
    dice, missed = random.Random(runs), []
    with (
        told("T1", "our clock is hours or a year off, jumps, changes its zone", crm) as outcome,
        process(case) as child,
    ):
        whole = ask(child, "read")
        for number in range(runs):
            changed = []
            for stream in ("accounts", "opportunities"):
                records = [r for r in case.app.records(stream) if not r.get("IsDeleted")]
                changed += [(stream, edit(case, stream, r, f"N {number}")) for r in dice.sample(records, 2)]
            found = ask(child, "read", dice.choice(OFF), dice.choice(JUMPS), dice.choice(ZONES))
            missed += [(number, *each) for each in changed if each[1] not in found[each[0]]]
            assert len(found["accounts"]) <= len(whole["accounts"])
        outcome.times = runs
    assert missed == []


@pytest.mark.parametrize(("crm", "hours"), [("salesforce", 3.0), pytest.param("hubspot", -3.0, marks=pytest.mark.slow)])
def test_a_sync_by_a_wrong_clock_writes_what_any_other_does_and_says_so(crm, hours, emulated, clean):
    expected = clean(crm)
    case = emulated(crm)
    with process(case) as child:
        code, notes = ask(child, "sync", hours, 0.0, "Asia/Kolkata")
        assert code == 0
        assert [note for note in notes if "clock" in note and f"{3600 * hours:+.0f}"[:3] in note]
        assert case.held() == expected
        before = case.written()
        assert ask(child, "sync", -hours)[0] == 0
        assert case.written() == before
        code, notes = ask(child, "sync")
        assert (code, [note for note in notes if "clock" in note]) == (0, [])


def test_connectors_take_the_time_from_the_server_alone():
    """The exceptions: a log-in that is signed before any answer, the date of a pause in an answer without a date, and
    the sentence that says what this machine's clock shows where a certificate is refused.
    """
    connectors = Path(__file__).parents[2] / "connectors"
    found = set()
    for path in connectors.rglob("*.py"):
        if "emulator" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in (
                "time.time",
                "datetime.now",
                "datetime.utcnow",
                "date.today",
                "datetime.today",
                "time.gmtime",
                "time.localtime",
            ):
                found.add(path.relative_to(connectors).as_posix())
    assert found <= {
        "network_errors.py",
        "salesforce/api/auth.py",
        "http/retry.py",
        "hubspot/webhooks/reader.py",
        "hubspot/webhooks/signature.py",
    }
