"""Makes the pictures of the report in docs/img, from the demo: `.venv/bin/python bench/pictures.py [REPORT]` (needs
Chromium).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "img"
VIEWS: dict[str, dict[str, Any]] = {
    "report": {"viewport": {"width": 1280, "height": 800}},
    "report-dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "report-phone": {"viewport": {"width": 390, "height": 844}},
    "report-drawer": {"viewport": {"width": 1280, "height": 800}},
}


def main() -> None:
    """Runs the demo for one CRM, opens its report as each view says, and writes the pictures."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is not installed: run bench/install_browser.sh")
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 1:
            return _draw(chromium, Path(sys.argv[1]).resolve())
        program = Path(sys.executable).with_name("bothways")
        subprocess.run([program, "demo", "--dir", folder, "--only", "salesforce"], check=True)
        return _draw(chromium, Path(folder) / "salesforce" / "report.html")


def _draw(chromium: str, report: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, options in VIEWS.items():
            page = browser.new_context(**options).new_page()
            page.goto(report.as_uri())
            page.wait_for_selector("html[data-ready]")
            if name.endswith("drawer"):
                page.locator(".tile li a").first.click()
                page.wait_for_selector("#d-name")
            page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
        browser.close()


if __name__ == "__main__":
    main()
