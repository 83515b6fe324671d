"""Planted weights are recovered in sign and order; where nothing is planted the weights in use stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment.evaluation.fit import log_losses, sigmoid
from enrichment.evaluation.ranking import Ranking, chance
from enrichment.evaluation.weights import (
    Sample,
    choose_exponent,
    choose_strength,
    fit,
    improvement,
    index,
    refusals,
    shape_of,
    spearman,
    together,
)
from enrichment.model import BENEFIT, COMPONENTS, COST, ScoringModel

EQUAL = np.ones(len(COMPONENTS))
PLANTED = {"share_of_wallet": 4.0, "reliance": 2.0, "tenure": 3.0, "scarcity": 1.0, "contract_lock": -3.0}


def simulated(seed: int, weights: dict[str, float], records: int = 1500, constant: tuple[str, ...] = ()) -> Sample:
    rng = np.random.default_rng(seed)
    columns = rng.random((records, len(COMPONENTS)))
    for name in constant:
        columns[:, COMPONENTS.index(name)] = 0.4
    true = np.array([weights.get(name, 0.0) for name in COMPONENTS])
    odds = columns @ true
    happened = rng.random(records) < sigmoid(odds - odds.mean())
    return Sample(columns, happened, np.arange(records))


def learnt(samples: list[Sample], seed: int) -> tuple[list[str], dict[str, float]]:
    """The rules as the command applies them: the last sample tests, those before choose and learn."""
    *earlier, test = samples
    strength = choose_strength([(earlier[0], later) for later in earlier[1:]], EQUAL)
    everything = together(earlier)
    old, new = fit(everything, EQUAL, float("inf")), fit(everything, EQUAL, strength)
    weights = new.in_groups(EQUAL)
    event = test.happened.astype(float)
    before, after = (Ranking(index(test.columns, w, 0.5)) for w in (dict.fromkeys(COMPONENTS, 1.0), weights))
    p = chance({"new": after}, test.happened, np.zeros(len(event), int), draws=99, seed=seed)["new"]
    aucs = before.auc(event, 1 - event), after.auc(event, 1 - event)
    free = int(everything.varies.sum())
    return refusals(free, everything, strength, improvement(old, new, test), p, aucs), weights


def test_planted_weights_are_recovered_in_sign_and_order() -> None:
    refused, found = learnt([simulated(seed, PLANTED) for seed in (1, 2, 3)], 1)
    assert refused == []
    assert found["share_of_wallet"] > found["reliance"] > found["purchase_burden"]
    assert found["tenure"] > found["scarcity"] > found["non_modularity"]
    assert found["contract_lock"] == 0.0  # planted against its sign: it may be nothing, never negative
    for group in (BENEFIT, COST):
        assert sum(found[name] for name in group) == pytest.approx(len(group), abs=1e-5)


def test_where_nothing_is_planted_the_weights_in_use_stay() -> None:
    kept = [bool(learnt([simulated(10 * run + part, {}, 600) for part in range(3)], run)[0]) for run in range(20)]
    assert sum(kept) >= 19


def test_where_the_weights_in_use_are_the_truth_they_stay() -> None:
    equal = dict.fromkeys(COMPONENTS, 1.0)
    kept = [
        bool(learnt([simulated(1000 + 10 * run + part, equal, 600) for part in range(3)], run)[0]) for run in range(10)
    ]
    assert sum(kept) >= 8


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.1, 10.0, 1000.0]))
def test_the_fit_is_the_constrained_minimum(seed: int, strength: float) -> None:
    sample = simulated(seed, PLANTED, 200)
    found = fit(sample, EQUAL, strength)

    def cost(intercept: float, weights: np.ndarray, scale: float) -> float:
        losses = log_losses(sigmoid(intercept + sample.columns @ weights), sample.happened)
        return float(losses.sum() + strength * ((weights - scale * EQUAL) ** 2).sum())

    assert (found.weights >= -1e-9).all()
    assert found.scale >= -1e-9
    assert max(found.in_groups(EQUAL).values()) <= 2.0 + 1e-5
    least = cost(found.intercept, found.weights, found.scale)
    rng = np.random.default_rng(seed)
    for size in (0.3, 0.03):
        # Somewhere within the bounds, and a step from the minimum towards it.
        means = {group: rng.exponential() * 3.0 for group in (BENEFIT, COST)}
        inside = np.array([means[BENEFIT if name in BENEFIT else COST] for name in COMPONENTS])
        for group in (BENEFIT, COST):
            one, other = rng.choice([COMPONENTS.index(name) for name in group], 2, replace=False)
            inside[one], inside[other] = inside[one] * 2.0, 0.0
        weights = found.weights + size * (inside - found.weights)
        other = cost(found.intercept + rng.normal() * size, weights, max(0.0, found.scale + rng.normal() * size))
        assert other >= least - 1e-6 * abs(least)


def test_no_learnt_weight_counts_for_more_than_two_means() -> None:
    sample = together([simulated(seed, {"share_of_wallet": 6.0, "tenure": 6.0}) for seed in (1, 2)])
    found = fit(sample, EQUAL, 0.1).in_groups(EQUAL)
    assert found["share_of_wallet"] == pytest.approx(2.0, abs=1e-4)
    assert found["tenure"] == pytest.approx(2.0, abs=1e-4)
    assert min(found.values()) >= 0.0


def test_a_group_without_a_mean_is_not_bounded_by_one() -> None:
    """Of the benefits one varies, and the others were given no weight."""
    constant = tuple(name for name in BENEFIT if name != "reliance")
    shape = np.array([0.0 if name in constant else 1.0 for name in COMPONENTS])
    found = fit(simulated(3, PLANTED, constant=constant), shape, 1.0)
    assert np.isfinite(found.weights).all()
    assert found.in_groups(shape)["reliance"] == pytest.approx(len(BENEFIT))


def test_an_exponent_is_learnt_where_one_part_ranks_and_the_other_does_not() -> None:
    benefit = dict.fromkeys(BENEFIT, 2.0)
    samples = [simulated(seed, benefit) for seed in (1, 2)]
    assert choose_exponent([(samples[0], samples[1])], EQUAL, float("inf"), 0.5) == 0.7
    equal = [simulated(seed, dict.fromkeys(COMPONENTS, 2.0)) for seed in (1, 2)]
    assert choose_exponent([(equal[0], equal[1])], EQUAL, float("inf"), 0.5) in (0.4, 0.5, 0.6)


def test_a_component_that_does_not_vary_keeps_its_shape() -> None:
    sample = simulated(5, PLANTED, constant=("strategic_importance", "contract_lock"))
    found = fit(sample, EQUAL, 1.0)
    for name in ("strategic_importance", "contract_lock"):
        assert found.weights[COMPONENTS.index(name)] == pytest.approx(found.scale)


def test_great_strength_is_the_shape_itself() -> None:
    sample = simulated(6, PLANTED)
    strong, kept = fit(sample, EQUAL, 1e7), fit(sample, EQUAL, float("inf"))
    assert strong.weights == pytest.approx(kept.weights, abs=1e-3)
    assert np.ptp(kept.weights) == 0.0


def test_too_few_events_for_the_weights_are_refused() -> None:
    few = simulated(7, PLANTED, 90)
    better = improvement(fit(few, EQUAL, float("inf")), fit(few, EQUAL, 1.0), few)
    assert any("fewer than 10" in reason for reason in refusals(10, few, 1.0, better, 0.001, (0.6, 0.7)))


def test_the_index_is_the_one_that_is_scored() -> None:
    model = ScoringModel()
    priors = np.array([[model.components[name].prior for name in COMPONENTS]])
    # The value of a record of which nothing is known, by the shipped priors: sqrt(.32 * .36)
    assert index(priors, dict.fromkeys(COMPONENTS, 1.0), 0.5)[0] == pytest.approx(100 * (0.32 * 0.36) ** 0.5)
    assert shape_of(dict.fromkeys(COMPONENTS, 0.5)).tolist() == EQUAL.tolist()


def test_rank_correlation() -> None:
    one = np.array([1.0, 2.0, 3.0, np.nan])
    assert spearman(one, np.array([10.0, 20.0, 900.0, 0.0])) == pytest.approx(1.0)
    assert spearman(one, np.array([3.0, 2.0, 1.0, 0.0])) == pytest.approx(-1.0)
    assert np.isnan(spearman(one, np.ones(4)))
