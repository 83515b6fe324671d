"""The four questions of the first screen, each answered by one sentence, a figure with its whole, and named rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from enrichment.fields import STANCES
from sync.report.changes import MOVED
from sync.report.data import AccountRow, ReportData

ROWS = 5
_LABELS = dict(STANCES)


@dataclass(frozen=True, slots=True)
class TileRow:
    """One named account of a tile with the figure that puts it there."""

    id: str
    name: str
    stance: str
    figure: str


@dataclass(frozen=True, slots=True)
class Tile:
    """`figure` of `whole`; `view` is what "show all" filters the table by, empty when there is nothing to show."""

    name: str
    question: str
    figure: str
    whole: str
    sentence: str
    rows: tuple[TileRow, ...]
    view: str


def tiles(data: ReportData) -> tuple[Tile, ...]:
    """Hours nobody wants; who waits for us; whom we rely on; what changed."""
    return _hours(data), _waiting(data), _reliance(data), _changed(data)


def of_all(count: int) -> str:
    """ "of N accounts" in words."""
    return f"of {count:,} account{'' if count == 1 else 's'}"


def _hours(data: ReportData) -> Tile:
    question, spent = "Where are our hours unwanted?", data.seller_hours
    if not spent:
        return Tile("hours", question, "–", "", "No e-mails, calls or meetings of ours were found to judge.", (), "")
    rows = sorted((r for r in data.accounts if r.reclaimable), key=lambda r: (-(r.reclaimable or 0.0), r.name, r.id))
    total, whole = data.reclaimable_hours, f"of {_hours_text(spent)} a quarter"
    if not rows:
        sentence = "No time to win back: customers want the attention they get."
        return Tile("hours", question, "0 h", whole, sentence, (), "")
    many = "1 account that doesn't" if len(rows) == 1 else f"{len(rows):,} accounts that don't"
    listed = tuple(
        TileRow(r.id, r.name, r.stance, f"{_hours_text(r.reclaimable)} of {_hours_text(r.seller_hours)}")
        for r in rows[:ROWS]
    )
    sentence = f"go to {many} want them."
    return Tile("hours", question, _hours_text(total), whole, sentence, listed, "only=hours")


def _waiting(data: ReportData) -> Tile:
    question = "Who needs us and waits?"
    rows = [row for row in data.accounts if row.stance == "respond"]
    rows.sort(key=lambda r: (-(r.customer_dependence or 0.0), r.balance or 0.0, r.name, r.id))
    deals = sum(deal.stance == "respond" for deal in data.deals)
    whole = of_all(len(data.accounts))
    also = f" So do {deals:,} open deals." if deals > 1 else " So does 1 open deal." if deals else ""
    if not rows:
        seen = "Nobody is waiting for an answer from us." if data.known else "Nothing is known of who writes to whom."
        return Tile("waiting", question, "0" if data.known else "–", whole, seen + also, (), "")
    sentence = f"{'reaches' if len(rows) == 1 else 'reach'} out to us far more than we answer.{also}"
    listed = tuple(TileRow(r.id, r.name, r.stance, _reached(r)) for r in rows[:ROWS])
    return Tile("waiting", question, f"{len(rows):,}", whole, sentence, listed, "stance=respond")


def _reliance(data: ReportData) -> Tile:
    question = "Whom do we rely on too much?"
    rows = [row for row in data.accounts if row.stance == "protect"]
    rows.sort(key=lambda r: (-(r.revenue_share or 0.0), -(r.seller_dependence or 0.0), r.name, r.id))
    whole = of_all(len(data.accounts))
    if rows:
        together = sum(r.revenue_share or 0.0 for r in rows)
        share = f", with {_percent(together)} of our revenue" if together >= 0.005 else ""
        sentence = f"{'is' if len(rows) == 1 else 'are'} worth more to us than we are to them{share}."
        listed = tuple(TileRow(r.id, r.name, r.stance, _stake(r)) for r in rows[:ROWS])
        return Tile("reliance", question, f"{len(rows):,}", whole, sentence, listed, "stance=protect")
    largest = sorted(
        (r for r in data.accounts if r.seller_dependence is not None),
        key=lambda r: (-(r.seller_dependence or 0.0), r.name, r.id),
    )[:ROWS]
    if not largest:
        return Tile("reliance", question, "–", whole, "Neither revenue nor pipeline is recorded to judge.", (), "")
    sentence = "has that hold over us. We need these most:"
    listed = tuple(TileRow(r.id, r.name, r.stance, _stake(r)) for r in largest)
    return Tile("reliance", question, "None", whole, sentence, listed, "sort=seller&dir=-1")


def _changed(data: ReportData) -> Tile:
    if data.compared_with is None:
        return Tile("changed", "What changed?", "–", "", "Nothing was written before this run to compare with.", (), "")
    question = f"What changed since {data.compared_with:%-d %b}?"
    whole = of_all(len(data.accounts))
    if not data.movers:
        return Tile("changed", question, "0", whole, f"moved by {MOVED:g} points or to another stance.", (), "")
    stances = sum(m.before != m.after for m in data.movers)
    sentence = f"moved by {MOVED:g} points or more; {stances or 'none'} changed stance."
    listed = []
    for m in data.movers[:ROWS]:
        figure = (
            f"was {_LABELS.get(m.before, m.before)}"
            if m.before != m.after
            else _furthest(m.dependence_moved, m.balance_moved)
        )
        listed.append(TileRow(m.id, m.name, m.after, figure))
    return Tile("changed", question, f"{len(data.movers):,}", whole, sentence, tuple(listed), "only=changed")


def _reached(row: AccountRow) -> str:
    """The figure of the advice: threads and cases of theirs that we left, of those that were due; else who wrote or
    spent more.
    """
    if row.left_open is not None and row.left_open[0] and row.left_open[1]:
        return f"{row.left_open[0]:,} of {row.left_open[1]:,} unanswered"
    first = row.why.partition(";")[0]
    if first and not first.startswith(("+", "-")) and len(first) <= 40:
        return first
    if row.wrote is not None and row.wrote[1] > 2 * row.wrote[0]:
        return f"wrote {row.wrote[1]:,}, we {row.wrote[0]:,}"
    return f"they {_hours_text(row.customer_hours)}, we {_hours_text(row.seller_hours)}"


def _stake(row: AccountRow) -> str:
    if row.revenue_share is not None and row.revenue_share >= 0.005:
        return f"{_percent(row.revenue_share)} of revenue"
    return "" if row.seller_dependence is None else f"{row.seller_dependence:.0f} of 100"


def _furthest(dependence: float | None, balance: float | None) -> str:
    if abs(dependence or 0.0) >= abs(balance or 0.0):
        return f"need {dependence or 0.0:+.0f}"
    return f"balance {balance or 0.0:+.0f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def _hours_text(hours: float | None) -> str:
    if hours is None:
        return "unknown"
    return f"{hours:,.1f} h" if hours < 10 else f"{hours:,.0f} h"


def segments(rows: Sequence[AccountRow], most: int = 12) -> list[tuple[str, int, float, float, int]]:
    """(segment, accounts, our hours, hours to win back, waiting), the most hours first; none where no segment is
    known.
    """
    if not any(row.segment for row in rows):
        return []
    found: dict[str, list[float]] = {}
    for row in rows:
        sums = found.setdefault(row.segment or "No segment", [0, 0.0, 0.0, 0])
        sums[0] += 1
        sums[1] += row.seller_hours or 0.0
        sums[2] += row.reclaimable or 0.0
        sums[3] += row.stance == "respond"
    listed = [(name, int(s[0]), s[1], s[2], int(s[3])) for name, s in found.items()]
    listed.sort(key=lambda item: (-item[2], item[0]))
    return listed[:most]
