"""Which product families the sales of the last read are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from connectors.duckdb_memory import LEAN
from enrichment.inputs import INPUTS
from enrichment.model import ScoringModel
from enrichment.sections import Families
from enrichment.words import ENGLISH
from sync.scoring.engines import engine_named
from sync.scoring.statements import Statements, statements_for

KINDS = ("strategic", "critical", "modular")


@dataclass(frozen=True, slots=True)
class FamilySold:
    """One product family of the last 24 months. `revenue` in corporate money (None: unknown), `share` of all families'
    revenue (0 to 1), `customers` that bought it, `rated` of the model's three ratings.
    """

    family: str
    revenue: float | None
    share: float
    customers: int
    rated: int


def families_sold(
    normalized: Path, as_of: datetime | None, model: ScoringModel, workspace: Path | None = None
) -> list[FamilySold]:
    """The families sold in the model's lookback, most revenue first, spelled as the CRM does most often.

    `normalized` is the workspace's folder of scoring tables; none there, nothing sold: an empty list.
    """
    if any(not (normalized / f"{name}.parquet").exists() for name in INPUTS):
        return []
    if not pq.read_metadata(normalized / "families.parquet").num_rows:
        return []  # and no compiler is needed to see it
    plain = model.model_copy(update={"families": Families(), "words": ENGLISH})  # one statement whatever is rated
    with TemporaryDirectory() as folder, engine_named("duckdb", Path(folder), LEAN) as engine:

        def compiled() -> Statements:
            from sync.scoring.compile import compile_families

            return compile_families(engine, plain)

        statements = statements_for("duckdb", plain, compiled, workspace, what="families")
        engine.as_of(as_of or datetime.now(UTC))
        for name in INPUTS:
            engine.read(f"in_{name}", normalized / f"{name}.parquet")
        for name, sql in statements.outputs:
            engine.store_in_order(sql, Path(folder) / f"{name}.parquet")
        engine.store_in_order(_SPELLINGS, Path(folder) / "spellings.parquet")
        spelled = {
            row["plain"]: row["spelling"] for row in pq.read_table(Path(folder) / "spellings.parquet").to_pylist()
        }
        rows = pq.read_table(Path(folder) / "families.parquet").to_pylist()
    ratings = [{name.strip().lower() for name in getattr(model.families, kind)} for kind in KINDS]
    return [
        FamilySold(
            spelled.get(row["family"], row["family"]),
            None if row["revenue"] is None else float(row["revenue"]),
            row["share"] or 0.0,
            row["customers"],
            sum(row["family"] in names for names in ratings),
        )
        for row in rows
    ]


_SPELLINGS = """
SELECT plain, first(spelling ORDER BY n DESC, spelling) AS spelling
FROM (SELECT lower(trim(family)) AS plain, trim(family) AS spelling, count(*) AS n FROM in_families GROUP BY ALL)
WHERE plain <> '' GROUP BY plain ORDER BY plain
"""
