"""Makes `oracle` importable (test modules are not packages) and the builder of scored organisations available."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
if str(HERE.parent) not in sys.path:
    sys.path.append(str(HERE.parent))


@pytest.fixture(scope="session")
def organisation() -> ModuleType:
    """`tests/enrichment/organisation.py`, shared with the tests there: compiling the scores takes seconds."""
    name = "enrichment_organisation"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE.parent / "enrichment" / "organisation.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
