"""Compiles the default model's statements into the installed package: `python -m sync.scoring.ship`, for images and
wheels.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

from enrichment.model import ScoringModel
from sync.scoring.compile import compile_families, compile_statements
from sync.scoring.engines import engine_named
from sync.scoring.statements import SHIPPED, keep, key_of


def ship(folder: Path = SHIPPED) -> Path:
    """The file written. Raises OSError when the folder cannot be written."""
    model = ScoringModel()
    with TemporaryDirectory() as scratch, engine_named("duckdb", Path(scratch), 2**28) as engine:
        made = {"scores": compile_statements(engine, model), "families": compile_families(engine, model)}
    files = {what: folder / f"{key_of('duckdb', model, what)}.gz" for what in made}
    for what, statements in made.items():
        if not keep(statements, key_of("duckdb", model, what), folder):
            raise OSError(f"{folder} cannot be written")
        files[what].chmod(0o644)
    folder.chmod(0o755)  # part of the program, which others run too
    return files["scores"]


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "fetch_arrow_table", DeprecationWarning)  # Ibis 12 on DuckDB 2
    sys.stdout.write(f"{ship()}\n")
