"""Keeps a workspace small: what is older than the retention goes, after every sync and by `purge --older-than`.

Kept whatever their age: a write without an answer (it must be sent again), the scores of the last finished sync (the
next one compares with them), and a damaged state about which nobody has decided.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from sync.state.damage import ACCEPTED, SET_ASIDE
from sync.state.database import State
from sync.state.tables import generations, journal, parts, pulls, runs
from sync.system.times import format_time

_KEEP = 12
"""Score folders and plans of this many runs are kept."""
_ROOMY = 4 * 2**20
"""Bytes of free pages in the state file above which it is made smaller, when they are a third of it."""


def forget_old(
    state: State, folder: Path, crm: str, before: datetime, *, undecided: bool = False, preview: bool = False
) -> tuple[int, int]:
    """Forgets runs of a CRM that ended before, with their journal, scores and plans, landing of other CRMs that nothing
    was added to since, and old copies of the state (`undecided`: also damaged ones). Gives the rows and the files
    removed; `preview` only counts them.
    """
    names, keep, rows = _forget_rows(state, crm, before, preview=preview)
    old = [p for p in (*folder.glob("scores/*"), *folder.glob("plans/*")) if _is_old(p, names, keep, before)]
    kinds = (ACCEPTED, ".version-", *((SET_ASIDE,) if undecided else ()))
    copies = [p for kind in kinds for p in folder.glob(f"state.sqlite{kind}*")]
    old += [p for p in copies if p.stat().st_mtime < before.timestamp()]
    unused = [p for p in folder.glob("landing/*") if p.name not in (crm, f"{crm}-score") and not _used_since(p, before)]
    unused += [p for p in folder.glob(f"landing/{crm}-score") if not _used_since(p, before)]
    if preview:
        return rows, len(old) + len(unused)
    for path in unused:
        rows += _forget_landing(state, path.name)
    return rows, remove_all([*old, *unused])


def prune(state: State, folder: Path, crm: str, before: datetime, keep: Collection[str]) -> None:
    """Forgets what ended `before`, and of scores and plans all but the last twelve and those of the runs `keep`."""
    for name, suffix in (("scores", ""), ("plans", ".parquet")):
        newest_first = sorted((folder / name).glob(f"*{suffix}"), key=lambda path: path.name, reverse=True)
        remove_all(old for old in newest_first[_KEEP:] if old.name.removesuffix(suffix) not in keep)
    forget_old(state, folder, crm, before)
    shrink(state)


def remove_all(paths: Iterable[Path]) -> int:
    """Removes files and folders; returns how many."""
    count = 0
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        count += 1
    return count


def shrink(state: State, *, wipe: bool = False) -> None:
    """Gives free pages of the state file back to the disk when they are many; `wipe`: in any case, so that what was
    deleted does not linger in them.
    """
    if state.path is None:
        return
    with state.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        free, pages, size = (
            int(connection.exec_driver_sql(f"pragma {name}").scalar_one())
            for name in ("freelist_count", "page_count", "page_size")
        )
        if wipe or (free * size > _ROOMY and 3 * free > pages):
            connection.exec_driver_sql("vacuum")
            connection.exec_driver_sql("pragma wal_checkpoint(truncate)")


def _forget_rows(state: State, crm: str, before: datetime, *, preview: bool) -> tuple[list[str], str | None, int]:
    last = (
        sa.select(runs.c.run_id)
        .where((runs.c.crm == crm) & (runs.c.kind == "sync") & (runs.c.status == "finished"))
        .order_by(runs.c.ended_at.desc())
        .limit(1)
    )
    old = sa.select(runs.c.run_id).where((runs.c.crm == crm) & (runs.c.ended_at < format_time(before)))
    with state.engine.connect() as connection, connection.begin() as transaction:
        keep: str | None = connection.execute(last).scalar_one_or_none()
        names = [name for name in connection.execute(old).scalars() if name != keep]
        rows = 0
        for table in (journal, pulls, runs):
            for name in names:
                # A row without an answer must be sent again, however old it is.
                sent = (table.c.status == "unknown") if table is journal else sa.false()
                rows += connection.execute(table.delete().where((table.c.run_id == name) & ~sent)).rowcount
        if preview:
            transaction.rollback()
    return names, keep, rows


def _is_old(path: Path, names: list[str], keep: str | None, before: datetime) -> bool:
    run_id = path.name.removesuffix(".parquet")
    known = run_id in names or any(run_id.startswith(f"{name}-") for name in names)
    return known or (path.stat().st_mtime < before.timestamp() and run_id != keep)


def _used_since(landing: Path, before: datetime) -> bool:
    return any(path.stat().st_mtime >= before.timestamp() for path in landing.rglob("*"))


def _forget_landing(state: State, landed_as: str) -> int:
    with state.engine.begin() as connection:
        return sum(
            connection.execute(table.delete().where(table.c.crm == landed_as)).rowcount
            for table in (parts, generations)
        )
