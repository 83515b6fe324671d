"""The tree of the architecture page is the tree there is, and every folder says what it is for."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tree_check", ROOT / ".ci" / "tree.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_the_tree(tool: ModuleType) -> None:
    assert tool.block() in tool.PAGE.read_text("utf-8"), "run .venv/bin/python .ci/tree.py --write"


def test_every_folder_says_what_it_is_for(tool: ModuleType) -> None:
    assert [folder for folder in tool.modules() if not tool.summary(folder)] == []
