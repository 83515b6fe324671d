# ruff: noqa: S608 - the SQL is put together from headers, which are quoted
"""Drafts a mapping for the files of a folder, with the questions that the files do not answer."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from connectors.file.activity.mailbox import messages, parsed
from connectors.file.config import FilesConfig, FilesMapping, Table
from connectors.file.presets.recognise import (
    Folder,
    Preset,
    PresetTable,
    Recognised,
    alternatives,
    chosen,
    header_of,
    present,
    presets,
    recognise,
)
from connectors.file.presets.toml_text import inline, text_of
from connectors.file.presets.written import answered, written
from connectors.file.readers.casts import quoted
from connectors.file.sources import Sources
from connectors.records import Stream

_LOST = re.compile(r"lost|verlor|perdu|perdid|pers[aoei]|ztrac", re.IGNORECASE)
_WON = re.compile(r"(?<!not )\bwon\b|gewonn|gagn|ganad|vint|ganho|vyhr", re.IGNORECASE)
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "EUR": "EUR", "USD": "USD", "GBP": "GBP", "CHF": "CHF"}
LONGEST = 30
"""Lines of a mapping that a person is willing to read."""
_ORDER = ("accounts", "people", "users", "opportunities")


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that the files do not say. `key`: won, dates, numbers."""

    key: str
    text: str
    default: str


@dataclass(slots=True)
class Draft:
    """What was found in a folder, and what has to be asked before `text` can write the mapping."""

    folder: Folder
    stages: tuple[str, ...] = ()
    """Of deals, where no column says which are won."""
    currencies: tuple[str, ...] = ()
    own_domains: tuple[str, ...] = ()
    """Proposals, from who is in every mail."""
    questions: list[Question] = field(default_factory=list)
    _formats: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By table: keys that were found out; `dates` and `numbers` of a table stand for what is asked."""

    @property
    def preset(self) -> Preset:
        return self.folder.tables[0].preset

    def text(self, answers: Mapping[str, str]) -> str:
        """The mapping, as TOML with comments."""
        lines = [*_heading(self), *self._tables(answers), *self._streams(answers), *self._activity()]
        begins = [i for i, line in enumerate(lines) if line.startswith("[")]
        for i in reversed(begins) if len(lines) + len(begins) <= LONGEST else ():
            lines.insert(i, "")
        return "\n".join(lines) + "\n"

    def _tables(self, answers: Mapping[str, str]) -> Iterator[str]:
        yield "[tables]"
        for r in self._ordered():
            keys: dict[str, Any] = {"file": r.files[0] if len(r.files) == 1 else list(r.files)}
            if r.newest:
                keys["newest"] = True
            if r.delimiter not in ("", ","):
                keys["delimiter"] = r.delimiter
            if r.encoding:
                keys["encoding"] = r.encoding
            if r.sheet:
                keys["sheet"] = r.sheet
            if r.skip_until:
                keys["skip_until"] = r.skip_until
            if fill := [r.headers[h] for h in r.table.fill_down if h in r.headers]:
                keys["fill_down"] = fill
            formats = dict(self._formats.get(r.table.table, {}))
            keys |= answered(formats, answers)
            yield f"{r.table.table} = {inline(keys)}"
        for stream in self._by_name()[:1]:
            target = self._of(stream)
            name, key = (header_of(target, c) for c in ("name", "id"))
            yield "# Found by name, since the export has no id for it; names that two share are left out."
            sql = (
                f"SELECT {name} AS found_name, min({key}) AS found_id FROM {target.table.table} GROUP BY 1 "
                f"HAVING count(*) = 1"
            )
            yield f"{target.table.table}_by_name = {{ sql = {text_of(sql)} }}"

    def _by_name(self) -> list[Stream]:
        """Streams whose records are found by name."""
        used = [s for r in self.folder.tables for c in r.table.columns.values() for s in chosen(r, alternatives(c))[:1]]
        there = {r.table.stream for r in self.folder.tables}
        return list(dict.fromkeys(s.name_of for s in used if s.name_of is not None and s.name_of in there))

    def _of(self, stream: Stream) -> Recognised:
        return next(r for r in self.folder.tables if r.table.stream == stream)

    def _ordered(self) -> list[Recognised]:
        return sorted(self.folder.tables, key=lambda r: _ORDER.index(r.table.stream))

    def _streams(self, answers: Mapping[str, str]) -> Iterator[str]:
        for r in self._ordered():
            columns, join = self._columns(r, r.table)
            several = sum(o.table.stream == r.table.stream for o in self.folder.tables) > 1
            yield f"[[{r.table.stream}]]" if several else f"[{r.table.stream}]"
            yield f"from = {json.dumps(r.table.table)}"
            if join:
                yield f"joins = {join}"
            if r.table.stream != "opportunities":
                yield f"columns = {inline(columns)}"
                continue
            if "is_won" not in columns and "stage" in columns:
                columns |= _by_stage(columns["stage"], answers.get("won", ""), self.stages)
                yield "# Which stages are won was asked; which are lost was told by their names. Correct them here."
            yield from (f"columns.{name} = {text_of(text)}" for name, text in columns.items())
            if r.table.lines and (lines := self._lines(r)):
                yield from ("[line_items]", f"from = {json.dumps(r.table.table)}", f"columns = {inline(lines)}")

    def _columns(self, r: Recognised, table: PresetTable) -> tuple[dict[str, str], str]:
        found: dict[str, str] = {}
        join = ""
        for column, source in table.columns.items():
            for s in chosen(r, alternatives(source)):
                if s.name_of:
                    if not any(t.table.stream == s.name_of for t in self.folder.tables):
                        continue
                    other = f"{self._of(s.name_of).table.table}_by_name"
                    join = (
                        f"{{ table = {json.dumps(other)}, on = "
                        f"{text_of(f'found_name = {quoted(r.headers[s.header or str()])}')} }}"
                    )
                    found[column] = "found_id"
                else:
                    found[column] = s.expression.replace("{}", _several([quoted(r.headers[h]) for h in present(r, s)]))
                break
        return found, join

    def _lines(self, r: Recognised) -> dict[str, str]:
        found = {
            c: quoted(r.headers[h[0]])
            for c, s in r.table.lines.items()
            for a in chosen(r, alternatives(s))[:1]
            if (h := present(r, a))
        }
        parent = found.pop("parent", "")
        if not parent or "amount" not in found:
            return {}
        found.setdefault("id", f"{parent} || '/' || {found.get('product_family', found['amount'])}")
        return {**found, "opportunity_id": parent}

    def _activity(self) -> Iterator[str]:
        for key, names in sorted(self.folder.activity.items()):
            yield f"[{key}]"
            yield f"file = {json.dumps(names[0] if len(names) == 1 else list(names), ensure_ascii=False)}"


def draft(folder: Path, own: Path | None = None) -> Draft:
    """Looks at a folder. `own` is a folder of presets of one's own. Raises ConfigError when nothing is recognised."""
    found = recognise(folder, presets(own))
    made = Draft(found)
    tables = {r.table.table: _as_table(r) for r in found.tables}
    sources = Sources(folder, FilesMapping(tables=tables), FilesConfig(input=str(folder)))
    try:
        for r in made._ordered():  # noqa: SLF001  (the class of this module)
            name, _ = sources.load(r.table.table)
            con = sources.session()
            made._formats[r.table.table] = written(con, name, r, sources)  # noqa: SLF001
            if r.table.stream == "opportunities":
                _deals(made, con, name, r)
            con.close()
    finally:
        sources.close()
    _settle_order(made._formats)  # noqa: SLF001
    if any(f.get("dates") for f in made._formats.values()):  # noqa: SLF001
        made.questions.append(
            Question("dates", "Dates such as 04/03/2026: does the day or the month come first (day, month)?", "day")
        )
    if any(f.get("numbers") for f in made._formats.values()):  # noqa: SLF001
        made.questions.append(
            Question(
                "numbers",
                "Numbers such as 24.000 or 24,000: are these thousands or decimals (thousands, decimals)?",
                "thousands",
            )
        )
    signs = [str(f["strip"]) for f in made._formats.values() if f.get("strip")]  # noqa: SLF001
    made.currencies = made.currencies or tuple(_SIGNS[s] for s in signs if s in _SIGNS)
    made.own_domains = _own_domains(folder, found)
    return made


def _as_table(r: Recognised) -> Table:
    delimiter = None if r.delimiter in ("", ",") else r.delimiter
    return Table(
        file=r.files,
        newest=r.newest,
        delimiter=delimiter,
        skip_until=r.skip_until,
        encoding=r.encoding or None,
        sheet=r.sheet or None,
    )


def _several(columns: list[str]) -> str:
    """Columns as the arguments of coalesce: as text, since an empty one has no other type."""
    return columns[0] if len(columns) == 1 else ", ".join(f"{c}::VARCHAR" for c in columns)


def _settle_order(formats: dict[str, dict[str, Any]]) -> None:
    """Where one table shows whether the day comes first, the others of the export write dates likewise."""
    sure = [f for f in formats.values() if "date_format" in f or "timestamp_format" in f if "dates" not in f]
    if not sure:
        return
    text = str(sure[0].get("date_format") or sure[0].get("timestamp_format"))
    for f in formats.values():
        if f.pop("dates", None) and text.index("%m") < text.index("%d"):
            f |= answered({**f, "dates": "?"}, {"dates": "month"})


def _heading(made: Draft) -> list[str]:
    p = made.preset
    return [
        f"# A mapping for exports of {p.name}, drafted by `bothways init --from`. Left: what bothways knows; "
        f"right: your columns.",
        f"# {p.source}",
        "# It is yours: change it as you like (docs/tutorial-files.md), and see what `bothways check` says.",
    ]


def _deals(made: Draft, con: duckdb.DuckDBPyConnection, name: str, r: Recognised) -> None:
    known = {c for c, s in r.table.columns.items() if chosen(r, alternatives(s))}
    if "currency" in known:
        c = header_of(r, "currency")
        rows = con.execute(
            f"SELECT {c}, count(*) FROM {name} WHERE {c} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC"
        ).fetchall()
        made.currencies = tuple(str(row[0]).upper() for row in rows if re.fullmatch(r"[A-Za-z]{3}", str(row[0])))
    if "is_won" not in known and "stage" in known:
        c = header_of(r, "stage")
        made.stages = tuple(
            str(row[0])
            for row in con.execute(
                f"SELECT DISTINCT {c} FROM {name} WHERE {c} IS NOT NULL ORDER BY 1 LIMIT 40"
            ).fetchall()
        )
        proposed = [s for s in made.stages if _WON.search(s) and not _LOST.search(s)]
        made.questions.append(
            Question(
                "won", f"Which stages are won (of {', '.join(made.stages)}; separate with ;)?", "; ".join(proposed)
            )
        )


def _by_stage(stage: str, won: str, stages: Sequence[str]) -> dict[str, str]:
    chosen = [s.strip() for s in won.split(";") if s.strip()]
    lost = [s for s in stages if _LOST.search(s) and s not in chosen]
    return {"is_won": f"{stage} IN ({_texts(chosen)})", "is_closed": f"{stage} IN ({_texts([*chosen, *lost])})"}


def _texts(texts: Sequence[str]) -> str:
    return ", ".join("'" + t.replace("'", "''") + "'" for t in texts) or "''"


def _own_domains(folder: Path, found: Folder) -> tuple[str, ...]:
    """The domain that is in most mails: that of whose mailbox it is."""
    counts: Counter[str] = Counter()
    seen = 0
    for name in found.activity.get("mailbox", ()):
        path = folder / name
        if not path.is_file() or path.suffix.lower() not in (".mbox", ".eml"):
            continue
        for head in messages(path):
            mail = parsed(head)
            if mail is not None:
                counts.update({a.rpartition("@")[2] for a in (mail.sender, *mail.recipients)})
                seen += 1
            if seen >= 2000:
                break
    return tuple(d for d, n in counts.most_common(1) if n > 0.8 * seen)
