"""Same in, same out: a plan does not depend on the order of pages and rows, on readers at once, hash seeds or time zones."""

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


@pytest.mark.slow
def test_two_hundred_shuffles_one_plan(tmp_path: Path) -> None:
    """On each machine once with the scores of the product, the other times with quick ones."""
    seen: dict[str, set[tuple[Any, ...]]] = {"product": set(), "quick": set()}
    with told("P13", "shuffles: pages, rows, readers, hash seed, time zone", "fake CRM") as outcome:
        for number, environment in enumerate(MACHINES):
            seeds = [FULL, *range(number * EACH, number * EACH + EACH - 1)]
            for seed, plan in zip(seeds, plans(tmp_path / str(number), environment, seeds), strict=True):
                seen["product" if seed == FULL else "quick"].add(tuple(plan.values()))
                outcome.times += 1
    assert outcome.times == len(MACHINES) * EACH == 200
    assert {name: len(found) for name, found in seen.items()} == {"product": 1, "quick": 1}
    assert seen["product"] != seen["quick"]
