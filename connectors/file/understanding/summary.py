# ruff: noqa: S608 - the SQL is put together from names of canonical columns
"""What a stream was understood to say: how many, what is filled in, sums, words, the span of its times, five rows."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import Finding
from connectors.file.record_rows import table_of
from connectors.file.streams import Streams
from connectors.records import SCHEMAS, Stream

_ROWS: dict[Stream, tuple[str, ...]] = {
    "accounts": ("id", "name", "parent_id", "country", "industry", "domain"),
    "people": ("id", "account_id", "email"),
    "opportunities": (
        "id",
        "account_id",
        "amount",
        "currency",
        "stage",
        "is_won",
        "is_closed",
        "created_at",
        "close_at",
    ),
    "line_items": ("id", "opportunity_id", "product_family", "amount"),
    "activities": ("channel", "direction", "outcome", "occurred_at", "minutes", "account_id", "person_ids"),
}
SHOWN = 5


def understood(streams: Streams, stream: Stream) -> Iterator[Finding]:
    """Findings of level ok about a prepared stream that is not empty."""
    if stream == "opportunities":
        yield from _deals(streams)
    if stream == "activities":
        yield from _acts(streams)
    if stream in _ROWS:
        yield Finding("ok", "objects", f"{stream}, the first rows as understood:\n{_rows(streams, stream)}")


def _deals(streams: Streams) -> Iterator[Finding]:
    table = table_of("opportunities")
    state = (
        "CASE WHEN is_won THEN 'won' WHEN is_closed THEN 'lost' WHEN is_closed IS NULL THEN 'unknown' ELSE 'open' END"
    )
    rows = streams.query(
        f"""SELECT {state} AS state, count(*), list(DISTINCT stage ORDER BY stage)[:6] FROM {table} GROUP BY 1
        ORDER BY list_position(['won', 'lost', 'open', 'unknown'], state)"""
    )
    parts = [
        f"{count:,} {state}" + (f" ({', '.join(s for s in stages if s)})" if any(stages) else "")
        for state, count, stages in rows
    ]
    yield Finding("ok", "objects", f"opportunities: {'; '.join(parts)}.")
    sums = streams.query(
        f"""SELECT year(close_at), coalesce(currency, 'corporate'), sum(amount) FROM {table} WHERE is_won AND amount
        IS NOT NULL
        GROUP BY 1, 2 ORDER BY 1 DESC NULLS LAST, 2 LIMIT 8"""
    )
    if sums:
        told = "; ".join(f"{year or 'no year'} {code} {amount:,.2f}" for year, code, amount in sums)
        yield Finding("ok", "objects", f"opportunities won, by year and currency: {told}.")


def _acts(streams: Streams) -> Iterator[Finding]:
    rows = streams.query(
        f"""SELECT coalesce(channel, 'no channel'), count(*), count(*) FILTER (direction = 'outbound'),
        count(*) FILTER (direction = 'inbound'), count(*) FILTER (automated), left(min(occurred_at)::VARCHAR, 10),
          left(max(occurred_at)::VARCHAR, 10)
        FROM {table_of("activities")} GROUP BY 1 ORDER BY 2 DESC"""
    )
    yield from left_out(streams)
    for channel, count, ours, theirs, automatic, first, last in rows:
        auto = f", {automatic:,} automatic (never effort)" if automatic else ""
        told = f"activities: {count:,} {channel}, {ours:,} of ours, {theirs:,} of theirs{auto}, {first} to {last}."
        yield Finding("ok", "activity", told)


def left_out(streams: Streams) -> Iterator[Finding]:
    """What mail, calendars and calls hold that is nobody's effort, by reason."""
    for acts in streams.sources.activity.acts:
        if acts.left_out:
            told = "; ".join(f"{n:,} {reason}" for reason, n in sorted(acts.left_out.items()))
            yield Finding("ok", "activity", f"left out: {told}.")


def _rows(streams: Streams, stream: Stream) -> str:
    names = [n for n in _ROWS[stream] if n in SCHEMAS[stream].names]
    cells = ", ".join(f"left(CAST({n} AS VARCHAR), 40)" for n in names)
    rows = streams.query(f"SELECT {cells} FROM {table_of(stream)} ORDER BY id LIMIT {SHOWN}")
    return "\n".join(
        "        " + ", ".join(f"{n} {c}" for n, c in zip(names, row, strict=True) if c is not None) for row in rows
    )


def foreign_money(streams: Streams, own: str | None) -> Iterator[Finding]:
    """Amounts in currencies that nothing converts, and codes that are none."""
    known = set(streams.texts("currency_rates", "currency")) if "currency_rates" in streams.available else set()
    for stream in ("opportunities", "line_items"):
        if stream not in streams.available:
            continue
        streams.prepare(stream)
        rows = streams.query(
            f"SELECT currency, count(*), sum(amount) FROM {table_of(stream)} WHERE currency IS NOT NULL GROUP "
            f"BY 1 ORDER BY 2 DESC"
        )
        for code, count, amount in rows:
            if code in known or code == own or (own is None and not known):
                continue
            if len(code) == 3 and code.isalpha():
                told = f"{stream}: {count:,} in {code} ({amount or 0:,.2f}) have no exchange rate and are left out."
                yield Finding(
                    "warn",
                    "objects",
                    told,
                    "Add currency_rates (docs/tables.md), or set organisation.corporate_currency.",
                )
            else:
                told = (
                    f"{stream}: {count:,} have {code!r} where a currency such as EUR belongs; their money is left out."
                )
                yield Finding("warn", "objects", told, "Map currency to three letters, with CASE where needed.")
