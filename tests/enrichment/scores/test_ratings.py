"""The families that a person should rate first."""

from __future__ import annotations

import ibis
import pyarrow as pa

from enrichment.as_of import AsOf
from enrichment.commerce.deals import deals
from enrichment.commerce.ratings import families_sold
from enrichment.inputs import INPUTS
from enrichment.model import ScoringModel


def test_families_come_by_revenue_with_what_is_rated_of_them(organisation):
    org = organisation.Organisation()
    one, other = org.account("one"), org.account("other")
    for account, amount, family, days in (
        (one, 700.0, "Pumps", 10),
        (one, 200.0, "pumps ", 20),
        (other, 100.0, "Valves", 30),
        (other, 50.0, "Pumps", 30),
        (other, None, "Service", 30),
        (other, 9_000.0, "Gone", 900),
        (other, 9_000.0, "Lost", 9),
    ):
        org.deal(account, amount, days, won=family != "Lost", family=family)
        org.rows["families"][-1]["amount"] = amount
    model = ScoringModel.model_validate({"families": {"critical": {"pumps": 0.9}, "modular": {"Pumps": 0.2}}})
    backend = ibis.duckdb.connect()
    backend.raw_sql("SET TimeZone = 'UTC'").fetchall()
    tables = {n: ibis.memtable(pa.Table.from_pylist(org.rows[n], schema=s)) for n, s in INPUTS.items()}
    as_of = AsOf.at(org.as_of)
    found = backend.to_pyarrow(families_sold(tables, deals(tables, as_of, model), as_of, model)).to_pylist()
    assert [(r["place"], r["family"], r["customers"], r["rated"]) for r in found] == [
        (1, "pumps", 2, 2),
        (2, "valves", 1, 0),
        (3, "service", 1, 0),
    ]
    assert [r["share"] for r in found] == [950 / 1050, 100 / 1050, 0.0]
    assert found[2]["revenue"] is None
