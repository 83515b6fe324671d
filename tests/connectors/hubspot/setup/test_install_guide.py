"""What docs/install-hubspot.md promises of scopes and properties holds against the emulated portal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Change
from connectors.hubspot.config import HubSpotConfig
from enrichment.fields import ACCOUNT_FIELDS, FIELDS, OPPORTUNITY_FIELDS, fields

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
    for name in ("Stance", "Customer dependence", "Seller dependence", "Reciprocity balance", "Reclaimable hours"):
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
