"""The whole line over real sockets: one organisation in files and in both emulated CRMs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from config import settings as config_settings
from config.loading import load_model
from config.settings import Settings
from connectors.emulator.organisation.model import Organisation, demo_model_toml, demo_organisation
from connectors.emulator.organisation.tables.folder import save_tables
from connectors.emulator.server.http import EmulatorServer
from enrichment.fields import fields
from sync.onboarding.demo import build_emulator, write_demo_settings
from sync.options import RunContext, options_from, workspace_of
from sync.progress import NullProgress
from sync.registry import connect
from sync.result import RunResult
from sync.run import run_score, run_sync

NOW = datetime(2026, 10, 15, tzinfo=UTC)
TOKEN_VARIABLE = "BOTHWAYS_CRM_TOKEN"


@dataclass(frozen=True)
class Line:
    """One CRM (or folder) with its settings; the emulator's server when there is one."""

    crm: str
    settings: Settings
    server: EmulatorServer | None = None

    def sync(self, as_of: datetime | None = NOW, **options: Any) -> RunResult:
        connector = connect(self.settings)
        try:
            specs = fields(self.settings.score.profile)
            chosen = options_from(self.settings, as_of)
            for name, value in options.items():
                chosen = type(chosen)(**{**{f: getattr(chosen, f) for f in chosen.__slots__}, name: value})
            return run_sync(
                RunContext(
                    connector, workspace_of(self.settings), load_model(self.settings), specs, chosen, NullProgress()
                )
            )
        finally:
            connector.close()

    def score(self, as_of: datetime = NOW) -> Path:
        connector = connect(self.settings)
        try:
            scored = run_score(
                RunContext(
                    connector,
                    workspace_of(self.settings),
                    load_model(self.settings),
                    fields("full"),
                    options_from(self.settings),
                    NullProgress(),
                ),
                [as_of],
            )
        finally:
            connector.close()
        return scored[0].scores_dir

    def provision(self) -> None:
        connector = connect(self.settings)
        try:
            connector.provision(fields(self.settings.score.profile))
        finally:
            connector.close()

    def vendor_id(self, stream: str, identity: str) -> str:
        """What the CRM calls a record of the organisation."""
        if self.server is None:
            return identity
        app: Any = self.server.app
        return str(app.ids[stream][identity]) if self.crm == "hubspot" else str(app.vendor_id(stream, identity))


def scores_of(folder: Path, stream: str) -> dict[str, dict[str, Any]]:
    """Scores by id."""
    return {row["id"]: row for row in pq.read_table(folder / f"{stream}.parquet").to_pylist()}


@pytest.fixture(scope="session")
def organisation() -> Organisation:
    return demo_organisation(7, 40, now=NOW, activities_per_account=30)


@pytest.fixture(scope="session")
def plain_scores(organisation: Organisation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The organisation's scores from files, nothing changed."""
    folder = tmp_path_factory.mktemp("plain")
    return Line("files", config_settings.load(_files(folder, organisation))).score()


@pytest.fixture
def line(tmp_path: Path, organisation: Organisation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Line]]:
    """Makes a line for `files`, `salesforce` or `hubspot`."""
    with ExitStack() as stack:

        def make(
            crm: str,
            *,
            profile: str = "full",
            org: Organisation = organisation,
            provision: bool = True,
            model: str | None = None,
            mapping: str = "",
            noise: bool = False,
        ) -> Line:
            folder = tmp_path / f"{crm}{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            if crm == "files":
                path, server = _files(folder, org), None
            else:
                server = stack.enter_context(build_emulator(crm, org, limits=False, noise=noise))
                monkeypatch.setitem(os.environ, TOKEN_VARIABLE, server.app.token)
                path = write_demo_settings(crm, server.url, org, folder)
                if crm == "hubspot":  # what has no limit tells none, and the connector would keep to the smallest
                    path.write_text(path.read_text().replace("[crm]\n", "[crm]\nrate_limit = 1000\n", 1))
            if model is not None:
                (folder / "model.toml").write_text(model)
            if mapping:
                text = (folder / "mapping.toml").read_text()
                start = text.index("[opportunities.fields]")
                (folder / "mapping.toml").write_text(text[:start] + mapping + text[text.index("\n[", start + 1) :])
            path.write_text(path.read_text() + f'profile = "{profile}"\n')
            made = Line(crm, config_settings.load(path), server)
            if provision:
                made.provision()
            return made

        make.of = lambda settings: Line(settings.crm.kind, settings)  # type: ignore[attr-defined]
        yield make


def _files(folder: Path, org: Organisation) -> Path:
    save_tables(org.visible(), folder / "tables")
    (folder / "model.toml").write_text(demo_model_toml())
    domains = ", ".join(f'"{domain}"' for domain in org.own_domains)
    path = folder / "bothways.toml"
    path.write_text(
        f'[crm]\nkind = "files"\ninput = "tables"\n\n[workspace]\ndir = "workspace"\n\n[organisation]\n'
        f"own_domains = [{domains}]\n"
        f'corporate_currency = "{org.corporate_currency}"\ntime_zone = "{org.time_zone}"\n\n[score]\nmodel = '
        f'"model.toml"\n'
    )
    return path
