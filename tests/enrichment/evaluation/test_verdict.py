"""Every verdict is reached, and says its figures."""

from __future__ import annotations

import pytest

from enrichment.evaluation.ranking import Interval
from enrichment.evaluation.verdict import Evidence, judge

GOOD, CHANCE, BAD = Interval(0.7, 0.65, 0.75), Interval(0.51, 0.47, 0.55), Interval(0.4, 0.35, 0.45)
GAIN, NONE = Interval(0.03, 0.01, 0.05), Interval(0.0, -0.01, 0.01)


def evidence(
    *,
    records: int = 1000,
    events: int = 300,
    known: int = 1000,
    auc: Interval = GOOD,
    p: float = 0.001,
    gain: Interval | None = GAIN,
    beyond: Interval | None = None,
) -> Evidence:
    return Evidence(records, events, known, auc, auc, p, gain, "RFM", None if gain is None else 0.68, beyond)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (evidence(), "adds"),
        (evidence(gain=NONE), "no_better"),
        (evidence(gain=None), "no_better"),
        (evidence(beyond=GAIN), "adds"),
        (evidence(beyond=NONE), "no_better"),
        (evidence(gain=NONE, beyond=GAIN), "no_better"),
        (evidence(auc=CHANCE), "no_better_than_chance"),
        (evidence(p=0.06), "no_better_than_chance"),
        (evidence(auc=BAD, p=1.0), "points_the_wrong_way"),
        (evidence(events=49), "not_enough_outcomes"),
        (evidence(events=951), "not_enough_outcomes"),
        (evidence(records=0, events=0, known=0), "not_enough_outcomes"),
        (evidence(known=199), "not_enough_scores"),
    ],
)
def test_verdict(found: Evidence, code: str) -> None:
    assert judge(found).code == code


def test_the_text_has_the_figures_that_decided() -> None:
    text = judge(evidence(known=900)).text
    assert "0.700 (0.650 to 0.750)" in text
    assert "+0.030 (+0.010 to +0.050)" in text
    assert "0.680" in text
    assert "100 of 1,000 records have no score" in text
    assert "Beyond decayed volume it adds +0.000 (-0.010 to +0.010)" in judge(evidence(beyond=NONE)).text
    assert "49 of 1,000" in judge(evidence(events=49)).text
