"""The Lightning Web Component keeps Salesforce's own rules for components."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COMPONENTS = HERE.parents[2] / "connectors/salesforce/package/force-app/main/default/lwc"
WRONG = """import { LightningElement } from 'lwc';
export default class Wrong extends LightningElement {
    connectedCallback() {
        document.querySelector('a').innerHTML = 'x';
    }
}
"""
pytestmark = [pytest.mark.slow, pytest.mark.node]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs Node.js and npm")
    made = tmp_path_factory.mktemp("eslint")
    for name in ("package.json", "package-lock.json", "eslint.config.mjs"):
        shutil.copy(HERE / name, made)
    shutil.copytree(COMPONENTS, made / "lwc")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=made, check=True, capture_output=True, timeout=300)
    return made


def faults(folder: Path) -> dict[str, list[str]]:
    """Rules that are broken, by file; every file that was looked at is named."""
    command = [str(folder / "node_modules/.bin/eslint"), "lwc", "--format", "json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.startswith("["), done.stderr
    return {Path(each["filePath"]).name: [m["ruleId"] for m in each["messages"]] for each in json.loads(done.stdout)}


def test_no_rule_is_broken(folder: Path) -> None:
    found = faults(folder)
    assert set(found) == {path.name for path in COMPONENTS.rglob("*.js")}
    assert {name: rules for name, rules in found.items() if rules} == {}


def test_the_rules_are_at_work(folder: Path) -> None:
    wrong = folder / "lwc/bothwaysPanel/wrong.js"
    wrong.write_text(WRONG, encoding="utf-8")
    try:
        assert {"@lwc/lwc/no-document-query", "@lwc/lwc/no-inner-html"} <= set(faults(folder)["wrong.js"])
    finally:
        wrong.unlink()
