"""Numbers, dates, words and ids as other countries and programs write them: read, refused, or told with the
remedy. Own values.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.errors import ConfigError

ACCOUNTS = "id;name\n1;Zelkova\n2;Brackish\n"
COLUMNS = {"id": "id", "account_id": "account", "stage": "stage", "amount": "amount", "currency": "currency",
    "close_at": "closed",
           "created_at": "created", "is_won": "won", "is_closed": "won"}  # fmt: skip
HEAD = "id;account;stage;amount;currency;closed;created;won\n"


def _with(folder, deals: str, table: dict[str, object] | None = None, **columns: str) -> dict[str, object]:
    folder.put("accounts.csv", ACCOUNTS)
    folder.put("deals.csv", deals)
    named = {c: e for c, e in {**COLUMNS, **columns}.items() if e}
    return {
        "tables": {"accounts": {"file": "accounts.csv", "delimiter": ";"}, "deals": {"file": "deals.csv",
            "delimiter": ";", **(table or {})}},
        "accounts": {"from": "accounts", "columns": {"id": "id", "name": "name"}},
        "opportunities": {"from": "deals", "columns": named},
    }  # fmt: skip


def _deals(column: str, *cells: str) -> str:
    names = HEAD.strip().split(";")
    row = {
        "account": "1",
        "stage": "Closed Won",
        "amount": "5",
        "currency": "EUR",
        "closed": "2026-03-04",
        "created": "2026-01-05",
        "won": "1",
    }
    return HEAD + "".join(
        ";".join({**row, "id": f"D{i}", column: cell}[n] for n in names) + "\n" for i, cell in enumerate(cells)
    )


def _told(connector) -> str:
    return "\n".join(f"{f.level} {f.message} {f.remedy}" for f in connector.check().findings if f.level != "ok")


@pytest.mark.parametrize(
    ("cells", "amounts"),
    [
        (["24,000.50", "8,000", "5"], [24000.5, 8000.0, 5.0]),
        (["24.000,50", "8.000", "5"], [24000.5, 8000.0, 5.0]),
        (["24 000,50", "8\u00a0000", "1\u202f000 000"], [24000.5, 8000.0, 1e6]),
        (["24'000.50", "8\u2019000.00", "5"], [24000.5, 8000.0, 5.0]),
        (["24000,50", "8000", "5"], [24000.5, 8000.0, 5.0]),
        (["(8000.50)", "\u22128000", "8000-"], [-8000.5, -8000.0, -8000.0]),
        (["2.4E+04", "8000.5", "5"], [24000.0, 8000.5, 5.0]),
    ],
)
def test_numbers_are_read_as_all_of_a_column_are_written(folder, cells: list[str], amounts: list[float]) -> None:
    """Unicode CLDR, number patterns of en, de, fr and de-CH; accountants put what is owed in brackets."""
    rows, rejects = folder.read("opportunities", _with(folder, _deals("amount", *cells)))
    assert [r["amount"] for r in rows] == amounts
    assert rejects == []


@pytest.mark.parametrize("cells", [["24.000", "n.v.", "500"], ["24.000", "1234", "5"], ["24,000", "8,000", "5"]])
def test_three_digits_behind_every_mark_are_asked_about_whatever_stands_beside(folder, cells: list[str]) -> None:
    connector = folder.connect(_with(folder, _deals("amount", *cells)))
    with pytest.raises(ConfigError, match=r"is 24.000 about 24, or") as refused:
        list(connector.read("opportunities", None))
    assert "thousands" in refused.value.remedy


@pytest.mark.parametrize(
    ("expression", "cell", "words"),
    [
        ("CAST(replace(amount, ',', '') AS DOUBLE)", "24.000,50", "reads '24.000,50' as 24.0005; it is 24000.5"),
        ("CAST(regexp_replace(amount, '[^0-9]', '', 'g') AS DOUBLE)", "24.000,50", "it is 24000.5"),
        ("CAST(replace(amount, ',', '.') AS DOUBLE)", "24,000", "reads '24,000' as 24"),
    ],
)
def test_an_expression_that_misreads_what_is_written_is_refused(folder, expression: str, cell: str, words: str) -> None:
    connector = folder.connect(_with(folder, _deals("amount", cell, cell), amount=expression))
    assert words in _told(connector)
    with pytest.raises(ConfigError, match="the mapping of amount reads"):
        list(connector.read("opportunities", None))


@pytest.mark.parametrize(
    ("expression", "cell", "amount"),
    [
        ("CAST(replace(amount, ',', '') AS DOUBLE)", "24,000.50", 24000.5),
        ("CAST(replace(amount, ',', '') AS DOUBLE)", "24,000", 24000.0),
        ("CAST(replace(amount, ',', '') AS DOUBLE) / 100", "24,000.50", 240.005),
        ("amount / 100", "2400050", 24000.5),
    ],
)
def test_an_expression_that_reads_it_right_is_left_alone(folder, expression: str, cell: str, amount: float) -> None:
    rows, _ = folder.read("opportunities", _with(folder, _deals("amount", cell, cell), amount=expression))
    assert rows[0]["amount"] == pytest.approx(amount)


@pytest.mark.parametrize(
    ("cell", "keys", "table"),
    [
        (
            "€24,000.50",
            'strip = "€" and thousands = "," and decimal = "."',
            {"strip": "€", "thousands": ",", "decimal": "."},
        ),
        (
            "24.000,50 EUR",
            'strip = "EUR" and thousands = "." and decimal = ","',
            {"strip": "EUR", "thousands": ".", "decimal": ","},
        ),
        ("24000.50 Kč", 'strip = "Kč"', {"strip": "Kč"}),
    ],
)
def test_a_currency_beside_a_number_is_taken_off_by_a_key(folder, cell: str, keys: str, table: dict[str, str]) -> None:
    told = _told(folder.connect(_with(folder, _deals("amount", cell))))
    assert keys in told
    assert "say which currency" in told
    rows, rejects = folder.read("opportunities", _with(folder, _deals("amount", cell), table))
    assert ([r["amount"] for r in rows], rejects) == ([24000.5], [])


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("4. März 2026", datetime(2026, 3, 4, tzinfo=UTC)),
        ("12 décembre 2025 à 10:00", datetime(2025, 12, 12, 10, tzinfo=UTC)),
        ("11 de febrero de 2026", datetime(2026, 2, 11, tzinfo=UTC)),
        ("Friday, December 12, 2025 9:05 AM", datetime(2025, 12, 12, 9, 5, tzinfo=UTC)),
        ("Wed Mar 04 2026 13:05:00 GMT+0100 (CET)", datetime(2026, 3, 4, 12, 5, tzinfo=UTC)),
        ("04.03.2026 14:05", datetime(2026, 3, 4, 14, 5, tzinfo=UTC)),
        ("2026-03-04, 1:05\u202fp.m.", datetime(2026, 3, 4, 13, 5, tzinfo=UTC)),
        ("2026-07-01 10:00 EDT", datetime(2026, 7, 1, 14, tzinfo=UTC)),
        ("2026-03-04 24:00", datetime(2026, 3, 5, tzinfo=UTC)),
    ],
)
def test_more_times_that_can_be_read_in_one_way_only(folder, text: str, time: datetime) -> None:
    rows, rejects = folder.read(
        "opportunities", _with(folder, _deals("created", text, "2026-01-01 x"), created_at="created")
    )
    assert rows[0]["created_at"] == time
    assert len(rejects) == 1


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("2026-07-01 10:00 BST", "several time zones"),
        ("30-Jun-26", '"%d-%b-%y"'),
        ("1/5/2026, 9:00 AM", '"%d/%m/%Y, %I:%M %p" or "%m/%d/%Y, %I:%M %p"'),
    ],
)
def test_a_time_that_could_mean_two_things_is_a_misfit_with_its_remedy(folder, text: str, remedy: str) -> None:
    """tz database, theory: BST, CST and IST are abbreviations of several zones."""
    rows, rejects = folder.read("opportunities", _with(folder, _deals("created", text, "2026-01-01")))
    assert rows[0]["created_at"] is None
    assert remedy in rejects[0]


def test_a_cell_that_does_not_fit_a_declared_format_says_which_would(folder) -> None:
    table = {"types": {"closed": "DATE"}, "date_format": "%d/%m/%Y"}
    _, rejects = folder.read(
        "opportunities", _with(folder, _deals("closed", "04/03/2026", "02/13/2026", "04/03/2026 10:00"), table)
    )
    assert 'date_format = "%m/%d/%Y"' in rejects[0]
    assert 'timestamp_format = "%d/%m/%Y %H:%M" or "%m/%d/%Y %H:%M"' in rejects[1]


@pytest.mark.parametrize(
    ("yes", "no"), [("Checked", "Unchecked"), ("\u2713", "\u2717"), ("tak", "nie"), ("-1", "0"), ("Waar", "Onwaar")]
)
def test_yes_and_no_in_other_words(folder, yes: str, no: str) -> None:
    rows, _ = folder.read("opportunities", _with(folder, _deals("won", yes, no), stage=""))
    assert [r["is_won"] for r in rows] == [True, False]


@pytest.mark.parametrize(
    ("stages", "won", "words"),
    [
        (["Ganho", "Fechado ganho"], "stage = 'Won'", "trim(stage) IN ('Fechado ganho', 'Ganho')"),
        (["Closed Won ", "Open"], "stage = 'Closed Won'", "trim(stage) IN ('Closed Won')"),
        (["Closed Won", "Closed Lost"], "true", "deals in stages 'Closed Lost' count as won"),
        (
            ["Conclu", "Signé"],
            "stage = 'Won'",
            "none of 2 is won (0 are closed): nothing counts as bought; there are stages 'Conclu', 'Signé'",
        ),
    ],
)
def test_stages_that_speak_against_what_counts_as_won(folder, stages: list[str], won: str, words: str) -> None:
    assert words in _told(folder.connect(_with(folder, _deals("stage", *stages), is_won=won, is_closed=won)))


def test_currencies_by_sign_name_and_label(folder) -> None:
    """A Salesforce report may show `EUR - Euro`. A dollar sign is many currencies and stays."""
    rows, _ = folder.read(
        "opportunities", _with(folder, _deals("currency", "€", "Euro", "EUR - Euro", "Eur", "£", "$"))
    )
    assert [r["currency"] for r in rows] == ["EUR", "EUR", "EUR", "EUR", "GBP", "$"]


def test_deals_without_an_account_and_shares_of_shares_are_told(folder) -> None:
    told = _told(folder.connect(_with(folder, _deals("account", "", "1"), probability="0.75 / 100")))
    assert "1 of 2 name no account and count for nobody (1 of them are won)" in told
    assert "no probability is above 0.75%" in told


@pytest.mark.parametrize(
    ("ids", "refs"),
    [
        (['="0123"', '="0456"'], ["0123", "0456"]),
        (["{A1B2C3D4-0000-0000-0000-00000000000A}", "x"], ["a1b2c3d4-0000-0000-0000-00000000000a", "x"]),
        (["9001\t", "\ufeff9002"], ["9001", "9002\u00a0"]),
    ],
)
def test_ids_that_are_the_same_find_each_other(folder, ids: list[str], refs: list[str]) -> None:
    mapping = _with(folder, _deals("account", *refs))
    folder.put(
        "accounts.csv", "id;name\n" + "".join(f"{i};x\n" for i in (('"' + d.replace('"', '""') + '"') for d in ids))
    )
    rows, _ = folder.read("opportunities", mapping)
    accounts = [r["id"] for r in folder.read("accounts", mapping)[0]]
    assert {r["account_id"] for r in rows} == set(accounts)


@pytest.mark.parametrize(
    ("ids", "refs", "words"),
    [
        (["9001", "9002"], ["9,001", "9,002"], "marks for thousands were put into the ids"),
        (["9001", "9002"], ["Zelkova (9001)", "Brackish (9002)"], "the id stands in brackets behind a name"),
        (["'01", "'02"], ["01", "02"], "an apostrophe stands before the ids"),
        (["2.025E+14", "2.026E+14"], ["2.025E+14", "2.026E+14"], "numbers that a spreadsheet has rounded"),
    ],
)
def test_ids_that_are_not_the_same_name_the_cause(folder, ids: list[str], refs: list[str], words: str) -> None:
    mapping = _with(folder, _deals("account", *refs))
    folder.put("accounts.csv", "id;name\n" + "".join(f"{i};x\n" for i in ids))
    assert words in _told(folder.connect(mapping))


def test_a_deal_that_a_join_gives_two_accounts_belongs_to_none(folder) -> None:
    folder.put("accounts.csv", "id;name\n1;Zelkova\n2;Zelkova\n3;Brackish\n")
    folder.put("deals.csv", "id;company;amount\nD1;Zelkova;5\nD2;Brackish;6\n")
    mapping = {
        "tables": {n: {"file": f"{n}.csv", "delimiter": ";"} for n in ("accounts", "deals")},
        "accounts": {"from": "accounts", "columns": {"id": "id", "name": "name"}},
        "opportunities": {
            "from": "deals",
            "joins": {"table": "accounts", "on": "accounts.name = deals.company"},
            "columns": {"id": "deals.id", "account_id": "accounts.id", "amount": "amount"},
        },
    }
    rows, rejects = folder.read("opportunities", mapping)
    assert [(r["id"], r["account_id"]) for r in rows] == [("D1", None), ("D2", "3")]
    assert "two rows have this id" in rejects[0]


def test_a_run_says_what_check_doubts(folder) -> None:
    connector = folder.connect(_with(folder, _deals("account", "9", "1")))
    list(connector.read("opportunities", None))
    assert any("50% of account_id lead to a record" in f.message for f in connector.doubts())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("My report\n\n" + _deals("id", "D1"), 'below title rows: set skip_until = "id"'),
        ("PK\x03\x04...", "is a workbook or an archive"),
        ("<html><table>", "is a web page or XML"),
    ],
)
def test_a_file_of_another_shape_is_named(folder, text: str, words: str) -> None:
    assert words in _told(folder.connect(_with(folder, text)))


def test_sums_below_a_report_are_no_records(folder) -> None:
    deals = _deals("won", "1") + "Grand Totals (1 record);;;5;;;;\n"
    rows, rejects = folder.read("opportunities", _with(folder, deals))
    assert len(rows) == 1
    assert "is a sum of the report" in rejects[-1]


def test_an_export_without_a_row_and_a_column_without_a_value_can_be_computed_with(folder) -> None:
    head = HEAD.replace("currency", "chance")
    mapping = _with(folder, head, currency="", probability="chance / 100")
    assert folder.read("opportunities", mapping) == ([], [])
    folder.put("deals.csv", head + "D1;1;Closed Won;5;;2026-03-04;2026-01-05;1\n")
    assert folder.read("opportunities", mapping)[0][0]["probability"] is None


def test_parts_of_which_one_has_no_header_or_other_columns(folder) -> None:
    mapping = _with(folder, _deals("id", "D1"), {"file": "deals*.csv"})
    folder.put("deals_2.csv", "D2;1;Closed Won;5;EUR;2026-03-04;2026-01-05;1\n")
    assert "deals_2.csv has none of the columns of deals.csv" in _told(folder.connect(mapping))
    folder.put("deals_2.csv", _deals("id", "D2").replace("closed", "closed on"))
    assert "deals_2.csv has no column 'closed', which deals.csv has" in _told(folder.connect(mapping))


@pytest.mark.parametrize(
    ("length", "minutes"),
    [("0:05:30", 5.5), ("5 min 30 s", 5.5), ("1h 5m", 65.0), ("45s", 0.75), ("5:30", None), ("-5", None)],
)
def test_lengths_of_calls_are_read_where_they_mean_one_thing(folder, length: str, minutes: float | None) -> None:
    folder.put("activities.csv", f"id,channel,length\n1,call,{length}\n2,call,x\n")
    mapping = {
        "activities": {"from": "activities.csv", "columns": {"id": "id", "channel": "channel", "minutes": "length"}}
    }
    rows, _ = folder.read("activities", mapping)
    assert rows[0]["minutes"] == minutes


def test_minutes_and_seconds_that_are_cast_as_hours_and_minutes_are_refused(folder) -> None:
    folder.put("calls.csv", "id,length\n1,5:30\n2,2:10\n3,12:45\n")
    columns = {"id": "id", "minutes": "epoch(CAST(length AS INTERVAL)) / 60"}
    mapping = {"activities": {"from": "calls.csv", "constants": {"channel": "call"}, "columns": columns}}
    with pytest.raises(ConfigError, match=r"as minutes and seconds it is 12\.75"):
        list(folder.connect(mapping).read("activities", None))


def test_a_header_that_comes_again_is_no_record(folder) -> None:
    mapping = _with(folder, _deals("id", "D1") + _deals("id", "D2"), probability="amount / 100")
    rows, rejects = folder.read("opportunities", mapping)
    assert ([r["id"] for r in rows], rejects) == (["D1", "D2"], [])
    told = "\n".join(f.message for f in folder.connect(mapping).check().findings)
    assert "deals.csv has its header 2 times" in told
