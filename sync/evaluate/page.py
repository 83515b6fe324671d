"""The backtest as one self-contained HTML page: no request, no script, the style of the report."""

from __future__ import annotations

import base64
import hashlib
import math
from datetime import datetime
from importlib import resources

from markupsafe import Markup

from connectors.errors import ConfigError
from enrichment.evaluation.fit import Calibration
from enrichment.evaluation.ranking import Interval
from enrichment.evaluation.verdict import spoken
from sync.evaluate.replay import LABELS
from sync.evaluate.result import Backtest

_SIDE, _PAD = 240, 30


def render(found: Backtest) -> str:
    """The page as HTML text. Raises ConfigError when Jinja2 is not installed."""
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise ConfigError("The page needs Jinja2.", remedy="Install it with: pip install 'bothways[report]'") from None
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "day": _day,
        "label": lambda name: LABELS.get(name, name),
        "number": _number,
        "interval": _interval,
        "gain": lambda gain: spoken(gain, signed=True),
        "reliability": _reliability,
    }
    style = (resources.files("sync.report") / "style.css").read_text(encoding="utf-8").strip()
    page = (resources.files("sync.evaluate") / "backtest.html.j2").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.from_string(page).render(
        test=found,
        style=Markup(style),  # noqa: S704  (our own file)
        style_hash=digest,
    )


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}" if (moment.hour, moment.minute) == (0, 0) else f"{moment:%Y-%m-%d %H:%M} UTC"


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3f}"


def _interval(found: Interval) -> str:
    return "" if math.isnan(found.value) else spoken(found)


def _reliability(found: Calibration) -> Markup:
    """Observed against predicted rates, with Wilson's intervals; the diagonal is where they agree."""
    span = _SIDE - 2 * _PAD

    def place(predicted: float, observed: float) -> tuple[float, float]:
        return _PAD + span * predicted, _SIDE - _PAD - span * observed

    parts = []
    for one in found.bins:
        x, y = place(one.predicted, one.observed)
        (_, low), (_, high) = place(one.predicted, one.low), place(one.predicted, one.high)
        parts.append(
            f'<path d="M{x:.1f} {low:.1f}V{high:.1f}" class="mark-line"/><circle cx="{x:.1f}" cy="{y:.1f}" '
            f'r="3.5" class="shade"/>'
        )
    end = _SIDE - _PAD
    return Markup(  # noqa: S704  (numbers and our own words only)
        f'<svg viewBox="0 0 {_SIDE} {_SIDE}" role="img" aria-label="Observed against predicted rates">'
        f'<rect x="{_PAD}" y="{_PAD}" width="{span}" height="{span}" class="frame"/>'
        f'<path d="M{_PAD} {end}L{end} {_PAD}" class="grid"/>{"".join(parts)}'
        f'<text x="{_SIDE / 2}" y="{_SIDE - 8}" text-anchor="middle">predicted</text><text x="{_PAD}" '
        f'y="{_PAD - 8}">observed</text></svg>'
    )
