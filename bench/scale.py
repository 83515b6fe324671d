"""An organisation of millions of activities, scored on DuckDB and compared with the plain-Python reference.

    .venv/bin/python bench/scale.py --accounts 200000                    1,052,000 deals, 8,570,000 activities

A random organisation of the tests (`tests/oracle/randomly.py`) of BLOCK accounts is repeated until there are so many:
the copies have calendar, industries and currencies in common, and nothing else, so that medians, means and ranks are
those of one. The reference scores one copy, told how many there are; it is compared with the first, one in the middle
and the last copy field by field, and all copies with each other, to 1e-9. Prints the first differences and exits 1 when
there are any.

Seconds and peak memory are those of a process that does nothing but score; `scan` is a bare group-by of the activities
in the same file, for the ratio.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from mutation_worker import ROOT, loaded

from enrichment.inputs import INPUTS, PREVIOUS
from enrichment.model import ScoringModel
from sync.enrich import OUTPUTS, score_tables
from sync.system.duckdb import identifier, literal

BLOCK = 200
SEED, BUSY = 7, 16.0
"""A book that records everything, with 43 acts an account."""
TOLERANCE = 1e-9
ORDER = {"accounts": "account", "activities": "account, activity"}
"""As `sync.land.normalize` sorts the two that are large or keyed by it."""
_SPACES = {
    "account": ("account", "parent", "family"),
    "person": ("person",),
    "opportunity": ("opportunity",),
    "case": ("case",),
    "thread": ("thread",),
    "activity": ("activity",),
    "user": ("owner", "seller_user"),
}
BEFORE = {
    "accounts": {
        "accounts": "stance AS bothways_stance, model_version AS bothways_model_version",
        "account_audit": "silence_known",
    },
    "opportunities": {
        "opportunities": "stance AS bothways_deal_stance, model_version AS bothways_deal_model_version",
    },
}
"""The files of the run before, by stream, and what they hold of the last decisions."""


def repeated(folder: Path, rows: dict[str, list[dict[str, Any]]], previous: Any, copies: int) -> None:
    """The normalized tables of so many copies in `normalized/`, and the stances of a run before in `before/`."""
    (folder / "normalized").mkdir(parents=True)
    (folder / "before").mkdir()
    tables = {name: pa.Table.from_pylist(rows[name], schema=schema) for name, schema in INPUTS.items()}
    strides = {space: 1 + max(_highest(tables, column) for column in columns) for space, columns in _SPACES.items()}
    with _database() as connection:
        for name, table in tables.items():
            connection.register("block", table)
            columns = ", ".join(_shifted(field, strides) for field in table.schema)
            times = 1 if name == "currency_rates" else copies
            order = f"ORDER BY {ORDER[name]}" if name in ORDER else ""
            query = f"SELECT {columns} FROM block, range({times}) r(copy) {order}"
            connection.execute(f"COPY ({query}) TO {literal(str(folder / 'normalized' / f'{name}.parquet'))}")
        for stream, columns in BEFORE.items():
            lines = [{"id": record, **line} for record, line in previous.get(stream, {}).items()]
            connection.register("block", pa.Table.from_pylist(lines, schema=PREVIOUS))
            for name, held in columns.items():
                query = f"SELECT id || '/' || copy AS id, {held} FROM block, range({copies}) r(copy)"
                connection.execute(f"COPY ({query}) TO {literal(str(folder / 'before' / f'{name}.parquet'))}")


def _database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    return connection


def _highest(tables: dict[str, pa.Table], column: str) -> int:
    values = [v for t in tables.values() if column in t.schema.names and t.schema.field(column).type == pa.int64()
              for v in t.column(column).to_pylist() if v is not None]  # fmt: skip
    return max(values, default=0)


def _shifted(field: pa.Field, strides: dict[str, int]) -> str:
    name = identifier(field.name)
    if field.name == "id":
        return f"{name} || '/' || copy AS {name}"
    space = next((space for space, columns in _SPACES.items() if field.name in columns), None)
    if space is None or field.type != pa.int64():
        return name
    return f"{name} + copy * {strides[space]} AS {name}"


def scored(folder: Path, as_of: Any, told: Any) -> None:
    """Scores and sends back seconds of wall, of processor, and peak MB."""
    begun = time.monotonic()
    score_tables(folder / "normalized", folder / "scores", as_of, ScoringModel(), folder / "before",
                 engine="duckdb", scratch=folder / "scratch")  # fmt: skip
    usage = resource.getrusage(resource.RUSAGE_SELF)
    # `ru_maxrss` begins with what the process had that started this one.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    told.send((time.monotonic() - begun, usage.ru_utime + usage.ru_stime, int(peak.split()[1]) / 1024))


def scan(folder: Path) -> float:
    """Processor seconds of the least that any scoring must do: read the activities once and group them."""
    before = time.process_time()
    with _database() as connection:
        path = literal(str(folder / "normalized" / "activities.parquet"))
        connection.execute(
            "SELECT account, direction, count(*), sum(minutes), max(occurred_at), count(person), sum(customer_people)"
            f" FROM {path} GROUP BY ALL"
        ).fetchnumpy()
    return time.process_time() - before


def unlike(folder: Path, copies: int) -> list[str]:
    """Fields in which some copy of a record differs from the others."""
    found = []
    with _database() as connection:
        for name in OUTPUTS:
            path = folder / "scores" / f"{name}.parquet"
            columns = [
                f for f in pq.read_schema(path) if f.name not in {"id", "account_id", *sum(_SPACES.values(), ())}
            ]
            tests = [_alike(field, copies) for field in columns]
            query = f"SELECT split_part(id, '/', 1) AS id, {', '.join(tests)} FROM {literal(str(path))} GROUP BY 1"
            for record, *alike in connection.execute(query).fetchall():
                found += [f"{name} {record} {f.name}" for f, same in zip(columns, alike, strict=True) if not same]
    return found


def _alike(field: pa.Field, copies: int) -> str:
    name = identifier(field.name)
    whole = f"count({name}) IN (0, {copies})"
    if pa.types.is_floating(field.type) or pa.types.is_decimal(field.type):
        return f"{whole} AND coalesce(max({name}) - min({name}) <= {TOLERANCE} * greatest(1, abs(max({name}))), true)"
    return f"{whole} AND count(DISTINCT {name}) <= 1"


def against_reference(folder: Path, reference: Any, agreement: Any, chosen: Sequence[int]) -> list[str]:
    """Where the chosen copies differ from what the reference says."""
    found = []
    pairs = (
        (reference.account_rows(), "accounts", "account_audit"),
        (reference.deal_rows(), "opportunities", "opportunity_audit"),
    )
    for mine, written, audit in pairs:
        for copy in chosen:
            theirs, audits = (_of_copy(folder / "scores" / f"{name}.parquet", copy) for name in (written, audit))
            for record in sorted(mine):
                lines = agreement.differences(mine[record], theirs[record], audits[record])
                found += [f"{record}/{copy} {line}" for line in lines]
    return found


def _of_copy(path: Path, copy: int) -> dict[str, dict[str, Any]]:
    with _database() as connection:
        query = f"SELECT * FROM {literal(str(path))} WHERE id LIKE '%/{copy}'"
        return {row["id"].split("/")[0]: row for row in connection.sql(query).to_arrow_table().to_pylist()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=20_000)
    copies = max(1, parser.parse_args().accounts // BLOCK)
    sys.path[:0] = [str(ROOT / "tests")]
    organisation = loaded("enrichment_organisation", ROOT / "tests/enrichment/organisation.py")
    agreement = loaded("test_agreement", ROOT / "tests/oracle/test_agreement.py")
    from oracle.randomly import Maker  # type: ignore[import-not-found]
    from oracle.reference import Reference  # type: ignore[import-not-found]

    as_of = organisation.AS_OF
    maker = Maker(SEED, as_of, accounts=BLOCK, deals=10, busy=BUSY)
    previous = maker.previous()
    folder = Path(tempfile.mkdtemp(prefix="bothways-scale-"))
    try:
        repeated(folder, maker.rows, previous, copies)
        counts = {n: len(maker.rows[n]) * copies for n in ("accounts", "opportunities", "activities")}
        print(", ".join(f"{count:,} {name}" for name, count in counts.items()), flush=True)
        here, there = multiprocessing.get_context("spawn").Pipe(duplex=False)
        process = multiprocessing.get_context("spawn").Process(target=scored, args=(folder, as_of, there))
        process.start()
        there.close()
        wall, cpu, peak = here.recv()
        process.join()
        floor = scan(folder)
        print(
            f"scored in {wall:.1f} s, {cpu:.1f} CPU s ({cpu / floor:.1f} times a scan of {floor:.1f}), peak "
            f"{peak:,.0f} MB",
            flush=True,
        )
        tables = {n: pa.Table.from_pylist(maker.rows[n], schema=s).to_pylist() for n, s in INPUTS.items()}
        reference = Reference(tables, as_of, ScoringModel(), previous, copies)
        chosen = sorted({0, copies // 2, copies - 1})
        found = [*unlike(folder, copies), *against_reference(folder, reference, agreement, chosen)]
        print(f"{len(found)} differences among {copies:,} copies and from the reference")
        print("\n".join(found[:20]))
        sys.exit(1 if found else 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
