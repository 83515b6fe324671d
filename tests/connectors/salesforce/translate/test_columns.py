"""Arrays in vendor words to arrays in ours, the same from JSON as from CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import RetriableError
from connectors.records import TIME
from connectors.salesforce.translate.columns import Caster, as_time, from_csv, from_json, translated

TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r"), max_size=20)
ROW = st.fixed_dictionaries(
    {
        "Id": st.just("001000000000001AAA"),
        "Name": st.none() | TEXT.filter(lambda t: t != ""),
        "Amount": st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32),
        "Size": st.none() | st.integers(-(2**31), 2**31),
        "IsWon": st.booleans(),
        "CloseDate": st.none() | st.dates(date(1971, 1, 1), date(2100, 12, 31)),
        "CreatedDate": st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    }
)
KINDS = {
    "Name": pa.string(),
    "Amount": pa.float64(),
    "Size": pa.int64(),
    "IsWon": pa.bool_(),
    "CloseDate": TIME,
    "CreatedDate": TIME,
}


def _json(row: dict[str, Any]) -> dict[str, Any]:
    made = row["CreatedDate"].strftime("%Y-%m-%dT%H:%M:%S.") + f"{row['CreatedDate'].microsecond // 1000:03d}+0000"
    day = None if row["CloseDate"] is None else row["CloseDate"].isoformat()
    return {**row, "CreatedDate": made, "CloseDate": day}


def _csv(rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["Id", *KINDS])
    for row in rows:
        cells = [row["Id"], *(row[name] for name in KINDS)]
        writer.writerow(["" if c is None else str(c).lower() if isinstance(c, bool) else c for c in cells])
    return out.getvalue().encode()


@given(st.lists(ROW, max_size=8))
def test_rest_and_bulk_give_the_same_columns(rows: list[dict[str, Any]]) -> None:
    as_sent = [_json(row) for row in rows]
    rest, bulk = from_json(as_sent, ["Id", *KINDS]), from_csv(_csv(as_sent), ["Id", *KINDS])
    assert rest.size == bulk.size == len(rows)
    for name, kind in KINDS.items():
        one, two = (Caster("accounts", "X", frame.text("Id")) for frame in (rest, bulk))
        from_rest, from_bulk = one.cast(name, rest.get(name), kind), two.cast(name, bulk.get(name), kind)
        assert from_rest.to_pylist() == from_bulk.to_pylist()
        assert one.rejects == two.rejects == []
    wanted = [row["Name"] for row in rows]
    assert bulk.text("Name") == wanted


def test_days_are_midnights_and_instants_are_utc() -> None:
    column = pa.array(["2026-03-31", "2026-01-02T17:38:59.000+0000", "2026-01-02T18:38:59.250+01:00", None])
    assert as_time(column).to_pylist() == [
        datetime(2026, 3, 31, tzinfo=UTC),
        datetime(2026, 1, 2, 17, 38, 59, tzinfo=UTC),
        datetime(2026, 1, 2, 17, 38, 59, 250_000, tzinfo=UTC),
        None,
    ]


def test_a_value_that_does_not_fit_is_a_reject_and_the_others_stay() -> None:
    caster = Caster("accounts", "Account", ["a", "b", "c"])
    assert caster.cast("employees", pa.array(["12", "many", None]), pa.int64()).to_pylist() == [12, None, None]
    [reject] = caster.rejects
    assert (reject.record_id, reject.field, reject.source) == ("b", "employees", "Account")
    assert "many" in reject.message


def test_a_parent_that_is_not_there_is_null() -> None:
    records = [{"Id": "1", "Product2": {"Family": "Machines"}}, {"Id": "2", "Product2": None}, {"Id": "3"}]
    assert from_json(records, ["Product2.Family"]).text("Product2.Family") == ["Machines", None, None]


def test_values_are_looked_up_and_a_star_takes_the_rest() -> None:
    column = pa.array(["Email", "Robot", None])
    assert translated(column, {"Email": "true", "*": "false"}).to_pylist() == ["true", "false", None]
    assert translated(column, {"Email": "mail"}).to_pylist() == ["mail", "Robot", None]


@pytest.mark.parametrize("body", [b'"Id"\n"1', b"<html><body>Log in</body></html>", b'"Id","Name"\n"1"\n'])
def test_what_is_not_the_whole_csv_is_refused(body: bytes) -> None:
    with pytest.raises(RetriableError):
        from_csv(body, ["Id", "Name"])


def test_values_with_line_breaks_and_other_separators_survive() -> None:
    value = 'a "quoted", thing\nover two lines\u2028\u0085 end'
    body = f'"Id","Name"\n"1","{value.replace(chr(34), chr(34) * 2)}"\n'.encode()
    assert from_csv(body, ["Id", "Name"]).text("Name") == [value]
