# ruff: noqa: S608 - the SQL is put together from headers, which are quoted
"""How a file writes dates and numbers, as keys of its table; and what has to be asked about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from connectors.file.presets.recognise import Recognised, alternatives, chosen, present
from connectors.file.readers.casts import instant, quoted
from connectors.file.sources import Sources
from connectors.records import SCHEMAS, TIME

_DAY = re.compile(r"(\d{1,2})([./-])(\d{1,2})[./-](\d{4}|\d\d)(?:[ T,]+(\d{1,2}:\d\d(:\d\d)?)\s*([AaPp][Mm])?)?")


def written(con: duckdb.DuckDBPyConnection, name: str, r: Recognised, sources: Sources) -> dict[str, Any]:
    """Keys of the table that say how dates and numbers are written; `dates` or `numbers` where that has to be asked."""
    kinds = sources.columns(name)
    dates: dict[str, str] = {}
    patterns: set[str] = set()
    found: dict[str, Any] = {}
    texts: list[str] = []
    for column, source in r.table.columns.items():
        field_ = SCHEMAS[r.table.stream].field(column) if column in SCHEMAS[r.table.stream].names else None
        for s in chosen(r, alternatives(source)):
            for header in (r.headers[h] for h in present(r, s)):
                if field_ is None or kinds.get(header) != "VARCHAR":
                    continue
                c = quoted(header)
                if field_.type == TIME:
                    rows = con.execute(
                        f"SELECT DISTINCT {c} FROM {name} WHERE {c} IS NOT NULL AND {instant(c)} IS NULL LIMIT 5000"
                    ).fetchall()
                    if pattern := _pattern([row[0] for row in rows]):
                        dates[header] = "TIMESTAMP" if ":" in "".join(row[0] for row in rows[:50]) else "DATE"
                        patterns.add(pattern)
                elif str(field_.type) == "double" and s.name_of is None:
                    rows = con.execute(
                        f"SELECT DISTINCT trim({c}) FROM {name} WHERE {c} IS NOT NULL LIMIT 5000"
                    ).fetchall()
                    texts += [row[0] for row in rows]
    if dates:
        kind = next(iter(dates.values()))
        found["types"] = dict.fromkeys(dates, kind)
        sure = sorted(p for p in patterns if not p.startswith("?"))  # one column tells for all of the file
        found["timestamp_format" if kind == "TIMESTAMP" else "date_format"] = (sure or sorted(patterns))[-1].lstrip("?")
        if not sure:
            found["dates"] = "?"
    return found | _marks(texts)


def _pattern(texts: Sequence[str]) -> str:
    """The format of dates that do not begin with the year, day first; with `?` before it where it could be month
    first.
    """
    found = [m for t in texts if (m := _DAY.fullmatch(t.strip()))]
    if not found or len(found) < 0.8 * len(texts):
        return ""
    mark, year = found[0][2], "%Y" if len(found[0][4]) == 4 else "%y"
    if mark == ".":  # nobody writes the month first with points
        return f"%d.%m.{year}{_clock(found[0])}"
    day_first, month_first = any(int(m[1]) > 12 for m in found), any(int(m[3]) > 12 for m in found)
    order = f"%m{mark}%d" if month_first and not day_first else f"%d{mark}%m"
    return ("" if day_first or month_first else "?") + f"{order}{mark}{year}{_clock(found[0])}"


def _clock(found: re.Match[str]) -> str:
    if not found[5]:
        return ""
    seconds = ":%S" if found[6] else ""
    return f" %I:%M{seconds} %p" if found[7] else f" %H:%M{seconds}"


def _marks(texts: Sequence[str]) -> dict[str, Any]:
    """How the numbers are written, and what stands beside them: one sign or code beside all of them."""
    signs = {sign for t in texts if re.search(r"\d", t) for sign in re.findall(r"[^\d.,'\u2019\s()+-]+", t)}
    if len(signs) != 1:
        return _plain_marks(texts)
    sign = signs.pop()
    return {"strip": sign, **(_plain_marks([t.replace(sign, "").strip() for t in texts]) or {"decimal": "."})}


def _plain_marks(texts: Sequence[str]) -> dict[str, Any]:
    numbers = [t for t in texts if re.fullmatch(r"[+-]?[\d.,' \u00a0\u202f]+", t)]
    if any("," in t and "." in t for t in numbers):
        both = next(t for t in numbers if "," in t and "." in t)
        last = both[max(both.rfind(","), both.rfind("."))]
        return {"decimal": last, "thousands": "." if last == "," else ","}
    for mark, other in ((",", "."), (".", ",")):
        with_mark = [t for t in numbers if mark in t]
        if with_mark and all(re.fullmatch(rf"[+-]?\d{{1,3}}([{mark}]\d{{3}})+", t) for t in with_mark):
            sure = any(t.count(mark) > 1 for t in with_mark)
            return {"thousands": mark, "decimal": other} | ({} if sure else {"numbers": mark})
        if with_mark and mark == ",":
            return {"decimal": ",", "thousands": "."}
    return {}


def answered(formats: Mapping[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    """The keys of a table once it is known which of day and month comes first, and what its mark means."""
    keys = {k: v for k, v in formats.items() if k not in ("dates", "numbers")}
    if "dates" in formats and answers.get("dates", "day").lower().startswith("m"):
        for key in ("date_format", "timestamp_format"):
            if isinstance(text := keys.get(key), str):
                keys[key] = text.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
    if "numbers" in formats and answers.get("numbers", "thousands").lower().startswith("d"):
        keys.pop("thousands")
        keys["decimal"] = formats["numbers"]
    return keys
