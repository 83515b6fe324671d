"""One fixture per test: a harness, which is a seeded CRM and a way to change it behind the connector's back.

A connector joins the suite by a module `NAME_harness.py` here with `start(organisation, tmp_path)`, a context manager that yields
a `Harness` (see `harness.py`). The CRM is seeded with exactly `organisation.ROWS`, and holds none of our properties yet.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

CONNECTORS = ("salesforce", "hubspot", "files")
_HERE = Path(__file__).parent


def load(name: str) -> ModuleType:
    """A module of this directory (which is not a package)."""
    known = sys.modules.get(f"contract_{name}")
    if known is not None:
        return known
    spec = importlib.util.spec_from_file_location(f"contract_{name}", _HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[f"contract_{name}"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def organisation() -> ModuleType:
    return load("organisation")


@pytest.fixture(params=CONNECTORS)
def harness(request: pytest.FixtureRequest, organisation: ModuleType, tmp_path: Path) -> Iterator[object]:
    if not (_HERE / f"{request.param}_harness.py").exists():
        pytest.skip(f"the {request.param} connector has no harness")
    load("harness")
    with load(f"{request.param}_harness").start(organisation, tmp_path) as started:
        yield started
