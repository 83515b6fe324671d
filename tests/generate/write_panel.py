"""Writes the panel's catalogue and cases beside each component: `python tests/generate/write_panel.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from generate.panel_cases import texts  # noqa: E402

PLACES = {
    "panel.json": ("connectors/hubspot/app/src/app/cards/panel.json",),
    "panel-cases.json": (
        "connectors/hubspot/app/src/app/cards/tests/panel-cases.json",
        "tests/connectors/salesforce/package/panel-cases.json",
    ),
}
MODULES = {
    "panel.json": ("connectors/salesforce/package/force-app/main/default/lwc/bothwaysPanel/catalogue.js",),
}
"""A Lightning Web Component cannot import JSON: the same text as a module."""


def files() -> dict[Path, str]:
    """What each file must hold."""
    made = texts()
    plain = {ROOT / place: made[name] for name, places in PLACES.items() for place in places}
    modules = {ROOT / place: _module(made[name]) for name, places in MODULES.items() for place in places}
    return plain | modules


def _module(text: str) -> str:
    return f"export default {text.rstrip()};\n"


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
