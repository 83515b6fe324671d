"""Makes `oracle` importable (test modules are not packages) and the builder of scored organisations available."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from beside import beside

HERE = Path(__file__).parent
if str(HERE.parent) not in sys.path:
    sys.path.append(str(HERE.parent))


@pytest.fixture(scope="session")
def organisation() -> ModuleType:
    """`tests/enrichment/organisation.py`, shared with the tests there: compiling the scores takes seconds."""
    return beside("enrichment/organisation.py")
