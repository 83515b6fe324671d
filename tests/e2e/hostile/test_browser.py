"""The report with the whole corpus in it, in a real Chromium: nothing of it runs, nothing is fetched."""

from __future__ import annotations

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpus import TEXTS, texts

from connectors.records import TIME
from enrichment.fields import STANCES
from sync.report.data import read_report
from sync.report.page import render, write

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
CHROMIUM = shutil.which("chromium")
SHOWN = 600
"""Records with a text of the corpus each; a page of the table shows some, the map all."""
NUMBERS = ("customer_dependence", "seller_dependence", "reciprocity_balance", "reclaimable_hours", "confidence")
MORE = ("seller_effort_hours", "customer_effort_hours", "coverage")


@pytest.fixture
def page_file(tmp_path):
    names = texts(SHOWN)
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("name", pa.string()),
            ("bothways_stance", pa.string()),
            ("bothways_top_drivers", pa.string()),
        ]
        + [(f"bothways_{name}", pa.float64()) for name in (*NUMBERS, *MORE)]
        + [("bothways_asof", TIME), ("bothways_model_version", pa.string())]
    )
    rows = [
        {
            "id": f"{text[:200]}{n}",
            "name": text,
            "bothways_stance": STANCES[n % len(STANCES)][0],
            "bothways_top_drivers": names[-n - 1],
            "bothways_model_version": TEXTS[n % len(TEXTS)],
        }
        | {f"bothways_{name}": float((n * 7) % 100) for name in (*NUMBERS, *MORE)}
        for n, text in enumerate(names)
    ]
    (tmp_path / "now").mkdir()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), tmp_path / "now" / "accounts.parquet")
    data = read_report(tmp_path / "now", None, TEXTS[0], names=True)
    path = tmp_path / "report.html"
    write(path, render(data, pulled={TEXTS[1]: 3}, advice={code: TEXTS[2] for code, _ in STANCES}))
    return path


def test_nothing_of_the_corpus_runs(page_file):
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: run bench/install_browser.sh")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: run make check-all")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        asked, dialogs, broken = [], [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.add_init_script(
            "window.hits = []; window.hit = word => window.hits.push(word); window.alert = window.hit;"
        )
        page.goto(page_file.as_uri())
        page.wait_for_selector("html[data-ready]")
        for name in ("mouseover", "focus", "click", "mousemove"):
            page.evaluate(
                "name => document.querySelectorAll('*').forEach(e => e.dispatchEvent(new Event(name, "
                "{bubbles: true})))",
                name,
            )
        box = page.locator("#map").bounding_box()
        for x in range(0, int(box["width"]), 12):
            page.mouse.move(box["x"] + x, box["y"] + box["height"] * (x % 97) / 97)
        hits = page.evaluate("window.hits")
        page.evaluate("document.querySelectorAll('dialog').forEach(each => each.close())")
        page.locator("#t-accounts input[type=search]").fill("window.hit('inline')")
        shown = page.evaluate("document.getElementById('t-accounts').innerText.includes(\"window.hit('inline')\")")
        title, url = page.title(), page.url
        page.goto("about:blank")
        page.set_content(f"<body>{TEXTS[0]}</body>")  # so that it is known that hits are seen at all
        seen = page.evaluate("window.hits")
        browser.close()

    assert seen == ["inline"]
    assert (hits, dialogs, broken) == ([], [], [])
    assert [each for each in asked if not each.startswith("blob:")] == [
        page_file.as_uri()
    ]  # the CSV is a blob of its own
    assert url.partition("#")[0] == page_file.as_uri()
    assert shown  # the text is there to be read
    assert title.startswith("Who needs whom")
