"""A real PostgreSQL server of our own: a fresh cluster in a temporary folder, on a Unix socket, as a user that is not
root.
"""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import sqlalchemy as sa


@functools.cache
def programs() -> Path | None:
    """The folder of initdb, pg_ctl and postgres: Debian's newest, else where the PATH leads."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def missing() -> str:
    """Empty when a server can be started here; else why not."""
    if programs() is None:
        return "no PostgreSQL server here: bench/install_faults.sh gets it"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed: make check-all does"
    return ""


@dataclass
class Server:
    """A running server. `url` of a fresh database each time it is asked for."""

    folder: Path
    user: str
    numbers: Iterator[int] = field(default_factory=count)

    def ctl(self, *words: str) -> None:
        """Runs pg_ctl on the cluster and waits for it."""
        self._as_user("pg_ctl", "-D", str(self.folder / "data"), "-w", "-s", *words)

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off"
        self.ctl("start", "-o", options, "-l", str(self.folder / "log"))

    def revive(self) -> None:
        """Starts it if it is down."""
        if not (self.folder / "data" / "postmaster.pid").exists():
            self.start()

    def crash(self) -> None:
        """As a kill of the server would: connections break, nothing is written out, it recovers when it starts."""
        self.ctl("stop", "-m", "immediate")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://{self.user}@/{database}?host={self.folder}"

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"state{next(self.numbers)}"
        engine = sa.create_engine(self.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"create database {name}")
        engine.dispose()
        return self.url(name)

    def _as_user(self, program: str, *words: str) -> None:
        found = programs()
        assert found is not None
        subprocess.run(
            [str(found / program), *words],
            user=self.user if os.geteuid() == 0 else None,
            group=pwd.getpwnam(self.user).pw_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )


@contextmanager
def server() -> Iterator[Server]:
    """Starts a cluster; stops and removes it."""
    user = pwd.getpwuid(os.geteuid()).pw_name if os.geteuid() else _other_user()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # not under pytest's folder: another user may not enter that
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        made = Server(folder, user)
        made._as_user("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", user, "-N", "--no-instructions")
        made.start()
        try:
            yield made
        finally:
            made.revive()
            made.crash()
    finally:
        shutil.rmtree(folder)


def _other_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
