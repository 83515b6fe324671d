"""`backtest`, `calibrate`: are the scores worth anything on this organisation's own data. Nothing here writes to a
CRM.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.console.output import ConfigOption, JsonOption, Output, QuietOption

if TYPE_CHECKING:
    from sync.evaluate.calibrate import Calibrated
    from sync.evaluate.result import Backtest, Judged

MomentsOption = Annotated[
    list[str] | None,
    typer.Option("--as-of", metavar="TIME", help="A past moment (UTC); give several, the earlier ones to learn from."),
]
DrawsOption = Annotated[int, typer.Option("--draws", min=100, help="Bootstrap draws and permutations.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same figures.")]
HorizonOption = Annotated[
    int | None,
    typer.Option(
        "--horizon",
        metavar="DAYS",
        help="How far ahead buying is asked for, 30 to 365. Default: 90 where the median gap between "
        "purchases is at most "
        "120 days, else 365.",
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    app.command()(backtest)
    app.command()(calibrate)


def backtest(
    config: ConfigOption = "bothways.toml",
    as_of: MomentsOption = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            "--outcome", help="buys_again, spend_collapse, renewal, win or stays_two_way; several times; default all."
        ),
    ] = None,
    horizon: HorizonOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the whole story as an HTML page.")] = None,
    draws: DrawsOption = 1000,
    seed: SeedOption = 1,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Score past dates, compare with what happened afterwards: better than chance, than recency and frequency?"""
    from config import settings as config_settings
    from config.loading import load_model
    from sync.console.progress import progress_for
    from sync.evaluate.backtest import chosen, run_backtest
    from sync.evaluate.horizon import checked
    from sync.evaluate.page import render
    from sync.options import RunContext, options_from, workspace_of
    from sync.registry import connect
    from sync.report.page import write
    from sync.system.files import check_output
    from sync.system.signals import obeying_signals
    from sync.system.times import time_argument

    output = Output(as_json=as_json, quiet=quiet)
    settings = config_settings.load(Path(config))
    moments = [time_argument(text) for text in as_of or []]
    if out is not None:
        check_output(out)
    chosen(outcome or ())
    checked(horizon)
    connector, options = connect(settings), options_from(settings)
    try:
        with obeying_signals(options.stop), progress_for(output) as progress:
            found = run_backtest(
                RunContext(connector, workspace_of(settings), load_model(settings), (), options, progress),
                moments,
                names=outcome or (),
                horizon_days=horizon,
                draws=draws,
                seed=seed,
            )
    finally:
        connector.close()
    if out is not None:
        write(out, render(found))
    if as_json:
        output.result(found.to_json())
        return
    _show(output, found)
    if out is not None:
        output.say(f"Wrote {out}")


def calibrate(
    config: ConfigOption = "bothways.toml",
    as_of: MomentsOption = None,
    outcome: Annotated[
        str, typer.Option("--outcome", help="What to learn from: buys_again, spend_collapse or renewal.")
    ] = "buys_again",
    horizon: HorizonOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the learnt model here if it is accepted.")
    ] = None,
    draws: DrawsOption = 1000,
    seed: SeedOption = 1,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Learn component weights from past outcomes, or say why those in use stay. Writes only to --out, never in
    place.
    """
    from config import settings as config_settings
    from config.loading import load_model
    from sync.console.progress import progress_for
    from sync.evaluate.calibrate import learnable, run_calibrate
    from sync.evaluate.horizon import checked
    from sync.evaluate.model_file import model_toml
    from sync.options import RunContext, options_from, workspace_of
    from sync.registry import connect
    from sync.report.page import write
    from sync.system.files import check_output
    from sync.system.signals import obeying_signals
    from sync.system.times import time_argument

    output = Output(as_json=as_json, quiet=quiet)
    settings = config_settings.load(Path(config))
    moments = [time_argument(text) for text in as_of or []]
    if out is not None:
        check_output(out)
    learnable(outcome)
    checked(horizon)
    connector, options = connect(settings), options_from(settings)
    try:
        with obeying_signals(options.stop), progress_for(output) as progress:
            found = run_calibrate(
                RunContext(connector, workspace_of(settings), load_model(settings), (), options, progress),
                moments,
                name=outcome,
                horizon_days=horizon,
                draws=draws,
                seed=seed,
            )
    finally:
        connector.close()
    if out is not None and not found.refused:
        write(out, model_toml(found.model))
    if as_json:
        output.result(found.to_json())
        return
    _show_weights(output, found)
    if found.refused:
        output.say("\nThe weights in use stay: " + "; ".join(found.refused) + ".")
    elif out is None:
        output.say("\nThe learnt weights are accepted. Nothing was written: give --out FILE to get the model.")
    else:
        output.say(f"\nWrote {out}: model {found.model.version_string}. Name it in the settings to use it.")


def _show_weights(output: Output, found: Calibrated) -> None:
    learnt = ", ".join(f"{moment:%Y-%m-%d}" for moment in found.learnt_from)
    output.say(f"{found.horizon.reason}.")
    output.say(
        f"{found.outcome}: learnt as of {learnt}; tested as of {found.tested_on:%Y-%m-%d} on "
        f"{found.records:,} records, "
        f"{found.events:,} with the wished-for outcome."
    )
    output.table(
        ("Component", "In use", "Learnt", ""),
        [
            (name, f"{old:.3f}", f"{new:.3f}", "" if name in found.free else "does not vary here: nothing learnt")
            for name, (old, new) in found.weights.items()
        ],
        right=(1, 2),
    )
    output.say(f"Exponent {found.exponents[0]:g} -> {found.exponents[1]:g} (share of benefit against cost to leave).")
    output.say(
        f"Log-loss {found.better.in_use:.5f} -> {found.better.learnt:.5f} (better by {found.better.gain:.5f}, "
        f"standard error "
        f"{found.better.error:.5f}); AUC of the fit {found.logistic_auc[0]:.3f} -> "
        f"{found.logistic_auc[1]:.3f}, of the score "
        f"{found.index_auc[0]:.3f} -> {found.index_auc[1]:.3f}; p = {found.p:.3g}."
    )
    if found.changes is not None:
        output.say(
            f"Rank correlation with the scores in use {found.changes.rank_correlation:.3f}; {found.changes.moved:,} of "
            f"{found.changes.records:,} accounts would change their stance."
        )
        for change, count in found.changes.classes.items():
            output.say(f"  {change}: {count:,}")


def _show(output: Output, found: Backtest) -> None:
    from enrichment.evaluation.verdict import spoken
    from sync.evaluate.replay import LABELS

    output.say(f"{found.horizon.reason}.")
    for judged in found.outcomes:
        output.say(f"\n{judged.question}\n  {judged.verdict.text}")
        rows = _rows(judged)
        if rows:
            head = ("As of", "Who", "What", "Known", "AUC, all pairs", "Both known", "p", "Adds")
            output.table(head, rows, right=(3,))
        for tested in judged.tests:
            for group in tested.groups:
                if beyond := group.gains_beyond_volume:
                    added = "; ".join(f"{LABELS[name]} {spoken(gain, signed=True)}" for name, gain in beyond.items())
                    output.say(f"{tested.as_of:%Y-%m-%d}, {group.name}, added beyond decayed volume: {added}.")
            if tested.shuffled:
                turned = ", ".join(f"{value:.3f} ({LABELS[name]})" for name, value in tested.shuffled.items())
                turned += "".join(
                    f"; {LABELS[name]} adds {spoken(gain, signed=True)}" for name, gain in tested.shuffled_gains.items()
                )
                output.say(f"{tested.as_of:%Y-%m-%d}, direction of every act drawn anew: AUC {turned}.")
    for text in found.left_out:
        output.note(f"Left out: {text}.")


def _rows(judged: Judged) -> list[tuple[str, ...]]:
    from enrichment.evaluation.verdict import spoken

    return [
        (
            f"{tested.as_of:%Y-%m-%d}",
            group.name,
            measured.label,
            f"{measured.known:,}",
            spoken(measured.auc),
            f"{measured.auc_known.value:.3f}",
            "" if measured.p is None else f"{measured.p:.3g}",
            spoken(group.gains[measured.name], signed=True)
            if measured.p is not None and measured.name in group.gains
            else "",
        )
        for tested in judged.tests
        for group in tested.groups
        for measured in (*group.measures, *group.baselines)
    ]
