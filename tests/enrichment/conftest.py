"""The organisation builder as a session-wide fixture (test modules here are not importable packages)."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from beside import beside


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ibis 12 asks DuckDB 2 for schemas through a method that DuckDB renamed; nothing here can change that."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"))


@pytest.fixture(scope="session")
def organisation() -> ModuleType:
    """The module `organisation.py` beside this file: `organisation.Organisation()`, `organisation.AS_OF`."""
    return beside("enrichment/organisation.py")
