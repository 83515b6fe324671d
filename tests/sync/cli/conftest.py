"""The command line as a person meets it: typed at a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time

import pytest

HIDDEN = "Service key"
"""The question whose answer is not shown: what is typed before the echo is off is thrown away."""
MAIN = [sys.executable, "-c", "from sync.cli.app import main; main()"]


@pytest.fixture
def typed():
    """Runs a command at a pseudo-terminal."""
    return _typed


def _typed(command, answers, cwd, **environment):
    """What a person sees who runs `bothways` with these arguments and gives these answers, each when its question (a
    part of it) is shown.
    """
    master, slave = pty.openpty()
    env = {k: v for k, v in os.environ.items() if not k.startswith("BOTHWAYS_")} | environment | {"TERM": "dumb"}
    process = subprocess.Popen(
        [*MAIN, *command], stdin=slave, stdout=slave, stderr=slave, cwd=cwd, env=env, close_fds=True
    )
    os.close(slave)
    seen, waiting, begun = "", list(answers), time.monotonic()
    read_to = 0
    while time.monotonic() - begun < 60:
        if select.select([master], [], [], 0.2)[0]:
            try:
                data = os.read(master, 4096)
            except OSError:
                break
            if not data:
                break
            seen += data.decode()
        hidden = not termios.tcgetattr(master)[3] & termios.ECHO
        if waiting and waiting[0][0] in seen[read_to:] and hidden == waiting[0][0].startswith(HIDDEN):
            read_to = len(seen)
            os.write(master, (waiting.pop(0)[1] + "\n").encode())
    os.close(master)
    process.wait(30)
    return seen, process.returncode
