"""A mapping turns any folder into canonical streams; where it is wrong it says so by stream, key and expression."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from connectors.errors import ConfigError
from connectors.file import query
from connectors.file.config import FilesConfig, load_mapping, parse_mapping

LINES = "invoice,customer,qty,price\nI1,C1,2,1.5\nI1,C1,1,4\nI2,C2,-1,4\n"


def _stream(**part: object) -> dict[str, object]:
    return {"opportunities": {"from": "lines.csv", "columns": {"id": "invoice"}, **part}}


def test_lines_are_summed_into_deals_with_constants(folder) -> None:
    folder.put("lines.csv", LINES)
    columns = {"id": "invoice", "account_id": "min(customer)", "amount": "sum(qty * price)"}
    rows, rejects = folder.read(
        "opportunities", _stream(group_by="invoice", columns=columns, constants={"is_won": True, "stage": "it's"})
    )
    assert [(r["id"], r["account_id"], r["amount"], r["is_won"], r["stage"]) for r in rows] == [
        ("I1", "C1", 7.0, True, "it's"),
        ("I2", "C2", -4.0, True, "it's"),
    ]
    assert rejects == []


def test_joins_and_where(folder) -> None:
    folder.put("lines.csv", LINES)
    folder.put("customers.csv", "code,seller\nC1,Ann\n")
    part = {
        "joins": {"table": "customers.csv", "as": "c", "on": "c.code = lines.customer"},
        "where": "qty > 0",
        "group_by": "invoice",
        "columns": {"id": "invoice", "owner_id": "min(c.seller)"},
    }
    rows, _ = folder.read("opportunities", _stream(**part))
    assert [(r["id"], r["owner_id"]) for r in rows] == [("I1", "Ann")]


def test_a_stream_of_several_parts_is_their_union(folder) -> None:
    folder.put("a.csv", "id\n1\n")
    folder.put("b.csv", "nr,label\n2,Two\n")
    mapping = {
        "accounts": [
            {"from": "a.csv", "columns": {"id": "id"}},
            {"from": "b.csv", "columns": {"id": "nr", "name": "label"}},
        ]
    }
    rows, _ = folder.read("accounts", mapping)
    assert [(r["id"], r["name"]) for r in rows] == [("1", None), ("2", "Two")]


def test_an_edge_list_without_header_in_any_dialect(folder) -> None:
    folder.put("mail.txt", "1 2 10\n2 1 20\n")
    table = {"file": "mail.txt", "delimiter": " ", "header": False, "names": ["a", "b", "s"]}
    mapping = {
        "tables": {"mail": table, "pairs": {"sql": "SELECT least(a, b) AS low, s FROM mail"}},
        "accounts": {
            "from": "pairs",
            "group_by": "low",
            "columns": {"id": "low", "created_at": "epoch_ms(min(s) * 1000)"},
        },
    }
    rows, rejects = folder.read("accounts", mapping)
    assert [(r["id"], r["created_at"].timestamp()) for r in rows] == [("1", 10.0)]
    assert rejects == []


def test_other_encodings_and_words_for_unknown(folder) -> None:
    folder.put("a.csv", "id;name\n1;Café\n2;n/a\n".encode("cp1252"))
    table = {"file": "a.csv", "delimiter": ";", "encoding": "cp1252", "nulls": ["n/a"]}
    rows, _ = folder.read("accounts", {"accounts": {"from": table, "columns": {"id": "id", "name": "name"}}})
    assert [r["name"] for r in rows] == ["Café", None]


def test_several_files_of_one_table_are_read_together(folder) -> None:
    folder.put("y1.csv", "id,name\n1,One\n")
    folder.put("y2.csv", "name,id,more\nTwo,2,x\n")
    rows, _ = folder.read("accounts", {"accounts": {"from": "y*.csv", "columns": {"id": "id", "name": "name"}}})
    assert [(r["id"], r["name"]) for r in rows] == [("1", "One"), ("2", "Two")]


def test_codes_keep_their_zeros_and_their_digits_and_whole_floats_lose_their_point(folder) -> None:
    folder.put("a.csv", "code,long,nr\n007,12345678901234567890,13085.0\n8,1,\n")
    columns = {"id": "code", "name": "long", "owner_id": "nr"}
    rows, _ = folder.read("accounts", {"accounts": {"from": "a.csv", "columns": columns}})
    assert [(r["id"], r["name"], r["owner_id"]) for r in rows] == [
        ("007", "12345678901234567890", "13085"),
        ("8", "1", None),
    ]


def test_a_cell_that_does_not_fit_a_given_type_is_null_with_its_line(folder) -> None:
    folder.put("lines.csv", LINES + "I3,C3,some,4\n")
    table = {"file": "lines.csv", "types": {"qty": "DOUBLE"}}
    rows, rejects = folder.read(
        "opportunities",
        _stream(**{"from": table, "group_by": "invoice", "columns": {"id": "invoice", "amount": "sum(qty * price)"}}),
    )
    assert [(r["id"], r["amount"]) for r in rows] == [("I1", 7.0), ("I2", -4.0), ("I3", None)]
    assert len(rejects) == 1
    assert rejects[0].startswith("qty lines.csv:5: ")


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        ({"acounts": {}}, r"\[acounts\].*did you mean 'accounts'"),
        (_stream(columns={"id": "invoice", "ammount": "1"}), r"opportunities.*'ammount'.*did you mean 'amount'"),
        (_stream(columns={"id": "invoice", "bothways_stance": "'x'"}), r"opportunities.*'bothways_stance'"),
        (_stream(columns={"name": "invoice"}), r"opportunities has no expression for 'id'"),
        (_stream(constants={"id": "x"}), r"'id' both"),
        (_stream(grup_by="x"), r"mapping\.toml.*grup_by.*did you mean 'group_by'"),
        ({"tables": {"t": {}}}, r"tables\.t.*'file' and 'sql'"),
    ],
)
def test_a_mapping_of_the_wrong_shape_names_the_key_and_the_nearest(mapping: object, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse_mapping(mapping, "mapping.toml")


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"columns": {"id": "invoice", "amount": "sum(qty"}}, r"opportunities, column 'amount'.*sum\(qty"),
        ({"columns": {"id": "invoice", "amount": "quantity"}}, r"column 'amount'.*no column 'quantity'"),
        ({"where": "colour = 1"}, r"opportunities, key 'where'.*'colour = 1'"),
        ({"group_by": "nosuch"}, r"opportunities, key 'group_by'.*'nosuch'"),
        ({"columns": {"id": "invoice", "amount": "CAST(invoice AS INTEGER)"}}, r"column 'amount'.*CAST\(invoice.*I1"),
        ({"from": "line.csv"}, r"No file .* matches line\.csv; did you mean 'lines\.csv'"),
        ({"from": "lines"}, r"'lines', which is neither under \[tables\] nor a file name; did you mean 'lines\.csv'"),
        (
            {"from": {"file": "lines.csv", "types": {"qyt": "DOUBLE"}}},
            r"'qyt' that lines\.csv lacks; did you mean 'qty'",
        ),
        ({"from": {"file": "lines.csv", "types": {"qty": "NUMBERY"}}}, r"lines\.csv.*NUMBERY"),
        ({"from": {"file": "lines.csv", "encoding": "latin-99"}}, r"latin-99.*lines\.csv"),
        ({"joins": {"table": "lines.csv", "as": "l", "on": "l.x = 1"}}, r"opportunities, key 'joins'.*l\.x = 1"),
    ],
)
def test_an_expression_that_fails_is_named_with_its_stream(folder, part: dict[str, object], told: str) -> None:
    folder.put("lines.csv", LINES)
    with pytest.raises(ConfigError, match=told):
        folder.read("opportunities", _stream(**part))


def test_a_table_in_sql_that_fails_is_named(folder) -> None:
    folder.put("lines.csv", LINES)
    mapping = {"tables": {"t": {"sql": "SELECT nosuch FROM lines"}}, "accounts": {"from": "t", "columns": {"id": "x"}}}
    with pytest.raises(ConfigError, match=r"table \[tables\.t\]"):
        folder.read("accounts", mapping)


def test_a_mapping_sees_tables_only_and_no_variable_of_the_program(folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("lines.csv", LINES)
    monkeypatch.setattr(query, "spy", pa.table({"id": ["x"]}), raising=False)
    part = {"from": "lines.csv", "columns": {"id": "(SELECT id FROM spy)"}}
    with pytest.raises(ConfigError, match=r"column 'id'.*spy.*does not exist"):
        folder.read("accounts", {"accounts": part})


def test_a_parquet_file_that_is_none_is_named(folder) -> None:
    folder.put("a.parquet", b"not parquet at all")
    with pytest.raises(ConfigError, match=r"a\.parquet"):
        folder.read("accounts", {"accounts": {"from": "a.parquet", "columns": {"id": "id"}}})


def test_settings_are_expanded_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BOTHWAYS_TEST_DATA", str(tmp_path))
    assert tmp_path / "x" == FilesConfig(input="${BOTHWAYS_TEST_DATA}/x").input_dir()
    monkeypatch.delenv("BOTHWAYS_TEST_DATA")
    with pytest.raises(ConfigError, match=r"crm\.input.*BOTHWAYS_TEST_DATA"):
        FilesConfig(input="${BOTHWAYS_TEST_DATA}/x").input_dir()


def test_relative_folders_are_anchored_at_the_settings_file(tmp_path: Path) -> None:
    config = FilesConfig(input="data", output="/elsewhere").anchored(tmp_path)
    assert (tmp_path / "data", Path("/elsewhere")) == (config.input_dir(), config.output_dir())


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="Mars"):
        FilesConfig(input="x", time_zone="Mars/Base")


def test_a_mapping_file_that_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nosuch\.toml does not exist"):
        load_mapping(tmp_path / "nosuch.toml")
    (tmp_path / "m.toml").write_text("[accounts\n")
    with pytest.raises(ConfigError, match=r"m\.toml is not valid TOML.*line 1"):
        load_mapping(tmp_path / "m.toml")
