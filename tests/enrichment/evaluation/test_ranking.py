"""AUC against counting pairs by hand; intervals by family; chance that is chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.evaluation.ranking import Ranking, auc, chance, holm, mean_rank, resample

ROWS = st.lists(
    st.tuples(st.one_of(st.just(math.nan), st.integers(0, 4).map(float)), st.booleans(), st.integers(0, 2)),
    min_size=1,
    max_size=25,
)


def by_hand(rows: list[tuple[float, bool, int]], *, known_only: bool) -> float:
    won = pairs = 0.0
    for one, event, stratum in rows:
        for other, happened, place in rows:
            if not event or happened or stratum != place:
                continue
            unknown = math.isnan(one) or math.isnan(other)
            if unknown and known_only:
                continue
            pairs += 1
            won += 0.5 if unknown or one == other else float(one > other)
    return won / pairs if pairs else math.nan


@given(ROWS)
def test_auc_is_the_share_of_pairs_won(rows: list[tuple[float, bool, int]]) -> None:
    score, outcome, stratum = (np.array(column) for column in zip(*rows, strict=True))
    event = outcome.astype(float)
    ranking = Ranking(score, stratum)
    assert ranking.auc(event, 1 - event) == pytest.approx(by_hand(rows, known_only=False), nan_ok=True)
    assert ranking.auc_known(event, 1 - event) == pytest.approx(by_hand(rows, known_only=True), nan_ok=True)


@given(ROWS)
def test_turning_the_score_round_turns_the_auc_round(rows: list[tuple[float, bool, int]]) -> None:
    score, outcome, stratum = (np.array(column) for column in zip(*rows, strict=True))
    one, other = auc(score, outcome, stratum), auc(-score, outcome, stratum)
    assert math.isnan(one) == math.isnan(other) == math.isnan(by_hand(rows, known_only=False))
    assert math.isnan(one) or one + other == pytest.approx(1.0)


@given(ROWS, st.lists(st.integers(0, 3), min_size=25, max_size=25))
def test_a_weight_counts_a_record_as_often(rows: list[tuple[float, bool, int]], times: list[int]) -> None:
    score, outcome, stratum = (np.array(column) for column in zip(*rows, strict=True))
    weight = np.array(times[: len(rows)])
    event = outcome.astype(float)
    repeated = [row for row, count in zip(rows, weight, strict=True) for _ in range(count)]
    found = Ranking(score, stratum).auc(event * weight, (1 - event) * weight)
    assert found == pytest.approx(by_hand(repeated, known_only=False), nan_ok=True)


def planted(seed: int, effect: float, records: int = 150) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = rng.normal(size=records)
    return score, rng.random(records) < 1 / (1 + np.exp(-effect * score))


def test_p_is_uniform_when_nothing_is_planted() -> None:
    found = []
    for seed in range(200):
        score, outcome = planted(seed, 0.0)
        found.append(chance({"s": Ranking(score)}, outcome, np.arange(150) % 3, draws=99, seed=seed)["s"])
    values = np.sort(found)
    # Kolmogorov's distance from the uniform distribution: 1.63 / sqrt(n) is exceeded once in a hundred
    assert np.abs(values - (np.arange(200) + 0.5) / 200).max() < 1.63 / math.sqrt(200)
    assert (values <= 0.05).sum() < 22


def test_p_is_least_when_something_is_planted() -> None:
    score, outcome = planted(1, 2.0)
    assert chance({"s": Ranking(score)}, outcome, np.zeros(150, int), draws=99, seed=1)["s"] == 0.01
    assert chance({"s": Ranking(-score)}, outcome, np.zeros(150, int), draws=99, seed=1)["s"] == 1.0


def test_outcomes_are_permuted_within_segments_only() -> None:
    # The score knows the segment and nothing else: within segments it is constant, so every permutation does as well.
    segment = np.repeat([0, 1], 60)
    outcome = np.concatenate([np.arange(60) % 10 == 0, np.arange(60) % 10 != 0])
    ranking = {"s": Ranking(segment.astype(float))}
    assert auc(segment.astype(float), outcome) > 0.8
    assert chance(ranking, outcome, segment, draws=99, seed=1)["s"] == 1.0
    assert chance(ranking, outcome, np.zeros(120, int), draws=99, seed=1)["s"] == 0.01


def test_draws_depend_on_the_seed_alone() -> None:
    score, outcome = planted(3, 1.0)
    family = np.arange(150)

    def drawn(seed: int) -> tuple[float, float]:
        found = resample({"s": Ranking(score)}, outcome, family, draws=50, seed=seed).interval("s")
        return found.low, found.high

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_relatives_are_not_independent_evidence() -> None:
    score, outcome = planted(4, 1.0)
    copied, happened = np.repeat(score, 10), np.repeat(outcome, 10)
    family = np.repeat(np.arange(150), 10)

    def width(score: np.ndarray, outcome: np.ndarray, family: np.ndarray) -> float:
        found = resample({"s": Ranking(score)}, outcome, family, draws=200, seed=1).interval("s")
        return found.high - found.low

    alone = width(score, outcome, np.arange(150))
    assert width(copied, happened, family) == pytest.approx(alone, rel=1e-9)
    assert width(copied, happened, np.arange(1500)) < 0.5 * alone


def test_differences_are_paired() -> None:
    score, outcome = planted(5, 1.0)
    drawn = resample({"one": Ranking(score), "same": Ranking(score * 3)}, outcome, np.arange(150), draws=50, seed=1)
    found = drawn.difference("one", "same")
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_mean_rank_gives_ties_the_middle() -> None:
    assert mean_rank([np.array([1.0, 5.0, 5.0, 9.0])]).tolist() == [1.0, 2.5, 2.5, 4.0]
