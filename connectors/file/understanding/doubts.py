# ruff: noqa: S608 - the SQL is put together from names of canonical columns
"""What is wrong or in doubt about a stream. What `certain` gives refuses the run; what `doubtful` gives is for a
person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.base import Finding
from connectors.file.query import swallowed
from connectors.file.readers.columns import Doubt
from connectors.file.streams import Streams, table_of
from connectors.file.understanding.hints import number_remedy, remedy
from connectors.file.understanding.references import Reference
from connectors.records import SCHEMAS, TIME, Stream

_VITAL = ("account_id", "opportunity_id")
"""References without which a record counts for nobody."""
_WON = r"(^|[^a-zà-ÿ])(won|gewonnen|gagn|ganad|vint[aoe]|ganho|gewonnen|vunnen)"
_NOT_WON = r"(lost|not won|verlor|perdu|perdid|pers[aoe])"


def certain(streams: Streams, stream: Stream) -> list[Finding]:
    """What makes the scores surely wrong: of a prepared stream that is not empty."""
    return [*_dead_references(streams, stream), *_thousands(streams, stream), *_nothing_won(streams, stream)]


def doubtful(streams: Streams, stream: Stream) -> list[Finding]:
    """What a person should look at, each with its remedy."""
    found = [*_weak_references(streams, stream), *_file_doubts(streams, stream), *_swallowed(streams, stream)]
    if stream == "opportunities":
        found += [*_odd_stages(streams), *_without(streams), *_swapped(streams), *_outliers(streams)]
    if stream == "activities":
        found += _lengths(streams)
    if stream == "line_items":
        found += _orphans(streams)
    return [*found, *_multiplied(streams, stream), *_deleted(streams, stream)]


def _multiplied(streams: Streams, stream: Stream) -> Iterator[Finding]:
    if not any(p.joins for p in streams.mapping.streams.get(stream, ())):
        return
    twice = {r.record_id for r in streams.prepare(stream)[1] if r.message.startswith("two rows have this id")}
    if twice:
        told = (
            f"{stream}: a join matches several rows for {len(twice):,} records, such as {min(twice)}: one "
            f"of them is kept."
        )
        yield Finding("warn", "objects", told, "Join by an id; a name can belong to several.")


def _dead_references(streams: Streams, stream: Stream) -> Iterator[Finding]:
    placed = any(r.column == "account_id" and r.resolved for r in streams.references[stream])
    for r in streams.references[stream]:
        vital = r.column in _VITAL or (r.column == "person_ids" and stream == "activities")
        if r.total and not r.resolved and vital and not (placed and r.column != "account_id"):
            yield Finding(
                "fail", "objects", f"{stream}: no {r.column} leads to a record of {r.target}: {_both(r)}.", _cause(r)
            )


def _weak_references(streams: Streams, stream: Stream) -> Iterator[Finding]:
    dead = {f.message for f in _dead_references(streams, stream)}
    for r in streams.references[stream]:
        if r.joined:
            told = f"{stream}: {r.joined:,} of {r.total:,} {r.column} are written otherwise than the ids of {r.target}"
            yield Finding("ok", "objects", f"{told} (15 for 18 characters, or a prefix) and were joined.")
        if r.resolved < r.total and not any(f" {r.column} leads" in m for m in dead):
            told = (
                f"{stream}: {r.share:.0%} of {r.column} lead to a record of {r.target} ({r.resolved:,} of "
                f"{r.total:,}): {_both(r)}."
            )
            yield Finding("warn", "objects", told, _cause(r))


def _both(r: Reference) -> str:
    return f"it holds {', '.join(map(repr, r.lost))}; ids are {', '.join(map(repr, r.ids)) or 'none'}"


def _cause(r: Reference) -> str:
    return f"Probably {r.cause}." if r.cause else ""


def _file_doubts(streams: Streams, stream: Stream) -> Iterator[Finding]:
    for doubt in _doubts(streams, stream):
        words = _words(streams, stream, None)
        if doubt.kind in ("word", "footer"):
            yield Finding("ok", "files", doubt.message, doubt.remedy)
        elif doubt.kind in ("duplicate", "digits") and doubt.column in words:
            yield Finding("warn", "fields", doubt.message, doubt.remedy)


def _doubts(streams: Streams, stream: Stream) -> Iterator[Doubt]:
    earlier = streams.available[: streams.available.index(stream)]
    told = {key for other in earlier for key in streams.tables(other)}
    for key in streams.tables(stream):
        for doubt in streams.sources.doubts.get(key, ()):
            if key not in told or doubt.kind == "thousands":
                yield doubt


def _words(streams: Streams, stream: Stream, kind: pa.DataType | None) -> str:
    """The expressions of a stream, joins and tables in SQL included; with `kind`, of columns of that type only."""
    parts = streams.mapping.streams.get(stream, ())
    texts = [e for p in parts for c, e in p.columns.items() if kind is None or _kind(stream, c) == kind]
    sql = [t.sql or "" for key in streams.tables(stream) if (t := streams.mapping.tables.get(key))]
    return " ".join((*texts, *sql, *(j.on for p in parts for j in p.joins)))


def _kind(stream: Stream, column: str) -> pa.DataType | None:
    return SCHEMAS[stream].field(column).type if column in SCHEMAS[stream].names else None


def _thousands(streams: Streams, stream: Stream) -> Iterator[Finding]:
    words = _words(streams, stream, pa.float64())
    for doubt in _doubts(streams, stream):
        if doubt.kind == "thousands" and re.search(rf"(?<!\w){re.escape(doubt.column)}(?!\w)", words):
            yield Finding("fail", "fields", doubt.message, doubt.remedy)


def _nothing_won(streams: Streams, stream: Stream) -> Iterator[Finding]:
    if stream != "opportunities" or "is_won" not in _mapped(streams, stream):
        return
    won = streams.query(f"SELECT count(*) FROM {table_of(stream)} WHERE is_won")[0][0]
    if not won and (named := _named_won(streams)):
        yield Finding(
            "fail", "objects", f"opportunities: none is won, but there are stages {_list(named)}.",
            "Compare stages as they are written, or without case: is_won = \"lower(stage) LIKE '%won%'\".",
        )  # fmt: skip


def _mapped(streams: Streams, stream: Stream) -> set[str]:
    return {c for p in streams.parts(stream) for c in (*p.columns, *p.constants)}


def _named_won(streams: Streams) -> list[str]:
    sql = (
        f"SELECT DISTINCT stage FROM {table_of('opportunities')} WHERE NOT coalesce(is_won, false)"
        f" AND regexp_matches(lower(stage), '{_WON}') AND NOT regexp_matches(lower(stage), '{_NOT_WON}') "
        f"ORDER BY 1 LIMIT 5"
    )
    return [row[0] for row in streams.query(sql)]


def _list(texts: list[str]) -> str:
    return ", ".join(map(repr, texts))


def _odd_stages(streams: Streams) -> Iterator[Finding]:
    if list(_nothing_won(streams, "opportunities")):
        return
    if named := _named_won(streams):
        yield Finding(
            "warn", "objects", f"opportunities: stages {_list(named)} are not counted as won.", "Is is_won right?"
        )
    sql = f"SELECT count(*) FROM {table_of('opportunities')} WHERE is_won AND NOT coalesce(is_closed, true)"
    if odd := streams.query(sql)[0][0]:
        yield Finding("warn", "objects", f"opportunities: {odd:,} are won and not closed.", "Is is_closed right?")


def _without(streams: Streams) -> Iterator[Finding]:
    sql = f"""SELECT count(*) FILTER (close_at IS NULL), count(*) FILTER (amount IS NULL),
        count(*) FILTER (close_at > now()), count(*) FILTER (created_at > close_at + INTERVAL 1 DAY), count(*)
        FROM {table_of("opportunities")} WHERE is_won"""
    no_date, no_money, future, backwards, won = streams.query(sql)[0]
    for count, what, advice in (
        (
            no_date,
            "no close date: when they were bought is unknown",
            "Map close_at; see the rejects for dates that were not read.",
        ),
        (
            no_money,
            "no amount: what they are worth is unknown",
            "Map amount; see the rejects for numbers that were not read.",
        ),
        (future, "a close date in the future", "Is the date format right: day and month?"),
        (backwards, "a close date before they were created", "Is the date format right: day and month?"),
    ):
        if count:
            yield Finding("warn", "objects", f"opportunities: {count:,} of {won:,} won ones have {what}.", advice)


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
    times = f"(SELECT unnest([created_at, close_at]) AS t FROM {table_of('opportunities')})"
    fits, days, values = streams.query(
        f"SELECT bool_and(day(t) <= 12), count(DISTINCT day(t)), count(*) FROM {times} WHERE t IS NOT NULL"
    )[0]
    if not fits:
        return
    late, late_turned = streams.query(
        f"""SELECT count(*) FILTER (created_at > close_at), count(*) FILTER ({turned.format(x="created_at")} >
        {turned.format(x="close_at")})
        FROM {table_of("opportunities")} WHERE is_won AND ({both.format(x="created_at")} OR
          {both.format(x="close_at")})"""
    )[0]
    key, wrong = formats[0]
    right = wrong.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
    if late > late_turned:
        told = (
            f"[tables.{key}] reads dates as {wrong}; read as {right} they fit better: {late} won deals are "
            f"created after they close."
        )
        yield Finding("warn", "fields", told, f'Set date_format = "{right}" if that is how the export writes dates.')
    elif values >= 8 and days >= 3:
        told = f"[tables.{key}] reads dates as {wrong}, and no day is beyond the 12th: they could as well be {right}."
        yield Finding("warn", "fields", told, "Compare a date or two with where they come from.")


def _outliers(streams: Streams) -> Iterator[Finding]:
    table = table_of("opportunities")
    sql = f"""WITH m AS (SELECT coalesce(currency, '') AS c, median(abs(amount)) AS m FROM {table} WHERE amount <> 0
    GROUP BY 1 HAVING count(*) >= 3)
        SELECT any_value(c), count(*), any_value(id || ' (' || CAST(amount AS VARCHAR) || ')') FROM {table} JOIN m ON
          coalesce(currency, '') = c
        WHERE abs(amount) > 100 * m"""
    code, count, example = streams.query(sql)[0]
    if count:
        told = (
            f"opportunities: {count:,} amounts are over 100 times the median of their "
            f"currency{f' ({code})' if code else ''}: {example}."
        )
        yield Finding("warn", "objects", told, "Cents for units, or a decimal mark read as thousands?")


def _lengths(streams: Streams) -> Iterator[Finding]:
    sql = f"""SELECT count(*) FILTER (minutes > 720), median(minutes) FILTER (minutes > 0), count(*) FILTER (minutes >
    0), max(minutes)
        FROM {table_of("activities")} WHERE channel = 'call'"""
    long, median, count, longest = streams.query(sql)[0]
    unit = "Are these seconds or milliseconds? Divide by 60 or 60000 in the mapping of minutes."
    if long:
        yield Finding(
            "warn", "activity", f"{long:,} of {count:,} calls last over 12 hours (up to {longest:,.0f} minutes).", unit
        )
    elif median is not None and median > 240:
        yield Finding("warn", "activity", f"Half of the calls last over {median / 60:.1f} hours.", unit)
    unknown = streams.query(
        f"SELECT count(*) FILTER (channel IS NULL), count(*) FILTER (direction IS NULL), count(*) FROM "
        f"{table_of('activities')}"
    )[0]
    for n, what in (
        (unknown[0], "no channel: they count for nothing"),
        (unknown[1], "no direction: which side acted is unknown"),
    ):
        if n:
            yield Finding(
                "warn", "activity", f"activities: {n:,} of {unknown[2]:,} have {what}.", "Map it, or see the rejects."
            )


def _orphans(streams: Streams) -> Iterator[Finding]:
    none, rows = streams.query(
        f"SELECT count(*) FILTER (opportunity_id IS NULL), count(*) FROM {table_of('line_items')}"
    )[0]
    if none:
        advice = 'If a row without it continues the row above, name such columns: fill_down = ["id", ...] in the table.'
        yield Finding(
            "warn", "objects", f"line_items: {none:,} of {rows:,} name no opportunity and count for none.", advice
        )


def _deleted(streams: Streams, stream: Stream) -> Iterator[Finding]:
    if gone := streams.deleted.get(stream):
        yield Finding("ok", "objects", f"{stream}: {gone:,} rows are marked as deleted and are left out.")
    if "deleted" in _mapped(streams, stream):
        return
    for part in streams.mapping.streams.get(stream, ()):
        name, _ = streams.sources.load(part.origin)
        for column in streams.sources.columns(name):
            if re.fullmatch(r"(is)?[ _]?deleted", column, re.IGNORECASE):
                quoted = '"' + column + '"'
                sql = (
                    f"SELECT count(*) FROM {name} WHERE lower(CAST({quoted} AS VARCHAR)) IN ('1', 'true', 'yes', '1.0')"
                )
                if count := streams.query(sql)[0][0]:
                    told = (
                        f"{stream}: {count:,} rows are marked in {column!r} as deleted, and are counted all the same."
                    )
                    yield Finding("warn", "objects", told, f"Add deleted = '{quoted}' to its columns.")


def _swallowed(streams: Streams, stream: Stream) -> Iterator[Finding]:
    for part in streams.mapping.streams.get(stream, ()):
        con = streams.sources.session()
        for column, count, example in swallowed(streams.sources, con, part):
            told = (
                f"{stream}: in {count:,} rows the mapping of {column} turns a value such as {example!r} into nothing."
            )
            yield Finding("warn", "fields", told, _capital(_advice(stream, column, example)))
        con.close()


def _advice(stream: Stream, column: str, example: str) -> str:
    kind = _kind(stream, column)
    advice = remedy(stream, column, example) if kind == TIME else number_remedy(example)
    return f"{advice}; then no try_cast is needed" if advice else "Is that right? It is unknown to the scores."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
