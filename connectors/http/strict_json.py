"""JSON as the RFC has it, and nothing looser: no NaN, no byte order mark, one value, and no key twice in an object.

orjson keeps the last of two equal keys without a word. Looking at every key costs four times as much as parsing, so a
cheap count decides first whether that is needed.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

_AFTER_KEY = b'":'
_SPACED = (b'" :', b'"\t:', b'"\n:', b'"\r:')


def loads(raw: bytes) -> Any:
    """The value. Half a character in a string (which orjson refuses) becomes "?". Raises ValueError for anything else
    than one whole JSON value in UTF-8."""
    try:
        value = orjson.loads(raw)
        again = orjson.dumps(value)
    except orjson.JSONDecodeError:
        return _slowly(raw)
    except (TypeError, orjson.JSONEncodeError):
        return _slowly(raw)
    # Every key is followed by these two bytes, and so may be a quote inside a string, which is written alike in both. A
    # key that was there twice is missing from what is left. Other spellings make the count say nothing.
    if raw.count(_AFTER_KEY) == again.count(_AFTER_KEY) and not _other_spelling(raw):
        return value
    return _slowly(raw)


def _other_spelling(raw: bytes) -> bool:
    return any(spaced in raw for spaced in _SPACED) or b"\\u0022" in raw


def _slowly(raw: bytes) -> Any:
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return orjson.loads(json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace"))


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice in one object")
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")
