"""Streams that nobody reads, or that were closed, change neither what is done nor the exit code."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, sys
from sync.system import logs, streams
streams.make_robust()
logs.install()
import logging
for number in range(200):
    logs.write("warning", "a line " * 50)
    logging.getLogger("sync.x").warning("another")
with open(sys.argv[1], "w") as own:
    assert own.fileno() > 2
    print("a stray print " * 2000)
    sys.stderr.write("more")
sys.stdout.flush()
raise SystemExit(3)
"""


@pytest.mark.parametrize(
    "shape", ["{ %s; } 2>&1 | true", "%s 2>&-", "%s >&-", "%s <&-", "%s <&- >&- 2>&-", "%s 2>/dev/full"]
)
def test_the_exit_code_is_that_of_the_work(shape, tmp_path):
    kept = tmp_path / "kept"
    program = f"'{sys.executable}' -c \"$SCRIPT\" {kept}; echo $? > {tmp_path}/code"
    environment = {**os.environ, "SCRIPT": SCRIPT}
    environment["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
    line = shape.replace("%s;", f"{program};") if "%s;" in shape else shape.replace("%s", f"{{ {program}; }}", 1)
    subprocess.run(["sh", "-c", line], env=environment, check=False, stdout=subprocess.DEVNULL, timeout=120)
    assert (tmp_path / "code").read_text().strip() == "3"
    assert kept.read_text() == ""


def test_results_that_a_full_disk_refuses_are_not_dropped_silently(tmp_path):
    script = "from sync.system import streams; streams.make_robust(); print('x' * 100000, flush=True)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, env=environment, check=False
        )
    assert done.returncode != 0
