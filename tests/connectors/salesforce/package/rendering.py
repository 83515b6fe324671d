"""The component in a real Chromium: a page with one record in each state. Run it to renew docs/img:
`python tests/connectors/salesforce/package/rendering.py`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.salesforce.names import field_name

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
PACKAGE = ROOT / "connectors/salesforce/package"
IMAGES = ROOT / "docs/img"
STYLES = "node_modules/@salesforce-ux/design-system/assets/styles/salesforce-lightning-design-system.min.css"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

Record = Mapping[str, object]
ACCOUNT: Record = {
    "bothways_stance": "build_close",
    "bothways_customer_dependence": 78.4,
    "bothways_seller_dependence": 42.5,
    "bothways_reciprocity_balance": -12,
    "bothways_confidence": 71.2,
    "bothways_top_drivers": (
        "+ contract runs 28 more mo; + 6 products in use; - 1 rival seen in 24 mo; we wrote 9, they wrote 11 (90 d)"
    ),
    "bothways_asof": "2026-11-20T02:00:00.000Z",
}
DEAL: Record = {
    "bothways_deal_stance": "ask_for_effort",
    "bothways_deal_customer_dependence": 31,
    "bothways_deal_seller_dependence": None,
    "bothways_deal_reciprocity_balance": 64.9,
    "bothways_deal_confidence": 55,
    "bothways_deal_top_drivers": "- 4 rivals on this deal; we spent 7 h, they spent 1 h",
    "bothways_deal_asof": "2026-11-20T02:00:00.000Z",
}
URGENT: Record = {
    **ACCOUNT,
    "bothways_stance": "respond",
    "bothways_customer_dependence": 61,
    "bothways_seller_dependence": 18,
    "bothways_reciprocity_balance": -83,
    "bothways_top_drivers": "+ bought in 19 of the last 24 mo; we wrote 1, they wrote 9 (90 d)",
}
NOTHING: Record = {
    **dict.fromkeys(ACCOUNT),
    "bothways_stance": "insufficient_evidence",
    "bothways_top_drivers": "no activity recorded in 365 days; too little commercial data to judge dependence",
    "bothways_asof": "2026-11-20T02:00:00.000Z",
}
RECORDS: Mapping[str, tuple[str, Record | None]] = {
    "account": ("Account", ACCOUNT),
    "deal": ("Opportunity", DEAL),
    "urgent": ("Account", URGENT),
    "unknown": ("Account", NOTHING),
    "essential": ("Opportunity", {k: v for k, v in DEAL.items() if k != "bothways_deal_seller_dependence"}),
    "stale": ("Account", {**ACCOUNT, "bothways_asof": "2026-11-01T02:00:00.000Z"}),
    "unscored": ("Account", dict.fromkeys(ACCOUNT)),
    "unreadable": ("Account", None),
}


def workspace(folder: Path) -> Path:
    """A copy of the project and of its tests, with the pinned packages installed."""
    npm = shutil.which("npm")
    assert npm is not None
    shutil.copytree(PACKAGE, folder, dirs_exist_ok=True)
    for name in ("package.json", "package-lock.json", "panel-cases.json", "jest.config.js", "rollup.config.mjs"):
        shutil.copy(HERE / name, folder)
    for test in HERE.glob("*.test.js"):
        shutil.copy(test, folder)
    shutil.copytree(HERE / "page", folder / "page")
    run(folder, [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], seconds=600)
    return folder


def run(folder: Path, command: list[str], *, seconds: int = 240) -> str:
    """Its output. Fails with it when the command does."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=seconds)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def page_in(folder: Path) -> Path:
    """Builds the component and a page that shows it once for every record of RECORDS."""
    run(folder, [str(folder / "node_modules/.bin/rollup"), "-c"])
    held = {
        name: {field_name(stem): value for stem, value in record.items()}
        for name, (_, record) in RECORDS.items()
        if record is not None
    }
    places = "".join(
        f'<section aria-label="{name}" data-record="{name}" data-object="{kind}"></section>'
        for name, (kind, _) in RECORDS.items()
    )
    page = folder / "page.html"
    page.write_text(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Both ways</title><link '
        f'rel="stylesheet" href="{STYLES}">'
        "<style>body{background:#f3f3f3;padding:1rem}main{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,"
        "minmax(300px,1fr));align-items:start}"
        ".slds-card{border:1px solid #c9c9c9}</style></head><body><main><h1 class='slds-assistive-text'>Both ways</h1>"
        f"{places}</main><script>window.RECORDS={json.dumps(held)}</script><script src='built/panel.js'>"
        f"</script></body></html>",
        encoding="utf-8",
    )
    return page


@contextmanager
def opened(page_file: Path, width: int) -> Iterator[Any]:
    """The page at a width, all components rendered, the clock standing at NOW."""
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": width, "height": 900}, device_scale_factor=2)
        page.clock.set_fixed_time(NOW)
        page.seen, page.troubles = [], []
        page.on("request", lambda request: page.seen.append(request.url))
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.goto(page_file.as_uri())
        expect(page.locator(".stance, .notice:not(.slds-theme_warning)")).to_have_count(len(RECORDS))
        icons = page.locator("lightning-primitive-icon")
        expect(icons.locator("path").locator("visible=true")).not_to_have_count(0)
        expect(icons.filter(has_not=page.locator("path"))).to_have_count(0)
        yield page
        browser.close()


def pictures(page_file: Path, folder: Path) -> list[Path]:
    """The pictures of the documents."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with opened(page_file, 1060) as page:
        for name in ("account", "deal"):
            made.append(folder / f"salesforce-{name}.png")
            page.locator(f"[data-record={name}]").screenshot(path=made[-1])
        made.append(folder / "salesforce-states.png")
        page.locator("main").screenshot(path=made[-1])
    return made


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        for path in pictures(page_in(workspace(Path(temporary))), IMAGES):
            print(path)  # noqa: T201
