"""The corpus through the whole line for files: pulled as it is, scored within bounds, shown inert everywhere."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from corpus import DATES, NUMBERS, TEXTS, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from config import settings as config_settings
from config.loading import load_model
from connectors.file.readers.columns import NOTHING
from connectors.salesforce.api.bulk_jobs import ingest_csv
from connectors.spreadsheet import guard, unguard
from enrichment.fields import FIELDS, fields
from sync.options import RunContext, options_from, workspace_of
from sync.progress import NullProgress
from sync.registry import connect
from sync.report.build import build_report
from sync.report.export import export_scores
from sync.run import run_score, run_sync
from sync.system.logs import printable

SHOWN = re.compile(r"[A-Za-z0-9 ;:,.%+()'/\-–€$]*")
"""What reasons are made of: our own words and figures, nothing that came from a record."""


def write(folder, stream, columns, rows):
    with (folder / f"{stream}.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows(rows)


def organisation(folder, count):
    """A folder of tables in which every text, number and date is hostile somewhere; the names by account id."""
    words = texts(count)
    names = {f"A{n:06d}": words[n] for n in range(count)}
    ids = list(names)
    at = lambda kind, n: kind[n % len(kind)]  # noqa: E731
    good = "2026-01-02T10:00:00Z"
    source = folder / "in"
    source.mkdir()
    write(
        source,
        "accounts",
        ["id", "name", "type", "industry", "country", "currency", "annual_revenue", "employees", "created_at"],
        [
            [
                i,
                names[i],
                "customer" if n % 2 else at(words, n + 1),
                at(words, n + 2),
                at(words, n + 3),
                at(("EUR", *TEXTS), n),
                at(NUMBERS, n),
                at(NUMBERS, n * 7),
                at((good, *DATES), n),
            ]
            for n, i in enumerate(ids)
        ],
    )
    write(
        source,
        "people",
        ["id", "account_id", "name", "email", "title", "created_at"],
        [[f"P{n:06d}", i, at(words, n + 4), at(words, n + 5), at(words, n + 6), good] for n, i in enumerate(ids)],
    )
    write(
        source,
        "opportunities",
        ["id", "account_id", "name", "amount", "currency", "is_closed", "is_won", "close_at", "created_at"],
        [
            [
                f"O{n:06d}",
                i,
                at(words, n + 7),
                at(NUMBERS, n // 3),
                at(("EUR", "", *TEXTS), n),
                "true",
                at(("true", "false", *TEXTS), n),
                at((good, *DATES), n // 2),
                good,
            ]
            for n, i in enumerate(ids)
        ],
    )
    write(
        source,
        "activities",
        [
            "id",
            "channel",
            "direction",
            "account_id",
            "person_ids",
            "occurred_at",
            "minutes",
            "outcome",
            "thread_id",
            "created_at",
        ],
        [
            [
                f"T{n:06d}",
                at(("email", "call", "meeting", *TEXTS), n),
                at(("inbound", "outbound", *TEXTS), n // 2),
                at((i, *TEXTS), n // 40),
                f"P{n:06d}",
                at((good, "2026-05-05T10:00:00Z", *DATES), n),
                at(NUMBERS, n),
                at(("done", *TEXTS), n),
                at(words, n),
                good,
            ]
            for n, i in enumerate(ids)
        ],
    )
    (folder / "bothways.toml").write_text(
        '[crm]\nkind = "files"\ninput = "in"\n\n[workspace]\ndir = "ws"\n\n[organisation]\ncorporate_currency '
        '= "EUR"\nown_domains = ["example.com"]\n\n[score]\nprofile = "full"\n'
    )
    return names


def read(names):
    """What a file with these names says: some texts are what programs write for nothing."""
    return {i: "" if name in NOTHING else name for i, name in names.items()}


@pytest.fixture(scope="module", params=[pytest.param(10_000, marks=pytest.mark.slow)])
def line(request, tmp_path_factory):
    """The corpus synced, scored and exported: settings, names by id, the result, the files made."""
    folder = tmp_path_factory.mktemp("hostile")
    names = organisation(folder, request.param)
    loaded = config_settings.load(folder / "bothways.toml")
    asked = (workspace_of(loaded), load_model(loaded))
    connector = connect(loaded)
    connector.provision(fields("full"))
    result = run_sync(RunContext(connector, *asked, fields("full"), options_from(loaded), NullProgress()))
    connector.close()
    return loaded, names, result


def landed(loaded, stream):
    found = {}
    for path in sorted((loaded.workspace.dir / "landing" / "files" / stream).rglob("part-*.parquet")):
        found |= {row["id"]: row for row in pq.read_table(path).to_pylist()}
    return found


def test_every_text_arrives_as_it_was_written(line):
    loaded, names, result = line
    accounts = landed(loaded, "accounts")

    assert {i: row["name"] or "" for i, row in accounts.items()} == read(names)
    assert result.pulled["accounts"] == len(names)
    assert result.exit_code == 0


def test_numbers_and_dates_are_finite_and_of_this_calendar_or_unknown(line):
    loaded, names, _ = line
    rows = [*landed(loaded, "accounts").values(), *landed(loaded, "opportunities").values()]

    numbers = [v for row in rows for v in row.values() if isinstance(v, float)]
    assert len(numbers) > len(names) / 4
    assert all(math.isfinite(number) for number in numbers)
    # What was said to be a number and is none was not guessed at.
    said = {f"A{n:06d}": NUMBERS[n % len(NUMBERS)] for n in range(len(names))}
    for i, row in landed(loaded, "accounts").items():
        if said[i] in ("NaN", "1,234", "0x10", "$5", "5%", "1/2", "12abc", "1e309", "Infinity"):
            assert row["annual_revenue"] is None


def test_scores_are_bounded_and_reasons_are_our_own_words(line):
    _, _, result = line
    for stream in ("accounts", "opportunities"):
        rows = pq.read_table(result.scores_dir / f"{stream}.parquet").to_pylist()
        assert len(rows) > 100
        for field in FIELDS:
            if field.stream != stream:
                continue
            values = [row[field.name] for row in rows if row[field.name] is not None]
            if field.type == "number":
                assert all(math.isfinite(value) for value in values), field.name
                scale = [v for v in values if "hours" not in field.name and "days" not in field.name]
                assert all(-100 <= value <= 100 for value in scale), field.name
            elif field.name.endswith("drivers"):
                assert all(len(text) <= 255 and SHOWN.fullmatch(text) for text in values), [
                    t for t in values if not SHOWN.fullmatch(t)
                ][:3]
            elif field.type == "enumeration":
                assert set(values) <= {code for code, _ in field.options}


class Tags(HTMLParser):
    """Elements and attributes of a page, as a browser would see them."""

    def __init__(self, html):
        super().__init__()
        self.found: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found[tag, tuple(name for name, _ in attrs)] += 1


def test_the_page_has_the_elements_of_one_with_harmless_names(line):
    loaded, _, _ = line
    hostile = build_report(loaded, loaded.workspace.dir / "r.html", names=True).read_text(encoding="utf-8")
    harmless = build_report(loaded, loaded.workspace.dir / "r.html", names=False).read_text(encoding="utf-8")

    # the page with names also says that it holds some; how many names fit on the map depends on them
    assert set(Tags(hostile).found) - set(Tags(harmless).found) == {("code", ())}
    scripts = re.findall(r'<script type="application/[a-z-]+" id="[\w-]+">(.*?)</script>', hostile, re.DOTALL)
    json.loads(scripts[0])
    assert len(scripts) > 3
    assert [script for script in scripts if "<" in script] == []


def test_the_tables_for_people_hold_no_formula_and_give_the_names_back(line, tmp_path):
    loaded, names, result = line
    connector = connect(loaded)
    scored = run_score(
        RunContext(
            connector, workspace_of(loaded), load_model(loaded), fields("full"), options_from(loaded), NullProgress()
        ),
        [],
    )
    connector.close()
    [path] = export_scores(scored, tmp_path / "scores.csv")
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))
    written = list(
        csv.reader(
            io.StringIO((loaded.workspace.dir / "files" / "accounts_scores.csv").read_bytes().decode(), newline="")
        )
    )
    name, stream, identity = (rows[0].index(column) for column in ("name", "stream", "id"))

    numeric = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
    for row in [*rows[1:], *written[1:]]:
        assert not any(
            cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\0")) and not numeric.fullmatch(cell)
            for cell in row
        )
    told = {row[identity]: unguard(row[name]) for row in rows[1:] if row[stream] == "accounts"}
    assert told == {i: name for i, name in read(names).items() if i in told}
    assert len(told) == result.scored["accounts"]


@pytest.mark.slow
def test_terminal_and_json_hold_no_control_character(line):
    loaded, names, result = line
    scored = pq.read_table(result.scores_dir / "accounts.parquet", columns=["id"]).column("id").to_pylist()
    nasty = next(i for i in scored if "\x1b" in names[i])
    config = str(loaded.workspace.dir.parent / "bothways.toml")
    for words in (("explain", nasty), ("explain", nasty, "--json"), ("plan",), ("history", nasty)):
        done = subprocess.run(
            [sys.executable, "-c", "from sync.cli.app import main; main()", *words, "--config", config],
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        for stream in (done.stdout, done.stderr):
            text = stream.decode("utf-8")
            assert not [char for char in text if (ord(char) < 32 and char not in "\n\t") or 0x7F <= ord(char) < 0xA0]


@given(text=st.one_of(st.sampled_from(TEXTS), st.text(st.characters(), max_size=40)))
@settings(max_examples=200)
def test_a_terminal_gets_no_control_character_whatever_the_text(text):
    shown = printable(text)

    assert not [char for char in shown if (ord(char) < 32 and char not in "\n\t") or 0x7F <= ord(char) < 0xA0]
    shown.encode("utf-8")


@given(text=st.one_of(st.sampled_from(TEXTS), st.text(st.characters(codec="utf-8"), max_size=40)))
@settings(max_examples=200)
def test_a_cell_for_people_is_guarded_and_one_for_the_bulk_api_is_exact(text):
    assert unguard(guard(text)) == text
    assert not guard(text).startswith(("=", "+", "-", "@", "\t", "\r", "\0", "\n"))

    sent = ingest_csv(["Id", "Reason"], [{"Id": "001", "Reason": text}])
    [_, row] = list(csv.reader(io.StringIO(sent.decode("utf-8"), newline="")))
    assert row[1] == " ".join(text.splitlines())
    assert sent.count(b"\n") == 2


def test_no_file_of_ours_is_written_by_a_writer_without_a_name():
    """A CSV writer is used where its kind is known, nowhere else."""
    root = Path(__file__).parents[3]
    used = {
        str(path.relative_to(root))
        for package in ("connectors", "sync", "config", "enrichment")
        for path in (root / package).rglob("*.py")
        if "emulator" not in path.parts and re.search(r"csv\.writer\(|write_csv\(|DictWriter\(", path.read_text())
    }

    assert used == {
        "connectors/file/output_files.py",
        "connectors/salesforce/api/bulk_jobs.py",
        "sync/cli/run.py",
        "sync/report/export.py",
        "sync/report/plan.py",
    }
