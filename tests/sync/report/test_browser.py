"""The page in a real Chromium: it is drawn, found, opened, printed, read with scripts off; nothing is fetched; axe
finds nothing.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from enrichment.fields import DEAL_STANCES, STANCES
from enrichment.model import CHANNELS, COMPONENTS
from sync.report.data import read_report
from sync.report.details import Detail
from sync.report.page import Extras, render, write
from sync.report.payload import detail_blocks

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
CHROMIUM = shutil.which("chromium")
SIZES = {"desk": (1280, 800), "phone": (390, 844)}


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The file of axe-core, from npm with the pinned hash."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs Node.js and npm")
    folder = tmp_path_factory.mktemp("axe")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path(__file__).with_name(name), folder)
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=300)
    return folder / "node_modules/axe-core/axe.min.js"


@pytest.fixture
def page_file(score_folder, make_account, add_deals, tmp_path):
    codes = [code for code, _ in STANCES]
    rows = [
        make_account(
            str(i),
            name=f"Customer {i} <b>&",
            stance=codes[i % len(codes)],
            customer_dependence=float(i * 2),
            seller_dependence=float(i),
            reciprocity_balance=float(i * 4 - 98),
            reclaimable_hours=float(i),
            seller_effort_hours=60.0,
            confidence=80.0,
            coverage=60.0,
            top_drivers=f"reason {i}",
        )
        for i in range(50)
    ]
    folder = score_folder("now", rows)
    add_deals(
        folder,
        [
            {"id": f"d{i}", "name": f"=Deal {i}", "account_id": str(i), "bothways_deal_stance": DEAL_STANCES[i % 5][0]}
            for i in range(30)
        ],
    )
    before = score_folder("before", [dict(row) | {"bothways_stance": codes[0]} for row in rows])
    data = read_report(folder, before, "salesforce", names=True)
    details = [
        Detail(
            row.id,
            row.why,
            f"advice {row.id}",
            tuple(range(len(COMPONENTS))),
            tuple((1, 2) for _ in CHANNELS),
            (("2026-10-01", 10.0, None, codes[0]),),
            ("balance from 1 to 2: Partner",),
        )
        for row in data.accounts
    ]
    path = tmp_path / "report.html"
    extras = Extras(account_details=detail_blocks(details), forms=("https://x.my.salesforce.com/{id}", ""))
    write(path, render(data, pulled={"accounts": len(rows)}, advice=dict(STANCES), extras=extras))
    return path


@pytest.fixture(scope="module")
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


def opened(browser, page_file, size="desk", hash_="", **options):
    width, height = SIZES[size]
    page = browser.new_context(viewport={"width": width, "height": height}, **options).new_page()
    page.goto(page_file.as_uri() + hash_)
    page.wait_for_selector("html[data-ready]")
    return page


def test_the_map_is_drawn_and_nothing_is_asked_from_outside(browser, page_file):
    page = browser.new_page()
    requests, troubles = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(page_file.as_uri())
    page.wait_for_selector("html[data-ready]")

    drawn = page.evaluate(
        "() => { const c = document.querySelector('#map canvas'); return c.getContext('2d').getImageData(0, 0,"
        " c.width, c.height).data.some(v => v) }"
    )
    assert drawn
    assert requests == [page_file.as_uri()]
    assert troubles == []


@pytest.mark.parametrize("size", SIZES)
def test_the_first_screen_answers_and_nothing_is_wider_than_the_screen(browser, page_file, size):
    page = opened(browser, page_file, size)

    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    tiles = page.locator(".tile")
    assert tiles.count() == 4
    if size == "desk":
        assert all(tiles.nth(i).bounding_box()["y"] + tiles.nth(i).bounding_box()["height"] < 800 for i in range(4))


@pytest.mark.parametrize("width", [390, 480, 640, 1280])
def test_no_word_of_the_map_lies_on_another(browser, page_file, width):
    page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
    page.goto(page_file.as_uri())
    page.wait_for_selector("html[data-ready]")
    boxes = page.evaluate(
        "() => [...document.querySelectorAll('.quadrant .axis text')].map(t => [t.textContent, "
        "t.getBoundingClientRect()])"
        ".filter(([, b]) => b.width).map(([t, b]) => [t, b.left, b.top, b.right, b.bottom])"
    )
    over = [
        (a[0], b[0])
        for i, a in enumerate(boxes)
        for b in boxes[:i]
        if min(a[3], b[3]) - max(a[1], b[1]) > 1 and min(a[4], b[4]) - max(a[2], b[2]) > 1
    ]
    assert len(boxes) == 9
    assert over == []


def test_every_mark_is_named_by_pointing_and_by_keys(browser, page_file):
    page = opened(browser, page_file)
    box = page.locator("#map").bounding_box()
    # account 24: balance -2, dependence 48
    x, y = 40 + 98 / 200 * 664, 372 - 0.48 * 356
    page.mouse.move(box["x"] + box["width"] * x / 720, box["y"] + box["height"] * y / 420)
    assert page.locator("#tip").inner_text().startswith("Customer 24 <b>& · ")

    page.locator("#map").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    named = page.locator("#tip b").inner_text()
    page.keyboard.press("Enter")
    assert page.locator("#d-name").inner_text() == named
    page.keyboard.press("Escape")
    assert page.evaluate("() => document.activeElement.id") == "map"


def test_tables_search_filter_sort_and_turn_pages_and_the_address_keeps_it(browser, page_file):
    page = opened(browser, page_file)
    table = page.locator("#t-accounts")
    assert table.locator("tbody tr").count() == 20
    table.get_by_role("button", name="Next").click()
    table.get_by_role("button", name="Next").click()
    assert table.locator("tbody tr").count() == 10
    table.locator("select").nth(0).select_option(STANCES[1][0])
    table.locator("thead button").nth(2).click()
    names = table.locator("tbody th button").all_inner_texts()
    again = opened(browser, page_file, hash_="#" + page.url.partition("#")[2])

    expected = [f"Customer {i} <b>&" for i in range(49, -1, -1) if i % len(STANCES) == 1]
    assert names == expected
    assert again.locator("#t-accounts tbody th button").all_inner_texts() == expected
    again.locator("#t-accounts input[type=search]").fill("customer 13 ")
    assert again.locator("#t-accounts tbody th button").all_inner_texts() == ["Customer 13 <b>&"] * (
        13 % len(STANCES) == 1
    )


def test_show_all_shows_what_the_tile_counts(browser, page_file):
    page = opened(browser, page_file)
    page.locator(".waiting .all a").click()
    figure = int(page.locator(".waiting strong").inner_text())

    assert page.locator("#t-accounts .count").inner_text() == f"{figure} of 50"


def test_the_drawer_explains_and_links_to_the_crm(browser, page_file):
    page = opened(browser, page_file)
    page.locator("#t-accounts tbody th button").first.click()
    text = page.locator("#drawer").inner_text()

    for words in ("Customer 49", "advice 49", "reason 49", "Share of wallet", "Email", "2026-10-01", "Partner"):
        assert words in text
    assert page.locator("#drawer a").get_attribute("href") == "https://x.my.salesforce.com/49"


def test_the_exported_csv_has_the_filtered_rows_and_no_formula(browser, page_file):
    page = opened(browser, page_file)
    page.locator("#t-deals select").nth(0).select_option(DEAL_STANCES[0][0])
    with page.expect_download() as download:
        page.locator("#t-deals").get_by_role("button", name="Export CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))

    assert [row["id"] for row in rows] == [f"d{i}" for i in range(30) if i % 5 == 0] or len(rows) == 6
    assert all(row["name"].startswith("'=Deal") for row in rows)


def test_it_reads_with_scripts_off(browser, page_file):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(page_file.as_uri())

    assert page.locator("svg.quadrant use").first.is_visible()
    assert page.locator("h1").count() == 1
    assert page.locator("#t-accounts tbody tr").count() == 20
    assert not page.locator(".tools").first.is_visible()
    assert "reason 49" in page.locator("#t-accounts").inner_text()


@pytest.mark.parametrize("scripts", [True, False])
def test_it_prints_on_three_pages_at_most(browser, page_file, scripts):
    page = browser.new_context(java_script_enabled=scripts).new_page()
    page.goto(page_file.as_uri())
    if scripts:
        page.wait_for_selector("html[data-ready]")

    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) <= 3


def test_dark_and_light_differ(browser, page_file):
    shots = [opened(browser, page_file, color_scheme=scheme).screenshot() for scheme in ("dark", "light")]

    assert shots[0] != shots[1]


@pytest.mark.node
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, page_file, axe, size, scheme):
    page = opened(browser, page_file, size, color_scheme=scheme, bypass_csp=True)
    page.add_script_tag(path=axe)
    for state in ("page", "drawer"):
        if state == "drawer":
            page.locator("#t-accounts tbody th button").first.click()
            page.wait_for_selector("#d-name")
        found = page.evaluate("() => axe.run()")
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], state
        assert "color-contrast" in {each["id"] for each in found["passes"]}


def test_a_hundred_thousand_accounts_open_quickly(browser, tmp_path):
    from dataclasses import fields

    from sync.report.data import AccountRow, ReportData

    blank = dict.fromkeys(field.name for field in fields(AccountRow))
    rows = tuple(
        AccountRow(
            **blank
            | {
                "id": f"{i:015}",
                "name": f"Customer {i * 7919 % 100_003}",
                "stance": STANCES[i % 10][0],
                "customer_dependence": float(i % 101),
                "balance": float(i * 13 % 201 - 100),
                "why": "",
                "segment": "",
                "region": "",
            }
        )
        for i in range(100_000)
    )
    path = tmp_path / "large.html"
    write(path, render(ReportData("files", None, "", rows, (), None), pulled={}, advice={}))
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}

    assert path.stat().st_size <= 70_000 + 100_000 * 60
    # work, not time: so many elements however many accounts there are
    assert metrics["Nodes"] < 6_000
