"""What reading files costs: rows of a CSV, rows of a workbook, headers of mail, each against the library that does the
bare work.

    .venv/bin/python bench/files.py [--rows 1000000] [--sheet-rows 200000] [--mails 200000] [--runs 3]

Each is read by the connector into a table of typed columns (mail: into acts) in a process of its own, and by pyarrow's
CSV reader, calamine's own loop and `email.parser` in another, by turns. Seconds are of processor time without imports;
shown is the run with the median ratio. Memory is the peak of either process. For the CSV also what follows is shown:
the mapping's expressions, one row for each id, sorted, in pages.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
STAGES = ("Prospecting", "Negotiation", "Closed Won", "Closed Lost")


def make_csv(path: Path, rows: int) -> None:
    with path.open("w") as out:
        out.write(
            "Opportunity ID,Opportunity Name,Account ID,Stage,Amount,Amount Currency,Probability,Close Date,"
            "Created Date,Won\n"
        )
        for i in range(rows):
            out.write(
                f"0065g0000{i:06},Deal number {i},0015g0000{i % 5000:06},{STAGES[i % 4]},{i % 90000}.50,EUR,{i % 100},"
                f"202{i % 6}-0{i % 9 + 1}-1{i % 9},2020-0{i % 9 + 1}-05 10:00:00,{int(i % 4 == 2)}\n"
            )


def make_sheet(path: Path, rows: int) -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r" Type="{rel}/officeDocument" '
            f'Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets><sheet name="a" sheetId="1" r:id="r1"/>'
            f"</sheets></workbook>",
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{rel}/worksheet" '
            f'Target="worksheets/s.xml"/></Relationships>',
        )
        with book.open("xl/worksheets/s.xml", "w") as out:
            out.write(f'<worksheet xmlns="{main}"><sheetData>'.encode())
            head = (
                "Opportunity ID",
                "Opportunity Name",
                "Account ID",
                "Stage",
                "Amount",
                "Amount Currency",
                "Probability",
                "Close Date",
                "Created Date",
                "Won",
            )
            out.write(_row(1, head))
            for i in range(rows):
                out.write(
                    _row(
                        i + 2,
                        (
                            f"0065g0000{i:06}",
                            f"Deal number {i}",
                            f"0015g0000{i % 5000:06}",
                            STAGES[i % 4],
                            i % 90000 + 0.5,
                            "EUR",
                            i % 100,
                            f"202{i % 6}-0{i % 9 + 1}-1{i % 9}",
                            "2020-03-05 10:00:00",
                            str(i % 2),
                        ),
                    )
                )
            out.write(b"</sheetData></worksheet>")


def _row(number: int, cells: tuple[object, ...]) -> bytes:
    texts = (f't="inlineStr"><is><t>{c}</t></is>' if isinstance(c, str) else f"><v>{c}</v>" for c in cells)
    return f'<row r="{number}">{"".join(f"<c {t}</c>" for t in texts)}</row>'.replace("<c >", "<c>").encode()


def make_mail(path: Path, mails: int) -> None:
    with path.open("w") as out:
        for i in range(mails):
            here, there = f"rep{i % 9}@ours.example", f"p{i % 700}@c{i % 300}.example"
            sender, to = (here, there) if i % 3 else (there, here)
            out.write(
                f"From {sender} Wed Mar  4 13:05:00 2026\nReceived: from a.example by b.example with ESMTPS id {i}\n"
                f"\tfor <x@y.example>; Wed, 4 Mar 2026 13:05:00 +0100\nDKIM-Signature: v=1; a=rsa-sha256; "
                f"c=relaxed/relaxed;\n"
                f"\td=ours.example; s=x; h=from:to:subject; bh=abc=;\n\tb={'A1b2' * 40}\nMIME-Version: 1.0\n"
                f'From: "Person, {i}" <{sender}>\nTo: Somebody <{to}>, other@c{i % 300}.example\nSubject: Re: '
                f"about {i % 5000}\n"
                f"Date: {1 + i % 28} Mar 2026 13:{i % 60:02}:00 +0100\nMessage-ID: <{i}@ours.example>\n"
                f"In-Reply-To: <{i - 5000}@ours.example>\n"
                f"X-Mailer: Something 1.0\nX-Spam-Score: -0.1\nContent-Type: text/plain; charset=utf-8\n\n"
                f"{'A line of the body, which nobody reads.' * 3}\n\n"
            )


def load_table(folder: Path, name: str) -> int:
    """As a table of typed columns, which is what pyarrow's reader gives too."""
    from connectors.file.config import FilesConfig, FilesMapping
    from connectors.file.sources import Sources

    sources = Sources(folder, FilesMapping(), FilesConfig(input=str(folder)))
    table, _ = sources.load(name)
    count = sources.session().execute(f"SELECT count(*) FROM {table}").fetchone()
    sources.close()
    return count[0] if count else 0


def read_table(folder: Path, name: str) -> int:
    from connectors.base import Organisation
    from connectors.file.config import FilesConfig, parse_mapping
    from connectors.file.connector import FileConnector

    columns = {
        "id": '"Opportunity ID"',
        "name": '"Opportunity Name"',
        "account_id": '"Account ID"',
        "stage": "Stage",
        "amount": "Amount",
        "currency": '"Amount Currency"',
        "probability": "Probability / 100",
        "close_at": '"Close Date"',
        "created_at": '"Created Date"',
        "is_won": "Won",
    }
    mapping = parse_mapping({"opportunities": {"from": name, "columns": columns}}, "bench")
    connector = FileConnector(FilesConfig(input=str(folder), output=str(folder / "out")), mapping, (), Organisation())
    try:
        return sum(page.batch.num_rows for page in connector.read("opportunities", None))
    finally:
        connector.close()


def read_mail(path: Path) -> int:
    from connectors.file.activity.acts import Sides
    from connectors.file.activity.mail import mail_acts, read_messages

    return len(mail_acts(read_messages([(path.name, path)]), Sides(["ours.example"]), ()).rows)


def bare(kind: str, path: Path) -> int:
    """What the library alone does with the same file."""
    if kind == "csv":
        from pyarrow import csv

        table = csv.read_csv(path, read_options=csv.ReadOptions(use_threads=False))
        return int(table.num_rows)
    if kind == "sheet":
        from python_calamine import CalamineWorkbook

        return sum(1 for _ in CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).iter_rows()) - 1
    from email.parser import BytesHeaderParser

    parser, count, lines = BytesHeaderParser(), 0, []
    with path.open("rb") as data:  # cut where the maker began each message
        for line in data:
            if line.startswith(b"From ") and lines:
                count += bool(parser.parsebytes(b"".join(lines[1:])))
                lines = []
            lines.append(line)
    return count + bool(parser.parsebytes(b"".join(lines[1:])))


def measured(command: list[str]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, *command],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return json.loads(done.stdout)


def one(kind: str, path: Path, ours: bool) -> None:
    import email.parser  # noqa: F401

    import python_calamine  # noqa: F401
    from pyarrow import csv  # noqa: F401

    import connectors.file.connector  # noqa: F401  (imports are no part of it)

    began = time.process_time()
    if not ours:
        count = bare(kind, path)
    elif kind == "mail":
        count = read_mail(path)
    else:
        count = (read_table if kind == "pages" else load_table)(path.parent, path.name)
    seconds = time.process_time() - began
    print(
        json.dumps(
            {"count": count, "seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sheet-rows", type=int, default=200_000)
    parser.add_argument("--mails", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--one", nargs=3, metavar=("KIND", "PATH", "OURS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(given.one[0], Path(given.one[1]), given.one[2] == "ours")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("kind      count   bare s   ours s   ratio   bare MB   ours MB   file MB")
        for kind, make, size, suffix in (
            ("csv", make_csv, given.rows, "csv"),
            ("sheet", make_sheet, given.sheet_rows, "xlsx"),
            ("mail", make_mail, given.mails, "mbox"),
        ):
            path = folder / f"deals.{suffix}"
            make(path, size)
            pairs = [[measured(["--one", kind, str(path), who]) for who in ("bare", "ours")] for _ in range(given.runs)]
            base, ours = sorted(pairs, key=lambda pair: pair[1]["seconds"] / pair[0]["seconds"])[len(pairs) // 2]
            print(
                f"{kind:6} {ours['count']:9,.0f} {base['seconds']:8.2f} {ours['seconds']:8.2f} "
                f"{ours['seconds'] / base['seconds']:7.2f} {base['mb']:9.0f} {ours['mb']:9.0f}"
                f" {path.stat().st_size / 2**20:9.0f}"
            )
            if kind == "csv":
                pages = measured(["--one", "pages", str(path), "ours"])
                print(f"  to pages of canonical records: {pages['seconds']:.2f} s, peak {pages['mb']:.0f} MB")
            path.unlink()


if __name__ == "__main__":
    main()
