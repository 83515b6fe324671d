"""Fits recover what was planted; calibration and lift are what their definitions say."""

from __future__ import annotations

import numpy as np
import pytest

from enrichment.evaluation.fit import calibration, gains, logistic, segment_rates, sigmoid, wilson


def planted(seed: int = 1, records: int = 20_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(records, 2)) * [1.0, 5.0]
    chances = sigmoid(-0.5 + columns @ [1.0, -0.2])
    return columns, chances, rng.random(records) < chances


def test_logistic_finds_planted_weights() -> None:
    columns, chances, happened = planted()
    found = logistic(columns, happened)
    assert found.weights / found.spread == pytest.approx([1.0, -0.2], abs=0.06)
    assert np.abs(found.predict(columns) - chances).mean() < 0.01


def test_logistic_survives_a_column_that_tells_everything_and_one_that_tells_nothing() -> None:
    happened = np.arange(100) % 2 == 0
    found = logistic(np.column_stack([happened.astype(float), np.ones(100)]), happened)
    assert np.isfinite(found.weights).all()
    assert found.predict(np.array([[1.0, 1.0], [0.0, 1.0]])) == pytest.approx([1.0, 0.0], abs=0.1)


def test_true_probabilities_are_calibrated_and_exaggerated_ones_are_not() -> None:
    _, chances, happened = planted()
    true = calibration(chances, happened, float(happened.mean()))
    assert (true.slope, true.intercept) == pytest.approx((1.0, 0.0), abs=0.06)
    assert true.brier < true.brier_base
    assert true.log_loss < true.log_loss_base
    assert sum(part.count for part in true.bins) == len(happened)
    assert all(part.low <= part.observed <= part.high for part in true.bins)
    odds = np.log(chances / (1 - chances))
    loud = calibration(sigmoid(3 * odds), happened, 0.5)
    assert loud.slope == pytest.approx(1 / 3, abs=0.03)
    assert loud.log_loss > true.log_loss


def test_gains_share_ties_and_end_at_everything() -> None:
    happened = np.array([True] * 5 + [False] * 5)
    assert gains(np.zeros(10), happened) == pytest.approx(np.arange(1, 11) / 10)
    assert gains(np.arange(10, 0, -1.0), happened)[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert gains(np.full(10, np.nan), happened) == []


def test_a_new_segment_gets_the_overall_rate() -> None:
    found = segment_rates(
        np.array([1.0, 1.0, 2.0, 2.0]), np.array([True, False, True, True]), np.array([1.0, 2.0, 3.0])
    )
    assert found.tolist() == [0.5, 1.0, 0.75]


def test_wilson_against_a_published_value() -> None:
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=5e-4)
    assert wilson(0, 10)[0] == 0.0
