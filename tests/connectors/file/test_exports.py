"""Exports as programs write them: what would give a wrong number in silence is understood, refused, or told with the
remedy.

Each test names where the quirk is described; the values are made up.
"""

from __future__ import annotations

import gzip
import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.errors import ConfigError

ACCOUNTS = "id,name,domain\n0015g00000AbCdE,Zelkova,zelkova.example\n0015g00000AbCde,Brackish,brackish.example\n"
HEAD = "id,account,stage,amount,closed,created\n"


def _deals(**columns: str) -> dict[str, object]:
    given = {
        "id": "id",
        "account_id": "account",
        "stage": "stage",
        "amount": "amount",
        "close_at": "closed",
        "created_at": "created",
    }
    return {
        "accounts": {"from": "accounts.csv", "columns": {"id": "id", "name": "name", "domain": "domain"}},
        "opportunities": {
            "from": "deals",
            "columns": {**given, "is_won": "stage = 'Closed Won'", "is_closed": "stage <> 'Open'", **columns},
        },
    }


def _with(folder, deals: str, table: dict[str, object] | None = None, **columns: str):
    folder.put("accounts.csv", ACCOUNTS)
    folder.put("deals.csv", deals)
    return {**_deals(**columns), "tables": {"deals": {"file": "deals.csv", **(table or {})}}}


def _told(connector) -> str:
    return "\n".join(f"{f.level} {f.message} {f.remedy}" for f in connector.check().findings if f.level != "ok")


def test_references_of_18_characters_find_ids_of_15(folder) -> None:
    """Reports give 15 characters, the API and the weekly export 18. Salesforce Help 000385585 (15- and 18-character
    ids).
    """
    mapping = _with(
        folder,
        HEAD + "1,0015g00000AbCdEAAI,Closed Won,5,2026-01-02,2026-01-01\n2,0015g00000AbCdeQAA,Open,6,2026-05-01,"
        "2026-01-01\n",
    )
    rows, rejects = folder.read("opportunities", mapping)
    assert [r["account_id"] for r in rows] == ["0015g00000AbCdE", "0015g00000AbCde"]
    assert rejects == []


@pytest.mark.parametrize(
    ("lost", "cause"),
    [
        ("Zelkova", "these are names"),
        ("1.2021E+17", "a spreadsheet has rounded"),
        ("0015g00000AbCdE;0015g00000AbCde", "several ids stand in one cell"),
        ("0015G00000ABCDE", "upper and lower case only"),
    ],
)
def test_references_that_lead_nowhere_refuse_the_run_and_name_the_cause(folder, lost: str, cause: str) -> None:
    mapping = _with(folder, HEAD + f"1,{lost},Closed Won,5,2026-01-02,2026-01-01\n")
    connector = folder.connect(mapping)
    assert cause in _told(connector)
    assert "fail opportunities: no account_id leads to a record" in _told(connector)
    with pytest.raises(ConfigError, match="no account_id leads"):
        list(connector.read("opportunities", None))


def test_a_few_references_to_nothing_are_counted_with_three_of_each_side(folder) -> None:
    mapping = _with(
        folder, HEAD + "1,0015g00000AbCdE ,Closed Won,5,2026-01-02,2026-01-01\n2,X9,Open,6,2026-05-01,2026-01-01\n"
    )
    told = _told(folder.connect(mapping))
    assert "50% of account_id lead to a record of accounts (1 of 2): it holds 'X9'; ids are '0015g00000AbCdE'" in told


def test_thousands_or_decimals_is_asked_and_the_answer_taken(folder) -> None:
    """A report in a German locale writes 24.000 for twenty-four thousand. Salesforce Help, "Supported Number
    Formats".
    """
    lines = (
        HEAD + "1,0015g00000AbCdE,Closed Won,24.000,2026-01-02,2026-01-01\n2,0015g00000AbCde,Open,500,2026-05-01,"
        "2026-01-01\n"
    )
    connector = folder.connect(_with(folder, lines))
    with pytest.raises(ConfigError, match=r"is 24\.000 about 24, or 24,000"):
        list(connector.read("opportunities", None))
    for key, amounts in (("thousands", [24000.0, 500.0]), ("decimal", [24.0, 500.0])):
        assert [r["amount"] for r in folder.read("opportunities", _with(folder, lines, {key: "."}))[0]] == amounts


def test_decimal_and_thousands_marks_are_read_and_misfits_told(folder) -> None:
    lines = "id;account;stage;amount;closed;created\n" + "".join(
        f"{i};0015g00000AbCdE;Closed Won;{amount};2026-01-02;2026-01-01\n"
        for i, amount in enumerate(["1.197,37", "24.000,00", "-90,1", "12,5,0", "1.2345"])
    )
    rows, rejects = folder.read(
        "opportunities",
        _with(folder, lines, {"delimiter": ";", "decimal": ",", "thousands": ".", "types": {"amount": "DOUBLE"}}),
    )
    assert [r["amount"] for r in rows] == [1197.37, 24000.0, -90.1, None, None]
    assert [r.split(":")[0] + ":" + r.split(":")[1] for r in rejects] == ["amount deals.csv:5", "amount deals.csv:6"]


def test_what_a_try_cast_loses_is_told_with_the_marks_to_set(folder) -> None:
    mapping = _with(
        folder,
        HEAD + '1,0015g00000AbCdE,Closed Won,"1.197,37",2026-01-02,2026-01-01\n',
        amount="try_cast(replace(amount, ',', '.') AS DOUBLE)",
    )
    told = _told(folder.connect(mapping))
    assert "in 1 rows the mapping of amount turns a value such as '1.197.37' into nothing" in told
    assert 'Set thousands = "." and decimal = ","' in told


def test_two_digit_years_are_misfits_and_the_format_is_named(folder) -> None:
    rows, rejects = folder.read(
        "opportunities", _with(folder, HEAD + "1,0015g00000AbCdE,Closed Won,5,26-03-04,2026-01-01\n")
    )
    assert rows[0]["close_at"] is None
    assert 'date_format = "%y-%m-%d"' in rejects[0]


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-04 01:05:22 PM",
        "2026/03/04 13:05:22",
        "4 Mar 2026 13:05:22",
        "20260304T130522Z",
        "1772629522",
        "1772629522000",
    ],
)
def test_times_that_can_be_read_in_one_way_only_are_read(folder, text: str) -> None:
    rows, rejects = folder.read(
        "opportunities", _with(folder, HEAD + f"1,0015g00000AbCdE,Closed Won,5,{text},2026-01-01\n")
    )
    assert rejects == []
    assert rows[0]["close_at"].isoformat() == "2026-03-04T13:05:22+00:00"


def test_a_declared_order_of_day_and_month_is_doubted_by_the_dates(folder) -> None:
    lines = (
        HEAD
        + "1,0015g00000AbCdE,Closed Won,5,04/03/2026,05/01/2026\n2,0015g00000AbCde,Closed Won,6,11/02/2026,12/12/2025\n"
    )
    table = {"types": {"closed": "DATE", "created": "DATE"}, "date_format": "%m/%d/%Y"}
    assert 'Set date_format = "%d/%m/%Y"' in _told(folder.connect(_with(folder, lines, table)))
    assert "date_format" not in _told(folder.connect(_with(folder, lines, {**table, "date_format": "%d/%m/%Y"})))


def test_a_stage_in_another_spelling_refuses_the_run_when_nothing_is_won(folder) -> None:
    mapping = _with(
        folder,
        HEAD + "1,0015g00000AbCdE,Closed won,5,2026-01-02,2026-01-01\n2,0015g00000AbCde,Closed Lost,6,2026-01-02,"
        "2026-01-01\n",
    )
    connector = folder.connect(mapping)
    with pytest.raises(ConfigError, match="none is won, but there are stages 'Closed won'"):
        list(connector.read("opportunities", None))


def test_codes_that_look_like_numbers_stay_apart(folder) -> None:
    folder.put("kunden.csv", "nr,name\n100.1,Zelkova\n100.10,Brackish\n007,Ostrava\n")
    folder.put("deals.csv", "id,nr,amount\nD1,100.10,8\nD2,100.1,24\n")
    mapping = {
        "accounts": {"from": "kunden.csv", "columns": {"id": "nr", "name": "name"}},
        "opportunities": {"from": "deals.csv", "columns": {"id": "id", "account_id": "nr", "amount": "amount"}},
    }
    assert [r["id"] for r in folder.read("accounts", mapping)[0]] == ["007", "100.1", "100.10"]
    assert [(r["account_id"], r["amount"]) for r in folder.read("opportunities", mapping)[0]] == [
        ("100.10", 8.0),
        ("100.1", 24.0),
    ]


def test_ids_that_pandas_wrote_as_floats_are_read_without_the_point(folder) -> None:
    folder.put("a.csv", "id,name\n13085.0,Zelkova\n13086.0,Brackish\n")
    rows, _ = folder.read("accounts", {"accounts": {"from": "a.csv", "columns": {"id": "id"}}})
    assert [r["id"] for r in rows] == ["13085", "13086"]


def test_rows_that_continue_a_record_are_told_and_filled_down(folder) -> None:
    """Odoo exports one-to-many fields on further rows whose own fields are blank. Odoo documentation, "Export and
    import data".
    """
    folder.put("so.csv", "id,partner,total,line,price\nS1,P1,24,Pumps,20\n,,,Service,4\nS2,P2,8,Valves,8\n")
    lines = {"from": "so", "columns": {"id": "id || '/' || line", "opportunity_id": "id", "amount": "price"}}
    orders = {"from": "so", "where": "id IS NOT NULL", "columns": {"id": "id", "amount": "total"}}
    plain = {
        "tables": {"so": {"file": "so.csv"}},
        "opportunities": orders,
        "line_items": {**lines, "columns": {**lines["columns"], "id": "line"}},
    }
    assert "1 of 3 name no opportunity" in _told(folder.connect(plain))
    filled = {
        "tables": {"so": {"file": "so.csv", "fill_down": ["id", "partner"]}},
        "opportunities": orders,
        "line_items": lines,
    }
    assert [(r["id"], r["opportunity_id"]) for r in folder.read("line_items", filled)[0]] == [
        ("S1/Pumps", "S1"),
        ("S1/Service", "S1"),
        ("S2/Valves", "S2"),
    ]


def test_rows_marked_as_deleted_are_told_and_left_out(folder) -> None:
    """The weekly export holds what is in the recycle bin, with IsDeleted 1. Salesforce Help, "Export Backup Data"."""
    folder.put("Account.csv", "Id,Name,IsDeleted\n1,Zelkova,0\n2,Gone,1\n")
    part = {"from": "Account.csv", "columns": {"id": "Id", "name": "Name"}}
    assert "1 rows are marked in 'IsDeleted' as deleted" in _told(folder.connect({"accounts": part}))
    rows, _ = folder.read("accounts", {"accounts": {**part, "columns": {**part["columns"], "deleted": "IsDeleted"}}})
    assert [r["id"] for r in rows] == ["1"]


def test_of_two_exports_under_one_pattern_the_newer_wins_by_the_date_in_its_name(folder) -> None:
    folder.put("deals-2026-05-31.csv", "id,amount\n7,31\n")
    folder.put("deals-2026-03-31.csv", "id,amount\n7,24\n8,5\n")
    mapping = {"opportunities": {"from": "deals-*.csv", "columns": {"id": "id", "amount": "amount"}}}
    rows, rejects = folder.read("opportunities", mapping)
    assert [(r["id"], r["amount"]) for r in rows] == [("7", 31.0), ("8", 5.0)]
    assert "31.0 kept, 24.0 left out" in rejects[0]


def test_two_columns_of_one_name_that_differ_are_told(folder) -> None:
    folder.put("accounts.csv", ACCOUNTS)
    folder.put("deals.csv", "id,account,closed,closed\n1,0015g00000AbCdE,2026-03-04,2026-01-05\n")
    mapping = {
        "accounts": {"from": "accounts.csv", "columns": {"id": "id"}},
        "opportunities": {"from": "deals.csv", "columns": {"id": "id", "account_id": "account", "close_at": "closed"}},
    }
    assert "two columns 'closed', which differ in 1 rows" in _told(folder.connect(mapping))


def test_signs_for_nothing_are_unknown(folder) -> None:
    folder.put("accounts.csv", "id,country,employees\n1,-,-\n2,N/A,12\n3,(blank),#N/A\n")
    rows, rejects = folder.read("accounts")
    assert [(r["country"], r["employees"]) for r in rows] == [(None, None), (None, 12), (None, None)]
    assert rejects == []


def test_words_of_call_logs_are_understood_and_others_listed(folder) -> None:
    folder.put(
        "activities.csv",
        "id,channel,direction,outcome\n1,Phone,Outbound,Call connected\n2,SMS,Incoming,Left voicemail\n3,Fax,"
        "Up,Perhaps\n",
    )
    rows, rejects = folder.read("activities")
    words = [(r["channel"], r["direction"], r["outcome"]) for r in rows]
    assert words == [("call", "outbound", "done"), ("message", "inbound", "not_connected"), (None, None, None)]
    assert len(rejects) == 3
    assert "'Fax' is not one of email, call, meeting, message" in rejects[0]


def test_calls_in_milliseconds_or_seconds_are_doubted(folder) -> None:
    folder.put(
        "activities.csv", "id,channel,minutes\n1,call,300000\n2,call,300\n3,call,420\n4,call,500\n5,meeting,2880\n"
    )
    rows, rejects = folder.read("activities")
    assert [r["minutes"] for r in rows] == [None, 300.0, 420.0, 500.0, 2880.0]
    assert "60000" in rejects[0]
    assert "Half of the 3 calls last over 420 minutes" in _told(folder.connect())


def test_the_zone_of_the_organisation_is_the_default_of_the_files(folder) -> None:
    from connectors.base import Organisation
    from connectors.file.config import FilesConfig, FilesMapping
    from connectors.file.connector import FileConnector

    folder.put("activities.csv", "id,occurred_at\n1,2026-01-12 09:00\n")
    config = FilesConfig(input=str(folder.input), output=str(folder.output))
    connector = FileConnector(config, FilesMapping(), (), Organisation((), None, "America/Los_Angeles"))
    page = next(iter(connector.read("activities", None)))
    connector.close()
    assert page.batch.column("occurred_at")[0].as_py().isoformat() == "2026-01-12T17:00:00+00:00"


def test_money_that_nothing_converts_and_codes_that_are_none_are_counted(folder) -> None:
    """Dynamics and some ERPs write -99 for a currency that is not set."""
    folder.put("opportunities.csv", "id,amount,currency\n1,5,EUR\n2,8000,usd\n3,9,-99\n")
    told = _told(folder.connect())
    assert "1 in USD (8,000.00) have no exchange rate" in told
    assert "1 have '-99' where a currency" in told


def test_check_and_read_count_the_same_rejects(folder) -> None:
    folder.put("accounts.csv", "id,annual_revenue,employees,created_at\n1,x,y,soon\n2,1,2\n,3,4,\n")
    connector = folder.connect()
    counted = sum(len(p.rejects) for p in connector.read("accounts", None))
    assert f"accounts: 1 records, {counted} rejects" in _told(connector)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declared", [None, "utf-16"])
def test_the_encoding_shows_in_the_first_bytes(folder, encoding: str, declared: str | None) -> None:
    """Dynamics and Exchange write UTF-16, with and without a mark."""
    folder.put("a.csv", "id\tname\n1\tCafé\n2\tNaïve\n3\tplain words in a row\n".encode(encoding))
    table = {
        "file": "a.csv",
        "delimiter": "\t",
        **({"encoding": declared} if declared and encoding != "utf-8-sig" else {}),
    }
    rows, rejects = folder.read("accounts", {"accounts": {"from": table, "columns": {"id": "id", "name": "name"}}})
    assert ([r["name"] for r in rows], rejects) == (["Café", "Naïve", "plain words in a row"], [])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_that_names_the_separator_is_obeyed(folder, end: str) -> None:
    """Excel reads `sep=;`. Its line end may differ from those of the table: DuckDB then gives no row and no error."""
    folder.put("accounts.csv", f"sep=;\r\nid;name{end}1;Zelkova{end}")
    assert [r["name"] for r in folder.read("accounts")[0]] == ["Zelkova"]


@pytest.mark.parametrize("mixed", ["id,name\r\n1,Zelkova\n2,Brackish\r\n", 'id,name\n1,"Zel\r\nkova"\r\n2,Brackish\n'])
def test_mixed_line_ends_lose_no_row(folder, mixed: str) -> None:
    folder.put("accounts.csv", mixed)
    assert [r["id"] for r in folder.read("accounts")[0]] == ["1", "2"]


def test_title_rows_and_footers_of_a_report_are_no_data(folder) -> None:
    """Salesforce "Details only" exports end with the report's name, copyright and who made it. Salesforce Help, "Export
    a Report".
    """
    folder.put(
        "r.csv",
        'Accounts of 2026\nAs of today\n\nId,Name\n1,Zelkova\n2,Brackish\n\n"Accounts of 2026"\n"Copyright '
        '(c) 2000-2026"\n"Generated by: A B"\n',
    )
    table = {"file": "r.csv", "skip_until": "Id"}
    rows, rejects = folder.read("accounts", {"accounts": {"from": table, "columns": {"id": "Id", "name": "Name"}}})
    assert ([r["id"] for r in rows], rejects) == (["1", "2"], [])
    with pytest.raises(ConfigError, match="has a cell 'Nr'"):
        folder.read("accounts", {"accounts": {"from": {**table, "skip_until": "Nr"}, "columns": {"id": "Id"}}})


def test_an_escaped_quote_is_told_and_read_with_its_key(folder) -> None:
    folder.put("a.csv", 'id,name\n1,"Zelkova \\"Pumps\\", Ltd"\n2,Brackish\n')
    part = {"from": {"file": "a.csv"}, "columns": {"id": "id", "name": "name"}}
    rows, rejects = folder.read("accounts", {"accounts": part})
    assert [r["id"] for r in rows] == ["2"]
    assert 'set escape = "\\\\"' in rejects[0]
    rows, rejects = folder.read("accounts", {"accounts": {**part, "from": {"file": "a.csv", "escape": "\\"}}})
    assert ([r["name"] for r in rows], rejects) == (['Zelkova "Pumps", Ltd', "Brackish"], [])


def test_files_in_archives_are_found_by_their_names_and_bounded(folder) -> None:
    """The weekly export comes as WE_..._1.ZIP, WE_..._2.ZIP, each with parts. Salesforce Help, "Export Backup Data"."""
    for part, row in ((1, "1,Zelkova"), (2, "2,Brackish")):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("Account.csv", f"Id,Name\n{row}\n")
            archive.writestr("__MACOSX/._Account.csv", "x")
        folder.put(f"WE_00D000000000001AAA_{part}.ZIP", data.getvalue())
    mapping = {"accounts": {"from": "Account.csv", "columns": {"id": "Id", "name": "Name"}}}
    assert [r["name"] for r in folder.read("accounts", mapping)[0]] == ["Zelkova", "Brackish"]
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.csv", "id\n" + "1" * 3_000_000)
    folder.put("bomb.zip", data.getvalue())
    from connectors.base import Organisation
    from connectors.file.config import FilesConfig, parse_mapping
    from connectors.file.connector import FileConnector

    config = FilesConfig(input=str(folder.input), output=str(folder.output), max_file_mb=1)
    big = parse_mapping({"accounts": {"from": "big.csv", "columns": {"id": "id"}}}, "m")
    connector = FileConnector(config, big, (), Organisation())
    with pytest.raises(ConfigError, match="more than 1 MB") as told:
        list(connector.read("accounts", None))
    connector.close()
    assert "crm.max_file_mb" in told.value.remedy


def test_a_compressed_file_that_is_damaged_is_named(folder) -> None:
    folder.put("accounts.csv.gz", gzip.compress(b"id,name\n" + b"1,Zelkova\n" * 9000)[:-40])
    with pytest.raises(ConfigError, match=r"accounts\.csv\.gz"):
        folder.read("accounts")


def test_text_in_parquet_without_its_mark_is_text(folder) -> None:
    table = pa.table(
        {"id": pa.array([b"1", b"2"], pa.binary()), "name": pa.array([b"Zelkova", b"Brackish"], pa.binary())}
    )
    pq.write_table(table, folder.input / "accounts.parquet")
    assert [r["name"] for r in folder.read("accounts")[0]] == ["Zelkova", "Brackish"]


def test_an_expression_that_never_ends_is_stopped(folder) -> None:
    from connectors.base import Organisation
    from connectors.file.config import FilesConfig, parse_mapping
    from connectors.file.connector import FileConnector

    folder.put("a.csv", "id\n" + "".join(f"{i}\n" for i in range(1000)))
    endless = {"id": "(SELECT sum(sin(x * y)) FROM range(100000000) t(x), range(100000000) u(y)) || id"}
    config = FilesConfig(input=str(folder.input), output=str(folder.output), max_minutes=0.005)
    connector = FileConnector(
        config, parse_mapping({"accounts": {"from": "a.csv", "columns": endless}}, "m"), (), Organisation()
    )
    with pytest.raises(ConfigError, match="takes longer than") as told:
        list(connector.read("accounts", None))
    connector.close()
    assert "crm.max_minutes" in told.value.remedy


def test_errors_are_in_the_words_of_who_wrote_the_mapping(folder) -> None:
    folder.put("a.csv", "Account ID;Account Name\n1;Zelkova\n")
    for expression, table, words in (
        ('"Account ID"', {}, "there is no column 'Account ID'"),
        (
            '"Account Id Nr"',
            {"delimiter": ";"},
            "there is no column 'Account Id Nr'; did you mean 'Account ID'?; there are",
        ),
        ('CAST(sum("Account Name") AS VARCHAR)', {"delimiter": ";"}, "sum cannot be computed of text"),
    ):
        mapping = {"accounts": {"from": {"file": "a.csv", **table}, "columns": {"id": expression}}}
        with pytest.raises(ConfigError) as told:
            folder.read("accounts", mapping)
        text = f"{told.value.args[0]} {told.value.remedy}"
        assert words in text
        assert "Candidate" not in text
        assert "Binder" not in text
        assert table or 'delimiter = ";"' in text
