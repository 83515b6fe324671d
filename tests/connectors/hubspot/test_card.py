"""The HubSpot project of the card: well-formed without Node, compiled and tested with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

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
