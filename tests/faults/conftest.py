"""A small organisation in an emulated CRM, a run over it, and what must be true after every run whatever went wrong."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "sync"))
sys.path.insert(0, str(Path(__file__).parent))

from chaos import ChaosProxy
from proxy import FaultProxy
from scorer import by_acts

from config import settings as config_settings
from config.settings import Settings
from connectors.emulator.http import EmulatorServer
from connectors.emulator.organisation import Organisation, demo_organisation
from connectors.errors import BothwaysError
from enrichment.fields import fields
from enrichment.model import ScoringModel
from sync.cli import exit_code
from sync.cli_run import options_from, workspace_of
from sync.connect import connect
from sync.demo import build_emulator, write_demo_settings
from sync.errors import Stopped
from sync.progress import NullProgress
from sync.result import RunResult
from sync.run import run_sync

NOW = datetime(2026, 10, 15, tzinfo=UTC)
TOKEN = "canary-7f3a91c2-token"
VARIABLE = "BOTHWAYS_CRM_TOKEN"
CRMS = ("salesforce", "hubspot")
SPECS = fields("essential")


@dataclass
class Ended:
    """How a run ended: its exit code, its result when there is one, and what was said."""

    code: int
    result: RunResult | None
    said: str


@dataclass
class Case:
    """One emulated CRM with a workspace of its own."""

    crm: str
    server: EmulatorServer
    settings: Settings
    folder: Path
    said: list[str] = field(default_factory=list)
    allowed: set[str] = field(default_factory=set)
    proxy: FaultProxy | ChaosProxy | None = None

    now = NOW  # of the emulated organisation

    @property
    def app(self) -> Any:
        return self.server.app

    def fault(self, **rule: Any) -> None:
        self.server.faults.add(rule)

    def sync(self, **options: Any) -> Ended:
        """One sync; whatever it raised becomes its exit code, as the command line would make it."""
        connector = connect(self.settings)
        chosen = replace(options_from(self.settings, NOW), scorer=by_acts, **options)
        try:
            told = run_sync(connector, workspace_of(self.settings), ScoringModel(), SPECS, chosen, NullProgress())
            ended = Ended(told.exit_code, told, told.error)
        except BothwaysError as error:
            ended = Ended(130 if isinstance(error, Stopped) else exit_code(error), None, str(error))
        finally:
            connector.close()
        self.said.append(ended.said)
        self.always(ended)
        return ended

    def always(self, ended: Ended) -> None:
        """P3 the counts add up, P4 nothing else is written, P10 no success with work left, P11 the token is nowhere."""
        if ended.result is not None:
            ended.result.check()
            assert ended.code != 0 or (ended.result.deferred, ended.result.error) == (0, "")
        foreign = {
            name
            for kind, written in self.server.stats()["records_written"].items()
            for name in written
            if kind != "PermissionSetAssignment"  # of provisioning
            and not name.lower().startswith("bothways_")
        }
        assert foreign <= self.allowed, "wrote what is not ours"
        assert TOKEN not in "".join(self.said)
        for path in self.folder.rglob("*"):
            assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), f"the token is in {path}"

    def held(self) -> dict[str, dict[str, Any]]:
        """Our values of every record in the CRM."""
        found = {}
        for kind in ("accounts", "opportunities"):
            for row in self.app.records(kind):
                values = row.get("properties", row)
                ours = {n.lower(): v for n, v in values.items() if n.lower().startswith("bothways_") and v is not None}
                found[f"{kind}/{row.get('id') or row.get('Id')}"] = ours
        return found

    def written(self) -> int:
        return sum(n for fields_ in self.server.stats()["records_written"].values() for n in fields_.values())

    def calls(self) -> int:
        return int(self.server.stats()["calls_total"])


@pytest.fixture(scope="session")
def organisation() -> Organisation:
    return demo_organisation(7, 24, now=NOW, opportunities_per_account=1, activities_per_account=1)


@pytest.fixture
def emulated(
    tmp_path: Path, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Case]]:
    """Makes a provisioned case of a CRM; `through` and `chaos` put a fault proxy before it, `toml` is added to [crm]."""
    with ExitStack() as stack:

        def make(
            crm: str,
            *,
            through: dict[str, Any] | None = None,
            chaos: dict[str, Any] | None = None,
            toml: str = "",
            provision: bool = True,
        ) -> Case:
            folder = tmp_path / f"{crm}{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            server = stack.enter_context(build_emulator(crm, organisation, limits=False, token=TOKEN))
            monkeypatch.setitem(os.environ, VARIABLE, TOKEN)
            path = write_demo_settings(crm, server.url, organisation, folder)
            if provision:
                connector = connect(config_settings.load(path))
                connector.provision(SPECS)
                connector.close()
            proxy: FaultProxy | ChaosProxy | None = None
            if through is not None:
                proxy = stack.enter_context(FaultProxy(server.port, **through))
            elif chaos is not None:
                proxy = stack.enter_context(ChaosProxy(server.port, **chaos))
            if proxy is not None:
                path.write_text(path.read_text().replace(server.url, proxy.url))
            unhurried = "" if crm != "hubspot" or "rate_limit" in toml else "rate_limit = 1000\nsearch_limit = 1000\n"
            path.write_text(path.read_text().replace("\n\n[workspace]", f"\n{unhurried}{toml}\n\n[workspace]", 1))
            return Case(crm, server, config_settings.load(path), folder, proxy=proxy)

        yield make


_clean: dict[str, dict[str, dict[str, Any]]] = {}


@pytest.fixture
def clean(emulated: Callable[..., Case]) -> Callable[[str], dict[str, dict[str, Any]]]:
    """What an undisturbed sync leaves in a CRM."""

    def of(crm: str) -> dict[str, dict[str, Any]]:
        if crm not in _clean:
            case = emulated(crm)
            assert case.sync().code == 0
            _clean[crm] = case.held()
        return _clean[crm]

    return of


def pytest_sessionfinish() -> None:
    from rows import DONE

    target = os.environ.get("FAULT_TABLE")
    if target and DONE:
        Path(target).write_text(json.dumps(DONE, indent=1))
