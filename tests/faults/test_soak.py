"""Everything at once, seeded: whatever went wrong in a run, the next one makes it good and another has nothing to
do.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from typing import Any

import pytest
from rows import ERROR, READS, WRITES, told
from traced import run as run_in_a_process

from sync.system import files as durable
from sync.system.failpoints import FAILPOINTS

CODES = {0, 1, 3, 4, 7, 8}
"""What a run may end with when things go wrong: 2, 5 and 6 would be untrue here."""
MISCHIEF: list[Callable[[Any, random.Random], None]] = []


def mischief(make: Callable[[Any, random.Random], None]) -> Callable[[Any, random.Random], None]:
    MISCHIEF.append(make)
    return make


@mischief
def a_bad_network(case: Any, dice: random.Random) -> None:
    case.proxy._rate = dice.choice([0.05, 0.1, 0.2])


@mischief
def a_server_in_trouble(case: Any, dice: random.Random) -> None:
    for status in (500, 502, 503, 504):
        case.fault(kind="status", status=status, body=ERROR, rate=0.05, seed=dice.randrange(99))
    case.fault(kind="html", status=dice.choice([200, 503]), after=dice.randrange(9))


@mischief
def a_busy_server(case: Any, dice: random.Random) -> None:
    path = dice.choice([READS, WRITES])[case.crm]
    headers = dice.choice([{"Retry-After": "1"}, {}])
    case.fault(kind="status", status=429, headers=headers, body="{}", times=dice.randrange(1, 4), match={"path": path})


@mischief
def answers_to_writes_are_lost(case: Any, dice: random.Random) -> None:
    kind = dice.choice(["reset", "reset_after", "close"])
    case.fault(kind=kind, times=dice.choice([1, 2, 9]), match={"path": WRITES[case.crm], "body": "(?i)bothways_"})


@mischief
def a_revoked_token(case: Any, dice: random.Random) -> None:
    case.fault(kind="status", status=401, body="[]", after=dice.randrange(20), times=None)


@mischief
def killed_somewhere(case: Any, dice: random.Random) -> None:
    run_in_a_process(case, kill=f"{dice.choice(FAILPOINTS)}:{dice.choice([1, 1, 2, 3])}")


@mischief
def a_damaged_state(case: Any, dice: random.Random) -> None:
    state = case.settings.workspace.dir / "state.sqlite"
    if not state.exists():
        return
    whole = bytearray(state.read_bytes())
    match dice.randrange(3):
        case 0:
            state.write_bytes(whole[: dice.randrange(len(whole))])
        case 1:
            place = dice.randrange(len(whole))
            whole[place : place + 200] = dice.randbytes(200)
            state.write_bytes(whole)
        case _:
            state.unlink()


@mischief
def a_lost_part(case: Any, dice: random.Random) -> None:
    parts = sorted(case.settings.workspace.dir.glob("landing/**/*.parquet"))
    if parts:
        part = dice.choice(parts)
        part.unlink() if dice.random() < 0.5 else part.write_bytes(part.read_bytes()[:-50])


@mischief
def a_full_disk(case: Any, dice: random.Random) -> None:
    real, left = durable.put, dice.randrange(1, 12)

    def put(path: Any, write: Any) -> int:
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return real(path, write)

    durable.put = put
    try:
        case.sync()
    finally:
        durable.put = real


@mischief
def somebody_edits_our_field(case: Any, dice: random.Random) -> None:
    record = dice.choice([r for r in case.app.records("accounts") if not r.get("IsDeleted")])
    if case.crm == "salesforce":
        case.app.change("Account", record["Id"], {"Bothways_Top_Drivers__c": f"No. {dice.random()}"})
    else:
        case.server.faults.add(
            {
                "kind": "status",
                "status": 423,
                "body": '{"category":"LOCKED"}',
                "times": 2,
                "match": {"path": "batch/update"},
            }
        )


@pytest.mark.parametrize(
    ("crm", "seed"),
    [
        pytest.param(crm, seed, marks=[] if seed == 0 else [pytest.mark.slow])
        for crm in ("salesforce", "hubspot")
        for seed in range(25)
    ],
)
def test_soak(crm: str, seed: int, emulated: Any, clean: Any) -> None:
    """Fifty of them; the seed is in the name. Three rounds of up to three kinds of trouble, then quiet."""
    expected, dice = clean(crm), random.Random(f"{crm}{seed}")
    case = emulated(crm, through={"rate": 0.0, "seed": seed})
    with told("R1", "soak: rounds of trouble of every kind, seeded", crm) as outcome:
        for _ in range(3 if seed else 1):
            chosen = dice.sample(MISCHIEF, dice.randint(1, 3))
            for make in chosen:
                make(case, dice)
            ended = case.sync()
            assert ended.code in CODES, (ended.code, ended.said, [m.__name__ for m in chosen])
            outcome.times += len(chosen)
            case.server.faults.clear()
            case.proxy.quiet()
        ended = case.sync()
        assert (ended.code, case.held()) == (0, expected), ended.said
        assert case.sync().result.written == 0
