"""Same in, same out: a plan does not depend on the order of pages and rows, on readers at once, hash seeds or time
zones.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rows import told
from shuffled import FULL

MACHINES = (
    {"TZ": "UTC", "PYTHONHASHSEED": "0"},
    {"TZ": "America/St_Johns", "PYTHONHASHSEED": "1", "LC_ALL": "C"},
    {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8"},
    {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "3"},
    {"TZ": "Pacific/Pago_Pago", "PYTHONHASHSEED": "4"},
    {"TZ": "Europe/Berlin", "PYTHONHASHSEED": "5"},
    {"TZ": "Australia/Lord_Howe", "PYTHONHASHSEED": "6"},
    {"TZ": "America/Sao_Paulo", "PYTHONHASHSEED": "4294967295"},
)
EACH = 25


def plans(folder: Path, environment: dict[str, str], seeds: list[int]) -> list[dict[str, str]]:
    script = str(Path(__file__).parent / "shuffled.py")
    done = subprocess.run(
        [sys.executable, script, str(folder), *(str(seed) for seed in seeds)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str]]:
    """The plan with the scores of the product, and the one with quick scores."""
    product, quick = plans(tmp_path_factory.mktemp("usual"), {"TZ": "UTC"}, [FULL, 0])
    assert product != quick
    return product, quick


@pytest.mark.slow
@pytest.mark.parametrize("machine", range(len(MACHINES)), ids=[m["TZ"] for m in MACHINES])
def test_every_shuffle_makes_the_same_plan(machine: int, usual: Any, tmp_path: Path) -> None:
    """Two hundred in all; on each machine once with the scores of the product, the other times with quick ones."""
    assert len(MACHINES) * EACH == 200
    product, quick = usual
    with told("P13", "shuffles of pages, rows, readers, hash seed and time zone", "fake CRM") as outcome:
        made = plans(tmp_path, MACHINES[machine], [FULL, *range(machine * EACH, machine * EACH + EACH - 1)])
        assert made == [product, *[quick] * (EACH - 1)]
        outcome.times = EACH
