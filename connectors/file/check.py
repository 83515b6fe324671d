"""What `bothways check` says of a folder: files, rows, rejects, unused columns, and what each stream has filled in."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from connectors.base import Diagnosis, Finding, Organisation, PropertySpec
from connectors.errors import BothwaysError
from connectors.file.config import nearest
from connectors.file.provision import plan
from connectors.file.sources import data_files
from connectors.file.streams import Streams
from connectors.records import SCHEMAS, Stream

_EXPECTED: dict[Stream, tuple[str, ...]] = {
    "accounts": ("name", "industry", "country", "annual_revenue", "parent_id", "created_at"),
    "opportunities": ("account_id", "amount", "is_won", "close_at", "created_at"),
    "line_items": ("opportunity_id", "product_family", "amount"),
    "activities": ("account_id", "direction", "occurred_at", "person_ids", "thread_id"),
    "people": ("account_id", "email"),
}


def diagnose(
    current: Callable[[], Streams], output: Path, organisation: Organisation, owned: Sequence[PropertySpec]
) -> Diagnosis:
    """Findings about the folder, the mapping, every stream and the place to write to. Nothing is changed."""
    try:
        streams = current()
        findings = [*_files(streams), *(f for s in streams.available for f in _stream(streams, s)), *_absent(streams)]
        findings += _unused(streams)
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
    return Diagnosis((*findings, _output(output), *_properties(output, owned)))


def _files(streams: Streams) -> Iterator[Finding]:
    used = [p.relative_to(streams.sources.folder).as_posix() for p in streams.used_files()]
    yield Finding("ok", "files", f"Reads {', '.join(used) or 'nothing'} in {streams.sources.folder}.")
    if spare := [f for f in data_files(streams.sources.folder) if f not in used]:
        yield Finding("warn", "files", f"No mapping uses {', '.join(spare)}.", "Map them, or ignore this.")


def _stream(streams: Streams, stream: Stream) -> Iterator[Finding]:
    try:
        rows, lost = streams.prepare(stream)
    except BothwaysError as error:
        yield Finding("fail", "objects", str(error.args[0]), error.remedy)
        return
    rejects = len(lost) + streams.misfits(stream)
    told = f"{stream}: {rows:,} records, {rejects:,} rejects"
    if rows:
        filled = streams.filled(stream)
        names = _EXPECTED.get(stream, ())
        told += "".join(f", {n} {filled[n]:.0%}" for n in names)
    yield Finding(
        "ok" if rows and not rejects else "warn",
        "objects",
        f"{told}.",
        _example(lost) if rows else "Is the mapping's `where` right?",
    )


def _example(lost: tuple[object, ...]) -> str:
    return f"The first: {getattr(lost[0], 'source', '')} {getattr(lost[0], 'message', '')}".strip() if lost else ""


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
