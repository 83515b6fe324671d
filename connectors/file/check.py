"""What `bothways check` says of a folder: files, rows, rejects, unused columns, and what each stream has filled in."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from connectors.base import Diagnosis, Finding, Organisation, PropertySpec, Reject
from connectors.errors import BothwaysError
from connectors.file.config import nearest
from connectors.file.provision import plan
from connectors.file.readers.archives import is_data
from connectors.file.streams import Streams
from connectors.file.understanding.doubts import certain, doubtful, unplaced
from connectors.file.understanding.hints import misfit
from connectors.file.understanding.summary import foreign_money, left_out, understood
from connectors.records import SCHEMAS, Stream

_EXPECTED: dict[Stream, tuple[str, ...]] = {
    "accounts": ("name", "industry", "country", "annual_revenue", "parent_id", "created_at"),
    "opportunities": ("account_id", "amount", "is_won", "close_at", "created_at"),
    "line_items": ("opportunity_id", "product_family", "amount"),
    "activities": ("account_id", "direction", "occurred_at", "person_ids", "thread_id"),
    "people": ("account_id", "email"),
}
_LINKS: dict[Stream, tuple[str, ...]] = {
    "opportunities": ("account_id",),
    "line_items": ("opportunity_id",),
    "activities": ("account_id", "opportunity_id", "case_id", "person_ids"),
    "people": ("account_id", "email"),
}
"""Columns by which a record finds its account: with none of them filled in it counts for nobody."""


def diagnose(
    current: Callable[[], Streams], output: Path, organisation: Organisation, owned: Sequence[PropertySpec]
) -> Diagnosis:
    """Findings about the folder, the mapping, every stream and the place to write to. Nothing is changed."""
    try:
        streams = current()
        findings = [*_files(streams), *(f for s in streams.available for f in _stream(streams, s)), *_absent(streams)]
        findings += [*_currency(streams, organisation), *_unused(streams)]
    except BothwaysError as error:
        findings = [Finding("fail", "files", str(error.args[0]), error.remedy)]
    if organisation.corporate_currency is None:
        findings.append(
            Finding(
                "warn",
                "files",
                "No corporate currency is set.",
                "Set organisation.corporate_currency, for example EUR.",
            )
        )
    findings = list({(f.level, f.message): f for f in findings}.values())  # what several streams share is said once
    return Diagnosis((*findings, _output(output), *_properties(output, owned)))


def _files(streams: Streams) -> Iterator[Finding]:
    used = [p.relative_to(streams.sources.folder).as_posix() for p in streams.used_files()]
    yield Finding("ok", "files", f"Reads {', '.join(used) or 'nothing'} in {streams.sources.folder}.")
    yield Finding("ok", "files", f"Times without an offset are read as {streams.sources.zone}.")
    others = [f for f in streams.sources.all_files() if f not in used]
    if spare := [f for f in others if is_data(f)]:
        yield Finding("warn", "files", f"No mapping uses {', '.join(spare)}.", "Map them, or ignore this.")
    for suffixes, what in _OTHER_FILES:
        if found := [f for f in others if f.lower().endswith(suffixes)]:
            yield Finding(
                "warn", "files", f"{', '.join(found[:5])} {'is' if len(found) == 1 else 'are'} not read.", what
            )
    yield from _several(streams)


_OTHER_FILES = (
    ((".mbox", ".mbox.gz", ".eml"), 'This is mail: add [mailbox] file = "NAME" to the mapping.'),
    ((".ics",), 'This is a calendar: add [calendar] file = "NAME" to the mapping.'),
    ((".xls", ".ods", ".numbers"), "Save it as .xlsx or CSV."),
    ((".json", ".jsonl", ".xml"), "Export it as CSV, .xlsx or Parquet."),
    (
        (".pst", ".ost", ".msg", ".olm"),
        "Outlook's own files are not read: export mail as .mbox or .eml, or use a message trace.",
    ),
    ((".zip",), "An archive inside an archive is not opened: unpack it into the folder."),
    ((".7z", ".rar", ".tar", ".tar.gz", ".tgz"), "Unpack it into the folder; .zip and .gz are read as they are."),
)


def _several(streams: Streams) -> Iterator[Finding]:
    """Files that one pattern takes together, where which is newer decides."""
    for stream in streams.available:
        for key in streams.tables(stream):
            table = streams.sources.definition(key)[2] if "#" not in key else None
            names = streams.sources.files(table) if table is not None and not table.sql else []
            if len(names) > 1:
                told = f"{key}: {len(names)} files are one table, the newest first: {', '.join(names[:4])}"
                yield Finding(
                    "ok",
                    "files",
                    f"{told}{' ...' if len(names) > 4 else ''}. Of rows with one id the newest file's is kept.",
                )


def _stream(streams: Streams, stream: Stream) -> Iterator[Finding]:
    try:
        rows, lost = streams.prepare(stream)
        wrong = certain(streams, stream) if rows else []
    except BothwaysError as error:
        yield Finding("fail", "objects", str(error.args[0]), error.remedy)
        return
    if not rows and not lost and stream not in streams.mapping.streams and stream not in streams.canonical:
        if stream == "activities":  # of mail, calendars and calls; people and users are what these might add
            yield from unplaced(streams)
            yield from left_out(streams)
        return
    rejects = len(lost) + streams.misfits(stream)
    told = f"{stream}: {rows:,} records, {rejects:,} rejects"
    unlinked = ""
    if rows:
        filled = streams.filled(stream)
        links = [n for n in _LINKS.get(stream, ()) if n in filled]
        if links and not any(filled[n] for n in links):
            unlinked = f"None of these {stream} says what it belongs to: map {' or '.join(links)}."
        # Where acts and people are attributed by who took part, an account of their own is not missed.
        names = [n for n in _EXPECTED.get(stream, ()) if filled[n] or n not in links or unlinked]
        told += "".join(f", {n} {_percent(filled[n])}" for n in names)
    yield Finding(
        "ok" if rows and not rejects and not unlinked else "warn",
        "objects",
        f"{told}.",
        unlinked or _example(streams, stream, lost) or ("" if rows else "Is the mapping's `where` right?"),
    )
    if stream == "activities" and not rows:
        yield from left_out(streams)
    if rows:
        yield from wrong
        yield from doubtful(streams, stream)
        yield from understood(streams, stream)


def _percent(share: float) -> str:
    """A share for people: what is there is never called 0%, what is missing somewhere never 100%."""
    if 0 < share < 0.005:
        return "under 1%"
    return "over 99%" if 0.995 <= share < 1 else f"{share:.0%}"


def _example(streams: Streams, stream: Stream, lost: Sequence[Reject]) -> str:
    """One reject of each column, at most three."""
    shown = {(r.field, r.message[-40:]): f"{r.source or r.record_id} {r.field} {r.message}".strip() for r in lost}
    for note in streams.notes(stream, 200):
        record, column, text = note
        shown.setdefault((column, ""), f"{record} {column}: {misfit(stream, column, text)}")
    return "For example: " + " | ".join(" ".join(t.split()) for t in list(shown.values())[:3]) if shown else ""


def _currency(streams: Streams, organisation: Organisation) -> Iterator[Finding]:
    try:
        yield from foreign_money(streams, organisation.corporate_currency)
    except BothwaysError:  # said of the stream itself
        return


def _absent(streams: Streams) -> Iterator[Finding]:
    for stream in ("accounts", "opportunities"):
        if stream not in streams.available:
            yield Finding(
                "warn", "objects", f"There are no {stream}.", f"Add [{stream}] to the mapping, or {stream}.csv."
            )
    if "activities" not in streams.available:
        yield Finding(
            "warn", "activity", "There are no activities: who puts in the effort stays unknown (null), never 0."
        )


def _unused(streams: Streams) -> Iterator[Finding]:
    """Columns of the files that no expression mentions: how a forgotten field, or a misspelt canonical one, is seen."""
    words = set(re.findall(r"\w+", streams.mapping.model_dump_json()))
    for stream in streams.available:
        for part in streams.parts(stream):
            name, _ = streams.sources.load(part.origin)
            mapped = stream in streams.mapping.streams
            known = words if mapped else set(SCHEMAS[stream].names)
            if spare := [c for c in streams.sources.columns(name) if not set(re.findall(r"\w+", c)) <= known]:
                hint = "" if mapped else "".join(nearest(c, SCHEMAS[stream].names) for c in spare[:1]).lstrip("; ")
                yield Finding(
                    "ok" if mapped else "warn", "fields", f"{stream} leaves unused: {', '.join(spare)}.", hint
                )


def _output(output: Path) -> Finding:
    nearest_folder = next(p for p in (output, *output.absolute().parents) if p.exists())
    if nearest_folder.is_dir() and os.access(nearest_folder, os.W_OK):
        return Finding("ok", "files", f"Scores are written to {output}.")
    return Finding("fail", "files", f"Cannot write to {output}.", "Set crm.output to a folder you may write to.")


def _properties(output: Path, owned: Sequence[PropertySpec]) -> Iterator[Finding]:
    """A file that has some of our columns and lacks others was changed by somebody; no file at all is a fresh start."""
    try:
        missing = [item.name for item in plan(output, owned).to_do if item.kind == "column"]
        fresh = len(missing) == len(owned)
    except BothwaysError as error:
        yield Finding("fail", "properties", str(error.args[0]), error.remedy)
        return
    if missing and fresh:
        yield Finding(
            "ok", "properties", f"Nothing is provisioned in {output} yet.", "`bothways provision` makes the files."
        )
    elif missing:
        yield Finding("fail", "properties", f"Columns are missing: {', '.join(missing)}.", "Run `bothways provision`.")
