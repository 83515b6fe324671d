"""How far the scores can be trusted: what share of the wanted data is there, how much of it, how fresh."""

from __future__ import annotations

import ibis

from enrichment.as_of import AsOf
from enrichment.expressions import DAY, Expr, at_most, decay
from enrichment.model import CHANNELS, ScoringModel


def freshness(age_seconds: Expr, model: ScoringModel) -> Expr:
    """1 for the first 30 days, then halving every 180; 0 when there is nothing to be fresh."""
    late = age_seconds.cast("float64") - model.evidence.fresh_days * DAY
    return at_most(decay(late, model.evidence.fade_days), 1.0).coalesce(0.0)


def in_dependence(benefit: Expr, cost: Expr, newest_record: Expr, now: Expr, model: ScoringModel) -> Expr:
    """conf_dep: 100 * sqrt(coverage of benefit * coverage of cost) * freshness of the newest commercial record."""
    return 100.0 * (benefit * cost).sqrt() * freshness(now - newest_record, model)


def knowledge_of_dependence(rows: Expr, newest_record: Expr, now: Expr, model: ScoringModel) -> Expr:
    """What the null rule of customer dependence is tried on: conf_dep, its age counted as `fades_with` says.

    With "organisation" the sales of an organisation reach us as a whole: while records keep coming, a customer (it
    bought within the lookback, has a contract running or an asset in use) that then stopped is known to have stopped,
    and lower `reliance` already says so. Others are unknown by their own newest record, and everybody is once no
    records come any more.
    """
    customer = (
        (rows.lately_bought.coalesce(0) > 0) | rows.running.coalesce(False) | (rows.active_assets.coalesce(0) > 0)
    )
    whole = customer & (rows.fades_with == "organisation")
    newest_record = whole.ifelse(rows.newest_anywhere, newest_record)
    return in_dependence(rows.benefit_coverage, rows.cost_coverage, newest_record, now, model)


def fades_with(entered_late: Expr, model: ScoringModel) -> Expr:
    """Whose newest record counts: what the model says, but the account's own where deals are entered late."""
    if model.evidence.dependence_fades_with == "account":
        return ibis.literal("account")
    return entered_late.ifelse("account", "organisation")


def in_effort(channels: Expr, acts: Expr, unsigned: Expr, newest: Expr, now: Expr, model: ScoringModel) -> Expr:
    """conf_eff: 100 * sqrt(channel coverage) * sqrt(n / (n + 8)) * freshness of the newest act, times the share of
    acts of which it is known who acted; n and the newest are of those."""
    volume = (acts / (acts + model.evidence.acts_half_point)).sqrt().coalesce(0.0)
    known = (acts / (acts + unsigned).nullif(0.0)).coalesce(1.0)
    return 100.0 * channels.sqrt() * volume * known * freshness(now - newest, model)


def channels(rows: Expr, acts: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """One row: which channels hold any record of the last 90 days, whether any act is known in the effort window, and
    how many days old the newest of all `acts` is, however old.

    A channel without records lowers confidence everywhere: a dead connector must not make every customer look silent.
    """
    now = as_of.seconds
    since, year = now - model.evidence.channel_days * DAY, now - model.effort.window_days * DAY
    seen = {f"has_{name}": (rows[f"newest_{name}"].max() > since).coalesce(False) for name in CHANNELS}
    row = rows.aggregate(**seen, has_acts=(rows.newest_act.max() > year).coalesce(False))
    covered = ibis.literal(0, "int64")
    for name in CHANNELS:
        covered = covered + row[f"has_{name}"].cast("int64")
    row = row.mutate(channel_coverage=covered.cast("float64") / float(len(CHANNELS)))
    newest = ((now - acts.t.max()) // DAY).cast("int64")
    return row.cross_join(acts.aggregate(newest_age_days=newest))
