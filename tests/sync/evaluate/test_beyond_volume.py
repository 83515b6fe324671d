"""A score of effort must add to volume and recency, and to the decayed volume that it is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from enrichment.evaluation.fit import sigmoid
from enrichment.evaluation.ranking import Reals
from sync.evaluate.measures import Draws, Moment, groups
from sync.evaluate.outcomes import OUTCOMES, Asked
from sync.evaluate.replay import Scored
from sync.evaluate.result import Group

OUTCOME = OUTCOMES["stays_two_way"]
T = datetime(2025, 9, 1, tzinfo=UTC)


def moment(seed: int, chance_of: Callable[[Reals, Reals], Reals], score_of: Callable[[Reals, Reals], Reals]) -> Moment:
    """800 pairs whose decayed minutes say more than a count of acts; `chance_of` and `score_of` see volume and
    balance.
    """
    rng = np.random.default_rng(seed)
    size = 800
    volume, balance = rng.lognormal(4.0, 1.0, size), rng.random(size)
    acts = np.maximum(2.0, np.round(volume / 10.0 * rng.lognormal(0.0, 0.8, size)))
    ids = np.array([f"A{key}" for key in range(size)])
    asked = Asked(
        T + seed * timedelta(days=100),
        ids,
        np.arange(size),
        np.full(size, ""),
        {
            "acts": acts,
            "act_recency": rng.random(size) * 90.0,
            "recency": np.full(size, np.nan),
            "frequency": np.zeros(size),
        },
        rng.random(size) < chance_of(np.log(volume) - 4.0, balance - 0.5),
    )
    score = score_of(volume, balance)
    columns = {"bothways_reciprocity_index": score, "index_before_null_rule": score}
    columns |= {"es": volume * (1.0 - balance / 2.0), "ec": volume * balance / 2.0}
    table = pa.table({"id": ids, "bothways_stance": np.full(size, "maintain"), **columns})
    return Moment.of(OUTCOME, asked, Scored(asked.as_of, table, table.slice(0, 0)))


def found(chance_of: Callable[[Reals, Reals], Reals], score_of: Callable[[Reals, Reals], Reals]) -> Group:
    earlier, now = moment(0, chance_of, score_of), moment(1, chance_of, score_of)
    return groups(OUTCOME, now, [earlier], Draws(200, 1))[0]


def test_decayed_volume_alone_is_not_reciprocity() -> None:
    group = found(lambda volume, _: sigmoid(2.0 * volume), lambda volume, _: 100.0 * volume / (volume + 60.0))
    assert {b.name for b in group.baselines} >= {"trained", "decayed"}
    assert group.gains["bothways_reciprocity_index"].above_zero
    assert not group.gains_beyond_volume["bothways_reciprocity_index"].above_zero


def test_a_balance_adds_to_decayed_volume_too() -> None:
    group = found(lambda volume, balance: sigmoid(volume + 6.0 * balance), lambda _, balance: 100.0 * balance)
    assert group.gains["bothways_reciprocity_index"].above_zero
    assert group.gains_beyond_volume["bothways_reciprocity_index"].above_zero


def test_what_is_bought_is_not_asked_beyond_volume() -> None:
    assert [name for name, outcome in OUTCOMES.items() if outcome.beyond_volume] == ["stays_two_way"]
