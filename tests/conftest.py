"""What every test may rely on."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

import witness
from beside import beside

from connectors.http import retry

settings.register_profile("bothways", deadline=None)  # a busy machine is no failure: speed is measured in bench/
settings.load_profile("bothways")
ROOT = Path(__file__).parents[1]
os.umask(0o077)  # secret files that tests write are refused when others can read them
os.environ.setdefault("BOTHWAYS_CACHE", str(ROOT / ".pytest_cache" / "statements"))  # shared: compiling takes seconds
gc.set_threshold(100_000, 50, 100)  # compiling scores makes many small values and hardly any cycles


@pytest.fixture(autouse=True)
def _at_once_and_alone(monkeypatch):
    """Retries do not wait, and no setting of the machine's own environment reaches a test."""
    for name in list(os.environ):
        if name.startswith("BOTHWAYS_") and name not in ("BOTHWAYS_DATA", "BOTHWAYS_CACHE"):
            monkeypatch.delenv(name)
    retry.without_waiting(on=True)
    yield
    retry.without_waiting(on=False)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; the test is skipped where it is not."""
    folder = Path(os.environ.get("BOTHWAYS_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real data is not here: set BOTHWAYS_DATA ({folder} does not exist)")
    return folder


@pytest.fixture(scope="session")
def claims() -> ModuleType:
    """`tests/enrichment/claims.py`: what each text of advice claims of its record."""
    return beside("enrichment/claims.py")


witness.begin()


@pytest.fixture(autouse=True)
def _changes_nothing_else(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does with an emulated CRM, the program changes nothing there but its own properties."""
    witness.SEEN.clear()
    yield
    # Where the clients of others are tried on the emulators, these are not the program's calls.
    if not any(request.node.path.is_relative_to(ROOT / "tests" / part) for part in ("clients", "connectors/emulator")):
        assert sorted(witness.SEEN) == []
