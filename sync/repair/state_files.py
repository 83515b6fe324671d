"""Looks after the state file by hand: shows what there is, checks it, brings back what a damaged one knew, accepts the
loss.

A restore only ever adds. Rows whose seal holds are copied into the present state where it has none with that key, so it
works for a damaged file too, and nothing that was learned since is lost. What was pulled is not copied: it is read
again.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connectors.errors import ConfigError, StateError
from sync.options import Workspace
from sync.state import damage, seals, tables
from sync.state.database import open_state, state_path
from sync.state.lock import run_lock
from sync.system import checksums
from sync.system.checksums import SUMS

COPIED = ("meta", "runs", "journal", "confirmed", "dead_letters", "marks")
"""The tables that a restore brings back."""
_NOT_COPIED_KEYS = ("version",)


@dataclass(frozen=True, slots=True)
class StateFile:
    """One file of the state. `kind`: present, set aside, accepted, older version. `damage` is "" for a sound one."""

    name: str
    kind: str
    bytes: int
    version: int
    damage: str
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What `state show` and `state check` found; `damaged` names files of the workspace that a checksum refuses."""

    files: tuple[StateFile, ...]
    waiting: tuple[str, ...]
    damaged: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether the present state and all files that were checked are as they were written."""
        return not self.damaged and not any(f.kind == "present" and f.damage for f in self.files)

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {"schema": 1, "sound": self.sound, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Restored:
    """Rows that were added, by table; `unreadable` counts those that a seal or SQLite refused."""

    source: str
    added: dict[str, int]
    unreadable: int

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {"schema": 1, **asdict(self)}


def show(workspace: Workspace) -> Report:
    """The files of the state and what each is. Raises ConfigError where the state is not a file."""
    path = _path(workspace)
    kinds = {
        "present": [path] if path.exists() else [],
        "set aside": damage.aside(path),
        "accepted": damage.accepted(path),
        "older version": sorted(p for p in path.parent.glob(f"{path.name}.version-*") if p.suffix != ".tmp"),
    }
    files = tuple(_file(p, kind) for kind, found in kinds.items() for p in found)
    return Report(files, tuple(p.name for p in damage.aside(path)))


def check(workspace: Workspace) -> Report:
    """As `show`, and every file of landing, scores and plans against its checksum. Changes nothing."""
    report, path = show(workspace), _path(workspace)
    broken = [
        str(sums.parent.relative_to(workspace.dir)) for sums in sorted(workspace.dir.glob(f"scores/*/{SUMS}"))
        if not checksums.folder_holds(sums.parent)
    ]  # fmt: skip
    if path.exists() and not any(f.kind == "present" and f.damage for f in report.files):
        with closing(open_state(workspace.dir, purpose="read")) as state, state.engine.connect() as connection:
            t, r = tables.parts.c, tables.runs.c
            for row in connection.execute(sa.select(tables.parts).order_by(t.crm, t.stream, t.name)):
                part = workspace.dir / "landing" / row.crm / row.stream / f"gen-{row.generation:04d}" / row.name
                if row.sha256 is not None and not checksums.holds(part, row.sha256):
                    broken.append(str(part.relative_to(workspace.dir)))
            query = sa.select(r.plan_path, r.plan_sha256).where(r.plan_sha256.is_not(None))
            broken += [
                str(Path(row.plan_path).name)
                for row in connection.execute(query)
                if Path(row.plan_path).exists() and not checksums.holds(Path(row.plan_path), row.plan_sha256)
            ]
    return Report(report.files, report.waiting, tuple(broken))


def restore(workspace: Workspace, name: str | None = None) -> Restored:
    """Adds what a file that was set aside (default: the newest) or a backup knows to the present state.

    Raises ConfigError when there is no such file; LockHeld; StateError when the file or the present state cannot be
    used.
    """
    path = _path(workspace)
    waiting = damage.aside(path)
    if name is None and not waiting:
        raise ConfigError("No state was set aside.", remedy="Give the file of a backup, or see `bothways state show`.")
    source = waiting[-1] if name is None else _named(path, name)
    with run_lock(path.parent), closing(open_state(workspace.dir, purpose="run")) as state:
        added, unreadable = {}, 0
        with state.engine.begin() as connection, _reading(source) as old:
            connection.exec_driver_sql("begin immediate")
            for table in COPIED:
                rows, lost = _sound_rows(old, table)
                added[table] = sum(_add(connection, tables.metadata.tables[table], row) for row in rows)
                unreadable += lost
        if source in waiting:
            damage.move(source, _accepted_name(source))
    return Restored(source.name, added, unreadable)


def accept(workspace: Workspace, *, remove: bool = False) -> list[str]:
    """A person has decided that what was set aside is not needed: it is said no more. Gives the names of the files.

    They are kept under another name until `purge --older-than`, or removed. Raises LockHeld.
    """
    path = _path(workspace)
    with run_lock(path.parent):
        waiting = damage.aside(path)
        for file in waiting:
            damage.move(file, _accepted_name(file))
        for file in [*damage.accepted(path)] if remove else []:
            for suffix in ("", "-wal", "-shm"):
                file.with_name(file.name + suffix).unlink(missing_ok=True)
    return [file.name for file in waiting]


def _path(workspace: Workspace) -> Path:
    if workspace.state_url is not None:
        raise ConfigError(
            "The state of this workspace is in PostgreSQL.",
            remedy="Check, back up and restore it with the server's tools.",
        )
    path = state_path(workspace.dir)
    if not workspace.dir.is_dir():
        raise ConfigError(f"There is no workspace at {workspace.dir}.", remedy="Check workspace.dir in the settings.")
    return path


def _named(path: Path, name: str) -> Path:
    for found in (path.parent / name, Path(name)):
        if found.is_file() and found != path:
            return found
    raise ConfigError(f"There is no state file {name}.", remedy="`bothways state show` lists them.")


def _accepted_name(file: Path) -> Path:
    return file.with_name(file.name.replace(damage.SET_ASIDE, damage.ACCEPTED))


def _file(path: Path, kind: str) -> StateFile:
    try:
        checked = damage.check(path)
        rows = {} if checked.damage else _counts(path)
        return StateFile(path.name, kind, path.stat().st_size, checked.version, checked.damage, rows)
    except StateError as error:
        return StateFile(path.name, kind, path.stat().st_size, 0, str(error.args[0]))


def _counts(path: Path) -> dict[str, int]:
    with closing(damage.connect_reading(path)) as connection:
        there = {row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")}
        names = [table for table in COPIED if table in there]
        return {t: connection.execute(f"select count(*) from {t}").fetchone()[0] for t in names}  # noqa: S608


class _reading(closing[sqlite3.Connection]):  # noqa: N801
    def __init__(self, path: Path) -> None:
        try:
            connection = damage.connect_reading(path)
            connection.text_factory = bytes
            connection.row_factory = sqlite3.Row
            connection.execute("select count(*) from sqlite_master").fetchone()
        except sqlite3.DatabaseError as error:
            raise StateError(
                f"Nothing can be read from {path}: {error}.",
                remedy="Give a backup, or let it go with `bothways state accept`.",
            ) from error
        super().__init__(connection)


def _sound_rows(old: sqlite3.Connection, table: str) -> tuple[list[dict[str, Any]], int]:
    """The rows of a table whose seal holds, and how many others there are (one at least where reading broke off)."""
    sound: list[dict[str, Any]] = []
    lost = 0
    try:
        for row in old.execute(f"select * from {table}"):  # noqa: S608  one of ours
            values = {key: row[key] for key in sorted(row.keys())}
            crc = values.pop("crc", None)
            try:
                if "crc" in row.keys() and crc != seals.seal(*values.values()):  # noqa: SIM118  a row has no `in`
                    raise ValueError
                sound.append({k: v.decode() if isinstance(v, bytes) else v for k, v in values.items()})
            except ValueError:
                lost += 1
    except sqlite3.DatabaseError as error:
        lost += 0 if "no such table" in str(error) else 1
    return sound, lost


def _add(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> int:
    from sqlalchemy.dialects.sqlite import insert

    if table.name == "meta" and row.get("key") in _NOT_COPIED_KEYS:
        return 0
    known = {k: v for k, v in row.items() if k in table.columns}
    return connection.execute(insert(table).values(**known).on_conflict_do_nothing()).rowcount
