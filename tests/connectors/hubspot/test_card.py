"""The HubSpot project of the card: well-formed without Node, compiled and tested with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from connectors.hubspot.webhooks.reader import EVENTS, STANDARD

APP = Path(__file__).parents[3] / "connectors" / "hubspot" / "app"
CARDS = APP / "src" / "app" / "cards"


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_part_of_the_project_is_named_once_and_points_to_files_that_are_there() -> None:
    project = read(APP / "hsproject.json")
    parts = [read(path) for path in sorted((APP / project["srcDir"]).rglob("*-hsmeta.json"))]
    assert sorted(part["type"] for part in parts) == ["app", "card", "card"]
    assert len({part["uid"] for part in parts}) == 3
    cards = [part["config"] for part in parts if part["type"] == "card"]
    assert {card["location"] for card in cards} == {"crm.record.sidebar", "crm.record.tab"}
    for card in cards:
        assert (APP / project["srcDir"] / card["entrypoint"].lstrip("/")).is_file()
        assert card["objectTypes"] == ["COMPANY", "DEAL"]


def test_the_card_calls_nobody_and_asks_for_no_more_than_reading() -> None:
    app = read(APP / "src" / "app" / "app-hsmeta.json")["config"]
    assert app["auth"]["type"] == "static"
    assert app["distribution"] == "private"
    assert set(app["auth"]["requiredScopes"]) == {"crm.objects.companies.read", "crm.objects.deals.read"}
    assert app["permittedUrls"] == {"fetch": [], "iframe": [], "img": []}
    sources = "".join(path.read_text(encoding="utf-8") for path in CARDS.glob("*.ts*"))
    assert not [word for word in ("fetch(", "serverless", "http:", "https:") if word in sources]


def test_the_lock_file_pins_every_package_and_names_no_registry() -> None:
    lock = read(CARDS / "package-lock.json")["packages"]
    manifest = read(CARDS / "package.json")
    assert lock[""]["dependencies"] == manifest["dependencies"]
    assert lock[""]["devDependencies"] == manifest["devDependencies"]
    for name, package in lock.items():
        if name:
            assert "resolved" not in package
            assert package["integrity"].startswith("sha512-")


@pytest.mark.node
@pytest.mark.slow
def test_the_card_compiles_and_passes_its_own_tests(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: https://nodejs.org, 20.19 or later")
    folder = tmp_path / "cards"
    shutil.copytree(CARDS, folder, ignore=shutil.ignore_patterns("node_modules"))
    for words in (["ci", "--no-audit", "--no-fund"], ["run", "typecheck"], ["test"]):
        ran = subprocess.run(
            [npm, *words], cwd=folder, capture_output=True, text=True, env={**os.environ, "CI": "1"}, check=False
        )
        assert ran.returncode == 0, f"npm {' '.join(words)}\n{ran.stdout[-4000:]}\n{ran.stderr[-4000:]}"


def test_both_components_are_made_from_the_same_words_and_tested_with_the_same_cases() -> None:
    """The card's and the Lightning component's; `tests/generate` checks both against its `panel.py`."""
    root = Path(__file__).parents[3]
    cases = read(CARDS / "tests" / "panel-cases.json")
    assert read(root / "tests/connectors/salesforce/package" / "panel-cases.json") == cases
    module = root / "connectors/salesforce/package/force-app/main/default/lwc/bothwaysPanel/catalogue.js"
    text = module.read_text(encoding="utf-8").removeprefix("export default ").rstrip().removesuffix(";")
    assert json.loads(text) == read(CARDS / "panel.json")
    for tests in (
        CARDS / "tests" / "BothwaysPanel.test.tsx",
        root / "tests/connectors/salesforce/package" / "panel.test.js",
    ):
        assert "panel-cases.json" in tests.read_text(encoding="utf-8")
    states = {(case["kind"], case["panel"]["state"]) for case in cases}
    assert states >= {(kind, state) for kind in ("account", "deal") for state in ("scored", "unscored", "unreadable")}


def test_the_subscriptions_are_what_the_receiver_understands_and_are_uploaded_only_when_copied() -> None:
    """Their address is an example: uploaded as it is, it would tell a stranger what changes in the portal."""
    path = APP / "webhooks" / "webhooks-hsmeta.json"
    part = read(path)
    assert part["type"] == "webhooks"
    assert not path.is_relative_to(APP / read(APP / "hsproject.json")["srcDir"])
    told = part["config"]["subscriptions"]
    kinds = [one["subscriptionType"] for group in told.values() for one in group]
    assert len(kinds) == len(set(kinds)) == 26
    for kind in kinds:
        name, _, what = kind.partition(".")
        assert what in EVENTS
        assert name in {singular for singular, _ in STANDARD.values()}
        assert what != "propertyChange"  # the increments have those; they would be most of the traffic
    assert {kind.partition(".")[2] for kind in kinds} == EVENTS - {"propertyChange"}
