"""JSON as it must be, and refused when it is not. A second parser decides what it must be."""

from __future__ import annotations

import json
import re

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.http import strict_json

TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(['"', '":', '\\":', 'a": 1, "a', "\\"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def styles(value):
    yield orjson.dumps(value)
    yield json.dumps(value).encode()
    yield json.dumps(value, separators=(" , ", " : ")).encode()
    yield json.dumps(value, indent=1, ensure_ascii=False).encode()
    yield re.sub(r'(\\\\)|\\"', lambda found: found[1] or r"\u0022", json.dumps(value)).encode()


@settings(max_examples=60)
@given(VALUES)
def test_every_spelling_of_a_value_is_that_value(value):
    for raw in styles(value):
        assert strict_json.loads(raw) == json.loads(raw)


@settings(max_examples=60)
@given(st.dictionaries(TEXT, VALUES, min_size=1, max_size=4), VALUES, st.data())
def test_a_key_that_comes_twice_is_refused_in_every_spelling(record, second, data):
    key = data.draw(st.sampled_from(sorted(record)))
    depth = data.draw(st.integers(0, 2))
    for raw, twice in zip(styles(record), styles({key: second}), strict=True):
        doubled = raw.rstrip()[:-1] + b"," + twice.lstrip()[1:]
        for _ in range(depth):
            doubled = b'{"results": [' + doubled + b"]}"
        with pytest.raises(ValueError, match="twice"):
            strict_json.loads(doubled)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": 1} x',
        b'{"a": 1}{"b": 2}',
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": "\xff"}',
        b'{"a": "\xc3"}',
        b'{"a": "a\nb"}',
        b"nul",
    ],
)
def test_what_is_no_json_is_refused(raw):
    with pytest.raises(ValueError):  # noqa: PT011  (of several parsers)
        strict_json.loads(raw)


def test_half_a_character_becomes_a_question_mark():
    assert strict_json.loads(b'{"name": "A\\ud83d B"}') == {"name": "A? B"}
    with pytest.raises(ValueError, match="twice"):
        strict_json.loads(b'{"name": "A\\ud83d B", "name": "C"}')
