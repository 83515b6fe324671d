"""Numbers, dates and units that are written in other ways, and archives in archives. Own values."""

from __future__ import annotations

import io
import zipfile

import pytest

from connectors.errors import ConfigError

HEAD = "id,account,stage,amount,closed\n"
COLUMNS = {
    "id": "id",
    "account_id": "account",
    "stage": "stage",
    "amount": "amount",
    "close_at": "closed",
    "is_won": "stage = 'Won'",
}


def _mapping(**columns: str) -> dict[str, object]:
    return {
        "accounts": {"from": "accounts.csv", "columns": {"id": "id", "name": "name"}},
        "opportunities": {"from": "deals.csv", "columns": {**COLUMNS, **columns}},
    }


def _told(folder, deals: str, mapping: dict[str, object] | None = None) -> str:
    folder.put("accounts.csv", "id,name\n1,Zelkova\n")
    folder.put("deals.csv", deals)
    found = folder.connect(mapping or _mapping()).check().findings
    return "\n".join(f"{f.level} {f.message} {f.remedy}" for f in found if f.level != "ok")


def test_numbers_grouped_as_in_india_are_read(folder) -> None:
    """1,23,456.50 groups by two digits above the thousands (Unicode CLDR, locale en-IN, pattern #,##,##0.###)."""
    folder.put("accounts.csv", "id,name\n1,Zelkova\n")
    folder.put("deals.csv", HEAD + '1,1,Won,"1,23,456.50",2026-01-02\n2,1,Won,"5,00,000.00",2026-01-02\n')
    rows, rejects = folder.read("opportunities", _mapping())
    assert ([r["amount"] for r in rows], rejects) == ([123456.5, 500000.0], [])


@pytest.mark.parametrize(
    ("amount", "closed", "remedy"),
    [
        ("\uff11\uff12", "2026-01-02", "digits of another script: map translate(x, '\uff10\uff11"),
        ("5", "2026-03", "it names no day: map x || '-01'"),
        ("5", "Q1 2026", "it names no day: export the date itself"),
        ("5", "0000-00-00", 'nulls = ["0000-00-00"]'),
        ("5", "1900-01-01", 'nulls = ["1900-01-01"]'),
        ("5", "2569-03-04", "less INTERVAL 543 YEAR"),
        ("nan", "2026-01-02", 'nulls = ["nan"]'),
        ("5", "None", 'nulls = ["None"]'),
    ],
)
def test_what_is_no_number_or_day_names_its_remedy(folder, amount: str, closed: str, remedy: str) -> None:
    assert remedy in _told(folder, HEAD + f"1,1,Won,{amount},{closed}\n")


def test_a_column_that_is_called_cents_is_doubted_unless_divided(folder) -> None:
    deals = HEAD.replace("amount", "amount_cents") + "1,1,Won,2400050,2026-01-02\n"
    assert "Are these cents? Map amount divided by 100." in _told(folder, deals, _mapping(amount="amount_cents"))
    assert "cents" not in _told(folder, deals, _mapping(amount="amount_cents / 100"))


@pytest.mark.parametrize(("line", "said"), [("24000", "of deals are about 100 times"), ("2400000", "")])
def test_deals_a_hundred_times_their_lines_are_doubted(folder, line: str, said: str) -> None:
    folder.put("lines.csv", f"id,deal,amount\nL1,1,{line}\n")
    lines = {"from": "lines.csv", "columns": {"id": "id", "opportunity_id": "deal", "amount": "amount"}}
    told = _told(folder, HEAD + "1,1,Won,2400000,2026-01-02\n", {**_mapping(), "line_items": lines})
    assert said in told
    assert ("100 times" in told) == bool(said)


def test_what_databases_and_formulas_write_for_nothing_is_nothing(folder) -> None:
    """`\\N` is NULL in files of PostgreSQL's COPY and of MySQL; a workbook saved as CSV keeps `#DIV/0!`."""
    folder.put("accounts.csv", "id,name\n1,Zelkova\n")
    folder.put("deals.csv", HEAD + "1,1,Won,\\N,2026-01-02\n2,1,Won,#DIV/0!,2026-01-02\n3,1,Won,5,2026-01-02\n")
    rows, rejects = folder.read("opportunities", _mapping())
    assert ([r["amount"] for r in rows], rejects) == ([None, None, 5.0], [])


def test_an_archive_in_an_archive_is_named_with_what_to_do(folder) -> None:
    def packed(name: str, content: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(name, content)
        return out.getvalue()

    folder.put("accounts.csv", "id,name\n1,Zelkova\n")
    folder.put("all.zip", packed("export.zip", packed("deals.csv", HEAD.encode())))
    with pytest.raises(ConfigError) as refused:
        list(folder.connect(_mapping()).read("opportunities", None))
    assert "all.zip/export.zip is an archive inside an archive: unpack it" in refused.value.remedy


def test_what_an_archive_unpacks_to_is_bounded_by_a_key_that_is_named(folder) -> None:
    from connectors.base import Organisation
    from connectors.file.config import FilesConfig, parse_mapping
    from connectors.file.connector import FileConnector

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("accounts.csv", "id,name\n" + "1,Zelkova\n" * 200_000)
    folder.put("all.zip", out.getvalue())
    config = FilesConfig(input=str(folder.input), output=str(folder.output), max_file_mb=1)
    mapping = parse_mapping({"accounts": {"from": "accounts.csv", "columns": {"id": "id", "name": "name"}}}, "m")
    with pytest.raises(ConfigError, match=r"accounts\.csv unpacks to more than 1 MB") as refused:
        list(FileConnector(config, mapping, (), Organisation()).read("accounts", None))
    assert "crm.max_file_mb" in refused.value.remedy
