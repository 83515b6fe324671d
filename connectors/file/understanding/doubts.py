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
from connectors.file.record_rows import table_of
from connectors.file.streams import Streams
from connectors.file.understanding.deals import doubtful_deals, lines_in_cents, mapped, wrong_deals
from connectors.file.understanding.hints import remedy
from connectors.file.understanding.misread import misread_numbers
from connectors.file.understanding.references import Reference
from connectors.file.understanding.remedies import number_remedy
from connectors.records import SCHEMAS, TIME, Stream

_VITAL = ("account_id", "opportunity_id")
"""References without which a record counts for nobody."""


def certain(streams: Streams, stream: Stream) -> list[Finding]:
    """What makes the scores surely wrong: of a prepared stream that is not empty."""
    found = [*_dead_references(streams, stream), *_rounded_ids(streams, stream), *_thousands(streams, stream)]
    return [*found, *misread_numbers(streams, stream), *(wrong_deals(streams) if stream == "opportunities" else ())]


def doubtful(streams: Streams, stream: Stream) -> list[Finding]:
    """What a person should look at, each with its remedy."""
    found = [*_weak_references(streams, stream), *_file_doubts(streams, stream), *_swallowed(streams, stream)]
    if stream == "opportunities":
        found += doubtful_deals(streams)
    if stream == "activities":
        found += [*_lengths(streams), *_of_activity(streams)]
    if stream == "line_items":
        found += [*_orphans(streams), *lines_in_cents(streams)]
    return [*found, *_multiplied(streams, stream), *_deleted(streams, stream)]


def unplaced(streams: Streams) -> Iterator[Finding]:
    """Mail, meetings and calls that were read, of which none belongs to an account."""
    if streams.sources.activity.present and "activities" in streams.prepared and not streams.prepare("activities")[0]:
        advice = "Map the domain of accounts, email and phone of people; [calls] region where numbers have no +49."
        yield Finding("warn", "activity", "No mail, meeting or call could be given to an account.", advice)


def _multiplied(streams: Streams, stream: Stream) -> Iterator[Finding]:
    if not any(p.joins for p in streams.mapping.streams.get(stream, ())):
        return
    twice = {r.record_id for r in streams.prepare(stream)[1] if r.message.startswith("two rows have this id")}
    if twice:
        told = (
            f"{stream}: a join matches several rows for {len(twice):,} records, such as "
            f"{min(twice)}: whose they are is unknown."
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


def _rounded_ids(streams: Streams, stream: Stream) -> Iterator[Finding]:
    """Ids of which a spreadsheet kept a few digits only: several records are one."""
    sql = (
        f"SELECT count(*), any_value(id) FROM {table_of(stream)} WHERE regexp_full_match(id, "
        f"'[0-9](\\.[0-9]+)?[eE]\\+[0-9]+')"
    )
    count, example = streams.query(sql)[0]
    if count:
        told = f"{stream}: {count:,} ids are numbers that a spreadsheet has rounded, such as {example!r}."
        yield Finding("fail", "objects", told, "Export again, and do not open the file in Excel before it is read.")


def _weak_references(streams: Streams, stream: Stream) -> Iterator[Finding]:
    dead = {f.message for f in _dead_references(streams, stream)}
    for r in streams.references[stream]:
        if r.joined:
            told = f"{stream}: {r.joined:,} of {r.total:,} {r.column} are written otherwise than the ids of {r.target}"
            yield Finding("ok", "objects", f"{told} (15 for 18 characters, or a prefix) and were joined.")
        if r.resolved < r.total and not any(f" {r.column} leads" in m for m in dead):
            told = (
                f"{stream}: {r.share:.0%} of {r.column} lead to a record of {r.target} ({r.resolved:,} "
                f"of {r.total:,}): {_both(r)}."
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
        elif doubt.kind == "encoding":
            yield Finding("warn", "files", doubt.message, doubt.remedy)
        elif doubt.kind == "columns" or (doubt.kind in ("duplicate", "digits", "dates") and doubt.column in words):
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
    for doubt in {d.message: d for d in streams.sources.unsure.get(stream, ())}.values():
        yield Finding("fail", "fields", doubt.message, doubt.remedy)
    for doubt in _doubts(streams, stream):
        if doubt.kind == "thousands" and re.search(rf"(?<!\w){re.escape(doubt.column)}(?!\w)", words):
            yield Finding("fail", "fields", doubt.message, doubt.remedy)


def _of_activity(streams: Streams) -> Iterator[Finding]:
    for told, remedy_ in dict.fromkeys(d for acts in streams.sources.activity.acts for d in acts.doubts):
        yield Finding("warn", "activity", told, remedy_)


def _lengths(streams: Streams) -> Iterator[Finding]:
    sql = f"""SELECT count(*) FILTER (minutes > 720), median(minutes) FILTER (minutes > 0), count(*) FILTER
    (minutes > 0), max(minutes)
        FROM {table_of("activities")} WHERE channel = 'call'"""
    long, median, count, longest = streams.query(sql)[0]
    unit = "Are these seconds or milliseconds? Divide by 60 or 60000 in the mapping of minutes."
    if long:
        yield Finding(
            "warn", "activity", f"{long:,} of {count:,} calls last over 12 hours (up to {longest:,.0f} minutes).", unit
        )
    elif median is not None and median > 60:
        yield Finding("warn", "activity", f"Half of the {count:,} calls last over {median:,.0f} minutes.", unit)
    unknown = streams.query(
        f"SELECT count(*) FILTER (channel IS NULL), count(*) FILTER (direction IS NULL), "
        f"count(*) FROM {table_of('activities')}"
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
    if "deleted" in mapped(streams, stream):
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
