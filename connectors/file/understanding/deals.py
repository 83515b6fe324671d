# ruff: noqa: S608 - the SQL is put together from names of canonical columns
"""What is wrong or in doubt about opportunities: stages against won and lost, dates, money."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from connectors.base import Finding
from connectors.file.record_rows import table_of
from connectors.file.streams import Streams
from connectors.records import Stream

_WON = r"(^|[^a-zà-ÿ])(won|gewonnen|gagn|ganad|vint[aoe]|ganho|vunnen|vundet|voitettu|wygran|vyhr)"
_LOST = r"(lost|not won|verlor|perdu|perdid|pers[aoe]|tapt|f[öo]rlor|przegran|ztrac)"
_TABLE = table_of("opportunities")
_CENTS = re.compile(r"(?i)(?<![a-z])(cents?|minor([_ ]units?)?|centimes|centavos)(?![a-z])")
_SHARE_IN_HUNDREDTHS = 0.01


def mapped(streams: Streams, stream: Stream) -> set[str]:
    """The columns of a stream that the mapping gives."""
    return {c for p in streams.parts(stream) for c in (*p.columns, *p.constants)}


def wrong_deals(streams: Streams) -> Iterator[Finding]:
    """What makes the scores surely wrong."""
    if "is_won" not in mapped(streams, "opportunities"):
        return
    won = streams.query(f"SELECT count(*) FROM {_TABLE} WHERE is_won")[0][0]
    if not won and (named := _named(streams, _WON, _LOST, "NOT coalesce(is_won, false)")):
        told = f"opportunities: none is won, but there are stages {_list(named)}."
        yield Finding("fail", "objects", told, _odd_words(streams) or _compare(streams, named))
    if won and (named := _named(streams, _LOST, _WON, "is_won")):
        told = f"opportunities: deals in stages {_list(named)} count as won."
        yield Finding("fail", "objects", told, "Is is_won right? It is not the same as closed.")


def doubtful_deals(streams: Streams) -> Iterator[Finding]:
    """What a person should look at."""
    if list(wrong_deals(streams)):
        return
    yield from _stages(streams)
    yield from _accounts(streams)
    yield from _missing(streams)
    yield from _swapped(streams)
    yield from _outliers(streams)
    yield from _cents(streams)


def _stages(streams: Streams) -> Iterator[Finding]:
    won, closed, rows, odd = streams.query(
        f"""SELECT count(*) FILTER (is_won), count(*) FILTER (is_closed), count(*), count(*) FILTER (is_won AND
        NOT coalesce(is_closed, true))
        FROM {_TABLE}"""
    )[0]
    if won and (named := _named(streams, _WON, _LOST, "NOT coalesce(is_won, false)")):
        yield Finding(
            "warn", "objects", f"opportunities: stages {_list(named)} are not counted as won.", "Is is_won right?"
        )
    if not won and "is_won" not in mapped(streams, "opportunities"):
        told = "opportunities: the mapping does not say which are won: nothing counts as bought."
        yield Finding("warn", "objects", told, "Map is_won and is_closed.")
    elif not won:
        stages = [
            r[0]
            for r in streams.query(f"SELECT DISTINCT stage FROM {_TABLE} WHERE stage IS NOT NULL ORDER BY 1 LIMIT 5")
        ]
        told = f"opportunities: none of {rows:,} is won ({closed:,} are closed): nothing counts as bought"
        told += f"; there are stages {_list(stages)}." if stages else "."
        yield Finding("warn", "objects", told, _odd_words(streams) or "Is is_won right?")
    if odd:
        yield Finding("warn", "objects", f"opportunities: {odd:,} are won and not closed.", "Is is_closed right?")
    low = streams.query(f"SELECT max(probability), count(*) FROM {_TABLE} WHERE probability > 0")[0]
    if low[1] and low[0] <= _SHARE_IN_HUNDREDTHS:
        told = f"opportunities: no probability is above {low[0]:.2%}."
        yield Finding("warn", "objects", told, "Are these shares already? Then do not divide them by 100.")


def _accounts(streams: Streams) -> Iterator[Finding]:
    none, rows, won = streams.query(
        f"SELECT count(*) FILTER (account_id IS NULL), count(*), count(*) FILTER (account_id "
        f"IS NULL AND is_won) FROM {_TABLE}"
    )[0]
    if none and (won or none == rows):
        told = f"opportunities: {none:,} of {rows:,} name no account and count for nobody ({won:,} of them are won)."
        advice = 'Map account_id. If an empty cell repeats the one above it: fill_down = ["..."] in the table.'
        yield Finding("warn", "objects", told, advice)


def _missing(streams: Streams) -> Iterator[Finding]:
    sql = f"""SELECT count(*) FILTER (close_at IS NULL), count(*) FILTER (amount IS NULL),
        count(*) FILTER (close_at > now()), count(*) FILTER (created_at > close_at + INTERVAL 1 DAY), count(*)
        FROM {_TABLE} WHERE is_won"""
    no_date, no_money, future, backwards, won = streams.query(sql)[0]
    empty = ""
    if no_money == won and "amount" in mapped(streams, "opportunities") and not _rejected(streams, "amount"):
        empty = " Is its column empty in the file? A formula is, until Excel has computed and saved it."
    for count, what, advice in (
        (no_date, "no close date: when they were bought is unknown",
            "Map close_at; see the rejects for dates that were not read."),
        (no_money, "no amount: what they are worth is unknown",
            f"Map amount; see the rejects for numbers that were not read.{empty}"),
        (future, "a close date in the future", "Is the date format right: day and month?"),
        (backwards, "a close date before they were created", "Is the date format right: day and month?"),
    ):  # fmt: skip
        if count:
            yield Finding("warn", "objects", f"opportunities: {count:,} of {won:,} won ones have {what}.", advice)


def _rejected(streams: Streams, column: str) -> list[str]:
    return [text for _, name, text in streams.notes("opportunities", 200) if name == column]


def _odd_words(streams: Streams) -> str:
    """What is_won holds that is neither yes nor no."""
    words = sorted(set(_rejected(streams, "is_won")))
    return (
        f"is_won holds {_list(words[:3])}, which is neither yes nor no: compare it, is_won = \"... = '{words[0]}'\"."
        if words
        else ""
    )


def _compare(streams: Streams, named: list[str]) -> str:
    stage = next((p.columns["stage"] for p in streams.parts("opportunities") if "stage" in p.columns), "stage")
    texts = ", ".join("'" + n.replace("'", "''") + "'" for n in named)
    return (
        f"Compare stages as they are written: is_won = {json.dumps(f'trim({stage}) IN ({texts})', ensure_ascii=False)}."
    )


def _named(streams: Streams, pattern: str, unless: str, where: str) -> list[str]:
    sql = (
        f"SELECT DISTINCT trim(stage) FROM {_TABLE} WHERE {where}"
        f" AND regexp_matches(lower(stage), '{pattern}') AND NOT regexp_matches(lower(stage), "
        f"'{unless}') ORDER BY 1 LIMIT 5"
    )
    return [row[0] for row in streams.query(sql)]


def _list(texts: list[str]) -> str:
    return ", ".join(map(repr, texts))


def _swapped(streams: Streams) -> Iterator[Finding]:
    """A declared order of day and month that the dates themselves speak against."""
    formats = [
        (key, f)
        for key in streams.tables("opportunities")
        for t in [streams.sources.definition(key)[2] if key in streams.mapping.tables else None]
        for f in ((t.date_format, t.timestamp_format) if t else ())
        if f and "%d" in f and "%m" in f
    ]
    if not formats:
        return
    both = "day({x}) <= 12 AND day({x}) <> month({x})"
    turned = "make_timestamp(CAST(year({x}) AS BIGINT), day({x}), month({x}), 0, 0, 0)"
    times = f"(SELECT unnest([created_at, close_at]) AS t FROM {_TABLE})"
    fits, days, values = streams.query(
        f"SELECT bool_and(day(t) <= 12), count(DISTINCT day(t)), count(*) FROM {times} WHERE t IS NOT NULL"
    )[0]
    if not fits:
        return
    late, late_turned = streams.query(
        f"""SELECT count(*) FILTER (created_at > close_at), count(*) FILTER ({turned.format(x="created_at")} >
          {turned.format(x="close_at")})
        FROM {_TABLE} WHERE is_won AND ({both.format(x="created_at")} OR {both.format(x="close_at")})"""
    )[0]
    key, wrong = formats[0]
    right = wrong.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
    if late > late_turned:
        told = (
            f"[tables.{key}] reads dates as {wrong}; read as {right} they fit better: {late} won "
            f"deals are created after they close."
        )
        yield Finding("warn", "fields", told, f'Set date_format = "{right}" if that is how the export writes dates.')
    elif values >= 8 and days >= 3:
        told = f"[tables.{key}] reads dates as {wrong}, and no day is beyond the 12th: they could as well be {right}."
        yield Finding("warn", "fields", told, "Compare a date or two with where they come from.")


def _outliers(streams: Streams) -> Iterator[Finding]:
    sql = f"""WITH m AS (SELECT coalesce(currency, '') AS c, median(abs(amount)) AS m FROM {_TABLE} WHERE
      amount <> 0 GROUP BY 1 HAVING count(*) >= 3)
        SELECT any_value(c), count(*), any_value(id || ' (' || CAST(amount AS VARCHAR) || ')') FROM {_TABLE}
          JOIN m ON coalesce(currency, '') = c
        WHERE abs(amount) > 100 * m"""
    code, count, example = streams.query(sql)[0]
    if count:
        told = (
            f"opportunities: {count:,} amounts are over 100 times the median of their "
            f"currency{f' ({code})' if code else ''}: {example}."
        )
        yield Finding("warn", "objects", told, "Cents for units, or a decimal mark read as thousands?")


def _cents(streams: Streams) -> Iterator[Finding]:
    """A column that is called cents and not divided."""
    for part in streams.mapping.streams.get("opportunities", ()):
        expression = part.columns.get("amount", "")
        if _CENTS.search(expression) and not re.search(r"[*/]", expression):
            told = f"opportunities: amount is {expression.strip()}, as whole units of the currency."
            yield Finding("warn", "objects", told, "Are these cents? Map amount divided by 100.")


def lines_in_cents(streams: Streams) -> Iterator[Finding]:
    """Deals that are a hundred times what their lines add up to, or the other way round."""
    if "opportunities" not in streams.prepared:
        return
    ratio, deals = streams.query(
        f"""SELECT median(o.amount / l.amount), count(*) FROM {_TABLE} o JOIN (SELECT opportunity_id AS id,
        sum(amount) AS amount FROM {table_of("line_items")} GROUP BY 1) l USING (id) WHERE l.amount > 0 AND
        o.amount > 0"""
    )[0]
    if deals and (95 < ratio < 105 or 95 < 1 / ratio < 105):
        more, less = ("deals", "their lines") if ratio > 1 else ("line items", "their deals")
        told = f"Amounts of {more} are about 100 times those of {less}."
        yield Finding("warn", "objects", told, f"Are those of {more} cents? Map them divided by 100.")
