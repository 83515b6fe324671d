"""Forgets: a person, an account, or everything older than the retention.

A person or account is taken out of all that was landed, out of scores, plans, dead letters and the journal, and is kept
out of what is read from now on (by a digest of the id; the id itself is not kept). In the CRM nothing is changed: erase
there what has to be erased there.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from connectors.errors import ConfigError
from connectors.records import Stream
from sync.options import Workspace
from sync.privacy.retention import forget_old, shrink
from sync.privacy.suppression import Out, kept_out, strip, strip_gone
from sync.state import flags as holds
from sync.state.damage import ACCEPTED, SET_ASIDE
from sync.state.database import State, open_state
from sync.state.lock import run_lock, server_lock
from sync.state.tables import confirmed, dead_letters, journal, marks, parts, runs
from sync.system import checksums
from sync.system import files as durable

RETENTION = timedelta(days=30)
"""How long what was written can be looked up and taken back."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What was forgotten: records, rewritten files of pulled records, files and folders removed, rows of the state."""

    records: int = 0
    rewritten: int = 0
    removed: int = 0
    rows: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"schema": 1, **asdict(self)}


def purge_record(
    workspace: Workspace, crm: str, *, person: str | None = None, account: str | None = None, preview: bool = False
) -> Purged:
    """Forgets a person (by id or e-mail address) or an account (by id), for good; `preview` only counts what is known
    of it.

    Raises ConfigError when no such person is known by e-mail; LockHeld, StateError.
    """
    with _opened(workspace) as (state, folder):
        ids = _ids(folder, crm, person, account)
        return _known(state, folder, crm, ids) if preview else _forget(state, folder, crm, ids)


def forget_erased(state: State, folder: Path, crm: str) -> Purged:
    """Forgets, at the start of a run, whom the CRM said to be erased for privacy since the last one: records that are
    marked and already kept out. The run lock must be held.
    """
    query = sa.select(marks.c.stream, marks.c.record_id).where(marks.c.crm == crm)
    with state.engine.connect() as connection:
        marked = connection.execute(query).all()
    out = kept_out(state, crm)
    erased = sorted((m.stream, m.record_id) for m in marked if holds.digest(m.record_id) in out.get(m.stream, ()))
    return _forget(state, folder, crm, erased, copies=False) if erased else Purged()


def purge_old(workspace: Workspace, crm: str, retention: timedelta = RETENTION, *, preview: bool = False) -> Purged:
    """Forgets runs that ended before the retention: their journal, scores and plans, and old damaged states set aside;
    `preview` only counts. Raises LockHeld, StateError."""
    with _opened(workspace) as (state, folder):
        before = datetime.now(UTC) - retention
        rows, removed = forget_old(state, folder, crm, before, undecided=True, preview=preview)
        if not preview:
            shrink(state, wipe=True)
        return Purged(0, 0, removed, rows)


def _forget(state: State, folder: Path, crm: str, named: list[tuple[Stream, str]], *, copies: bool = True) -> Purged:
    """`copies`: also states that are kept aside, damaged ones too; a person asked for that, a run must not."""
    ids = [*named, *((stream, i) for stream in {s for s, _ in named} for i in _merged_into(folder, crm, stream, named))]
    for stream, record_id in ids:
        holds.keep_out(state, crm, stream, record_id)
    out: Out = {s: frozenset(holds.digest(i) for t, i in ids if t == s) for s in {s for s, _ in ids}}
    gone = [i for s, i in ids if s == "accounts"]
    deals = _of_account(folder, crm, gone)
    rewritten = sum(_rewrite(state, folder, landed_as, out) for landed_as in (crm, f"{crm}-score"))
    keys = [("accounts", i) for i in gone] + [("opportunities", i) for i in deals]
    removed = _forget_derived(state, folder, {i for _, i in keys})
    removed += sum(_remove(path) for path in _copies(folder)) if copies else 0
    rows = sum(_forget_rows(state, crm, stream, record_id) for stream, record_id in {*ids, *keys})
    shrink(state, wipe=True)
    return Purged(len(named), rewritten, removed, rows)


def _merged_into(folder: Path, crm: str, stream: Stream, named: list[tuple[Stream, str]]) -> list[str]:
    """Records that were merged into the named ones, at any remove: their rows may still lie beside the survivor's."""
    survivors: dict[str, str] = {}
    for path in _landed(folder, crm, stream, "gone"):
        table = pq.read_table(path, columns=["id", "survivor"], partitioning=None)
        pairs = zip(table.column("id").to_pylist(), table.column("survivor").to_pylist(), strict=True)
        survivors |= {lost: kept for lost, kept in pairs if kept is not None and kept != lost}
    merged_ids = {i for s, i in named if s == stream}
    start = set(merged_ids)
    while more := {lost for lost, kept in survivors.items() if kept in merged_ids} - merged_ids:
        merged_ids |= more
    return sorted(merged_ids - start)


class _opened:  # noqa: N801  (a context manager by class: it holds three others open)
    """The state of a workspace with the run lock held."""

    def __init__(self, workspace: Workspace) -> None:
        if not workspace.dir.is_dir():
            raise ConfigError(
                f"There is no workspace at {workspace.dir}.", remedy="Check workspace.dir in the settings."
            )
        self._workspace = workspace

    def __enter__(self) -> tuple[State, Path]:
        from contextlib import ExitStack

        with ExitStack() as stack:
            stack.enter_context(run_lock(self._workspace.dir))
            state = stack.enter_context(closing(open_state(self._workspace.dir, self._workspace.state_url)))
            stack.enter_context(server_lock(state))
            self._held = stack.pop_all()
        return state, self._workspace.dir

    def __exit__(self, *exc: object) -> None:
        self._held.close()


def _ids(folder: Path, crm: str, person: str | None, account: str | None) -> list[tuple[Stream, str]]:
    if (person is None) == (account is None):
        raise ConfigError("Say whom to forget.", remedy="Give --person, --account or --older-than.")
    if account is not None:
        return [("accounts", account)]
    assert person is not None
    if "@" not in person:
        return [("people", person), ("users", person)]
    same_person: set[tuple[Stream, str]] = set()
    streams: tuple[Stream, ...] = ("people", "users")
    for stream in streams:
        for path in _landed(folder, crm, stream):
            table = pq.read_table(path, columns=["id", "email"], partitioning=None)
            hit = table.filter(pc.equal(pc.utf8_lower(table.column("email")), person.strip().lower()))
            same_person |= {(stream, i) for i in hit.column("id").to_pylist()}
    if not same_person:
        raise ConfigError(
            f"Nobody with the address {person} is in this workspace.", remedy="Or give the id of the CRM."
        )
    return sorted(same_person)


def _known(state: State, folder: Path, crm: str, ids: list[tuple[Stream, str]]) -> Purged:
    """What a purge of records would touch: files that name them, and rows of the state."""
    wanted = {record_id for _, record_id in ids}
    gone = [i for s, i in ids if s == "accounts"]
    keys = {*ids, *(("opportunities", i) for i in _of_account(folder, crm, gone))}
    names = pa.array(sorted(wanted), pa.string())
    files = 0
    for path in sorted((folder / "landing").glob("*/*/gen-*/part-*")):
        if path.parents[2].name in (crm, f"{crm}-score"):
            table = pq.read_table(path, partitioning=None)
            files += any(_names(table.column(name), names) for name in table.column_names)
    with state.engine.connect() as connection:
        rows = sum(
            connection.execute(
                sa.select(sa.func.count()).where(
                    (t.c.crm == crm) & (t.c.stream == stream) & (t.c.record_id == record_id)
                )
            ).scalar_one()
            for t in (journal, confirmed, dead_letters, marks)
            for stream, record_id in keys
        )
    return Purged(len(ids), files, 0, rows)


def _names(column: pa.ChunkedArray, wanted: pa.Array) -> bool:
    if pa.types.is_list(column.type):
        column = pc.list_flatten(column)
    return column.type == pa.string() and bool(pc.any(pc.is_in(column, wanted)).as_py())


def _landed(folder: Path, crm: str, stream: str, kind: str = "part") -> list[Path]:
    folders = (folder / "landing" / name / stream for name in (crm, f"{crm}-score"))
    return [path for of_stream in folders for path in sorted(of_stream.glob(f"gen-*/{kind}-*"))]


def _of_account(folder: Path, crm: str, accounts: list[str]) -> list[str]:
    opportunities: set[str] = set()
    for path in _landed(folder, crm, "opportunities") if accounts else ():
        table = pq.read_table(path, columns=["id", "account_id"], partitioning=None)
        opportunities |= set(
            table.filter(pc.is_in(table.column("account_id"), pa.array(accounts, pa.string()))).column("id").to_pylist()
        )
    return sorted(opportunities)


def _rewrite(state: State, folder: Path, landed_as: str, out: Out) -> int:
    """Takes them out of the landed parts; returns how many files were rewritten."""
    count = 0
    query = sa.select(parts).where((parts.c.crm == landed_as) & parts.c.kind.in_(["part", "gone"]))
    with state.engine.begin() as connection:
        for row in connection.execute(query).all():
            path = folder / "landing" / landed_as / row.stream / f"gen-{row.generation:04d}" / row.name
            if not path.is_file():
                continue
            table = pq.read_table(path, partitioning=None)
            less = (strip if row.kind == "part" else strip_gone)(table, row.stream, out)
            if less.equals(table):
                continue
            size = durable.put(path, lambda to, t=less: pq.write_table(t, to))  # type: ignore[misc]
            mine = [parts.c[key.name] == getattr(row, key.name) for key in parts.primary_key]
            connection.execute(
                parts.update().where(sa.and_(*mine)).values(rows=less.num_rows, bytes=size, sha256=checksums.of(path))
            )
            count += 1
    return count


def _forget_derived(state: State, folder: Path, ids: set[str]) -> int:
    """Tables that every run makes anew go; of scores and plans, the rows."""
    removed = sum(
        _remove(folder / name)
        for name in ("normalized", "normalized.tmp", "settled", "tmp")
        if (folder / name).exists()
    )
    for path in (*(folder / "scores").glob("*/*.parquet"), *(folder / "plans").glob("*.parquet")) if ids else ():
        table = pq.read_table(path, partitioning=None)
        name = "record_id" if "record_id" in table.schema.names else "id"
        hit = pc.is_in(table.column(name), pa.array(sorted(ids), pa.string()))
        if pc.any(hit).as_py():
            less = table.filter(pc.invert(hit))
            durable.put(path, lambda to, t=less: pq.write_table(t, to))  # type: ignore[misc]
            removed += 1
            _seal(state, path)
    return removed


def _seal(state: State, path: Path) -> None:
    """What was rewritten on purpose is not damaged."""
    if path.parent.name != "plans":
        checksums.seal_folder(path.parent)
        return
    with state.engine.begin() as connection:
        mine = (runs.c.plan_path == str(path)) & runs.c.plan_sha256.is_not(None)
        connection.execute(runs.update().where(mine).values(plan_sha256=checksums.of(path)))


def _forget_rows(state: State, crm: str, stream: str, record_id: str) -> int:
    with state.engine.begin() as connection:
        return sum(
            connection.execute(
                table.delete().where(
                    (table.c.crm == crm) & (table.c.stream == stream) & (table.c.record_id == record_id)
                )
            ).rowcount
            for table in (journal, confirmed, dead_letters, marks)
        )


def _copies(folder: Path) -> list[Path]:
    """Other states that are kept: damaged ones, accepted ones, and those of an older version."""
    return [p for kind in (SET_ASIDE, ACCEPTED, ".version-") for p in folder.glob(f"state.sqlite{kind}*")]


def _remove(path: Path) -> int:
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    return 1
