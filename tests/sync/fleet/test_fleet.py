"""A fleet: every member runs, what breaks one breaks one, and a pass that is cut off is continued by the next."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.errors import ConfigError
from sync.cli.app import app
from sync.fleet.members import members
from sync.fleet.pool import Ended, FleetResult, run_fleet

ACCOUNTS = "id,name,type\nA1,Alder,Customer\nA2,Birch,Customer\n"
DEALS = "id,account_id,name,is_closed,is_won,amount,currency,created_at,close_at\n" + "".join(
    f"O{n},A{n % 2 + 1},Deal {n},true,true,{n}000,USD,2026-0{n}-01,2026-0{n}-20\n" for n in range(1, 6)
)
COMMAND = [sys.executable, "-c", "from sync.cli.app import main; main()"]


def portal(fleet: Path, name: str, settings: str = "") -> Path:
    folder = fleet / name
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "accounts.csv").write_text(ACCOUNTS)
    (folder / "in" / "opportunities.csv").write_text(DEALS)
    text = settings or '[crm]\nkind = "files"\ninput = "in"\noutput = "out"\n'
    (folder / "bothways.toml").write_text(text)
    return folder


def test_every_member_runs_and_a_broken_one_touches_no_other(tmp_path: Path) -> None:
    for name in ("oak", "pine"):
        portal(tmp_path, name)
    portal(tmp_path, "broken", "[crm]\nkind = 'abacus'\n")
    (portal(tmp_path, "empty") / "in" / "accounts.csv").write_text("id,name\nA1,\x00\n")
    found = members(tmp_path)
    assert {m.name: m.settings is None for m in found}["broken"]

    answered = CliRunner().invoke(app, ["fleet", str(tmp_path), "plan", "--json", "--parallel", "2"])
    told = json.loads(answered.stdout)
    codes = {one["name"]: one["code"] for one in told["members"]}
    assert (codes["oak"], codes["pine"], codes["broken"]) == (0, 0, 2)
    assert answered.exit_code == told["exit_code"] == 2
    assert told["total"]["changed"] == sum(one["counts"]["changed"] for one in told["members"]) > 0
    assert "abacus" in next(one["error"] for one in told["members"] if one["name"] == "broken")


def test_two_members_never_share_a_workspace_and_an_empty_folder_is_no_fleet(tmp_path: Path) -> None:
    same = '[crm]\nkind = "files"\ninput = "in"\n[workspace]\ndir = "../shared"\n'
    portal(tmp_path, "one", same)
    portal(tmp_path, "two", same)
    with pytest.raises(ConfigError, match="one and two share"):
        members(tmp_path)
    with pytest.raises(ConfigError, match="no settings"):
        members(tmp_path / "one" / "in")
    with pytest.raises(ConfigError, match="not a folder"):
        members(tmp_path / "nowhere")


def test_who_has_waited_longest_is_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sync.fleet import members as module

    for name in ("a", "b", "c"):
        portal(tmp_path, name)
    last = {"a": "2026-11-02T00:00:00.000000Z", "b": None, "c": "2026-11-01T00:00:00.000000Z"}

    class Standing:
        def __init__(self, settings, most):
            self.last_success = last[settings.workspace.dir.parent.name]

    monkeypatch.setattr(module, "status", Standing)
    assert [m.name for m in members(tmp_path)] == ["b", "c", "a"]


def test_after_a_stop_no_further_member_is_started(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        portal(tmp_path, name)
    stop = threading.Event()
    result = run_fleet(members(tmp_path), ["plan"], stop, parallel=1, tell=lambda _: stop.set())
    assert (len(result.ended), len(result.left)) == (1, 2)
    assert result.exit_code == 7


def test_a_signal_ends_the_fleet_and_every_run_of_it(tmp_path: Path) -> None:
    for name in ("a", "b"):
        portal(tmp_path, name)
    process = subprocess.Popen(
        [*COMMAND, "fleet", str(tmp_path), "plan", "--parallel", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not any((tmp_path / name / ".bothways").exists() for name in ("a", "b")):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 143, error
    assert "not started" in error


@pytest.mark.parametrize(
    ("codes", "left", "expected"),
    [((0, 3), (), 0), ((0, 8, 5, 2), (), 2), ((0, 8, 6), (), 8), ((0, 6), (), 7), ((0,), ("x",), 7), ((), (), 0)],
)
def test_the_exit_code_is_that_of_the_member_that_needs_most(codes, left, expected) -> None:
    assert FleetResult(tuple(Ended(str(n), code, 0.0) for n, code in enumerate(codes)), left).exit_code == expected
