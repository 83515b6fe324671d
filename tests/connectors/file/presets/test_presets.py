"""Exports of each program, from the folder to records that are right; headers are those of the sources that the presets
name.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.errors import ConfigError
from connectors.file.config import parse_mapping
from connectors.file.presets.draft import draft
from connectors.file.presets.recognise import presets
from sync.cli.app import app
from tests.connectors.file.test_workbook import workbook

HUBSPOT = {
    "hubspot-crm-exports-all-companies-2026-03-31.csv": (
        "Record ID,Company name,Create Date,Industry,Company "
        "Domain Name,Phone Number\n9001,Zelkova,2023-01-10 09:12,Machinery,zelkova.example,\n9002,Brackish,"
        "2024-06-02 16:40,,brackish.example,\n"
    ),
    "hubspot-crm-exports-all-companies-2025-12-31.csv": (
        "Record ID,Company name,Create Date,Industry,Company Domain Name,Phone Number\n9009,Gone,2023-01-10 09:12,,,\n"
    ),
    "hubspot-crm-exports-all-deals-2026-03-31.csv": (
        "Record ID,Deal Name,Deal Stage,Amount,Currency,Close "
        "Date,Create Date,Associated Company IDs,Associated Company IDs (Primary)\n7001,Seals,Closed won,"
        "24000.5,EUR,2025-11-20 10:00,2025-09-01 09:00,9001;9002,9001\n7002,Pilot,Negotiation,8000,EUR,"
        "2026-12-15 14:30,2025-10-10 12:00,9002,9002\n7003,Line,Closed lost,5,EUR,2025-12-15 14:30,2025-10-10 "
        "12:00,9002,9002\n"
    ),
    "hubspot-crm-exports-all-contacts-2026-03-31.csv": (
        "Record ID,First Name,Last Name,Email,Job Title,Create "
        "Date,Associated Company IDs,Associated Company IDs (Primary)\n5001,A,One,a@zelkova.example,Buyer,"
        "2023-01-10 09:15,9001;9002,9001\n"
    ),
}
HUBSPOT_DE = {
    "firmen.csv": (
        "Datensatz-ID;Unternehmensname;Erstellungsdatum;Branche\n9001;Zelkova;10.01.2023 "
        "09:12;Maschinen\n9002;Brackish;02.06.2024 16:40;\n"
    ),
    "deals.csv": (
        "Datensatz-ID;Deal-Name;Deal-Phase;Betrag;Währung;Abschlussdatum;Erstellungsdatum;Zugeordnete "
        "Company-IDs\n7001;Dichtungen;Gewonnen;24.000,50;EUR;20.11.2025 10:00;01.09.2025 09:00;9001\n"
        "7002;Pilot;Verhandlung;8.000,00;EUR;15.12.2026 14:30;10.10.2025 12:00;9002\n"
    ),
}
REPORT = {
    "report1.csv": (
        '"Account ID","Account Name","Industry","Billing Country"\n"0015g00000AbCdE","Zelkova",'
        '"Machinery","France"\n"0015g00000AbCde","Brackish","","Norway"\n'
    ),
    "report2.csv": (
        '"Opportunity ID","Opportunity Name","Account ID","Account Name","Stage","Amount Currency",'
        '"Amount","Probability (%)","Close Date","Created Date","Closed","Won"\n"0065g00000OpAaA","Seals",'
        '"0015g00000AbCdE","Zelkova","Closed Won","EUR","24000.50","100","20/11/2025","05/09/2025","1","1"\n'
        '"0065g00000OpAaa","Pilot","0015g00000AbCde","Brackish","Negotiation","EUR","8000.00","75",'
        '"15/12/2026","12/10/2025","0","0"\n'
    ),
}
WEEKLY = {
    "Account.csv": (
        '"Id","IsDeleted","Name","ParentId","BillingCountry","Industry","SystemModstamp",'
        '"CreatedDate"\n"0015g00000AbCdEAAI","0","Zelkova","","France","","2026-01-01 00:00:00","2023-01-10 '
        '09:12:00"\n"0015g00000AbCdeQAA","0","Brackish","","","","2026-01-01 00:00:00","2023-01-10 09:12:00"\n'
        '"0015g00000AbGone","1","Gone","","","","2026-01-01 00:00:00","2023-01-10 09:12:00"\n'
    ),
    "Opportunity.csv": (
        '"Id","IsDeleted","AccountId","Name","StageName","Amount","Probability","CloseDate",'
        '"IsClosed","IsWon","CreatedDate","SystemModstamp"\n"0065g00000OpAaAAAI","0","0015g00000AbCdEAAI",'
        '"Seals","Closed Won","24000.5","100.0","2025-11-20","1","1","2025-09-01 09:00:00","2026-01-01 '
        '00:00:00"\n"0065g00000OpAaaAAI","0","0015g00000AbCdeQAA","Pilot","Negotiation","8000.0","75.0",'
        '"2026-12-15","0","0","2025-10-10 12:00:00","2026-01-01 00:00:00"\n'
    ),
}
PIPEDRIVE = {
    "organizations.csv": (
        "Organization - ID,Organization - Name,Organization - Country of Address\n1,Zelkova,"
        "France\n2,Brackish,Norway\n3,Twin,\n4,Twin,\n"
    ),
    "deals.csv": (
        "Deal - ID,Deal - Title,Deal - Value,Deal - Currency of Value,Deal - Organization,Deal - "
        "Stage,Deal - Status,Deal - Probability,Deal - Deal created,Deal - Won time,Deal - Expected close "
        "date\n11,Seals,24000.5,EUR,Zelkova,Negotiations,Won,,2025-09-01 09:00:00,2025-11-20 10:00:00,"
        "2025-12-15\n12,Pilot,8000,EUR,Brackish,Proposal,Open,75,2025-10-10 12:00:00,,2026-12-15\n"
    ),
}
ZOHO = {
    "Accounts.csv": (
        "Record Id,Account Name,Account Owner.id,Account Owner,Website,Created Time\nzcrm_1,"
        "Zelkova,zcrm_8,Rep,www.zelkova.example,2023-01-10 09:12:00\nzcrm_2,Brackish,zcrm_8,Rep,,2023-01-10 09:12:00\n"
    ),
    "Deals.csv": (
        "Record Id,Deal Owner,Deal Name,Amount,Stage,Closing Date,Account Name.id,Account Name,"
        "Probability (%),Created Time\nzcrm_11,Rep,Seals,24000.5,Closed Won,2025-11-20,1,Zelkova,100,"
        "2025-09-01 09:00:00\nzcrm_12,Rep,Pilot,8000,Qualification,2026-12-15,2,Brackish,75,2025-10-10 12:00:00\n"
    ),
}
DYNAMICS = {
    "accounts.csv": (
        "(Do Not Modify) Account,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,Account "
        "Name,Main Phone\na1,x,2026-01-01 10:00,Zelkova,\na2,x,2026-01-01 10:00,Brackish,\n"
    ),
    "opps.csv": (
        "(Do Not Modify) Opportunity,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,Topic,"
        "Potential Customer,Est. close date,Actual Close Date,Est. revenue,Actual Revenue,Status,Status "
        "Reason,Probability,Created On\no1,x,2026-01-01 10:00,Seals,Zelkova,2025-12-01,2025-11-20,20000,"
        "24000.5,Won,Won,100,2025-09-01\no2,x,2026-01-01 10:00,Pilot,Brackish,2026-12-15,,8000,,Open,In "
        "Progress,75,2025-10-10\n"
    ),
}
ODOO = {
    "res.partner.csv": (
        '"id","name","website"\n"__export__.res_partner_7_bb","Zelkova","zelkova.example"\n'
        '"__export__.res_partner_8_dd","Brackish",""\n'
    ),
    "sale.order.csv": (
        '"id","name","partner_id/id","date_order","state","amount_total","currency_id",'
        '"order_line/product_id/categ_id","order_line/price_subtotal"\n"__export__.so_1","S1",'
        '"__export__.res_partner_7_bb","2025-11-20 10:00:00","Sales Order","24000.5","EUR","Pumps","20000"\n'
        '"","","","","","","","Service","4000.5"\n"__export__.so_2","S2","__export__.res_partner_8_dd",'
        '"2026-12-15 10:00:00","Quotation","8000","EUR","Valves","8000"\n'
    ),
}
CLOSE = {
    "leads.csv": (
        "id,display_name,status_label,url,date_created\nlead_1,Zelkova,Customer,"
        "https://zelkova.example,2023-01-10\nlead_2,Brackish,Potential,,2023-01-10\n"
    ),
    "opportunities.csv": (
        "id,lead_id,status_label,status_type,value,value_currency,confidence,date_created,"
        "date_won,date_lost\noppo_1,lead_1,Won,won,2400050,EUR,100,2025-09-01 09:00:00 AM,2025-11-20,\noppo_2,"
        "lead_2,Active,active,800000,EUR,75,2025-10-10 12:00:00 PM,,\n"
    ),
}
SAMPLES = {
    "HubSpot": (HUBSPOT, {"won"}),
    "HubSpot, German": (HUBSPOT_DE, {"won"}),
    "Salesforce report": (REPORT, set()),
    "Salesforce weekly export": (WEEKLY, set()),
    "Pipedrive": (PIPEDRIVE, set()),
    "Zoho CRM": (ZOHO, {"won"}),
    "Dynamics 365": (DYNAMICS, set()),
    "Odoo": (ODOO, set()),
    "Close": (CLOSE, set()),
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_folder_becomes_a_short_mapping_that_reads_it_right(folder, sample: str) -> None:
    files, asked = SAMPLES[sample]
    for name, text in files.items():
        folder.put(name, text)
    made = draft(folder.input)
    assert made.preset.name == sample.split(",")[0].removesuffix(" report").removesuffix(" weekly export")
    assert {q.key for q in made.questions} == asked
    assert len(made.questions) + 3 <= 6  # own domains, time zone and currency are asked always
    text = made.text({q.key: q.default for q in made.questions})
    assert len(text.splitlines()) <= 30
    mapping = tomllib.loads(text)
    connector = folder.connect(mapping)
    assert [f.message for f in connector.check().findings if f.level == "fail"] == []
    deals, rejects = folder.read("opportunities", mapping)
    assert rejects == []
    seals = next(d for d in deals if d["is_won"])
    names = {a["id"]: a["name"] for a in folder.read("accounts", mapping)[0]}
    assert "Gone" not in names.values()
    assert (names[seals["account_id"]], seals["amount"], seals["close_at"].date().isoformat()) == (
        "Zelkova",
        24000.5,
        "2025-11-20",
    )
    pilot = next(d for d in deals if names[d["account_id"]] == "Brackish" and not d["is_won"] and not d["is_closed"])
    assert pilot["amount"] == 8000.0


def test_sheets_of_one_workbook_are_tables_of_their_own(folder) -> None:
    rows = {name: [line.split(",") for line in text.replace('"', "").splitlines()] for name, text in REPORT.items()}
    sheets = [("About", [["Made by me"]]), ("Customers", rows["report1.csv"]), ("Deals", rows["report2.csv"])]
    folder.put("export.xlsx", workbook(*sheets))
    mapping = tomllib.loads(draft(folder.input).text({}))
    assert {name: table["sheet"] for name, table in mapping["tables"].items()} == {
        "accounts": "Customers",
        "opportunities": "Deals",
    }
    assert [r["name"] for r in folder.read("accounts", mapping)[0]] == ["Zelkova", "Brackish"]
    assert [r["amount"] for r in folder.read("opportunities", mapping)[0]] == [24000.5, 8000.0]


def test_lines_of_an_order_are_line_items(folder) -> None:
    for name, text in ODOO.items():
        folder.put(name, text)
    rows, _ = folder.read("line_items", tomllib.loads(draft(folder.input).text({})))
    assert sorted((r["opportunity_id"][-1], r["product_family"], r["amount"]) for r in rows) == [
        ("1", "Pumps", 20000.0),
        ("1", "Service", 4000.5),
        ("2", "Valves", 8000.0),
    ]


def test_what_the_files_do_not_say_is_asked_and_the_answers_are_taken(folder) -> None:
    text = (
        REPORT["report2.csv"]
        .replace("20/11/2025", "04/03/2025")
        .replace("05/09/2025", "05/02/2025")
        .replace("15/12/2026", "12/11/2026")
        .replace("12/10/2025", "11/10/2025")
        .replace("24000.50", "24.000")
        .replace("8000.00", "8.000")
    )
    folder.put("a.csv", REPORT["report1.csv"])
    folder.put("b.csv", text)
    made = draft(folder.input)
    assert {q.key for q in made.questions} == {"dates", "numbers"}
    for answers, day, amount in (
        ({"dates": "day", "numbers": "thousands"}, "2025-03-04", 24000.0),
        ({"dates": "month", "numbers": "decimals"}, "2025-04-03", 24.0),
    ):
        rows, _ = folder.read("opportunities", tomllib.loads(made.text(answers)))
        assert (rows[0]["close_at"].date().isoformat(), rows[0]["amount"]) == (day, amount)


def test_a_preset_of_ones_own_is_a_file(folder, tmp_path: Path) -> None:
    own = tmp_path / "presets"
    own.mkdir()
    (own / "mine.toml").write_text(
        'name = "Mine"\nsource = "me"\n[[tables]]\nstream = "accounts"\ntable = "firms"\nsignature = '
        '["FirmNo", "FirmName"]\ncolumns = { id = "FirmNo", name = "FirmName" }\n'
    )
    folder.put("x.csv", "Title row\nFirmNo|FirmName\n1|Zelkova\n")
    made = draft(folder.input, own)
    assert [r["name"] for r in folder.read("accounts", tomllib.loads(made.text({})))[0]] == ["Zelkova"]
    (own / "mine.toml").write_text('name = "Mine"\n')
    with pytest.raises(ConfigError, match=r"mine\.toml is wrong"):
        draft(folder.input, own)


def test_init_takes_presets_of_ones_own_from_a_folder(folder, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="folder of presets"):
        draft(folder.input, tmp_path / "nowhere")


def test_files_of_other_encodings_countries_and_currencies(folder) -> None:
    """Excel in Germany saves CSV as Windows-1252; a report of an American user writes 6/30/2026, one of its
    columns only tells.
    """
    folder.put("accounts.csv", '"Account-ID";"Accountname"\n"1";"Größe"\n'.encode("cp1252"))
    folder.put(
        "opps.csv",
        '"Opportunity-ID";"Account-ID";"Phase";"Betrag";"Schlusstermin";"Erstelldatum";"Gewonnen";"Geschlossen"\n'
        '"O1";"1";"Closed Won";"$24,000.50";"3/4/2026";"1/5/2026";"1";"1"\n'
        '"O2";"1";"Open";"$8,000.00";"6/30/2026";"3/1/2026";"0";"0"\n',
    )
    made = draft(folder.input)
    assert (made.questions, made.currencies) == ([], ("USD",))
    mapping = tomllib.loads(made.text({}))
    assert mapping["tables"]["accounts"]["encoding"] == "cp1252"
    assert [r["name"] for r in folder.read("accounts", mapping)[0]] == ["Größe"]
    rows, rejects = folder.read("opportunities", mapping)
    assert [(r["amount"], f"{r['close_at']:%m-%d}", f"{r['created_at']:%m-%d}") for r in rows] == [
        (24000.5, "03-04", "01-05"), (8000.0, "06-30", "03-01"),
    ]  # fmt: skip
    assert rejects == []


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp932", ("株式会社山田", "鈴木商店", "東京電気工業")),
        ("gb18030", ("北京科技有限公司", "上海贸易公司", "广州机械厂")),
        ("cp949", ("서울전자주식회사", "부산무역", "대구섬유")),
        ("cp1251", ("ООО Ромашка", "ЗАО Север", "Завод Восток")),
        ("cp1252", ("Größe & Söhne", "L\u2019Hôtel", "Peña e Hijos")),
    ],
)
def test_the_writing_system_of_an_old_encoding_is_recognised(folder, encoding: str, names: tuple[str, ...]) -> None:
    """Excel saves "CSV" in the code page of Windows' language, as Microsoft's "Save a workbook to text format (.txt or
    .csv)" and its list of code page identifiers have it. The mapping says which, and `check` of a mapping without it
    names the same.
    """
    head, rows = "Account ID,Account Name\n", [f"{i},{name}\n" for i, name in enumerate(names, 1)]
    folder.put("accounts.csv", (head + "".join(rows)).encode(encoding))
    folder.put("opps.csv", "Opportunity ID,Account ID,Stage,Amount,Close Date,Created Date,Won,Closed\n"
        "O1,1,Closed Won,5,2026-04-13,2026-01-15,1,1\n")  # fmt: skip
    mapping = tomllib.loads(draft(folder.input).text({}))
    assert [r["name"] for r in folder.read("accounts", mapping)[0]] == list(names)
    del mapping["tables"]["accounts"]["encoding"]
    warned = [f for f in folder.connect(mapping).check().findings if f.level == "warn" and "UTF-8" in f.message]
    assert [f.remedy for f in warned] == [f'Set encoding = "{encoding}" in the table.']


def test_the_encoding_is_seen_where_the_first_other_letters_come_late(folder) -> None:
    plain = "".join(f"{i},Account number {i} of many\n" for i in range(8_000))
    folder.put("accounts.csv", f"Account ID,Account Name\n{plain}9000,株式会社山田\n".encode("cp932"))
    mapping = tomllib.loads(draft(folder.input).text({}))
    assert mapping["tables"]["accounts"]["encoding"] == "cp932"


def test_two_common_headers_alone_are_no_program(folder) -> None:
    folder.put("customers.csv", "id,name,country\n1,Zelkova,FR\n")
    with pytest.raises(ConfigError, match=r"customers\.csv"):
        draft(folder.input)


def test_every_canonical_column_of_a_preset_exists() -> None:
    for preset in presets():
        for table in preset.tables:
            data = {table.stream: {"from": "x.csv", "columns": dict.fromkeys(table.columns, "x")}}
            parse_mapping(data, preset.name)


def test_a_folder_without_a_known_export_says_what_lies_there(folder) -> None:
    folder.put("notes.csv", "a,b\n1,2\n")
    with pytest.raises(ConfigError, match=r"notes\.csv"):
        draft(folder.input)


def test_init_from_a_folder_asks_little_and_writes_both_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export = tmp_path / "export"
    export.mkdir()
    for name, text in HUBSPOT.items():
        (export / name).write_text(text)
    head = "Date: Wed, 4 Mar 2026 13:05:00 +0100\n"
    (export / "all.mbox").write_text(
        f"From a Wed Mar  4 13:05:00 2026\nFrom: rep@ours.example\nTo: a@zelkova.example\nMessage-ID: <1@x>\n"
        f"{head}\nhello\n"
    )
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(app, ["init", "--from", "export"], input="\n\n\n\n\n\n")
    assert ran.exit_code == 0, ran.output
    assert ran.output.count("[") <= 6
    settings = tomllib.loads((tmp_path / "bothways.toml").read_text())
    assert settings["crm"]["input"] == "export"
    assert (
        settings["organisation"] == {"own_domains": ["ours.example"], "corporate_currency": "EUR", "time_zone": "UTC"}
        or settings["organisation"]["own_domains"]
    )
    assert "Closed won" in (tmp_path / "mapping.toml").read_text()
    again = CliRunner().invoke(app, ["init", "--from", "export", "--yes"])
    assert again.exit_code != 0
    checked = CliRunner().invoke(app, ["check"])
    assert checked.exit_code == 0, checked.output
