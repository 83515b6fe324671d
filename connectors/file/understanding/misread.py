# ruff: noqa: S608 - the SQL is put together from the mapping of the person who runs it; names and texts are quoted
"""Numbers and lengths that an expression of the mapping makes out of text: do they mean what is written there?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from connectors.base import Finding
from connectors.file.config import Part
from connectors.file.query import origin_of
from connectors.file.readers.casts import quoted
from connectors.file.streams import Streams
from connectors.records import SCHEMAS, Stream

_ROWS = 500
_NUMBER = re.compile(r"[+-]?\d[\d.,'\u2019 \u00a0\u202f]*")
_GROUPS = re.compile(r"[+-]?\d{1,3}(?:([.,'\u2019 \u00a0\u202f])\d{3})+")


def misread_numbers(streams: Streams, stream: Stream) -> Iterator[Finding]:
    """`1.197,37` that becomes 1.19737 or 119737; `24,000` that becomes 24; `5:30` that becomes hours and minutes."""
    for part in streams.mapping.streams.get(stream, ()):
        for column, expression in part.columns.items():
            if column not in SCHEMAS[stream].names or SCHEMAS[stream].field(column).type != pa.float64():
                continue
            for source in _text_columns(streams, part, expression):
                pairs = _pairs(streams, part, expression, source)
                told = _misread(expression, pairs) or (_clock(pairs) if column == "minutes" else None)
                if told:
                    yield Finding("fail", "fields", f"{stream}: the mapping of {column} {told[0]}", told[1])
                    break


def _text_columns(streams: Streams, part: Part, expression: str) -> list[str]:
    """The text columns that an expression makes something of: one alone tells what it reads."""
    if expression.strip().strip('"') == expression.strip() and re.fullmatch(r"\w+", expression.strip()):
        return []
    name, _ = streams.sources.load(part.origin)
    bare = re.sub(r"'(?:[^']|'')*'", " ", expression)
    kinds = streams.sources.columns(name)
    used = [c for c in kinds if re.search(rf'"{re.escape(c)}"|(?<![\w"]){re.escape(c)}(?![\w"])', bare, re.IGNORECASE)]
    return used if len(used) == 1 and kinds[used[0]] == "VARCHAR" and expression.strip() != quoted(used[0]) else []


def _pairs(streams: Streams, part: Part, expression: str, source: str) -> list[tuple[str, float]]:
    if part.joins or part.group_by:
        return []
    where = f" WHERE ({part.where}\n)" if part.where else ""
    c = quoted(source)
    sql = (
        f"SELECT DISTINCT {c}, TRY_CAST(({expression}\n) AS DOUBLE) AS n FROM {origin_of(streams.sources, part)}{where}"
    )
    try:
        rows = streams.query(f"SELECT * FROM ({sql}) WHERE n IS NOT NULL LIMIT {_ROWS}")
    except duckdb.Error:  # an expression that fails is told where the stream is computed
        return []
    return [(text.strip(), number) for text, number in rows if text]


def _misread(expression: str, pairs: list[tuple[str, float]]) -> tuple[str, str] | None:
    written = [(text, value, _meanings(text)) for text, value in pairs if _NUMBER.fullmatch(text)]
    sure = [(t, v, m[0]) for t, v, m in written if len(m) == 1 and m[0]]
    ratios = {round(v / m, 9) for _, v, m in sure}
    computes = re.search(r"[-+*/]", re.sub(r"'(?:[^']|'')*'", " ", expression))
    if not ratios <= {1.0} and not (computes and len(ratios) == 1):
        text, value, meaning = next((t, v, m) for t, v, m in sure if round(v / m, 9) != 1.0)
        mark = max(text.rfind("."), text.rfind(","))
        other = re.sub(r"[\d+-]", "", text[:mark])[:1]
        keys = f'decimal = "{text[mark]}"' + (
            f' and thousands = "{" " if other.isspace() else other}"' if other else ""
        )
        return f"reads {text!r} as {value:g}; it is {meaning:g}.", f"Set {keys} in the table and name the column alone."
    open_ = [(t, v, m) for t, v, m in written if len(m) > 1]
    if open_ and not computes and len(open_) == len([1 for t, _, _ in written if not t.lstrip("+-").isdigit()]):
        text, value, meanings = open_[0]
        if abs(value - min(meanings, key=abs)) < 1e-9:  # as decimals; that the marks are thousands was said on purpose
            told = f"reads {text!r} as {value:g}: all of them have three digits behind the mark, as thousands have."
            return (
                told,
                (
                    f'Set thousands = "{text.lstrip("+-0123456789")[:1]}" in the table and name the column '
                    f"alone, or decimal."
                ),
            )
    return None


def _meanings(text: str) -> list[float]:
    """What a number may mean: one value, or two for 24.000; none for what is no number."""
    body = re.sub(r"[\u00a0\u202f]", " ", text).replace("\u2019", "'")
    marks = [c for c in body if c in ".,"]
    digits = re.sub(r"[ ']", "", body)
    try:
        if len(set(marks)) == 2:
            last = marks[-1]
            return (
                [float(digits.replace("." if last == "," else ",", "").replace(last, "."))]
                if marks.count(last) == 1
                else []
            )
        if not marks:
            return [float(digits)]
        if len(marks) > 1:
            return [float(digits.replace(marks[0], ""))]
        decimal = float(digits.replace(",", "."))
        return (
            [decimal, decimal * 1000]
            if _GROUPS.fullmatch(body) and not body.lstrip("+-").startswith("0")
            else [decimal]
        )
    except ValueError:
        return []


def _clock(pairs: list[tuple[str, float]]) -> tuple[str, str] | None:
    """All lengths of two parts, read as hours and minutes, and far too long for that."""
    two = [(t, v) for t, v in pairs if re.fullmatch(r"\d{1,3}:[0-5]\d", t) and v > 0]
    if not two or len(two) < len([1 for _, v in pairs if v > 0]):
        return None
    values = sorted(v for _, v in two)
    text, value = max(two, key=lambda p: p[1])
    if values[len(values) // 2] < 60:
        return None
    told = f"reads {text!r} as {value:g} minutes; as minutes and seconds it is {value / 60:g}."
    return told, "If these are minutes and seconds, divide by 60 once more; else map hours and minutes with strptime."
