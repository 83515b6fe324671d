"""Killed at system calls of every kind that leaves a trace: on disk or at the CRM. The next run makes it good."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from rows import told
from traced import inject, most_calls, provisioned, records_sent, run, small, spread, tracing, unanswered

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(tracing()), reason=tracing())]

POINTS = {
    "fdatasync": 18,
    "fsync": 7,
    "pwrite64": 18,
    "ftruncate": 4,
    "rename": 8,
    "unlink": 4,
    "unlinkat": 2,
    "sendto": 10,
    "recvfrom": 12,
}
"""How many single kills are tried of each call, spread evenly from its first to its last."""
CHAINS = 26
"""How many runs are killed three times in a row before one may end."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], int, Any]]:
    """By CRM: what an undisturbed run leaves there, how many records it sends, and how often it makes each call."""
    made: dict[str, tuple[dict[str, Any], int, Any]] = {}
    for crm in ("salesforce", "hubspot"):
        folder = tmp_path_factory.mktemp(crm)
        with provisioned(crm, folder / "clean") as case:
            assert case.sync().code == 0
            made[crm] = (case.held(), records_sent(case), most_calls(crm, folder, list(POINTS)))
    return made


def converges(case: Any, expected: dict[str, Any], sent: int, unknown: int, kills: int = 1) -> None:
    """The next run ends as an undisturbed one, repeats at most what was unanswered, and leaves nothing to do."""
    capabilities = _capabilities(case)
    assert unknown <= kills * capabilities.write_batch * capabilities.write_workers
    ended = case.sync()
    assert (ended.code, case.held()) == (0, expected), ended.said
    assert records_sent(case) - sent <= unknown
    again = case.sync()
    assert (again.code, again.result.changed, again.result.written) == (0, 0, 0)


def _capabilities(case: Any) -> Any:
    from sync.registry import connect

    connector = connect(case.settings)
    try:
        return connector.capabilities
    finally:
        connector.close()


@pytest.mark.parametrize("call", POINTS)
@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_killed_at_a_system_call(crm: str, call: str, undisturbed: Any, tmp_path: Path) -> None:
    expected, sent, most = undisturbed[crm]
    numbers, kills = spread(most[call], POINTS[call]), 0
    assert numbers, f"{call} is not made any more"
    with told("K2", f"kill -9 at a {call}", crm) as outcome:
        for number in numbers:
            with provisioned(crm, tmp_path / f"{number}") as case:
                ran = run(case, *inject(call, "signal=SIGKILL", number))
                assert ran.killed or ran.code == 0, ran.said
                kills += ran.killed
                converges(case, expected, sent, unanswered(case))
        outcome.times = kills
        # Which thread makes which call differs a little from run to run: the last ones may not be reached.
        assert kills >= 0.5 * len(numbers), "the calls that were counted are not made in a second run"


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_killed_three_times_in_a_row(crm: str, undisturbed: Any, tmp_path: Path) -> None:
    """The second and third kill meet the recovery from the one before; the workspace does not grow by it."""
    expected, sent, most = undisturbed[crm]
    with provisioned(crm, tmp_path / "size") as case:
        assert case.sync().code == 0
        whole = _bytes(case)
    with told("K3", "kill -9 of a run and of the two that recover from it, at system calls", crm) as outcome:
        for chain in range(CHAINS):
            dice, unknown = random.Random(chain), 0
            with provisioned(crm, tmp_path / f"{chain}") as case:
                for third in range(3):
                    call = dice.choice(("fdatasync", "pwrite64", "recvfrom", "sendto", "fsync"))
                    # A recovery has less to do than the run before it, so it is met earlier.
                    ran = run(case, *inject(call, "signal=SIGKILL", dice.randint(1, max(1, most[call] // (1 + third)))))
                    assert ran.killed or ran.code == 0, ran.said
                    outcome.times += ran.killed
                    unknown += unanswered(case)
                converges(case, expected, sent, unknown, kills=3)
                assert _bytes(case) <= 2 * whole
        assert outcome.times >= 2 * CHAINS


def _bytes(case: Any) -> int:
    return sum(path.stat().st_size for path in case.settings.workspace.dir.rglob("*") if path.is_file())


ERRORS = {"pwrite64": ("ENOSPC", "EIO"), "fdatasync": ("EIO",), "fsync": ("EIO",), "rename": ("ENOSPC",)}


@pytest.mark.parametrize("call", ERRORS)
@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_the_disk_fails(crm: str, call: str, undisturbed: Any, tmp_path: Path) -> None:
    """A clear message and exit code 1, or no effect at all; the next run recovers."""
    expected, sent, most = undisturbed[crm]
    with told("F1", f"the disk refuses a {call} ({' or '.join(ERRORS[call])})", crm) as outcome:
        for place, number in enumerate(spread(most[call], 13)):
            error = ERRORS[call][place % len(ERRORS[call])]
            with provisioned(crm, tmp_path / f"{number}") as case:
                ran = run(case, *inject(call, f"error={error}", number))
                assert ran.code in (0, 1), ran.said
                assert ran.code == 0 or "workspace" in ran.said, ran.said
                assert "Traceback" not in ran.said
                outcome.times += 1
                converges(case, expected, sent, unanswered(case))


def test_the_small_organisation_has_several_batches() -> None:
    assert len(small().visible().tables["opportunities"]) > 100
