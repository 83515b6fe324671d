"""`bothways backtest`: past moments of the organisation's own data, scored as they can have been scored then, and
judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.errors import ConfigError
from enrichment.evaluation.fit import gains
from enrichment.evaluation.ranking import Interval, holm
from enrichment.evaluation.verdict import Evidence, Verdict, enough, judge, spoken
from sync.evaluate.as_known_then import explained
from sync.evaluate.horizon import SHORT_DAYS, checked, horizon_of
from sync.evaluate.measures import Draws, Moment, calibrated, groups, label
from sync.evaluate.outcomes import OUTCOMES, Outcome, Past
from sync.evaluate.replay import Replay, judged_by, measures
from sync.evaluate.result import Backtest, Group, Judged, Measured, Tested
from sync.evaluate.stances import in_order, stance_rates
from sync.options import RunContext
from sync.session import open_run

_NOTHING = Interval(float("nan"), float("nan"), float("nan"))


def run_backtest(
    context: RunContext,
    moments: Sequence[datetime],
    *,
    names: Sequence[str] = (),
    horizon_days: int | None = None,
    draws: int = 1000,
    seed: int = 1,
) -> Backtest:
    """Pulls, normalises, replays every moment and judges each outcome. Writes nothing to the CRM and keeps no state of
    it.

    Learns baselines at a moment only from moments whose windows were over by then. The same data, moments and seed give
    the same figures. Without `horizon_days` the organisation's own purchases set it (`horizon_of`). Raises ConfigError
    for an unknown outcome, an impossible horizon or no moment.
    """
    wanted = chosen(names)
    checked(horizon_days)
    if not moments:
        raise ConfigError(
            "No moment to go back to.", remedy="Give one or more --as-of, the earlier ones to learn from."
        )
    with open_run("score", context) as stages:
        normalized = stages.land(stages.pull())
        folder = context.workspace.dir / "backtest"
        context.progress.stage("backtest")
        replay = Replay(normalized.folder, folder, context.model, context.options.engine)
        try:
            horizon = horizon_of(Past(normalized.folder, folder / "tmp"), moments, horizon_days)
            found = replayed(
                normalized.folder, replay, horizon.of(wanted), sorted(set(moments)), Draws(draws, seed), folder / "tmp"
            )
        finally:
            replay.close()
        stages.close()
    until, judged = found
    return Backtest(
        context.connector.name,
        tuple(sorted(set(moments))),
        until,
        context.model.version_string,
        draws,
        seed,
        judged,
        tuple(explained(replay.taken)),
        horizon,
    )


def chosen(names: Sequence[str]) -> list[Outcome]:
    """The outcomes of these names, all when none is given. Raises ConfigError."""
    for name in names:
        if name not in OUTCOMES:
            raise ConfigError(f"There is no outcome {name!r}.", remedy=f"Known: {', '.join(OUTCOMES)}.")
    return [outcome for outcome in OUTCOMES.values() if not names or outcome.name in names]


def replayed(
    normalized: Path,
    replay: Replay,
    wanted: Sequence[Outcome],
    moments: Sequence[datetime],
    draws: Draws,
    scratch: Path,
) -> tuple[datetime | None, tuple[Judged, ...]]:
    """Until when the data go, and each outcome judged."""
    past = Past(normalized, scratch)
    until = past.ends()
    asked: dict[str, list[Moment]] = {outcome.name: [] for outcome in wanted}
    late: dict[str, list[datetime]] = {outcome.name: [] for outcome in wanted}
    turned: dict[str, dict[datetime, Moment]] = {outcome.name: {} for outcome in wanted}
    for moment in moments:
        over = [o for o in wanted if until is not None and moment + o.reach <= until]
        for outcome in wanted:
            if outcome not in over:
                late[outcome.name].append(moment)
        if not over:
            continue
        scores = replay.at(moment)
        for outcome in over:
            asked[outcome.name].append(Moment.of(outcome, past.ask(outcome, moment), scores))
        effort = [o for o in over if _judges_effort(o) and _has_enough(asked[o.name][-1])]
        if effort:
            scores = replay.at(moment, redrawn(draws.seed))
            for outcome in effort:
                turned[outcome.name][moment] = Moment.of(outcome, asked[outcome.name][-1].asked, scores)
    tests: dict[str, tuple[Tested, ...]] = {o.name: _tested(o, asked[o.name], draws, turned[o.name]) for o in wanted}
    return until, _judged(wanted, tests, late)


def _judges_effort(outcome: Outcome) -> bool:
    return "reciprocity" in outcome.score


def _has_enough(moment: Moment) -> bool:
    return enough(len(moment.asked.ids), int(moment.asked.happened.sum()))


def redrawn(seed: int) -> Callable[[Path], None]:
    """Every message and call keeps its time, size and channel; its direction is drawn anew at the channel's own rate.

    A reciprocity score that keeps its AUC after this read the volume, not who wrote.
    """

    def change(tables: Path) -> None:
        path = tables / "activities.parquet"
        table = pq.read_table(path)
        direction = np.asarray(table["direction"].to_pylist(), object)
        channel = np.asarray(table["channel"].to_pylist(), object)
        rng = np.random.default_rng(seed)
        for name in sorted({c for c in channel if c is not None}):
            directed = (channel == name) & ((direction == "inbound") | (direction == "outbound"))
            if directed.any():
                theirs = rng.random(int(directed.sum())) < float((direction[directed] == "inbound").mean())
                direction[directed] = np.where(theirs, "inbound", "outbound")
        place = table.schema.get_field_index("direction")
        table = table.set_column(place, "direction", pa.array(direction.tolist(), pa.string()))
        path.unlink()  # it may be a link to the normalized table, which stays as it is
        pq.write_table(table, path)

    return change


def _tested(
    outcome: Outcome, moments: Sequence[Moment], draws: Draws, turned: dict[datetime, Moment]
) -> tuple[Tested, ...]:
    found = []
    for now in moments:
        as_of = now.asked.as_of
        before = [m for m in moments if m.asked.as_of + outcome.reach <= as_of and m.asked.happened.any()]
        parts = groups(outcome, now, before, draws)
        learnt = [turned[m.asked.as_of] for m in before if m.asked.as_of in turned]
        redone = groups(outcome, turned[as_of], learnt, draws)[-1] if as_of in turned else None
        found.append(
            Tested(
                as_of,
                tuple(m.asked.as_of for m in before),
                parts,
                calibrated(outcome, now, before),
                tuple(_gain_curve(outcome, now)),
                {m.name: m.auc.value for m in redone.measures} if redone else {},
                redone.gains if redone else {},
                rates := stance_rates(now.stances, now.asked.happened),
                in_order(rates, outcome.sign) if outcome.stream == "accounts" else None,
            )
        )
    return tuple(found)


def _gain_curve(outcome: Outcome, now: Moment) -> list[float]:
    return gains(now.measured[measures(outcome.name)[0]], now.asked.happened)


def _judged(
    wanted: Sequence[Outcome], tests: dict[str, tuple[Tested, ...]], late: dict[str, list[datetime]]
) -> tuple[Judged, ...]:
    """Verdicts on the last moment that can be judged, p corrected for all outcomes tried."""
    last = {o.name: _last(tests[o.name]) for o in wanted}
    about = {o.name: _about(o, last[o.name]) for o in wanted}
    tried = [name for name, measured in about.items() if measured is not None]
    p = dict(zip(tried, holm([_p(about[name]) for name in tried]), strict=True))
    return tuple(
        Judged(
            outcome.name,
            outcome.question,
            _name(about[outcome.name], outcome),
            outcome.sign,
            tests[outcome.name],
            tuple(late[outcome.name]),
            p.get(outcome.name),
            _and_volume(
                _verdict(
                    outcome,
                    tests[outcome.name],
                    last[outcome.name],
                    about[outcome.name],
                    p.get(outcome.name, 1.0),
                    late[outcome.name],
                ),
                tests[outcome.name],
                about[outcome.name],
            ),
        )
        for outcome in wanted
    )


def _and_volume(verdict: Verdict, tests: Sequence[Tested], score: Measured | None) -> Verdict:
    """The verdict; where the score adds even after directions were drawn anew, it says how much, for that was not
    reciprocity.
    """
    left = tests[-1].shuffled_gains.get(score.name) if tests and score is not None else None
    if verdict.code != "adds" or left is None or not left.above_zero:
        return verdict
    told = (
        f"With the direction of every act drawn anew it still adds {spoken(left, signed=True)}: so much is "
        f"volume and recency."
    )
    return Verdict(verdict.code, f"{verdict.text} {told}")


def _last(tests: Sequence[Tested]) -> Group | None:
    return tests[-1].groups[-1] if tests else None


def _about(outcome: Outcome, group: Group | None) -> Measured | None:
    """The measure that the verdict is about."""
    if group is None or not group.measures:
        return None
    return group.measures[judged_by(outcome.name, [m.known for m in group.measures], group.records)]


def _p(measured: Measured | None) -> float:
    return 1.0 if measured is None or measured.p is None else measured.p


def _name(measured: Measured | None, outcome: Outcome) -> str:
    return outcome.score if measured is None else measured.name


def _verdict(
    outcome: Outcome,
    tests: Sequence[Tested],
    group: Group | None,
    score: Measured | None,
    p: float,
    late: Sequence[datetime],
) -> Verdict:
    """On the last date. What is added beyond decayed volume is asked of all records: there the regression holds volume
    equal.
    """
    everybody = next((one for one in tests[-1].groups if one.name == "all"), None) if tests else None
    if group is None:
        reach = f"the data do not reach {outcome.reach.days} days past {min(late):%Y-%m-%d}"
        if outcome.follows_purchases and outcome.window_days > SHORT_DAYS:
            reach += f" (--horizon {SHORT_DAYS} asks for less)"
        return Verdict("not_enough_outcomes", f"Not enough outcomes: {reach}, so none is known.")
    trained = next((b for b in group.baselines if b.name == "trained"), None)
    words = label("trained", outcome)
    return judge(
        Evidence(
            group.records,
            group.events,
            score.known if score else 0,
            score.auc if score else _NOTHING,
            score.auc_known if score else _NOTHING,
            p,
            group.gains.get(score.name) if score else None,
            words[0].lower() + words[1:],
            trained.auc.value if trained else None,
            everybody.gains_beyond_volume.get(score.name) if everybody and score else None,
        )
    )
