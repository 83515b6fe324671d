"""Compiles the scoring expressions into SQL: the only place of a run that imports Ibis."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from enrichment.as_of import AsOf
from enrichment.inputs import INPUTS, PREVIOUS
from enrichment.model import ScoringModel
from sync.scoring.statements import OUTPUTS, Statements

if TYPE_CHECKING:
    from sync.scoring.engines import Engine

_EXCLUDED = re.compile(r"(EXCLUDE|EXCEPT) \(([^()]*)\)")
"""Ibis keeps dropped columns in a set: their order changes with the hash seed of the process."""
Table = Any
"""An Ibis table expression."""


def compile_statements(engine: Engine, model: ScoringModel) -> Statements:
    """The statements of `enrichment.score.score` for this engine.

    Tables without rows stand for the inputs and for each stage, so that types are those the engine itself will find.
    """
    from enrichment.score import score

    stages: list[tuple[str, str]] = []
    with _no_collector(), engine.compiler() as backend:

        def text(table: Table) -> str:
            from ibis.expr.operations import InMemoryTable

            if table.op().find(InMemoryTable):
                raise AssertionError("a scoring expression holds a table in memory, which no statement can name")
            return _EXCLUDED.sub(_sorted, str(backend.compile(table)))

        def stage(name: str, table: Table) -> Table:
            stages.append((name, text(table)))
            return backend.without_rows(f"stage_{name}", stages[-1][1])

        tables = {name: backend.empty(f"in_{name}", schema) for name, schema in INPUTS.items()}
        before = {name: backend.empty(f"previous_{name}", PREVIOUS) for name in ("accounts", "opportunities")}
        scores = score(tables, AsOf.parameter(), model, before, stage=stage)
        outputs = tuple((name, text(getattr(scores, name).order_by("id"))) for name in OUTPUTS)
    return Statements(tuple(stages), outputs)


def compile_families(engine: Engine, model: ScoringModel) -> Statements:
    """The statement of `enrichment.commerce.ratings.sold_by_family`: the one output `families`, in its order."""
    from enrichment.commerce.ratings import sold_by_family

    with _no_collector(), engine.compiler() as backend:
        tables = {name: backend.empty(f"in_{name}", schema) for name, schema in INPUTS.items()}
        text = str(backend.compile(sold_by_family(tables, AsOf.parameter(), model)))
    return Statements((), (("families", _EXCLUDED.sub(_sorted, text)),))


def _sorted(excluded: re.Match[str]) -> str:
    return f"{excluded[1]} ({', '.join(sorted(excluded[2].split(', ')))})"


@contextmanager
def _no_collector() -> Iterator[None]:
    """Compiling makes a hundred thousand small values that live until the end; looking for cycles meanwhile takes a
    quarter of the time.
    """
    was = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if was:
            gc.enable()
        gc.collect()
