"""With PostgreSQL as the state database: what holds for SQLite holds there too, and for two machines that share one."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import postgres
import pytest
import sqlalchemy as sa
from case import CRMS, Case
from rows import told
from traced import provisioned, records_sent, run

from connectors.errors import AuthError, ConfigError, StateError
from sync.errors import StateUnavailable, exit_code
from sync.state import tables
from sync.state.database import open_state
from sync.state.journal import Journal
from sync.state.lock import server_lock

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(postgres.missing()), reason=postgres.missing())]

POINTS = ("pull.landed:2", "pull.committed:3", "plan.committed", "batch.unknown", "batch.sent", "batch.confirmed")


@pytest.fixture(scope="module")
def running() -> Iterator[postgres.Server]:
    with postgres.server() as made:
        yield made


@pytest.fixture
def server(running: postgres.Server) -> postgres.Server:
    running.revive()
    return running


def on(case: Case, url: str, *, folder: str = "workspace") -> Case:
    """The same CRM with its state in a database, as if on a machine of its own."""
    space = case.settings.workspace.model_copy(update={"dir": case.folder / folder, "state_url": url})
    path = case.folder / "bothways.toml"
    path.write_text(path.read_text().replace('dir = "workspace"', f'dir = "{folder}"\nstate_url = "{url}"'))
    return dataclasses.replace(case, settings=case.settings.model_copy(update={"workspace": space}))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run with SQLite leaves in each CRM."""
    found = {}
    for crm in CRMS:
        with provisioned(crm, tmp_path_factory.mktemp("clean") / crm) as case:
            assert case.sync().code == 0
            found[crm] = case.held()
    return found


@pytest.mark.parametrize("crm", CRMS)
def test_it_writes_what_sqlite_writes(crm: str, server: postgres.Server, undisturbed: Any, tmp_path: Path) -> None:
    with provisioned(crm, tmp_path / crm) as plain:
        case = on(plain, server.database())
        first = case.sync()
        assert (first.code, case.held()) == (0, undisturbed[crm]), first.said
        assert case.sync().result.written == 0
        assert not list(case.settings.workspace.dir.glob("state*"))


@pytest.mark.parametrize("crm", CRMS)
def test_killed_at_failpoints(crm: str, server: postgres.Server, undisturbed: Any, tmp_path: Path) -> None:
    with told("K1", "kill -9 at a failpoint, state in PostgreSQL", crm) as outcome:
        for point in POINTS:
            with provisioned(crm, tmp_path / point.replace(":", "")) as plain:
                case = on(plain, server.database())
                assert run(case, kill=point).killed, case.said
                ended = case.sync()
                assert (ended.code, ended.result.resumed, case.held()) == (0, True, undisturbed[crm]), ended.said
                assert case.sync().result.written == 0
                outcome.times += 1


def test_the_server_crashes_while_writing(
    server: postgres.Server, undisturbed: Any, tmp_path: Path, monkeypatch
) -> None:
    """A clear error that does not tell the password; the next run goes on, and repeats at most what was in flight."""
    real, sent = Journal.sending, []

    def crashing(self: Journal, run_id: str, rows: Any) -> None:
        real(self, run_id, rows)
        sent.append(len(rows))
        if len(sent) == 2:
            server.crash()

    with told("K1", "the PostgreSQL server crashes in the middle of a write", "hubspot") as outcome:
        with provisioned("hubspot", tmp_path / "crash") as plain:
            case = on(plain, server.database())
            with monkeypatch.context() as patch:
                patch.setattr(Journal, "sending", crashing)
                ended = case.sync()
            assert (ended.code, "state database" in ended.said) == (8, True), ended.said
            down = case.sync()
            assert (down.code, "state database" in down.said) == (8, True), down.said
            server.revive()
            ended = case.sync()
            assert (ended.code, ended.result.resumed, case.held()) == (0, True, undisturbed["hubspot"])
            assert records_sent(case) - ended.result.changed <= sum(sent)
            assert case.sync().result.written == 0
        outcome.times += 2


def test_two_machines_share_a_state(server: postgres.Server, undisturbed: Any, tmp_path: Path) -> None:
    """One works; the other ends at once with exit code 6, and may take over when the first has died."""
    with provisioned("salesforce", tmp_path / "two") as plain:
        url = server.database()
        first = on(plain, url, folder="first")
        second = on(plain, url, folder="second")
        state = open_state(first.settings.workspace.dir, url)
        with server_lock(state):
            calls = second.calls()
            assert (second.sync().code, second.calls()) == (6, calls)
        state.close()
        assert run(first, kill="batch.sent").killed
        ended = second.sync()
        assert (ended.code, second.held()) == (0, undisturbed["salesforce"]), ended.said
        assert first.sync().result.written == 0


def test_a_lock_that_the_server_lost_ends_the_run(server: postgres.Server, tmp_path: Path) -> None:
    """Its connection was cut: another machine may hold it by now, so no transaction is begun any more."""
    url = server.database()
    state = open_state(tmp_path, url)
    with server_lock(state):
        other = sa.create_engine(server.url(), isolation_level="AUTOCOMMIT")
        with other.connect() as connection:
            connection.exec_driver_sql(
                "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted"
            )
        other.dispose()
        with pytest.raises(StateUnavailable, match="state database"), state.engine.begin():
            raise AssertionError("a transaction was begun without the lock")
    state.close()


def test_a_state_of_a_newer_version_is_refused(server: postgres.Server, tmp_path: Path) -> None:
    url = server.database()
    state = open_state(tmp_path, url)
    with state.engine.begin() as connection:
        connection.execute(tables.meta.update().where(tables.meta.c.key == "version").values(value="99"))
    state.close()
    with pytest.raises(StateError, match="version 99"):
        open_state(tmp_path, url)


def test_a_state_without_a_column_is_refused_by_name(server: postgres.Server, tmp_path: Path) -> None:
    url = server.database()
    state = open_state(tmp_path, url)
    with state.engine.begin() as connection:
        connection.exec_driver_sql("alter table journal drop column message")
    state.close()
    with pytest.raises(StateError, match=r"journal\.message"):
        open_state(tmp_path, url)


def test_a_state_of_an_older_version_is_upgraded(server: postgres.Server, tmp_path: Path) -> None:
    url = server.database()
    state = open_state(tmp_path, url)
    with state.engine.begin() as connection:
        for name in tables.ADDED_COLUMNS:
            connection.exec_driver_sql("alter table {} drop column {}".format(*name.split(".")))
        connection.execute(tables.meta.update().where(tables.meta.c.key == "version").values(value="2"))
        connection.execute(tables.meta.insert().values(key="mark", value="ours"))
    state.close()
    state = open_state(tmp_path, url)
    with state.engine.connect() as connection:
        found = {row.key: row.value for row in connection.execute(tables.meta.select())}
    state.close()
    assert (found["mark"], found["version"]) == ("ours", str(tables.VERSION))


def test_an_outage_passes_and_a_refusal_does_not(server: postgres.Server, tmp_path: Path) -> None:
    """Exit codes 8, 4 and 2: only the first is worth another try without anybody's help."""
    url = server.database()
    nobody = url.replace(f"//{server.user}@", "//nobody-of-that-name@")
    nowhere = url.rsplit("?", 1)[0].rsplit("/", 1)[0] + "/no_such_database?" + url.rsplit("?", 1)[1]
    gone = "postgresql+psycopg://x@127.0.0.1:9/x"
    for address, kind, code in ((gone, StateUnavailable, 8), (nobody, AuthError, 4), (nowhere, ConfigError, 2)):
        with pytest.raises(kind) as caught:
            open_state(tmp_path, address)
        assert exit_code(caught.value) == code
        assert caught.value.remedy


def test_a_changed_file_is_noticed_with_the_state_on_a_server(
    server: postgres.Server, undisturbed: Any, tmp_path: Path
) -> None:
    """Checksums of landed parts and plans are in the state, wherever that is."""
    with provisioned("hubspot", tmp_path / "damage") as plain:
        case = on(plain, server.database())
        assert case.sync().code == 0
        landing = case.settings.workspace.dir / "landing"
        parts = sorted(landing.glob("*/*/gen-*/part-*"))
        for part in parts:
            whole = bytearray(part.read_bytes())
            whole[len(whole) // 2] ^= 1
            part.write_bytes(bytes(whole))
        assert case.sync().code == 0
        assert case.held() == undisturbed["hubspot"]
        assert not set(parts) & set(landing.glob("*/*/gen-*/part-*")), "each stream was read again"


def test_the_server_does_not_run_as_root(server: postgres.Server) -> None:
    assert os.stat(server.folder / "data").st_uid != 0 or os.geteuid() != 0
