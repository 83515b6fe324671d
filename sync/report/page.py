"""One self-contained HTML page: no request, no chart library, strict content security policy, readable with scripts
off.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from connectors.errors import ConfigError
from enrichment.fields import DEAL_STANCES, STANCES
from enrichment.model import CHANNELS, COMPONENTS
from sync.report import payload, summary, svg
from sync.report.data import ReportData
from sync.report.links import record_link
from sync.system.files import put_output

if TYPE_CHECKING:
    from jinja2 import Environment

LISTED = 20
"""Records of each table that show with scripts off; with scripts also the size of a page of the table."""
_CRMS = {"salesforce": "Salesforce", "hubspot": "HubSpot", "files": "Files"}


@dataclass(frozen=True, slots=True)
class Change:
    """A record that a plan would write: `lines` are "Property: old → new"."""

    name: str
    kind: str
    lines: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Extras:
    """What a page has beyond the scores: forms of record addresses (accounts, deals), blocks of details, the changes of
    a plan.
    """

    forms: tuple[str, str] = ("", "")
    account_details: Sequence[str] = ()
    deal_details: Sequence[str] = ()
    changes: Sequence[Change] | None = None
    changed: int = 0
    title: str = "Who needs whom, and who does the work"
    note: str = ""
    ratings: str = ""
    """What unrated product families cost; empty when nothing."""
    open: str = ""
    """The id of the record whose drawer is open at first."""


def render(
    data: ReportData, *, pulled: Mapping[str, int], advice: Mapping[str, str], extras: Extras | None = None
) -> str:
    """The page as HTML text. Every text of the CRM is escaped. Raises ConfigError when Jinja2 is not installed."""
    extras = extras or Extras()
    script, style = asset("page.js"), asset("style.css")
    return (
        environment()
        .from_string(asset("page.html.j2"))
        .render(
            data=data,
            title=extras.title,
            note=extras.note,
            ratings=extras.ratings,
            tiles=summary.tiles(data),
            labels=dict(STANCES),
            deal_labels=dict(DEAL_STANCES),
            pulled=sorted(pulled.items()),
            shown=data.accounts[:LISTED],
            deals=data.deals[:LISTED],
            forms=extras.forms,
            changes=extras.changes,
            changed=extras.changed,
            segments=summary.segments(data.accounts),
            quadrant=svg.quadrant(data.on_the_map),
            histograms=[
                _distribution("Confidence of the accounts", [row.confidence for row in data.accounts]),
                _distribution("Share of the wanted data that is there (%)", [row.coverage for row in data.accounts]),
            ],
            words=Markup(_inert(_words(data, advice, extras))),  # noqa: S704  (JSON with every "<" written as an escape)
            accounts_block=payload.packed(payload.account_columns(data)),
            deals_block=payload.packed(payload.deal_columns(data)) if data.deals else "",
            account_details=extras.account_details,
            deal_details=extras.deal_details,
            script=Markup(script),  # noqa: S704  (our own file)
            style=Markup(style),  # noqa: S704  (our own file)
            script_hash=digest(script),
            style_hash=digest(style),
        )
    )


def environment() -> Environment:
    """Jinja2 that escapes, with the filters that our pages share. Raises ConfigError when Jinja2 is not installed."""
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise ConfigError(
            "The report needs Jinja2.", remedy="Install it with: pip install 'bothways[report]'"
        ) from None
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.filters |= {
        "value": lambda value: "unknown" if value is None else f"{value:,.1f}",
        "signed": lambda value: "unknown" if value is None else f"{value:+,.1f}",
        "hours": lambda value: f"{value:,.1f}",
        "money": lambda value, currency: "unknown" if value is None else f"{value:,.0f} {currency}".strip(),
        "moment": _moment,
        "mark": svg.mark,
        "crm": lambda kind: _CRMS.get(kind, kind),
        "record": record_link,
    }
    return made


def write(path: Path, html: str) -> None:
    """Writes the page whole or not at all, readable by its owner only. Raises ConfigError for what is not a file."""
    put_output(path, lambda part: _filled(part, html))


def _filled(part: Path, html: str) -> None:
    part.write_text(html, encoding="utf-8")


def asset(name: str) -> str:
    """A file beside this module."""
    return (resources.files("sync.report") / name).read_text(encoding="utf-8").strip()


def digest(text: str) -> str:
    """What a content security policy names a script or style by."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _words(data: ReportData, advice: Mapping[str, str], extras: Extras) -> dict[str, Any]:
    def styles(stances: Sequence[tuple[str, str]], kind: str) -> list[list[str]]:
        said = {code: advice.get(f"{kind}_{code}", advice.get(code, "")) for code, _ in stances}
        return [[code, label, svg.hue(code), svg.shape(code), said[code]] for code, label in stances]

    return {
        "styles": styles(STANCES, "any"),
        "deal_styles": styles(DEAL_STANCES, "deal"),
        "parts": [name.replace("_", " ").capitalize() for name in COMPONENTS],
        "channels": [name.replace("_", " ").capitalize() for name in CHANNELS],
        "map": {"left": svg.LEFT, "right": svg.RIGHT, "top": svg.TOP, "bottom": svg.BOTTOM, "width": svg.WIDTH},
        "block": payload.BLOCK,
        "page": LISTED,
        "open": extras.open,
        "links": list(extras.forms),
        "crm": _CRMS.get(data.crm, data.crm),
    }


def _inert(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _distribution(title: str, values: list[float | None]) -> tuple[str, Markup, list[tuple[str, int]], int]:
    known = [value for value in values if value is not None]
    chart, table = svg.histogram(known, f"{title}; the table has the same figures")
    return title, chart, table, len(values) - len(known)


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"
