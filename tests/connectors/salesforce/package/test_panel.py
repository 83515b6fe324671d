"""The Lightning Web Component: its own tests under Jest, and the thing itself in a real Chromium."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from generate.panel import Kind, properties, to_panel

from connectors.salesforce.names import OBJECTS, field_name

_spec = importlib.util.spec_from_file_location("rendering", Path(__file__).parent / "rendering.py")
assert _spec is not None
assert _spec.loader is not None
rendering = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rendering)

BUNDLE = rendering.PACKAGE / "force-app/main/default/lwc/bothwaysPanel"
KINDS: dict[str, Kind] = {OBJECTS["accounts"]: "account", OBJECTS["opportunities"]: "deal"}
WIDTHS = (320, 1060)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_it_reads_the_fields_that_provision_makes(name: str) -> None:
    block = re.search(name + r": \{(.*?)\}", (BUNDLE / "fields.js").read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    pairs = dict(re.findall(r"(\w+): '(\w+)'", block[1]))
    assert pairs == {stem: field_name(stem) for stem in properties(KINDS[name])}


def test_it_asks_nobody_but_the_record_service() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in BUNDLE.glob("*.js"))
    assert set(re.findall(r"from '([^'./][^']*)'", sources)) == {"lwc", "lightning/uiRecordApi"}
    assert re.findall(r"\bfetch\(|XMLHttpRequest|https?://|@salesforce/", sources) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("npm") is None:
        pytest.skip("needs Node.js and npm")
    made: Path = rendering.workspace(tmp_path_factory.mktemp("panel"))
    return made


@pytest.mark.slow
@pytest.mark.node
@pytest.mark.enable_socket
def test_its_own_tests_pass(folder: Path) -> None:
    said = rendering.run(folder, [str(folder / "node_modules/.bin/jest"), "--ci", "--coverage"])
    assert re.search(r"Tests: +\d+ passed, \d+ total", said), said


@pytest.fixture(scope="module")
def page_file(folder: Path) -> Path:
    if shutil.which("chromium") is None:
        pytest.skip("Chromium is not installed: run bench/install_browser.sh")
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed: run make check-all")
    made: Path = rendering.page_in(folder)
    return made


@pytest.mark.slow
@pytest.mark.node
@pytest.mark.browser
@pytest.mark.enable_socket
@pytest.mark.parametrize("width", WIDTHS)
def test_every_state_is_drawn_says_what_the_catalogue_says_and_is_accessible(page_file: Path, width: int) -> None:
    with rendering.opened(page_file, width) as page:
        for name, (kind, record) in rendering.RECORDS.items():
            panel = to_panel(KINDS[kind], record, rendering.NOW)
            shown = " ".join(page.locator(f"[data-record={name}]").inner_text().split())
            wanted = [panel["stance"], panel["advice"], panel["notice"], panel["confidence"], panel["as_of"]]
            wanted += [figure["text"] for figure in panel["figures"]] + [reason["text"] for reason in panel["reasons"]]
            assert [text for text in wanted if text not in shown] == [], name
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert all(url.startswith("file:") for url in page.seen)
        page.add_script_tag(path=page_file.parent / "node_modules/axe-core/axe.min.js")
        found: dict[str, Any] = page.evaluate("() => axe.run()")
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
        assert {"color-contrast", "definition-list"} <= {each["id"] for each in found["passes"]}
        assert page.troubles == []


@pytest.mark.slow
@pytest.mark.node
@pytest.mark.browser
@pytest.mark.enable_socket
def test_the_bars_are_as_long_as_the_numbers_say(page_file: Path) -> None:
    with rendering.opened(page_file, WIDTHS[1]) as page:

        def share(selector: str) -> float:
            bar = page.locator(f"[data-record=account] {selector}").first
            whole = bar.locator("xpath=..").bounding_box()
            return float(bar.bounding_box()["width"] / whole["width"])

        assert share(".customer .bar") == pytest.approx(0.78, abs=0.01)
        assert share(".seller .bar") == pytest.approx(0.43, abs=0.01)
        assert share(".balance .bar") == pytest.approx(0.06, abs=0.01)
        sides = [page.locator(f"[data-record=account] .{side} .bar").bounding_box() for side in ("customer", "seller")]
        assert sides[0]["x"] + sides[0]["width"] < sides[1]["x"]
        assert sides[0]["y"] == sides[1]["y"]


@pytest.mark.slow
@pytest.mark.node
@pytest.mark.browser
@pytest.mark.enable_socket
def test_the_pictures_of_the_documents_can_be_made(page_file: Path, tmp_path: Path) -> None:
    made = rendering.pictures(page_file, tmp_path)
    assert {path.name for path in made} == {path.name for path in rendering.IMAGES.glob("salesforce-*.png")}
    assert all(path.stat().st_size > 10_000 for path in made)
