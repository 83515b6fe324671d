"""One self-contained HTML page: no request, no chart library, strict content security policy, readable with scripts off."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from markupsafe import Markup

from connectors.errors import ConfigError
from enrichment.fields import STANCES
from sync.report import svg
from sync.report.data import MOVED, ReportData
from sync.system.files import put_output

LISTED = 2_000
"""Accounts in the last table at most, so that the page opens quickly; the map and the figures cover all of them."""
TOP = 15
_LABELS = dict(STANCES)
_SHAPES = {
    "circle": '<circle cx="6" cy="6" r="4.5" {}/>',
    "square": '<rect x="2" y="2" width="8" height="8" {}/>',
    "triangle": '<path d="M6 1L11 10H1Z" {}/>',
    "diamond": '<path d="M6 1L11 6L6 11L1 6Z" {}/>',
    "cross": '<rect x="5" y="1" width="2" height="10" {}/>',
}


def render(data: ReportData, *, pulled: Mapping[str, int], advice: Mapping[str, str]) -> str:
    """The page as HTML text. Every text of the CRM is escaped. Raises ConfigError when Jinja2 is not installed."""
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise ConfigError(
            "The report needs Jinja2.", remedy="Install it with: pip install 'bothways[report]'"
        ) from None
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "value": lambda value: "unknown" if value is None else f"{value:,.1f}",
        "signed": lambda value: "unknown" if value is None else f"{value:+,.1f}",
        "hours": lambda value: f"{value:,.1f}",
        "label": lambda code: _LABELS.get(code, code.replace("_", " ")),
        "moment": lambda moment: moment.strftime("%Y-%m-%d %H:%M UTC"),
        "mark": _mark,
    }
    script, style = _asset("quadrant.js"), _asset("style.css")
    hours_rows = [row for row in data.accounts if row.reclaimable][:TOP]
    return environment.from_string(_asset("page.html.j2")).render(
        data=data,
        advice=advice,
        moved=f"{MOVED:g}",
        pulled=sorted(pulled.items()),
        listed=data.accounts[:LISTED],
        hours_rows=hours_rows,
        quadrant=svg.quadrant([(row.balance or 0.0, row.customer_dependence or 0.0) for row in data.on_the_map]),
        stance_bars=svg.bars(
            [(label, float(count), str(count)) for _, label, count, _ in data.stance_counts],
            "Accounts by stance; the table has the same figures",
        ),
        hours_bars=svg.bars(
            [(_short(row.name), row.reclaimable or 0.0, f"{row.reclaimable:,.1f} h") for row in hours_rows],
            "Reclaimable hours by account; the table has the same figures",
        ),
        histograms=[
            _distribution("Confidence", [row.confidence for row in data.accounts]),
            _distribution("Coverage (%)", [row.coverage for row in data.accounts]),
        ],
        points=Markup(_points(data)),  # noqa: S704  (JSON with every "<" written as an escape)
        script=Markup(script),  # noqa: S704  (our own file)
        style=Markup(style),  # noqa: S704  (our own file)
        script_hash=_hash(script),
        style_hash=_hash(style),
    )


def write(path: Path, html: str) -> None:
    """Writes the page whole or not at all, readable by its owner only. Raises ConfigError for what is not a file."""
    put_output(path, lambda part: _filled(part, html))


def _filled(part: Path, html: str) -> None:
    part.write_text(html, encoding="utf-8")


def _points(data: ReportData) -> str:
    codes = [code for code, _ in STANCES]
    points = [
        [
            row.balance,
            row.customer_dependence,
            codes.index(row.stance) if row.stance in codes else len(codes) - 1,
            row.name,
        ]
        for row in data.on_the_map
    ]
    value = {
        "points": points,
        "styles": [svg.PALETTE[code] for code in codes],
        "labels": [_LABELS[code] for code in codes],
    }
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _distribution(title: str, values: list[float | None]) -> tuple[str, Markup, list[tuple[str, int]], int]:
    known = [value for value in values if value is not None]
    chart, table = svg.histogram(known, f"{title} of the accounts; the table has the same figures")
    return title, chart, table, len(values) - len(known)


def _mark(code: str) -> Markup:
    colour, shape = svg.PALETTE[code]
    return Markup(_SHAPES[shape].format(f'fill="{colour}" stroke="#333" stroke-width=".5"'))  # noqa: S704  (our own constants)


def _short(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "…"


def _asset(name: str) -> str:
    return (resources.files("sync.report") / name).read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
