"""One emulated CRM with a workspace of its own, a run over it, and what must be true after every run whatever went
wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos import ChaosProxy
from proxy import FaultProxy
from scorer import by_acts, scoring_by

from config.settings import Settings
from connectors.emulator.server.http import EmulatorServer
from connectors.errors import BothwaysError
from enrichment.fields import fields
from enrichment.model import ScoringModel
from sync.errors import Stopped, exit_code
from sync.options import RunContext, options_from, workspace_of
from sync.progress import NullProgress
from sync.registry import connect
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
        chosen = replace(options_from(self.settings, NOW), **options)
        try:
            context = RunContext(connector, workspace_of(self.settings), ScoringModel(), SPECS, chosen, NullProgress())
            with scoring_by(by_acts):
                told = run_sync(context)
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
