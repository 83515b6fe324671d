"""A folder whose files are in canonical columns needs no mapping, and loses nothing."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import ConfigError
from connectors.file.readers.columns import NOTHING
from connectors.file.understanding.vocabulary import CHANNELS, DIRECTIONS, OUTCOMES
from connectors.records import IDS, SCHEMAS, STREAMS, TIME, Stream

_INK = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
_TEXT = st.text(_INK, min_size=1, max_size=12).filter(lambda t: t.strip() == t and t not in NOTHING)
_WORDS = {
    "channel": st.sampled_from(CHANNELS),
    "direction": st.sampled_from(DIRECTIONS),
    "outcome": st.sampled_from(OUTCOMES),
    "currency": st.sampled_from(["EUR", "USD", "XXX"]),
    "minutes": st.floats(0, 600),
}
_TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_VALUES = {
    pa.string(): _TEXT,
    pa.float64(): st.floats(allow_nan=False, allow_infinity=False),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.bool_(): st.booleans(),
    TIME: _TIMES,
    IDS: st.lists(_TEXT, max_size=3),
}
_SHARES = ("probability", "strategic_importance", "mission_criticality", "non_modularity")


@st.composite
def tables(draw: st.DrawFn) -> tuple[Stream, list[dict[str, object]]]:
    stream = draw(st.sampled_from(STREAMS))
    columns = {
        f.name: st.none() | (st.floats(0, 1) if f.name in _SHARES else _WORDS.get(f.name, _VALUES[f.type]))
        for f in SCHEMAS[stream]
        if f.name != "id"
    }
    ids = draw(st.lists(_TEXT, unique=True, max_size=6))
    return stream, [{"id": i, **draw(st.fixed_dictionaries(columns))} for i in ids]


def _cell(value: object) -> str:
    if isinstance(value, list):
        return json.dumps(value)
    return "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)


def _csv(stream: Stream, rows: list[dict[str, object]]) -> bytes:
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(SCHEMAS[stream].names)
    table.writerows([_cell(row[name]) for name in SCHEMAS[stream].names] for row in rows)
    return out.getvalue().encode()


def _read(a_folder, stream, name, content) -> tuple[list[dict[str, object]], list[str]]:
    """Read through a folder of its own, since hypothesis runs many examples in one test."""
    with tempfile.TemporaryDirectory() as root, ExitStack() as stack:
        folder = a_folder(Path(root), stack)
        folder.put(name, content)
        return folder.read(stream)


@settings(max_examples=60, deadline=None)
@given(table=tables())
def test_any_table_written_as_csv_comes_back_equal(a_folder, table) -> None:
    stream, rows = table
    found, rejects = _read(a_folder, stream, f"{stream}.csv", _csv(stream, rows))
    names = SCHEMAS[stream].names
    assert rejects == []
    assert sorted(rows, key=lambda r: str(r["id"]).encode()) == [{n: r[n] for n in names} for r in found]


@settings(max_examples=40, deadline=None)
@given(table=tables())
def test_any_table_written_as_parquet_comes_back_equal(a_folder, table) -> None:
    stream, rows = table
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, SCHEMAS[stream]), out)
    found, rejects = _read(a_folder, stream, f"{stream}.parquet", out.getvalue())
    names = SCHEMAS[stream].names
    assert rejects == []
    assert sorted(rows, key=lambda r: str(r["id"]).encode()) == [{n: r[n] for n in names} for r in found]


def test_the_connector_offers_the_streams_it_finds(folder) -> None:
    folder.put("accounts.csv", "id,name\n1,Acme\n")
    folder.put("notes.csv", "a,b\n1,2\n")
    assert folder.connect().capabilities.streams == ("accounts",)


def test_a_stream_without_a_file_is_one_empty_page(folder) -> None:
    folder.put("accounts.csv", "id,name\n1,Acme\n")
    pages = list(folder.connect().read("cases", None))
    assert [p.batch.num_rows for p in pages] == [0]


def test_packed_files_byte_order_marks_and_windows_line_ends_are_read(folder) -> None:
    folder.put("accounts.csv.gz", gzip.compress("\ufeffid,name\r\n007,Café\r\n".encode()))
    rows, rejects = folder.read("accounts")
    assert ([(r["id"], r["name"]) for r in rows], rejects) == ([("007", "Café")], [])


def test_a_header_alone_is_an_empty_stream(folder) -> None:
    folder.put("accounts.csv", "id,name\n")
    assert folder.read("accounts") == ([], [])


def test_a_file_without_id_names_itself(folder) -> None:
    folder.put("accounts.csv", "nr,name\n1,Acme\n")
    with pytest.raises(ConfigError, match=r"accounts\.csv has no column 'id'"):
        folder.read("accounts")


def test_two_files_for_one_stream_are_refused(folder) -> None:
    folder.put("accounts.csv", "id\n1\n")
    folder.put("accounts.tsv", "id\n1\n")
    with pytest.raises(ConfigError, match=r"Both accounts\.csv and accounts\.tsv"):
        folder.connect()


def test_a_missing_folder_names_the_setting(folder) -> None:
    folder.input.rmdir()
    with pytest.raises(ConfigError, match=r"crm\.input"):
        folder.connect()


def test_times_without_an_offset_are_read_in_the_zone_of_the_settings(folder) -> None:
    folder.put("accounts.csv", "id,created_at\n1,2024-07-01 10:00\n2,2024-07-01T10:00:00Z\n3,2024-07-01\n")
    rows, _ = folder.read("accounts", zone="Europe/Paris")
    assert [r["created_at"].isoformat()[:16] for r in rows] == [
        "2024-07-01T08:00",
        "2024-07-01T10:00",
        "2024-06-30T22:00",
    ]


def test_an_activity_in_the_future_goes_through(folder) -> None:
    folder.put("activities.csv", "id,channel,occurred_at\nA,email,2099-01-01T00:00:00Z\n")
    rows, rejects = folder.read("activities")
    assert ([r["id"] for r in rows], rejects) == (["A"], [])


def test_hostile_text_is_carried_as_it_is(folder) -> None:
    words = [
        '=HYPERLINK("http://x")',
        "</script><script>",
        "'; DROP TABLE accounts; --",
        "{{7*7}}",
        "\x1b[31m",
        "\u202eevil",
        "a\nb",
    ]
    folder.put(
        "accounts.csv",
        _csv("accounts", [dict.fromkeys(SCHEMAS["accounts"].names) | {"id": w, "name": w} for w in words]),
    )
    rows, rejects = folder.read("accounts")
    assert (sorted(words), []) == (sorted(r["name"] for r in rows), rejects)
