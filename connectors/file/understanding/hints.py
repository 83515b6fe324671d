"""What a cell that does not fit looks like, in words, and the remedy: the key of a table that says how the file writes
it.
"""

from __future__ import annotations

import re

import pyarrow as pa

from connectors.file.query import LONGEST_CALL, SHARES
from connectors.file.understanding.vocabulary import VOCABULARY, allowed
from connectors.records import SCHEMAS, TIME, Stream

_DAY = re.compile(r"(\d{1,2})([./-])(\d{1,2})[./-](\d{4}|\d\d)\b(.*)")
_SHORT_YEAR = re.compile(r"(\d\d)([./-])(\d\d)[./-](\d\d)(?!\d)")
_BOTH = re.compile(r"[+-]?\d{1,3}(?:([.,' \u00a0\u202f])\d{3})+(?:([.,])\d+)?$")
_COMMA = re.compile(r"[+-]?\d+,\d+$")
_ENGLISH = {
    pa.float64(): "a number",
    pa.int64(): "a whole number",
    pa.bool_(): "yes or no",
    TIME: "a time of 1970 to 2100",
}


def misfit(stream: Stream, column: str, text: str) -> str:
    """Why a value was read as unknown, with the remedy where its looks give one away."""
    return f"{text!r} is not {_wanted(stream, column)}; read as unknown{_after(remedy(stream, column, text))}"


def _wanted(stream: Stream, column: str) -> str:
    if (stream, column) in VOCABULARY:
        return f"one of {allowed(stream, column)}"
    if column in SHARES:
        return "a share of 0 to 1"
    if column == "minutes":
        return f"a number of minutes (of a call at most {LONGEST_CALL})"
    return _ENGLISH.get(SCHEMAS[stream].field(column).type, "a list of texts")


def _after(words: str) -> str:
    return f": {words}" if words else ""


def remedy(stream: Stream, column: str, text: str) -> str:
    """What to write into the mapping for a value such as `text`; "" where its looks do not say."""
    if (stream, column) in VOCABULARY:
        return f"say what it means with CASE ... WHEN '{text}' THEN ... in the mapping of {column}"
    kind = SCHEMAS[stream].field(column).type
    if kind == TIME:
        return date_remedy(text)
    if column in SHARES and re.fullmatch(r"\d{1,3}(\.\d+)?", text):
        return "divide by 100 in the mapping"
    if column == "minutes" and re.fullmatch(r"\d+(\.\d+)?", text):
        return "are these seconds or milliseconds? Divide by 60 or 60000 in the mapping"
    return number_remedy(text) if kind in (pa.float64(), pa.int64()) else ""


def date_remedy(text: str) -> str:
    """The format that a date is written in, as the keys of a table."""
    if found := _DAY.match(text):
        first, mark, second, year, rest = found.groups()
        short = "%Y" if len(year) == 4 else "%y"
        orders = [f"%d{mark}%m{mark}{short}", f"%m{mark}%d{mark}{short}"]
        if int(first) > 12:
            orders.pop()
        elif int(second) > 12:
            orders.pop(0)
        if short == "%Y" or (len(orders) < 2 and int(first) <= 31 and not _SHORT_YEAR.match(text)):
            return _format_key(" or ".join(f'"{o}{_hours(rest)}"' for o in orders), rest)
    if found := _SHORT_YEAR.match(text):
        mark = found[2]
        return _format_key(
            f'"%y{mark}%m{mark}%d{_hours(text[8:])}" or "%d{mark}%m{mark}%y{_hours(text[8:])}"', text[8:]
        )
    if re.fullmatch(r"[2-6]\d{4}(\.\d+)?", text):
        return "it looks like a spreadsheet's day number: DATE '1899-12-30' + CAST(x AS INTEGER)"
    return ""


def _format_key(formats: str, rest: str) -> str:
    key, kind = ("timestamp_format", "TIMESTAMP") if ":" in rest else ("date_format", "DATE")
    return f'in the table, give the column types = {{ ... = "{kind}" }} and {key} = {formats}'


def _hours(rest: str) -> str:
    if ":" not in rest:
        return ""
    seconds = ":%S" if rest.count(":") > 1 else ""
    return f" %I:%M{seconds} %p" if re.search("[AaPp][Mm]", rest) else f" %H:%M{seconds}"


def number_remedy(text: str) -> str:
    """How a number is written, as the keys of a table."""
    text = text.strip()
    if found := _BOTH.match(text):
        thousands, decimal = found.groups()
        mark = " " if thousands in "\u00a0\u202f" else thousands
        if decimal == mark:  # a mapping has replaced the comma already
            mark, decimal = ".", ","
        point = f' and decimal = "{decimal}"' if decimal else ""
        return f'set thousands = "{mark}"{point} in the table'
    if _COMMA.match(text):
        return 'set decimal = "," in the table'
    return (
        "take its currency or unit off in the mapping"
        if re.search(r"\d", text) and re.search(r"[^\d.,\s+-]", text)
        else ""
    )
