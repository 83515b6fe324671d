"""An organisation in a folder: the exact round trip, and what is said of bad input."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.emulator.organisation.model import Organisation, demo_organisation
from connectors.emulator.organisation.tables.folder import load_tables, save_tables
from connectors.errors import ConfigError
from connectors.records import SCHEMAS, STREAMS, Stream

NOW = datetime(2026, 3, 4, tzinfo=UTC)
EMPTY = Organisation({s: SCHEMAS[s].empty_table() for s in STREAMS}, (), "EUR", "UTC", NOW)

texts = st.text(st.characters(codec="utf-8"), min_size=1)
entries = st.text(st.characters(codec="utf-8", exclude_characters=";"), min_size=1)
times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
_VALUES: dict[str, st.SearchStrategy[object]] = {
    "string": texts,
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "timestamp[us, tz=UTC]": times,
    "list<item: string>": st.lists(entries),
}


def records(stream: Stream) -> st.SearchStrategy[list[dict]]:
    columns = {
        f.name: _VALUES[str(f.type)] if f.name == "id" else st.none() | _VALUES[str(f.type)] for f in SCHEMAS[stream]
    }
    return st.lists(st.fixed_dictionaries(columns), max_size=4, unique_by=lambda row: row["id"])


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_demo_comes_back_exactly(tmp_path: Path, form: str):
    demo = demo_organisation(now=NOW)
    save_tables(demo, tmp_path / "new" / "folder", form)
    back = load_tables(tmp_path / "new" / "folder")
    for stream in STREAMS:
        assert back.tables[stream].equals(demo.tables[stream]), stream
        assert back.tables[stream].schema.equals(SCHEMAS[stream], check_metadata=True)
    assert replace(demo, tables={}) == replace(back, tables={})


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("stream", ["accounts", "opportunities", "activities", "cases"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_text_and_number_comes_back_exactly(stream: Stream, form: str, data: st.DataObject):
    table = pa.Table.from_pylist(data.draw(records(stream)), schema=SCHEMAS[stream])
    with TemporaryDirectory() as folder:
        save_tables(replace(EMPTY, tables={**EMPTY.tables, stream: table}), Path(folder), form)
        assert table.equals(load_tables(Path(folder)).tables[stream])


@settings(max_examples=40, deadline=None)
@given(
    domains=st.lists(texts),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata"]),
    now=st.datetimes(timezones=st.just(UTC)),
    merges=st.lists(st.tuples(texts, texts)),
    deleted=st.lists(st.tuples(st.sampled_from(STREAMS), texts)),
)
def test_the_settings_come_back_exactly(domains: list, zone: str, now: datetime, merges: list, deleted: list):
    told = replace(
        EMPTY, own_domains=tuple(domains), time_zone=zone, now=now, merges=tuple(merges), deleted=tuple(deleted)
    )
    with TemporaryDirectory() as folder:
        save_tables(told, Path(folder), "parquet")
        back = load_tables(Path(folder))
    assert replace(told, tables={}) == replace(back, tables={})


def test_saving_again_replaces_what_was_there(tmp_path: Path):
    save_tables(demo_organisation(accounts=1, now=NOW), tmp_path, "csv")
    save_tables(EMPTY, tmp_path, "parquet")
    assert sum(t.num_rows for t in load_tables(tmp_path).tables.values()) == 0


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_what_is_left_out_is_unknown_and_empty(tmp_path: Path):
    write(tmp_path, "accounts.csv", "\ufeffname,id\r\nAcme,1\r\n\r\n,2\r\n")
    loaded = load_tables(tmp_path)
    assert [(a["id"], a["name"], a["employees"]) for a in loaded.tables["accounts"].to_pylist()] == [
        ("1", "Acme", None),
        ("2", None, None),
    ]
    assert all(loaded.tables[s].num_rows == 0 for s in STREAMS if s != "accounts")
    assert (loaded.own_domains, loaded.corporate_currency, loaded.time_zone, loaded.merges) == ((), "USD", "UTC", ())


def test_times_are_read_as_utc_from_any_iso_form(tmp_path: Path):
    cells = ["2026-03-01", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00+01:00", "2026-03-01 00:00:00"]
    write(tmp_path, "accounts.csv", "id,created_at\n" + "\n".join(f"{i},{cell}" for i, cell in enumerate(cells)))
    assert [datetime(2026, 3, 1, tzinfo=UTC)] * 4 == load_tables(tmp_path).tables["accounts"]["created_at"].to_pylist()


def test_lists_know_empty_from_unknown(tmp_path: Path):
    write(tmp_path, "activities.csv", "id,person_ids\n1,P1;P2\n2,;\n3,\n")
    assert load_tables(tmp_path).tables["activities"]["person_ids"].to_pylist() == [["P1", "P2"], [], None]


def test_parquet_of_other_widths_and_local_times_is_read(tmp_path: Path):
    times = pa.array([datetime(2026, 3, 1)], pa.timestamp("ms"))  # noqa: DTZ001
    pq.write_table(
        pa.table({"id": ["1"], "employees": pa.array([4], pa.int32()), "created_at": times}),
        tmp_path / "accounts.parquet",
    )
    (account,) = load_tables(tmp_path).tables["accounts"].to_pylist()
    assert (4, datetime(2026, 3, 1, tzinfo=UTC)) == (account["employees"], account["created_at"])


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("accounts.csv", "id,name\n1,A\n2\n", ["accounts.csv:3", "1 cells where the header has 2"]),
        ("accounts.csv", 'id,name\n1,"A\nB"\n2,C,D\n', ["accounts.csv:4", "3 cells"]),
        ("accounts.csv", 'id,name\n1,"A" B\n', ["accounts.csv:2", "not CSV"]),
        ("accounts.csv", "id,employees\n1,\n2,many\n", ["accounts.csv:3", "employees", "'many'", "whole number"]),
        ("accounts.csv", "id,employees\n1,99999999999999999999\n", ["accounts.csv:2", "too large"]),
        ("accounts.csv", "id,annual_revenue\n1,1e999\n", ["accounts.csv:2", "annual_revenue", "finite"]),
        ("accounts.csv", "id,created_at\n1,03/04/2026\n", ["accounts.csv:2", "created_at", "ISO 8601"]),
        ("accounts.csv", "id,created_at\n1,0001-01-01T00:00:00+14:00\n", ["accounts.csv:2", "created_at"]),
        ("accounts.csv", "id,strategic_customer\n1,yes\n", ["accounts.csv:2", "neither true nor false"]),
        ("accounts.csv", "id,name\n1,A\n1,B\n", ["accounts.csv:3", "'1'", "there twice"]),
        ("accounts.csv", "id,name\n,A\n", ["accounts.csv:2", "empty"]),
        ("accounts.csv", "name\nA\n", ["accounts.csv", "no column 'id'"]),
        ("accounts.csv", "", ["accounts.csv", "no column 'id'"]),
        ("accounts.csv", "id,Region__c\n1,EMEA\n", ["accounts.csv", "'Region__c'", "Rename or remove"]),
        ("accounts.csv", "id,name,name\n1,A,B\n", ["accounts.csv", "'name'", "twice"]),
        ("accounts.parquet", "not parquet", ["accounts.parquet", "not a Parquet file"]),
        ("organisation.toml", "now = ", ["organisation.toml", "TOML"]),
        ("organisation.toml", "curency = 'EUR'", ["organisation.toml", "'curency'", "corporate_currency"]),
        ("organisation.toml", "corporate_currency = 'euro'", ["corporate_currency", "'euro'"]),
        ("organisation.toml", "time_zone = 'Mars/Base'", ["time_zone", "'Mars/Base'"]),
        ("organisation.toml", "own_domains = 'a.example'", ["own_domains", "list of domains"]),
        ("organisation.toml", "merges = [['a']]", ["merges", "loser, winner"]),
        ("organisation.toml", "deleted = [['planets', 'a']]", ["deleted"]),
        ("organisation.toml", "now = 'today'", ["now", "date and time"]),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_the_place(tmp_path: Path, name: str, text: str, words: list[str]):
    write(tmp_path, "users.csv", "id\nU1\n")
    write(tmp_path, name, text)
    with pytest.raises(ConfigError) as caught:
        load_tables(tmp_path)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert caught.value.remedy


def test_text_that_is_not_utf8_is_refused_with_the_place(tmp_path: Path):
    (tmp_path / "accounts.csv").write_bytes(b"id,name\n1,Z\xfcrich\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_tables(tmp_path)


def test_a_folder_that_is_missing_or_holds_nothing_or_too_much_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="not a folder"):
        load_tables(tmp_path / "absent")
    with pytest.raises(ConfigError, match="holds no table"):
        load_tables(tmp_path)
    save_tables(EMPTY, tmp_path, "csv")
    pq.write_table(EMPTY.tables["users"], tmp_path / "users.parquet")
    with pytest.raises(ConfigError, match="users twice"):
        load_tables(tmp_path)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"id": ["1", "1"]}, ["'1'", "twice"]),
        ({"id": ["1", None]}, ["no id"]),
        ({"id": ["1"], "employees": ["many"]}, ["'employees'", "int64"]),
        ({"id": ["1"], "person_ids": [["P1"]]}, ["'person_ids'", "not one of accounts"]),
    ],
)
def test_bad_parquet_is_refused_with_the_column(tmp_path: Path, columns: dict, words: list[str]):
    pq.write_table(pa.table(columns), tmp_path / "accounts.parquet")
    with pytest.raises(ConfigError) as caught:
        load_tables(tmp_path)
    assert all(word in str(caught.value) for word in ["accounts.parquet", *words]), str(caught.value)


@pytest.mark.parametrize("people", [["P;1"], [""]])
def test_what_csv_cannot_hold_is_refused_on_saving(tmp_path: Path, people: list[str]):
    acts = pa.Table.from_pylist([{"id": "X1", "person_ids": people}], schema=SCHEMAS["activities"])
    with pytest.raises(ConfigError, match=r"person_ids of X1.*Save as Parquet"):
        save_tables(replace(EMPTY, tables={**EMPTY.tables, "activities": acts}), tmp_path, "csv")


def test_now_without_a_zone_is_utc_and_in_another_zone_is_the_same_instant(tmp_path: Path):
    write(tmp_path, "users.csv", "id\nU1\n")
    write(tmp_path, "organisation.toml", "now = 2026-03-04T01:00:00+01:00")
    assert load_tables(tmp_path).now == NOW
    write(tmp_path, "organisation.toml", "now = 2026-03-04T00:00:00")
    assert timedelta(0) == NOW - load_tables(tmp_path).now
