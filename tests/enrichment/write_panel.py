"""Writes the panel's catalogue and cases beside each component: `python tests/enrichment/write_panel.py`."""

from __future__ import annotations

from pathlib import Path

from enrichment.panel_cases import texts

ROOT = Path(__file__).parents[2]
PLACES = {
    "panel.json": ("connectors/hubspot/app/src/app/cards/panel.json",),
    "panel-cases.json": ("connectors/hubspot/app/src/app/cards/tests/panel-cases.json",),
}


def files() -> dict[Path, str]:
    """What each file must hold."""
    made = texts()
    return {ROOT / place: made[name] for name, places in PLACES.items() for place in places}


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
