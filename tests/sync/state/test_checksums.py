"""Files of a workspace that were changed on the disk: read again, made again or refused, never taken for what was
written.
"""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from fake_crm import FakeConnector
from scorer import SPECS

from connectors.errors import QuotaReached
from sync.errors import PullIncomplete
from sync.pull.landing import Landing
from sync.state import tables
from sync.state.database import open_state
from sync.system import checksums

NAMES = [spec.name for spec in SPECS]


def flip(path, place=-1):
    whole = bytearray(path.read_bytes())
    whole[place if place >= 0 else len(whole) // 2] ^= 1
    path.write_bytes(bytes(whole))


def test_a_stream_whose_part_was_changed_is_read_again(crm, workspace, sync):
    sync(FakeConnector(crm, SPECS))
    (part,) = (workspace.dir / "landing/fake/opportunities").glob("gen-*/part-*")
    flip(part)
    connector = FakeConnector(crm, SPECS)
    before = crm.held(NAMES)
    assert sync(connector).changed == 0
    assert dict(connector.reads)["opportunities"] is None
    assert dict(connector.reads)["accounts"] is not None
    assert crm.held(NAMES) == before


def test_a_part_that_is_changed_after_the_pull_is_not_scored(crm, workspace, sync):
    sync(FakeConnector(crm, SPECS))
    state = open_state(workspace.dir)
    landing = Landing(workspace.dir, "fake", state, SPECS)
    assert landing.files("accounts").records
    flip(landing.files("accounts").records[0])
    with pytest.raises(PullIncomplete, match="no longer on disk as it was written"):
        landing.files("accounts")
    assert landing.files("rivals").records == ()
    state.close()


def test_a_plan_that_was_changed_is_not_sent_but_made_again(crm, workspace, sync):
    connector = FakeConnector(crm, SPECS, write_workers=1)
    connector.fail_calls = [None, QuotaReached("the day is over")]
    first = sync(connector)
    assert first.exit_code == 7
    flip(first.plan_path)
    again = sync(FakeConnector(crm, SPECS))
    assert (again.resumed, again.exit_code) == (False, 0)
    assert sync(FakeConnector(crm, SPECS)).changed == 0


def test_scores_that_were_changed_do_not_stand_for_the_run_before(crm, workspace, sync, capsys):
    first = sync(FakeConnector(crm, SPECS))
    flip(first.scores_dir / "accounts.parquet")
    assert not checksums.folder_holds(first.scores_dir)
    capsys.readouterr()
    again = sync(FakeConnector(crm, SPECS))
    assert "are damaged; the stances in the CRM stand for them" in capsys.readouterr().err
    assert again.changed == 0
    state = open_state(workspace.dir)
    with state.engine.connect() as connection:
        previous = connection.execute(
            sa.select(tables.runs.c.previous_dir).where(tables.runs.c.run_id == again.run_id)
        ).scalar_one()
    state.close()
    assert previous is None
    assert pq.read_table(again.scores_dir / "accounts.parquet").num_rows == 12


def test_sums_are_those_of_coreutils(tmp_path):
    import shutil
    import subprocess

    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    checksums.seal_folder(tmp_path)
    assert checksums.folder_holds(tmp_path)
    if shutil.which("sha256sum"):
        assert subprocess.run(["sha256sum", "-c", "--quiet", checksums.SUMS], cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "b").unlink()
    assert not checksums.folder_holds(tmp_path)
