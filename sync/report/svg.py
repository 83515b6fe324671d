"""Marks and charts as SVG text, drawn on the server: they print, and they show with scripts off. All text is
escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from markupsafe import Markup

from sync.report.data import AccountRow

LOOKS = {
    # (hue class, shape): hues of Okabe and Ito, safe for colour-blind readers; every stance has a shape of its own too
    "respond": ("k1", "diamond"),
    "protect": ("k2", "triangle"),
    "rebalance": ("k3", "square"),
    "earn_value": ("k3", "hexagon"),
    "partner": ("k4", "circle"),
    "build_close": ("k5", "circle-ring"),
    "test_reciprocity": ("k5", "diamond-ring"),
    "prospect": ("k5", "triangle-down"),
    "maintain": ("k4", "square-ring"),
    "keep_transactional": ("k6", "ring"),
    "lapsed": ("k6", "triangle-ring"),
    "insufficient_evidence": ("k6", "plus"),
    "advance": ("k4", "circle"),
    "ask_for_effort": ("k3", "square"),
    "price_led": ("k6", "ring"),
    "do_not_chase": ("k2", "triangle"),
    "closed": ("k6", "diamond-ring"),
}
"""Looks of every stance, of accounts and of deals."""
_PATHS = {
    "circle": "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
    "square": "M-4-4h8v8h-8z",
    "triangle": "M0-5.2L5 4H-5z",
    "triangle-down": "M0 5.2L5-4H-5z",
    "diamond": "M0-5.6L5.6 0L0 5.6L-5.6 0z",
    "hexagon": "M-5 0L-2.5-4.4H2.5L5 0L2.5 4.4H-2.5z",
    "plus": "M-1.3-4.5h2.6v3.2h3.2v2.6h-3.2v3.2h-2.6v-3.2h-3.2v-2.6h3.2z",
}
_PATHS |= {
    "circle-ring": _PATHS["circle"] + "M-1.5 0a1.5 1.5 0 1 1 3 0a1.5 1.5 0 1 1-3 0z",
    "ring": _PATHS["circle"] + "M-3 0a3 3 0 1 1 6 0a3 3 0 1 1-6 0z",
    "square-ring": _PATHS["square"] + "M-2.4-2.4v4.8h4.8v-4.8z",
    "diamond-ring": _PATHS["diamond"] + "M0-2.8L-2.8 0L0 2.8L2.8 0z",
    "triangle-ring": _PATHS["triangle"] + "M0-1.6L-2.1 2.4H2.1z",
}
DOTS = 600
"""So many accounts are drawn as dots in the map that shows with scripts off; more are drawn as shades of 25 x 25
fields.
"""
BINS = 25
WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 40, 704, 16, 372
_LABELLED = 8


def shape(stance: str) -> str:
    """The path of a stance's mark, centred on 0, 0."""
    return _PATHS[LOOKS.get(stance, LOOKS["insufficient_evidence"])[1]]


def hue(stance: str) -> str:
    """The CSS class of a stance's colour."""
    return LOOKS.get(stance, LOOKS["insufficient_evidence"])[0]


def mark(stance: str) -> Markup:
    """A stance's mark, for a legend or a chip."""
    return _svg(
        f'<svg class="mark {hue(stance)}" viewBox="-6 -6 12 12" aria-hidden="true"><path d="{shape(stance)}"/></svg>'
    )


def place(row: AccountRow) -> tuple[float, float]:
    """Where an account lies on the map."""
    x = LEFT + ((row.balance or 0.0) + 100) / 200 * (RIGHT - LEFT)
    return x, BOTTOM - (row.customer_dependence or 0.0) / 100 * (BOTTOM - TOP)


def quadrant(rows: Sequence[AccountRow]) -> Markup:
    """The map: x the balance of effort (-100..100), y how much they need us (0..100), with the extremes named."""
    inner = _dots(rows) if len(rows) <= DOTS else _fields(rows)
    return _svg(
        f'<svg class="quadrant" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Accounts by balance of '
        f"effort and by"
        f' how much they need us; the table of accounts has the same figures">{_axes()}<g class="dots">{inner}</g>'
        f'<g class="names">{_names(rows)}</g></svg>'
    )


def _dots(rows: Sequence[AccountRow]) -> str:
    paths: dict[str, list[str]] = {}
    for row in rows:
        x, y = place(row)
        paths.setdefault(row.stance, []).append(f'<use href="#m-{row.stance}" x="{x:.0f}" y="{y:.0f}"/>')
    defined = "".join(f'<path id="m-{stance}" class="{hue(stance)}" d="{shape(stance)}"/>' for stance in paths)
    return f"<defs>{defined}</defs>" + "".join("".join(uses) for uses in paths.values())


def _fields(rows: Sequence[AccountRow]) -> str:
    counts: dict[tuple[int, int], int] = {}
    for row in rows:
        balance, need = row.balance or 0.0, row.customer_dependence or 0.0
        cell = (min(BINS - 1, int((balance + 100) / 200 * BINS)), min(BINS - 1, int(need / 100 * BINS)))
        counts[cell] = counts.get(cell, 0) + 1
    most = max(counts.values(), default=1)
    width, height = (RIGHT - LEFT) / BINS, (BOTTOM - TOP) / BINS
    return "".join(
        f'<rect x="{LEFT + column * width:.1f}" y="{BOTTOM - (line + 1) * height:.1f}" width="{width:.1f}"'
        f' height="{height:.1f}" class="shade" fill-opacity="{0.15 + 0.85 * (count / most) ** 0.5:.2f}"/>'
        for (column, line), count in sorted(counts.items())
    )


def _axes() -> str:
    middle = (LEFT + RIGHT) / 2
    forty, sixty = (BOTTOM - share * (BOTTOM - TOP) for share in (0.4, 0.6))
    return (
        f'<rect class="frame" x="{LEFT}" y="{TOP}" width="{RIGHT - LEFT}" height="{BOTTOM - TOP}" rx="6"/>'
        f'<path class="grid" d="M{middle} {TOP}V{BOTTOM}M{LEFT} {forty:.1f}H{RIGHT}M{LEFT} {sixty:.1f}H{RIGHT}"/>'
        f'<g class="axis"><text x="{LEFT}" y="{BOTTOM + 18}">← they do more</text>'
        f'<text x="{middle}" y="{BOTTOM + 18}" text-anchor="middle">even</text>'
        f'<text x="{RIGHT}" y="{BOTTOM + 18}" text-anchor="end">we do more →</text>'
        f'<text x="{middle}" y="{BOTTOM + 38}" text-anchor="middle">Balance of effort</text>'
        f'<text x="{LEFT - 6}" y="{TOP + 10}" text-anchor="end">100</text>'
        f'<text x="{LEFT - 6}" y="{sixty + 4:.1f}" text-anchor="end">60</text>'
        f'<text x="{LEFT - 6}" y="{forty + 4:.1f}" text-anchor="end">40</text>'
        f'<text x="{LEFT - 6}" y="{BOTTOM}" text-anchor="end">0</text>'
        f'<text class="above" x="{LEFT + 8}" y="{TOP + 22}">They need us ↑</text>'
        f'<text class="upright" x="14" y="{(TOP + BOTTOM) / 2}" text-anchor="middle" transform="rotate(-90 14 '
        f'{(TOP + BOTTOM) / 2})">They need us</text></g>'
    )


def _names(rows: Sequence[AccountRow]) -> str:
    """Names of the accounts that lie furthest out, without overlaps."""
    taken: list[tuple[float, float, float, float]] = []
    spots = [place(row) for row in rows] if len(rows) <= DOTS else []
    parts: list[str] = []
    for row in sorted(rows, key=_outness, reverse=True):
        if len(parts) == _LABELLED:
            break
        x, y = place(row)
        words = row.name if len(row.name) <= 22 else row.name[:21] + "…"
        width = 6.6 * len(words)
        left = x + 8 if x + 8 + width < RIGHT else x - 8 - width
        y = max(y, TOP + 8)
        box = (left, y - 9, left + width, y + 5)
        covered = sum(box[0] - 4 < a < box[2] + 4 and box[1] - 3 < b < box[3] + 3 for a, b in spots)
        if covered > 0 or any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
            continue
        taken.append(box)
        parts.append(f'<text x="{left:.0f}" y="{y + 4:.0f}">{escape(words)}</text>')
    return "".join(parts)


def _outness(row: AccountRow) -> tuple[float, str]:
    need, balance = row.customer_dependence or 0.0, row.balance or 0.0
    wanted = {"respond": 60.0, "protect": 50.0, "rebalance": 40.0}.get(row.stance, 0.0)
    return wanted + abs(balance) + abs(need - 50) + (row.reclaimable or 0.0), row.id


def histogram(
    values: Sequence[float], label: str, *, low: float = 0.0, high: float = 100.0, bins: int = 10
) -> tuple[Markup, list[tuple[str, int]]]:
    """A histogram and the table behind it: (range in words, count)."""
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, max(0, int((value - low) / (high - low) * bins)))] += 1
    size = (high - low) / bins
    table = [(f"{low + i * size:g} to {low + (i + 1) * size:g}", count) for i, count in enumerate(counts)]
    most = max(counts, default=0) or 1
    width, height = 320, 96
    step = width / bins
    parts = [
        f'<rect class="shade" x="{i * step + 2:.1f}" y="{height - 18 - 74 * count / most:.1f}" width="{step - 4:.1f}"'
        f' height="{74 * count / most:.1f}" rx="2"/>'
        f'<text x="{i * step + step / 2:.1f}" y="{height - 4}" text-anchor="middle">{low + i * size:g}</text>'
        for i, count in enumerate(counts)
    ]
    body = "".join(parts)
    return _svg(
        f'<svg class="histogram" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{body}</svg>'
    ), table


def _svg(text: str) -> Markup:
    """Marks as safe what this module has drawn: numbers, our own words, and texts that went through `escape`."""
    return Markup(text)  # noqa: S704
