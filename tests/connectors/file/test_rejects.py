"""What cannot be understood is told with its place, and everything else goes through."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

HEAD = "id,name,annual_revenue,employees,created_at\n"


def test_malformed_rows_are_named_by_file_and_line(folder) -> None:
    folder.put("accounts.csv", HEAD + '1,"two\nlines",,,\n2,short\n3,Ok,,,\n4,long,,,,x\n5,"un"closed,,,\n6,Fine,,,\n')
    rows, rejects = folder.read("accounts")
    assert [r["id"] for r in rows] == ["1", "3", "6"]
    assert [r.split(": ")[0].split()[-1] for r in rejects] == ["accounts.csv:4", "accounts.csv:6", "accounts.csv:7"]


def test_a_cell_that_is_not_utf8_is_rejected_and_its_row_stays(folder) -> None:
    folder.put("accounts.csv", HEAD.encode() + b"1,caf\xe9,5,,\n2,Fine,,,\n")
    rows, rejects = folder.read("accounts")
    assert [(r["id"], r["name"], r["annual_revenue"]) for r in rows] == [("1", None, 5.0), ("2", "Fine", None)]
    assert len(rejects) == 1
    assert "name accounts.csv:2: " in rejects[0]
    assert 'encoding = "cp1252"' in rejects[0]


def test_a_cell_of_the_wrong_type_is_null_and_its_row_stays(folder) -> None:
    folder.put("accounts.csv", HEAD + "1,Acme,lots,7,2024-01-01\n2,Beta,5,many,soon\n")
    rows, rejects = folder.read("accounts")
    assert [(r["annual_revenue"], r["employees"]) for r in rows] == [(None, 7), (5.0, None)]
    places = sorted(r.split(": ")[0] for r in rejects)
    assert places == ["annual_revenue accounts.csv:2", "created_at accounts.csv:3", "employees accounts.csv:3"]


def test_a_number_that_is_not_finite_and_a_share_above_one_are_unknown(folder) -> None:
    folder.put("opportunities.csv", "id,amount,probability\nA,inf,0.5\nB,1,50\nC,nan,\n")
    rows, rejects = folder.read("opportunities")
    assert [(r["amount"], r["probability"]) for r in rows] == [(None, 0.5), (1.0, None), (None, None)]
    assert sorted(" ".join(r.split()[:2]).strip(":") for r in rejects) == ["A amount", "B probability", "C amount"]


def test_a_row_without_an_id_is_left_out_and_shown(folder) -> None:
    folder.put("accounts.csv", HEAD + ",Nobody,,,\n2,Beta,,,\n")
    rows, rejects = folder.read("accounts")
    assert [r["id"] for r in rows] == ["2"]
    assert len(rejects) == 1
    assert "name=Nobody" in rejects[0]


def test_of_two_rows_with_one_id_the_newer_is_kept_and_both_are_named(folder) -> None:
    folder.put(
        "accounts.csv",
        "id,name,modified_at\n1,Old,2024-01-01\n1,New,2024-02-01\n2,First,\n2,Second,\n3,Same,\n3,Same,\n",
    )
    rows, rejects = folder.read("accounts")
    assert [r["name"] for r in rows] == ["New", "First", "Same"]
    assert len(rejects) == 2
    assert "name: New kept, Old left out" in rejects[0]
    assert "name: First kept, Second left out" in rejects[1]


def test_a_currency_without_a_rate_is_told_and_stays(folder) -> None:
    folder.put("opportunities.csv", "id,amount,currency\nA,1,USD\nB,2,DUCAT\nC,3,EUR\nD,4,\n")
    folder.put("currency_rates.csv", "id,currency,rate\nr,USD,0.9\n")
    rows, rejects = folder.read("opportunities")
    assert [r["currency"] for r in rows] == ["USD", "DUCAT", "EUR", None]
    assert len(rejects) == 1
    assert "no rate for the currency 'DUCAT'" in rejects[0]


def test_without_any_rates_no_currency_is_called_unknown(folder) -> None:
    folder.put("opportunities.csv", "id,amount,currency\nA,1,XXX\n")
    assert folder.read("opportunities")[1] == []


def test_malformed_rows_of_a_shared_file_are_told_once(folder) -> None:
    folder.put("lines.csv", "invoice,customer,amount\nI1,C1,5\nI2\n")
    mapping = {
        "accounts": {"from": "lines.csv", "group_by": "customer", "columns": {"id": "customer"}},
        "opportunities": {"from": "lines.csv", "columns": {"id": "invoice", "amount": "amount"}},
    }
    connector = folder.connect(mapping)
    told = [[r for p in connector.read(s, None) for r in p.rejects] for s in ("accounts", "opportunities")]
    assert [len(t) for t in told] == [1, 0]


_LINES = st.lists(
    st.sampled_from(
        [
            b"1,Acme,5,1,2024-01-01",
            b"2,Beta,x,,",
            b"3",
            b",,,,",
            b"",
            b'4,"open,1,1,',
            b'5,"a""b",1,1,',
            b'6,a"b,1,1,',
            b"7,caf\xe9,1,1,",
            b"8,nul\0,1,1,",
            b"9,\xef\xbf\xbf,1e999,99999999999999999999,9999-99-99",
            b"10,a,b,c,d,e,f",
            b'"11\r\n","\n",1,1,',
            b"\xef\xbb\xbf12,bom,1,1,",
        ]
    ),
    max_size=8,
)


@settings(max_examples=80, deadline=None)
@given(lines=_LINES, end=st.sampled_from([b"\n", b"\r\n"]))
def test_however_broken_a_file_is_its_good_rows_come_through(a_folder, lines: list[bytes], end: bytes) -> None:
    with tempfile.TemporaryDirectory() as root, ExitStack() as stack:
        folder = a_folder(Path(root), stack)
        folder.put(
            "accounts.csv", HEAD.encode().strip() + end + end.join([b"good1,One,,,", *lines, b"good2,Two,,,"]) + end
        )
        rows, rejects = folder.read("accounts")
    found = {r["id"] for r in rows}
    assert "good1" in found
    assert "good2" in found or (rejects and any(b'"' in line for line in lines))
    assert all(": " in reject for reject in rejects)


def test_an_open_quote_among_mixed_line_ends_costs_its_own_rows_only(folder) -> None:
    lines = [b"good1,One,,,", b'4,"open,1,1,', b'5,"a""b",1,1,', b'"11\r\n","\n",1,1,', b"1,Acme,5,1,2024-01-01"]
    folder.put("accounts.csv", HEAD.encode().strip() + b"\r\n" + b"\r\n".join(lines) + b"\r\n")
    rows, rejects = folder.read("accounts")
    assert "good1" in {r["id"] for r in rows}
    assert rejects
