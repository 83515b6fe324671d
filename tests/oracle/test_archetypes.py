"""The archetypes of the specification get the advice that is right for them, by the reference alone."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest
from oracle import archetypes
from oracle.reference import Reference

RIGHT = {
    "A01": ("respond",), "A02": ("rebalance",), "A03": ("partner",), "A04": ("lapsed",), "A05": ("lapsed",),
    "A06": ("maintain", "build_close"), "A07": ("keep_transactional",), "A09": ("respond",), "A10": ("protect",),
    "A11": ("lapsed",), "A12": ("prospect",), "A13": ("keep_transactional",), "A14": ("build_close",),
}  # fmt: skip
TEXTS = {
    "A05": "lapsed_chased",
    "A07": "keep_ideal",
    "A11": "lapsed_lost",
    "A12": "prospect_open",
    "A13": "keep_ideal",
    "A14": "build_close_one_sided",
}
archetypal = pytest.mark.skipif(not archetypes.FOLDER.is_dir(), reason="the archetypes are not beside the project")
OCTOBER = datetime(2026, 10, 1, 12, tzinfo=UTC)


@archetypal
def test_the_archetypes():
    """And dropping one act in twenty turns nobody's advice."""
    rows, model = archetypes.typed(archetypes.tables()), archetypes.model()
    told = Reference(rows, OCTOBER, model).account_rows()
    for name, right in RIGHT.items():
        assert told[name]["bothways_stance"] in right, name
    assert {n: told[n]["_why"]["text"] for n in TEXTS} == TEXTS
    assert told["A08P"]["bothways_stance"] == told["A08C"]["bothways_stance"] != "insufficient_evidence"
    assert not [n for n in told if n[0] == "B" and told[n]["bothways_stance"] == "respond"]
    assert told["A02"]["bothways_reclaimable_hours"] > 0.8 * told["A02"]["bothways_seller_effort_hours"]
    stances = {n: r["bothways_stance"] for n, r in told.items()}
    for draw in range(4):
        chance = Random(draw)
        fewer = {**rows, "activities": [r for r in rows["activities"] if chance.random() >= 0.05]}
        again = Reference(fewer, OCTOBER, model).account_rows()
        assert {n: r["bothways_stance"] for n, r in again.items()} == stances
