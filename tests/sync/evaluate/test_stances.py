"""Outcome rates per stance, and the order of the levels of need."""

from __future__ import annotations

import numpy as np
import pytest

from sync.evaluate.stances import in_order, stance_rates


def given(rates: dict[str, tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Stances and outcomes of records, from (records, events) by stance."""
    stances = [name for name, (records, _) in rates.items() for _ in range(records)]
    happened = [k < events for records, events in rates.values() for k in range(records)]
    return np.array(stances, np.str_), np.array(happened, np.bool_)


def test_each_stance_has_its_rate_and_records_without_one_are_left_out() -> None:
    found = stance_rates(*given({"maintain": (40, 10), "respond": (10, 0), "": (5, 5)}))
    assert [(one.stance, one.records, one.events, one.rate) for one in found] == [
        ("respond", 10, 0, 0.0),
        ("maintain", 40, 10, 0.25),
    ]
    assert (found[0].low, found[0].high) == (0.0, pytest.approx(0.2775, abs=1e-3))  # Wilson, 0 of 10


@pytest.mark.parametrize(
    ("rates", "sign", "order"),
    [
        ({"keep_transactional": (20, 2), "rebalance": (20, 4), "maintain": (40, 20), "partner": (40, 30)}, 1, True),
        ({"keep_transactional": (40, 30), "maintain": (40, 20), "partner": (40, 35)}, 1, False),
        ({"keep_transactional": (40, 30), "maintain": (40, 20), "build_close": (40, 5)}, -1, True),
        ({"keep_transactional": (40, 30), "maintain": (29, 1), "respond": (99, 1)}, 1, None),
    ],
)
def test_levels_of_need_in_order(rates: dict[str, tuple[int, int]], sign: int, order: bool | None) -> None:
    assert in_order(stance_rates(*given(rates)), sign) is order
