from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import ConfigError
from connectors.hubspot.translate import values
from connectors.records import IDS, TIME

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(-(10**12), 10**13).map(lambda ms: EPOCH + timedelta(milliseconds=ms))


def columned(kind: pa.DataType, texts: list[str | None]) -> tuple[list[object], list[tuple[int, str]]]:
    complaints: list[tuple[int, str]] = []
    made = values.column(kind, texts, lambda row, message: complaints.append((row, message)))
    assert made.type == kind
    return made.to_pylist(), complaints


@given(st.lists(st.one_of(st.none(), st.floats(-1e15, 1e15).map(lambda x: round(x, 6)))))
def test_numbers_come_back_as_they_were_written(given_numbers: list[float | None]) -> None:
    read, complaints = columned(pa.float64(), [values.written(x) for x in given_numbers])
    assert given_numbers == read
    assert complaints == []


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_number_is_in_normal_form(number: float) -> None:
    text = values.written(number)
    assert "e" not in text.lower()
    assert text != "-0"
    assert not (("." in text) and text.endswith(("0", ".")))
    assert float(text) == number


@given(st.lists(st.one_of(st.none(), INSTANTS)))
def test_instants_come_back_as_they_were_written(instants: list[datetime | None]) -> None:
    read, complaints = columned(TIME, [values.written(t) for t in instants])
    assert instants == read
    assert complaints == []


@given(INSTANTS)
def test_an_instant_reads_the_same_in_all_three_forms(instant: datetime) -> None:
    texts = [values.iso(instant), str(values.milliseconds(instant)), instant.isoformat()]
    read, complaints = columned(TIME, [*texts, None])
    assert [instant, instant, instant, None] == read
    assert complaints == []


def test_a_bare_date_is_midnight_utc() -> None:
    assert columned(TIME, ["2026-01-02"])[0] == [datetime(2026, 1, 2, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (pa.float64(), ["1,234", "NaN", "inf", "twelve", "1e999"]),
        (pa.int64(), ["1.5", "1e3", "many", "99999999999999999999"]),
        (pa.bool_(), ["maybe"]),
        (TIME, ["yesterday", "2026-01-02T10:00:00", "99999999999999999", "0001-01-01T00:00:00+14:00"]),
    ],
)
def test_what_cannot_be_read_is_null_and_said(kind: pa.DataType, bad: list[str]) -> None:
    read, complaints = columned(kind, ["", *bad, None])
    assert [None] * (len(bad) + 2) == read
    assert list(range(1, len(bad) + 1)) == [row for row, _ in complaints]


@given(st.lists(st.text()))
def test_no_text_breaks_a_column(texts: list[str]) -> None:
    for kind in (pa.float64(), pa.int64(), pa.bool_(), TIME, IDS):
        read, _ = columned(kind, list(texts))
        assert len(texts) == len(read)


def test_whole_numbers_may_carry_a_point() -> None:
    assert columned(pa.int64(), ["12", "12.0", "-3", ""])[0] == [12, 12, -3, None]


def test_choices_are_split_once_each() -> None:
    assert columned(IDS, ["a;b", "a; a ;", "", None])[0] == [["a", "b"], ["a"], None, None]


def test_nothing_clears_and_no_infinity_is_written() -> None:
    assert values.written(None) == ""
    assert [values.written(x) for x in (True, False, 3, 12.0, 0.5, -0.0)] == ["true", "false", "3", "12", "0.5", "0"]
    assert (
        values.written(datetime(2026, 6, 1, 12, tzinfo=UTC) + timedelta(milliseconds=5)) == "2026-06-01T12:00:00.005Z"
    )
    with pytest.raises(ConfigError):
        values.written(float("inf"))
