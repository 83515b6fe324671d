"""What a cell that does not fit looks like, in words, and the remedy: the key of a table that says how the file writes
it.
"""

from __future__ import annotations

import re

import pyarrow as pa

from connectors.file.understanding.remedies import date_remedy, number_remedy
from connectors.file.understanding.vocabulary import VOCABULARY, allowed
from connectors.file.values import LONGEST_CALL, SHARES
from connectors.records import SCHEMAS, TIME, Stream

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
    if column == "minutes" and re.fullmatch(r"\d+:\d\d", text):
        return (
            "minutes and seconds, or hours and minutes? Map one of split_part(x, ':', 1) and split_part(x, ':', 2) / 60"
        )
    if column == "minutes" and re.fullmatch(r"\d+(\.\d+)?", text):
        return "are these seconds or milliseconds? Divide by 60 or 60000 in the mapping"
    return number_remedy(text) if kind in (pa.float64(), pa.int64()) else ""
