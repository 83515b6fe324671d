"""The page in a real Chromium: the map is drawn, nothing is fetched, no policy is broken, it reads with scripts off."""

from __future__ import annotations

import shutil

import pytest

from enrichment.fields import STANCES
from sync.report.data import read_report
from sync.report.page import render, write

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
CHROMIUM = shutil.which("chromium")


@pytest.fixture
def page_file(score_folder, make_account, tmp_path):
    rows = [
        make_account(
            str(i),
            name=f"Customer {i} <b>&",
            stance=code,
            customer_dependence=float(i * 9),
            reciprocity_balance=float(i * 20 - 100),
            reclaimable_hours=float(i),
            confidence=80.0,
            coverage=60.0,
        )
        for i, (code, _) in enumerate(STANCES)
    ]
    data = read_report(score_folder("now", rows), None, "salesforce", names=True)
    path = tmp_path / "report.html"
    write(path, render(data, pulled={"accounts": len(rows)}, advice=dict(STANCES)))
    return path


@pytest.fixture
def browser():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: run bench/install_browser.sh")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: run make check-all")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


def test_the_map_is_drawn_and_nothing_is_asked_from_outside(browser, page_file):
    page = browser.new_page()
    requests, troubles = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(page_file.as_uri())

    drawn = page.evaluate(
        "() => { const c = document.getElementById('map'); return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v) }"
    )
    assert drawn
    assert requests == [page_file.as_uri()]
    assert troubles == []


def test_pointing_at_a_spot_names_the_account(browser, page_file):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(page_file.as_uri())
    box = page.locator("#map").bounding_box()
    # the fifth account: balance 0 (the middle), dependence 45
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * (360 - 0.45 * 320) / 400)

    assert page.locator("#tip").inner_text().startswith("Customer 5 <b>&: ")


def test_it_reads_with_scripts_off(browser, page_file):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())

    assert page.locator("svg.quadrant").is_visible()
    assert page.locator("svg.quadrant rect[fill-opacity]").first.is_visible()
    assert page.locator("h1").count() == 1
    assert page.locator("table").count() >= 4


def test_every_figure_and_table_has_its_words(browser, page_file):
    page = browser.new_page()
    page.goto(page_file.as_uri())

    assert page.evaluate("() => document.documentElement.lang") == "en"
    assert page.title()
    assert page.evaluate(
        "() => [...document.querySelectorAll('table')].every(t => t.caption && t.caption.textContent.trim())"
    )
    assert page.evaluate(
        "() => [...document.querySelectorAll('svg[role=img]')].every(s => s.getAttribute('aria-label'))"
    )
    assert page.evaluate("() => [...document.querySelectorAll('figure')].every(f => f.querySelector('figcaption'))")
