"""Charts as SVG text, drawn on the server: they print, and they show with scripts off. All text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from markupsafe import Markup

PALETTE = {
    # Paul Tol's bright scheme, safe for colour-blind readers; each stance has a shape of its own as well
    "protect": ("#EE6677", "triangle"),
    "respond": ("#AA3377", "diamond"),
    "partner": ("#228833", "circle"),
    "earn_value": ("#CCBB44", "square"),
    "build_close": ("#4477AA", "circle"),
    "test_reciprocity": ("#66CCEE", "diamond"),
    "maintain": ("#66CCEE", "circle"),
    "rebalance": ("#EE7733", "square"),
    "keep_transactional": ("#999999", "circle"),
    "insufficient_evidence": ("#CCCCCC", "cross"),
}
BINS = 25
WIDTH, HEIGHT, PAD = 640, 400, 40


def quadrant(points: Sequence[tuple[float, float]]) -> Markup:
    """How many accounts lie where: x the reciprocity balance (-100..100), y the customer's dependence (0..100), 25 x 25 bins."""
    counts: dict[tuple[int, int], int] = {}
    for balance, dependence in points:
        cell = (min(BINS - 1, int((balance + 100) / 200 * BINS)), min(BINS - 1, int(dependence / 100 * BINS)))
        counts[cell] = counts.get(cell, 0) + 1
    most = max(counts.values(), default=1)
    width, height = (WIDTH - 2 * PAD) / BINS, (HEIGHT - 2 * PAD) / BINS
    cells = [
        f'<rect x="{PAD + column * width:.1f}" y="{HEIGHT - PAD - (row + 1) * height:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="#4477AA" fill-opacity="{0.25 + 0.75 * count / most:.2f}"/>'
        for (column, row), count in sorted(counts.items())
    ]
    return Markup(  # noqa: S704  (numbers and our own words only)
        f'<svg class="quadrant" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Accounts by balance of effort and dependence; the table below has the same figures">'
        f"{_axes()}{''.join(cells)}</svg>"
    )


def _axes() -> str:
    left, right, top, bottom = PAD, WIDTH - PAD, PAD, HEIGHT - PAD
    middle_x, line_40, line_60 = (left + right) / 2, bottom - 0.4 * (bottom - top), bottom - 0.6 * (bottom - top)
    return (
        f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" fill="none" stroke="#666"/>'
        f'<path d="M{middle_x} {top}V{bottom}M{left} {line_40}H{right}M{left} {line_60}H{right}" stroke="#BBB" stroke-dasharray="4 3" fill="none"/>'
        f'<text x="{left}" y="{bottom + 16}">they reach out to us</text><text x="{right}" y="{bottom + 16}" text-anchor="end">we chase them</text>'
        f'<text x="{middle_x}" y="{bottom + 32}" text-anchor="middle">balance of effort</text>'
        f'<text x="{left}" y="{top - 8}">they need us</text><text x="{left + 4}" y="{line_60 - 4}">60</text><text x="{left + 4}" y="{line_40 - 4}">40</text>'
    )


def bars(rows: Sequence[tuple[str, float, str]], label: str) -> Markup:
    """Horizontal bars: (words, value, value in words)."""
    most = max((value for _, value, _ in rows), default=0.0) or 1.0
    step, left, width = 24, 170, 640
    parts = []
    for index, (words, value, shown) in enumerate(rows):
        y = index * step
        length = (width - left - 90) * value / most
        parts.append(
            f'<text x="{left - 8}" y="{y + 16}" text-anchor="end">{escape(words)}</text>'
            f'<rect x="{left}" y="{y + 4}" width="{length:.1f}" height="{step - 8}" fill="#4477AA"/>'
            f'<text x="{left + length + 6:.1f}" y="{y + 16}">{escape(shown)}</text>'
        )
    body = "".join(parts)
    height = max(step, len(rows) * step)
    return _svg(f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{body}</svg>')


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
    width, height = 320, 120
    step = width / bins
    parts = [
        f'<rect x="{i * step + 1:.1f}" y="{height - 20 - 90 * count / most:.1f}" width="{step - 2:.1f}" height="{90 * count / most:.1f}" fill="#4477AA"/>'
        f'<text x="{i * step + step / 2:.1f}" y="{height - 6}" text-anchor="middle">{low + i * size:g}</text>'
        for i, count in enumerate(counts)
    ]
    body = "".join(parts)
    return _svg(f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{body}</svg>'), table


def _svg(text: str) -> Markup:
    """Marks as safe what this module has drawn: numbers, our own words, and texts that went through `escape`."""
    return Markup(text)  # noqa: S704
