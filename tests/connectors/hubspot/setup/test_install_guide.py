"""What docs/install-hubspot.md promises of scopes and properties holds against the emulated portal."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connectors.base import Change
from connectors.emulator.hubspot.app import HubSpotEmulator
from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.server.http import EmulatorServer
from connectors.hubspot.config import HubSpotConfig
from enrichment.fields import ACCOUNT_FIELDS, FIELDS, OPPORTUNITY_FIELDS, fields
from sync.cli.app import app as command_line

GUIDE = (Path(__file__).parents[4] / "docs" / "install-hubspot.md").read_text(encoding="utf-8")
SCOPES = dict(re.findall(r"^\| `([a-z._-]+)` \| .* \| (.*) \|$", GUIDE.partition("## 2.")[0], re.MULTILINE))
LATER_TAKEN_AWAY = {"crm.schemas.companies.write", "crm.schemas.deals.write"}
IMPLIED = {"crm.schemas.companies.read", "crm.schemas.deals.read"}
"""By the scopes to read the records, as far as HubSpot's specification says."""


def restrict(one: Any, scopes: set[str]) -> None:
    one.app.behaviours.scopes[one.app.token] = frozenset(scopes)


def test_the_scopes_of_the_guide_are_enough(portal: Any, use: Any) -> None:
    one = portal(accounts=0)
    restrict(one, set(SCOPES))
    connector = one.connect(FIELDS)
    connector.provision(FIELDS)
    restrict(one, set(SCOPES) - LATER_TAKEN_AWAY)
    connector = one.connect(FIELDS)
    assert not [finding for finding in connector.check().findings if finding.level == "fail"]
    assert connector.provision(FIELDS).to_do == ()
    for stream in connector.capabilities.streams:
        assert use.read(connector, stream)
    for stream, name in (("accounts", "bothways_stance"), ("opportunities", "bothways_deal_stance")):
        record = next(iter(one.app.ids[stream].values()))
        assert [r.error for r in connector.write([Change(stream, record, {name: "respond"}, record)])] == [None]


@pytest.mark.parametrize("scope", sorted(set(SCOPES) - LATER_TAKEN_AWAY - IMPLIED))
def test_a_scope_left_out_is_named_by_check(portal: Any, scope: str) -> None:
    one = portal(accounts=0)
    one.connect(FIELDS).provision(FIELDS)
    restrict(one, set(SCOPES) - {scope})
    connector = one.connect(FIELDS)
    told = [f.message + f.remedy for f in connector.check().findings if f.level != "ok"]
    assert any(scope in text for text in told), told


def test_the_guide_counts_the_properties_right() -> None:
    essential = fields("essential")
    counts = [sum(spec.stream == stream for spec in essential) for stream in ("accounts", "opportunities")]
    assert f"with {counts[0]} and {counts[1]} properties" in GUIDE
    assert f"({len(ACCOUNT_FIELDS)} and {len(OPPORTUNITY_FIELDS)} with" in GUIDE


def test_the_properties_that_the_guide_names_are_ours() -> None:
    labels = {spec.label for spec in FIELDS}
    for name in ("What to do", "They need us", "We need them", "Balance of effort", "Hours to win back"):
        assert f"*{name}" in GUIDE
        assert any(label.startswith(name) for label in labels)


def test_the_guide_names_every_setting() -> None:
    settings = set(HubSpotConfig.model_fields) - {"kind", "url", "auth"}
    assert settings == set(re.findall(r"^\| `([a-z_]+)` \| [^|]* \| [^|]* \|$", GUIDE, re.MULTILINE)) & settings
    told = dict(re.findall(r'^\| `([a-z_]+)` \| `?"?([0-9a-z.-]+)"?`? \|', GUIDE, re.MULTILINE))
    for name in settings & told.keys():
        default = HubSpotConfig.model_fields[name].default
        if default is not None:
            assert type(default)(told[name]) == default, name


def test_the_guide_takes_less_than_twenty_minutes() -> None:
    """Reading at 200 words a minute up to the first sync, and the minutes that the steps say."""
    start, _, _ = GUIDE.partition("## 7.")
    prose = re.sub(r"^\|.*$", "", start, flags=re.MULTILINE)
    steps = [int(minutes) for minutes in re.findall(r"^## .*\((\d+) minutes?\)", GUIDE, re.MULTILINE)]
    assert len(steps) >= 5
    assert len(prose.split()) / 200 + sum(steps) < 20


def test_the_guide_leads_from_an_empty_portal_to_scores_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command line that the guide prints, in its order; what it asks of npm and HubSpot's own tool is not run."""
    monkeypatch.chdir(tmp_path)
    app = HubSpotEmulator(demo_organisation(7, 0, now=datetime(2026, 11, 20, tzinfo=UTC), activities_per_account=0))
    done: list[tuple[str, int]] = []
    with EmulatorServer(app) as server:
        for block in re.findall(r"^```sh\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE):
            for line in block.splitlines():
                words = [
                    word.replace("https://api.hubapi.com", server.url) for word in shlex.split(line, comments=True)
                ]
                if words[0] == "export":
                    monkeypatch.setenv(words[1].partition("=")[0], app.token)
                elif words[0] == "bothways":
                    extra = ["--yes"] if words[1] == "uninstall" and "--plan" not in words else []
                    result = CliRunner().invoke(command_line, words[1:] + extra)
                    done.append((" ".join(words[1:3]), result.exit_code))
                    assert result.exit_code == 0, (line, result.output)
                else:
                    assert words[0] in ("npm", "hs", "cd", "(cd"), line
        held = [one for one in app.portal.properties["companies"].archived if one.startswith("bothways_")]
    assert [command.split()[0] for command, _ in done] == [
        *("init", "provision", "provision", "check", "plan", "sync", "uninstall", "uninstall")
    ]
    assert held, "what was scored was removed by the last command"
