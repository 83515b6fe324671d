"""Which preset's tables the files of a folder are, by the names of their columns."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from itertools import islice
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from python_calamine import CalamineError, CalamineWorkbook

from connectors.errors import ConfigError
from connectors.file.activity.calls import call_columns
from connectors.file.activity.mail import trace_columns
from connectors.file.activity.outlook import outlook_columns
from connectors.file.config import Table
from connectors.file.readers.archives import Unpacked, all_files, is_data
from connectors.file.readers.casts import quoted
from connectors.file.readers.sniff import opened, sniffed
from connectors.file.readers.workbook import visible_sheets
from connectors.records import Stream

_ROWS = 30
_DATE = re.compile(r"20\d\d[-_.]?[01]\d[-_.]?[0-3]\d([-_T ]?[0-2]\d[-_.h]?[0-5]\d([-_.]?[0-5]\d)?)?")
_COPY = re.compile(r" ?\(\d+\)(?=\.\w+$)")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Source(_Model):
    """One way to fill a canonical column: a header, or several, put in place of `{}`; or the name of another record."""

    header: str | None = None
    headers: tuple[str, ...] = ()
    expression: str = Field(default="{}", alias="as")
    name_of: Stream | None = None


Sources_ = str | Source | list[str | Source]


class PresetTable(_Model):
    """One kind of file. It is recognised by the headers of `signature`; none of `not` may be there."""

    stream: Stream
    table: str
    signature: tuple[str, ...]
    without: tuple[str, ...] = Field(default=(), alias="not")
    columns: dict[str, Sources_]
    lines: dict[str, Sources_] = {}
    """Columns of line_items where the file's rows are lines of the record above."""
    fill_down: tuple[str, ...] = ()
    weak: bool = False
    """The signature is one that other programs' files have too: it counts only next to another table of the preset."""


class Preset(_Model):
    """The exports of one program. Translations are by language: the English header and that language's."""

    name: str
    source: str
    tables: tuple[PresetTable, ...]
    translations: dict[str, dict[str, str]] = {}


def presets(folder: Path | None = None) -> list[Preset]:
    """The shipped presets, and those of a folder of one's own. Raises ConfigError naming the file that is wrong."""
    if folder is not None and not folder.is_dir():
        raise ConfigError(f"The folder of presets {folder} does not exist.", remedy="Name a folder of .toml files.")
    shipped = Path(str(resources.files("connectors.file.presets")))
    found = []
    for path in (*sorted(shipped.glob("*.toml")), *sorted(folder.glob("*.toml") if folder else ())):
        try:
            found.append(Preset.model_validate(tomllib.loads(path.read_text("utf-8"))))
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            raise ConfigError(f"The preset {path} is wrong: {error}.", remedy="See docs/tutorial-files.md.") from None
    return found


@dataclass(frozen=True, slots=True)
class Recognised:
    """Files of one kind: `files` as a mapping names them, the headers by their English names."""

    preset: Preset
    table: PresetTable
    files: tuple[str, ...]
    newest: bool
    """They are exports of several days: only the newest counts."""
    delimiter: str
    skip_until: str | None
    headers: Mapping[str, str]
    score: int
    encoding: str = ""
    """Where the file is not UTF-8 and its first bytes do not say what it is."""
    sheet: str = ""
    """Of a workbook in which more than one is shown."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What lies in a folder: tables of a preset, and files for `[mailbox]`, `[calendar]` and `[calls]`."""

    tables: tuple[Recognised, ...]
    activity: Mapping[str, tuple[str, ...]]
    others: tuple[str, ...]


def recognise(folder: Path, known: Sequence[Preset], most: int = 20_000 * 2**20) -> Folder:
    """Looks at the first rows of every file. Raises ConfigError naming what lies there when no table is recognised."""
    unpacked = Unpacked(folder, most)
    groups: dict[tuple[str, str], list[tuple[str, Recognised]]] = {}
    activity: dict[str, list[str]] = {}
    others: list[str] = []
    for name in all_files(folder):
        lower = name.lower()
        if lower.endswith((".mbox", ".mbox.gz", ".eml")) or re.search(r"(^|/)(cur|new)/", name):
            maildir = re.search(r"^(.*?)/?(cur|new)/", name)
            wanted = f"{maildir[1] or maildir[2]}" if maildir else "*.eml" if lower.endswith(".eml") else name
            activity.setdefault("mailbox", []).append(wanted)
        elif lower.endswith(".ics"):
            activity.setdefault("calendar", []).append(name)
        elif is_data(name) and not lower.endswith(".parquet"):
            found = _tables(unpacked, name, known)
            if isinstance(found, str):
                (activity.setdefault(found, []) if found else others).append(name)
            else:
                for each in found:
                    groups.setdefault((each.preset.name, each.table.table), []).append((name, each))
    strong = {preset for (preset, _), each in groups.items() if not each[0][1].table.weak}
    weak = [key for key in groups if key[0] not in strong]
    others += [name for key in weak for name, _ in groups.pop(key)]
    tables = tuple(_together([n for n, _ in each], each[0][1]) for each in groups.values())
    if not tables:
        raise ConfigError(
            f"No export that is known lies in {folder}: {', '.join(others[:6]) or 'it has no CSV or Excel file'}.",
            remedy="Write mapping.toml yourself: docs/tutorial-files.md says how, and how to add a preset.",
        )
    best = max((t.preset.name for t in tables), key=lambda n: sum(t.score for t in tables if t.preset.name == n))
    others += [f for t in tables if t.preset.name != best for f in t.files]
    unique = {key: tuple(dict.fromkeys(names)) for key, names in activity.items()}
    return Folder(tuple(t for t in tables if t.preset.name == best), unique, tuple(others))


def _tables(unpacked: Unpacked, name: str, known: Sequence[Preset]) -> list[Recognised] | str:
    """The tables of a file: one, or those of a workbook's sheets; else what activity it holds, or ""."""
    if not name.lower().endswith((".xlsx", ".xlsm")):
        encoding = _legacy(unpacked, name)
        found = _table(name, encoding, "", _first_rows(unpacked, name, encoding), known)
        return [found] if isinstance(found, Recognised) else found
    sheets = _sheets(unpacked.path(name))
    several = len(sheets) > 1
    each = [_table(name, "", sheet if several else "", [("", rows)], known) for sheet, rows in sheets.items()]
    tables = [r for r in each if isinstance(r, Recognised)]
    return tables or next((kind for kind in each if isinstance(kind, str) and kind), "")


def _table(
    name: str, encoding: str, sheet: str, tries: Sequence[tuple[str, list[list[str]]]], known: Sequence[Preset]
) -> Recognised | str:
    best: Recognised | None = None
    for delimiter, rows in tries:
        for number, row in enumerate(rows):
            header = [c.strip() for c in row]
            if len([c for c in header if c]) < 2:
                continue
            if kind := _activity(header):
                return kind
            for preset in known:
                for table in preset.tables:
                    if (headers := _matched(preset, table, header)) is not None and (
                        best is None or len(headers) > best.score
                    ):
                        first = next(c for c in header if c)
                        best = Recognised(
                            preset,
                            table,
                            (name,),
                            False,
                            delimiter,
                            first if number else None,
                            headers,
                            len(headers),
                            encoding,
                            sheet,
                        )
    return best or ""


def _activity(header: Sequence[str]) -> str:
    if trace_columns(header):
        return "mailbox"
    if outlook_columns(header):
        return "calendar"
    return "calls" if call_columns(header) else ""


def _matched(preset: Preset, table: PresetTable, header: Sequence[str]) -> dict[str, str] | None:
    """English header -> the file's, of the columns that a table knows; None when it is not that table."""
    present = set(header)
    for words in ({}, *preset.translations.values()):
        names = {english: found for english in _headers(table) if (found := words.get(english, english)) in present}
        mixed = names | {e: e for e in _headers(table) if e in present}
        if set(table.signature) <= mixed.keys() and not any(words.get(w, w) in present for w in table.without):
            return mixed
    return None


def _headers(table: PresetTable) -> set[str]:
    found = set(table.signature)
    for source in (*table.columns.values(), *table.lines.values()):
        for each in alternatives(source):
            found |= {each.header} if each.header else set(each.headers)
    return found


def alternatives(source: Sources_) -> list[Source]:
    """The ways to fill a column, the best first."""
    each = source if isinstance(source, list) else [source]
    return [Source(header=s) if isinstance(s, str) else s for s in each]


def _legacy(unpacked: Unpacked, name: str) -> str:
    """The encoding of a text that is no UTF-8."""
    return sniffed(unpacked.path(name), name, Table(file=(name,)), unpacked.spare, unpacked.most).likely


def _first_rows(unpacked: Unpacked, name: str, encoding: str) -> list[tuple[str, list[list[str]]]]:
    path = unpacked.path(name)
    table = Table(file=(name,), encoding=encoding or None)
    found = sniffed(path, name, table, unpacked.spare, unpacked.most)
    with opened(found.path) as raw:
        lines = raw.read(1 << 18).decode("utf-8-sig", "replace").splitlines()[:_ROWS]
    delimiters = (found.delimiter,) if found.skip else (",", ";", "\t", "|")
    return [(d, list(csv.reader(lines[found.skip :], delimiter=d))) for d in delimiters]


def _sheets(path: Path) -> dict[str, list[list[str]]]:
    """The first rows of each sheet that is shown and not empty, by its name."""
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [s for s in map(book.get_sheet_by_name, visible_sheets(book)) if s.height]
    except (CalamineError, OSError, ValueError):
        return {}
    return {s.name: [[str(c) for c in row] for row in islice(s.iter_rows(), _ROWS)] for s in sheets}


def _together(names: Sequence[str], first: Recognised) -> Recognised:
    """Several files of one kind: exports of several days (one pattern, the newest counts), or parts of one."""
    inner = sorted({re.sub(r"^.*\.zip/", "", n, flags=re.IGNORECASE) for n in names})
    stems = {_COPY.sub("", _DATE.sub("*", n)) for n in inner}
    dated = any(_DATE.search(n) for n in inner)
    if dated and len(stems) == 1:
        return _with(first, (next(iter(stems)),), newest=True)
    if len(stems) == 1 and len(inner) > 1:  # deals.csv and deals (1).csv
        return _with(first, tuple(inner), newest=True)
    return _with(first, tuple(inner), newest=False)


def _with(first: Recognised, files: tuple[str, ...], *, newest: bool) -> Recognised:
    return replace(first, files=files, newest=newest)


def present(r: Recognised, source: Source) -> list[str]:
    """Which headers of a source the file has."""
    names = (source.header,) if source.header else source.headers
    return [h for h in names if h in r.headers]


def chosen(r: Recognised, sources: Sequence[Source]) -> list[Source]:
    """The sources of which the file has a header."""
    return [s for s in sources if present(r, s)]


def header_of(r: Recognised, column: str) -> str:
    """SQL: the file's column for a canonical one."""
    source = chosen(r, alternatives(r.table.columns[column]))[0]
    return quoted(r.headers[present(r, source)[0]])
