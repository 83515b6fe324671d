"""Workbooks: cells as typed in the file, ids as text, and what Excel has already lost is said."""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape

import pytest

from connectors.errors import ConfigError


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    """The least .xlsx that spreadsheet programs open: text, numbers, booleans, and dates as (serial,)."""
    out = io.BytesIO()
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(out, "w") as book:
        names = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="r{i}"/>' for i, (n, _) in enumerate(sheets, 1))
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r" Type="{rel}/officeDocument" '
            f'Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>{names}</sheets></workbook>'
        )
        rels = "".join(
            f'<Relationship Id="r{i}" Type="{rel}/worksheet" Target="worksheets/s{i}.xml"/>'
            for i in range(1, len(sheets) + 1)
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}">{rels}<Relationship Id="s" Type="{rel}/styles" '
            f'Target="styles.xml"/></Relationships>',
        )
        book.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs>'
            f"</styleSheet>",
        )
        for i, (_, rows) in enumerate(sheets, 1):
            lines = "".join(
                f'<row r="{n}">{"".join(_cell(c, n, k) for k, c in enumerate(row))}</row>'
                for n, row in enumerate(rows, 1)
                if row
            )
            book.writestr(
                f"xl/worksheets/s{i}.xml", f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>'
            )
    return out.getvalue()


def _cell(value: object, row: int, column: int) -> str:
    place = f'r="{chr(65 + column)}{row}"'
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c {place} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, tuple):
        return f'<c {place} s="1"><v>{value[0]}</v></c>'
    if isinstance(value, str):
        return f'<c {place} t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c {place}><v>{value!r}</v></c>"


def _mapping(**table: object) -> dict[str, object]:
    columns = {
        "id": '"Id"',
        "name": '"Name"',
        "employees": '"Staff"',
        "created_at": '"Since"',
        "strategic_customer": '"Key"',
    }
    return {"accounts": {"from": {"file": "a.xlsx", **table}, "columns": columns}}


def test_cells_are_read_as_typed_below_title_rows_and_blank_ones(folder) -> None:
    rows = [
        ["Accounts of 2026"],
        [],
        ["Id", "Name", "Staff", "Since", "Key"],
        ["007", "TRUE", 12, (46085.0,), True],
        [],
        [5015, "Brackish", None, (46085.5,), False],
    ]
    folder.put("a.xlsx", workbook(("Notes", []), ("Data", rows)))
    found, rejects = folder.read("accounts", _mapping(skip_until="Id"))
    assert rejects == []
    assert [(r["id"], r["name"], r["employees"], r["strategic_customer"]) for r in found] == [
        ("007", "TRUE", 12, True),
        ("5015", "Brackish", None, False),
    ]
    assert [r["created_at"].isoformat() for r in found] == ["2026-03-04T00:00:00+00:00", "2026-03-04T12:00:00+00:00"]


def test_a_cell_that_does_not_fit_is_named_by_the_row_of_the_sheet(folder) -> None:
    head = ["Id", "Name", "Staff", "Since", "Key"]
    folder.put(
        "a.xlsx", workbook(("Data", [head, ["1", "Zelkova", 3, None, None], [], ["2", "Brackish", "many", None, None]]))
    )
    found, rejects = folder.read("accounts", _mapping(types={"Staff": "BIGINT"}))
    assert [r["employees"] for r in found] == [3, None]
    assert "a.xlsx:4" in rejects[0]


def test_digits_that_excel_has_lost_are_told(folder) -> None:
    """Excel keeps 15 digits of a number: support.microsoft.com, "Long numbers are displayed incorrectly in Excel"."""
    folder.put(
        "a.xlsx",
        workbook(
            ("Data", [["Id", "Name", "Staff", "Since", "Key"], [1234567890123456789, "Zelkova", None, None, None]])
        ),
    )
    told = [f.message for f in folder.connect(_mapping()).check().findings]
    assert any("more than 15 digits" in t for t in told)


def test_a_sheet_is_chosen_by_name_and_a_wrong_one_named(folder) -> None:
    head = ["Id", "Name", "Staff", "Since", "Key"]
    folder.put(
        "a.xlsx",
        workbook(("One", [head, ["1", "Zelkova", 3, None, None]]), ("Two", [head, ["2", "Brackish", 3, None, None]])),
    )
    assert [r["id"] for r in folder.read("accounts", _mapping(sheet="Two"))[0]] == ["2"]
    with pytest.raises(ConfigError, match="no sheet 'Twoo'; did you mean 'Two'"):
        folder.read("accounts", _mapping(sheet="Twoo"))


def test_what_is_no_workbook_is_named(folder) -> None:
    folder.put("a.xlsx", b"\xd0\xcf\x11\xe0 with a password")
    with pytest.raises(ConfigError, match=r"a.xlsx is no workbook"):
        folder.read("accounts", _mapping())


def test_what_stands_below_the_table_is_no_data_and_dates_beside_text_are_doubted(folder) -> None:
    """Excel reads 04/03/2026 by the computer's locale and leaves 13/03/2026 as text: a column of both has swapped
    days and months.
    """
    head = ["Id", "Name", "Staff", "Since", "Key"]
    rows: list[list[object]] = [head, ["1", "Zelkova", 5, (46085,), True], ["2", "Brackish", 6, "13/03/2026", False]]
    footer: list[list[object]] = [[], ["Total", None, 11], ["Confidential Information - Do Not Distribute"]]
    folder.put("a.xlsx", workbook(("Deals", [*rows, *footer])))
    assert [r["id"] for r in folder.read("accounts", _mapping())[0]] == ["1", "2"]
    told = "\n".join(f"{f.message} {f.remedy}" for f in folder.connect(_mapping()).check().findings)
    assert "a.xlsx: 2 rows below the table are left out" in told
    assert "'Since' of a.xlsx has dates and text such as '13/03/2026'" in told


def test_of_two_sheets_with_one_header_none_is_left_out_in_silence(folder) -> None:
    rows = [["id", "name"], ["1", "Zelkova"]]
    folder.put("deals.xlsx", workbook(("2025", rows), ("2026", [["id", "name"], ["2", "Brackish"]]), ("x", [["y"]])))
    mapping = {"accounts": {"from": "deals.xlsx", "columns": {"id": "id", "name": "name"}}}
    told = [f"{f.level} {f.message} {f.remedy}" for f in folder.connect(mapping).check().findings]
    assert any(
        t.startswith("warn deals.xlsx has sheets '2025', '2026' with the same columns: only '2025'") for t in told
    )
    chosen = {"accounts": {**mapping["accounts"], "from": {"file": "deals.xlsx", "sheet": "2026"}}}
    assert [r["name"] for r in folder.read("accounts", chosen)[0]] == ["Brackish"]


def test_a_hidden_sheet_is_not_read_unless_it_is_named(folder) -> None:
    """Excel keeps hidden sheets in the file: state="hidden" (ECMA-376 part 1, 18.2.19 sheet)."""
    book = io.BytesIO(workbook(("old", [["id", "name"], ["9", "Gone"]]), ("now", [["id", "name"], ["1", "Zelkova"]])))
    out = io.BytesIO()
    with zipfile.ZipFile(book) as read, zipfile.ZipFile(out, "w") as written:
        for name in read.namelist():
            written.writestr(name, read.read(name).replace(b'name="old"', b'name="old" state="hidden"'))
    folder.put("accounts.xlsx", out.getvalue())
    assert [r["name"] for r in folder.read("accounts")[0]] == ["Zelkova"]
    told = [f.message for f in folder.connect().check().findings]
    assert "accounts.xlsx: hidden sheets are not read (old)." in told
