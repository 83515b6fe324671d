"""SQLite on network storage is refused by `bothways check`; the type of a file system is read as Linux tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.state import file_system as storage

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 22 0:50 / /srv/share rw,relatime shared:1 - {kind} server:/export rw,vers=4.2
41 40 254:1 / /srv/share/local rw - xfs /dev/vdb rw
42 22 0:51 / /srv/two\\040words rw - {kind} //server/two rw
"""


@pytest.fixture
def mounts(tmp_path: Path):
    def of(kind: str) -> Path:
        path = tmp_path / "mountinfo"
        path.write_text(MOUNTS.format(kind=kind))
        return path

    return of


@pytest.mark.parametrize("kind", ["nfs4", "nfs", "cifs", "smb3", "fuse.sshfs", "9p", "ceph"])
def test_a_state_on_network_storage_is_refused(mounts, kind):
    for folder in ("/srv/share/bothways/.bothways", "/srv/two words/ws"):
        (found,) = storage.findings(Path(folder), None, mounts(kind))
        assert (found.level, kind in found.message, "state_url" in found.remedy) == ("fail", True, True)


@pytest.mark.parametrize("folder", ["/srv/share/local/ws", "/srv/shared/ws", "/home/ws"])
def test_a_local_disk_below_or_beside_a_share_is_good(mounts, folder):
    assert [f.level for f in storage.findings(Path(folder), None, mounts("nfs4"))] == ["ok"]


def test_with_postgresql_the_workspace_may_be_anywhere(mounts):
    (found,) = storage.findings(Path("/srv/share/ws"), "postgresql+psycopg://db/x", mounts("nfs4"))
    assert found.level == "ok"


def test_the_file_system_of_this_machine_is_known(tmp_path):
    assert storage.file_system(tmp_path / "not" / "yet") not in (None, *storage.NETWORK)
