"""Normalises what was landed into the tables that scoring reads (`enrichment.inputs`), and what the CRM holds of ours.

Newest version of each record, deletes dropped, merges followed, ids turned into dense integer keys in the order of the
ids, every act attributed to one account. Sorted throughout: the result does not depend on the order in which pages
came. A reference to a record that is not there becomes null and is counted; nothing here fails for a record's sake.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from connectors.base import Organisation, PropertySpec, Reject
from connectors.records import SCHEMAS, TIME, Stream, schema
from enrichment.inputs import INPUTS
from sync.land import time_zones as zones
from sync.land.attribution import ACTS, WHO
from sync.land.cycles import ends
from sync.land.latest import KEYED, make_live
from sync.land.queries import COUNTS, DANGLING, HELD, TABLES
from sync.pull.landing import Files
from sync.system import files as durable
from sync.system.duckdb import Session, fill, load, number, session, write_parquet


@dataclass(frozen=True, slots=True)
class Normalized:
    """The normalized tables of a run (`<name>.parquet`, `held_<stream>.parquet`) and what was found on the way."""

    folder: Path
    rows: Mapping[str, int]
    left_out: Mapping[str, int]
    """How many were left out, by reason; `dangling_<stream>.<column>` counts references to nothing."""
    rejects: tuple[Reject, ...] = field(default=())

    def table(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def held(self, stream: Stream) -> Path:
        return self.folder / f"held_{stream}.parquet"


def normalize(
    files: Mapping[Stream, Files],
    workspace: Path,
    owned: Sequence[PropertySpec],
    organisation: Organisation,
    read_at: datetime,
) -> Normalized:
    """Makes `<workspace>/normalized/` anew from the landed files, which were read by `read_at`."""
    shutil.rmtree(workspace / "settled", ignore_errors=True)  # the name up to version 0.1: it holds the same customers
    fresh, final = workspace / "normalized.tmp", workspace / "normalized"
    shutil.rmtree(fresh, ignore_errors=True)
    durable.make_dir(fresh)
    columns = {stream: schema(stream, owned) for stream in SCHEMAS}
    with session(workspace / "tmp") as connection:
        left_out, rejects = make_live(connection, files, columns)
        _settings(connection, organisation, read_at)
        rejects += _families(connection)
        for step in (*WHO, *ACTS):
            connection.execute(step)
        rows = {
            name: write_parquet(connection, fresh / f"{name}.parquet", query, INPUTS[name], order)
            for name, (query, order) in TABLES.items()
        }
        for stream, query in HELD.items():
            held = [f for f in columns[stream] if f.name not in SCHEMAS[stream].names]  # type: ignore[index]
            shape = pa.schema([("id", pa.string()), ("account_id", pa.string()), *((f.name, f.type) for f in held)])
            write_parquet(connection, fresh / f"held_{stream}.parquet", query, shape, "id")
        left_out |= {reason: number(connection, query) for reason, query in COUNTS.items()} | _dangling(connection)
    durable.replace_dir(fresh, final)
    return Normalized(final, rows, {k: v for k, v in left_out.items() if v}, tuple(rejects))


def _settings(connection: Session, organisation: Organisation, read_at: datetime) -> None:
    known = sorted(zones.known_zones() & {r[0] for r in connection.execute("FROM pg_timezone_names()").fetchall()})
    countries = sorted((c, z) for c, z in zones.country_zones().items() if z in set(known))
    house = organisation.time_zone if organisation.time_zone in known else "UTC"
    domains = sorted({d.strip().lower().removeprefix("@") for d in organisation.own_domains})
    for name, table in {
        "known_zone": pa.table({"zone": pa.array(known, pa.string())}),
        "country_zone": pa.table({"country": [c for c, _ in countries], "zone": [z for _, z in countries]}),
        "house": pa.table({"zone": [house], "read_at": pa.array([read_at], TIME)}),
        "own_domains": pa.table({"domain": pa.array(domains, pa.string())}),
    }.items():
        load(connection, name, table)


def _families(connection: Session) -> list[Reject]:
    """Makes `family(account, parent, family)`; a circle of parents is cut and reported."""
    pairs = connection.execute(
        "SELECT c.key, p.key FROM live_accounts a JOIN ref_accounts c USING (id) JOIN ref_accounts p ON p.id = "
        "a.parent_id"
    ).fetchall()
    parents = {int(child): int(parent) for child, parent in pairs}
    family, circles = ends(parents)
    heads = {circle[0] for circle in circles}  # a circle is cut above its smallest member
    rows = sorted((c, None if c in heads else p, family[c]) for c, p in parents.items())
    load(
        connection,
        "family",
        pa.table(
            {
                name: pa.array([row[i] for row in rows], pa.int64())
                for i, name in enumerate(("account", "parent", "family"))
            }
        ),
    )
    names = dict(
        connection.execute("SELECT r.key, a.id FROM live_accounts a JOIN ref_accounts r USING (id)").fetchall()
        if circles
        else []
    )
    return [
        Reject(
            "accounts",
            names[circle[0]],
            "parent_id",
            f"Parents turn in a circle ({' -> '.join(names[a] for a in circle)}); {names[circle[0]]} is taken as "
            f"the top.",
        )
        for circle in circles
    ]


def _dangling(connection: Session) -> dict[str, int]:
    dangling = {}
    for stream, columns in SCHEMAS.items():
        for column in columns:
            target = (column.metadata or {}).get(b"ref", b"").decode()
            if target in KEYED and column.type == pa.string():
                query = fill(DANGLING, live=f"live_{stream}", ref=f"ref_{target}", column=column.name)
                dangling[f"dangling_{stream}.{column.name}"] = number(connection, query)
    return dangling
