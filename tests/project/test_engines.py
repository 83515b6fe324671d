"""The formulas know no engine: what is computed cannot depend on where it runs."""

from __future__ import annotations

import ast
from pathlib import Path

ENRICHMENT = Path(__file__).parents[2] / "enrichment"
ENGINES = ("duckdb", "spark", "pyspark", "backend", "dialect")


def test_nothing_in_enrichment_asks_which_engine_runs() -> None:
    """No name, attribute, argument or text of the code names an engine; prose may."""
    found = []
    for path in sorted(ENRICHMENT.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            named = [getattr(node, part, None) for part in ("id", "attr", "arg", "name", "module")]
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                named.append(node.value)
            texts = [text.lower() for text in named if isinstance(text, str)]
            found += [f"{path.name}: {text}" for text in texts if any(engine in text for engine in ENGINES)]
    assert found == []
