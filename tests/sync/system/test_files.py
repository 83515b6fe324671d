"""Files that a person asked for: whole or not there, only in the place of an ordinary file."""

from __future__ import annotations

import os
import stat

import pytest

from connectors.errors import ConfigError, FatalError
from sync.system.files import put_output


def test_a_file_is_made_replaced_and_its_owners_only(tmp_path):
    path = tmp_path / "new" / "out.html"
    for text in ("one", "two"):
        assert put_output(path, lambda part, t=text: part.write_text(t) and None) == path
        assert path.read_text() == text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["out.html"]


@pytest.mark.parametrize("broken", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_breaks_leaves_the_old_file_and_nothing_else(tmp_path, broken):
    path = tmp_path / "out.html"
    path.write_text("old")

    def fails(part):
        part.write_text("customer data")
        raise broken

    with pytest.raises((FatalError, KeyboardInterrupt)):
        put_output(path, fails)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.html"]


def test_links_folders_and_devices_are_not_replaced(tmp_path):
    (tmp_path / "target").write_text("theirs")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "dangling", "folder", "pipe"):
        with pytest.raises(ConfigError, match=name):
            put_output(tmp_path / name, lambda part: None)
    with pytest.raises(ConfigError, match="is no ordinary file"):
        put_output(tmp_path.__class__("/dev/null"), lambda part: None)
    assert (tmp_path / "target").read_text() == "theirs"
