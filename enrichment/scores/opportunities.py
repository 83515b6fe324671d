"""Opportunities: every deal field. A closed deal is scored for the moment of its close."""

from __future__ import annotations

import ibis

from enrichment.as_of import AsOf
from enrichment.commerce import holdings
from enrichment.commerce.deals import owner_quarters
from enrichment.commerce.records import Commerce
from enrichment.expressions import DAY, Expr, at_least, half_even, larger, ratio, smaller
from enrichment.fields import OPPORTUNITY_FIELDS
from enrichment.model import COMPONENTS, ScoringModel
from enrichment.reasons import drivers
from enrichment.scores import confidence, dependence, reciprocity, stance
from enrichment.scores.accounts import with_previous

_UNKNOWN = ibis.null("float64")
_INHERITED = (
    *(f"{name}_value" for name in COMPONENTS),
    "scored",
    "customer_revenue",
    "records_rivals",
    "has_acts",
    "channel_coverage",
    "newest_record",
    "newest_anywhere",
    "money_share",
    *(f"{name}_usual" for name in COMPONENTS),
    "buying_months",
    "lately_bought",
    "running",
    "active_assets",
    "fades_with",
    "lock_months",
    "held_products",
    "customer_years",
)


def gather(
    trade: Commerce, accounts: Expr, tallies: Expr, authors: Expr, organisation: Expr, model: ScoringModel
) -> Expr:
    """One row per opportunity with all that its fields are made of; `accounts` are judged accounts."""
    rows = trade.deals.mutate(unconvertible=trade.deals.unconvertible.cast("int64"))
    owners = accounts.select(
        *(name for name in _INHERITED if name not in ("has_acts", "channel_coverage")),
        account_key="account",
        account_id="id",
    )
    rows = rows.left_join(owners, [rows.account == owners.account_key]).drop("account_key")
    rows = rows.cross_join(organisation.select("has_acts", "channel_coverage", "newest_age_days"))
    rated = holdings.rated(trade.bought, "opportunity", model).select(
        "opportunity",
        deal_families="active_families",
        deal_strategic="families_strategic",
        deal_critical="families_critical",
        deal_rigid="families_rigid",
    )
    known_rivals = trade.seen.filter(trade.seen.opportunity.notnull()).select("opportunity", "name").distinct()
    rivals = known_rivals.group_by("opportunity").aggregate(deal_rivals=known_rivals.count())
    for part in (rated, rivals, tallies, authors):
        rows = rows.left_join(part, [rows.opportunity == part.opportunity]).drop("opportunity_right")
    quarters = owner_quarters(trade.deals).rename(quarter_owner="owner", in_quarter="quarter")
    rows = rows.left_join(quarters, [rows.owner == quarters.quarter_owner, rows.quarter == quarters.in_quarter])
    return rows.drop("quarter_owner", "in_quarter")


def judge(rows: Expr, as_of: AsOf, model: ScoringModel, previous: Expr | None) -> Expr:
    """The gathered rows with every deal field and everything that explains it."""
    rows = dependence.observe_deal(rows, model)
    rows = dependence.weigh(rows, model, rows.money_share.coalesce(1.0))
    rows = rows.mutate(**dependence.contributions(rows, model))
    rows = _trusted(rows, as_of, model)
    rows = _scores(rows, model)
    rows = _decided(with_previous(rows, previous, model), model)
    return _worded(rows, model)


def _trusted(rows: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """The two confidences. Of a closed deal only its own acts are known as they were at its close: channel coverage and
    dependence of that day cannot be had from today's records, so they neither lower its confidence nor are written."""
    now = as_of.seconds
    dated = [part.coalesce(-(2**40)) for part in (rows.newest_record, rows.created)]
    newest = ibis.greatest(*dated).nullif(-(2**40))
    dep = confidence.in_dependence(rows.benefit_coverage, rows.cost_coverage, newest, now, model)
    known = confidence.knowledge_of_dependence(rows, newest, now, model)
    covered = rows.closed.ifelse(1.0, rows.channel_coverage)
    effort = confidence.in_effort(covered, rows.deal_acts, rows.deal_unsigned_acts, rows.deal_newest, rows.until, model)
    rows = rows.mutate(conf_dependence=rows.closed.ifelse(_UNKNOWN, dep), known_dependence=known, conf_effort=effort)
    both = rows.closed.ifelse(rows.conf_effort, smaller(rows.conf_dependence, rows.conf_effort))
    floor = model.evidence.least_confidence
    return rows.mutate(
        bothways_deal_confidence=half_even(both),
        dependence_trusted=~rows.closed
        & rows.scored.coalesce(True)
        & rows.dependence_known
        & (half_even(rows.known_dependence) >= floor).coalesce(False),
        effort_trusted=(half_even(rows.conf_effort) >= floor) & rows.deal_newest.notnull(),
    )


def _scores(rows: Expr, model: ScoringModel) -> Expr:
    figures = dict(reciprocity.deal_figures(rows, model))
    for name in ("index", "balance"):
        column = f"bothways_deal_reciprocity_{name}"
        figures[column] = rows.effort_trusted.ifelse(figures[column], _UNKNOWN)
    for side in ("customer", "seller"):
        column = f"bothways_deal_{side}_effort_hours"
        unsigned = (rows.deal_unsigned.coalesce(0.0) > 0.0) & rows.deal_newest.isnull()
        hours = rows.has_acts.ifelse(figures[column].coalesce(0.0), figures[column])
        figures[column] = unsigned.ifelse(_UNKNOWN, hours)
    counts = ("bothways_deal_two_way_contacts", "bothways_deal_days_since_customer_act")
    whole = {name: figures.pop(name) for name in counts}
    dependent = rows.dependence_trusted.ifelse(rows.dependence_index, _UNKNOWN)
    needing = rows.closed.ifelse(_UNKNOWN, dependence.deal_seller_dependence(rows, model))
    figures |= {
        "bothways_deal_customer_dependence": dependent,
        "bothways_deal_seller_dependence": needing,
        "bothways_deal_asymmetry": dependent - needing,
    }
    rows = rows.mutate(**{name: half_even(value) for name, value in figures.items()})
    age = larger(rows.until - rows.created, ibis.literal(0, "int64")) // DAY
    heard = ibis.greatest(*(rows[f"deal_newest_{who}"].coalesce(-(2**40)) for who in ("customer", "unsigned")))
    return rows.mutate(
        bothways_deal_two_way_contacts=whole[counts[0]].coalesce(0).cast("int64"),
        bothways_deal_days_since_customer_act=whole[counts[1]].cast("int64"),
        customer_score=rows.bothways_deal_customer_dependence,
        balance_score=rows.bothways_deal_reciprocity_balance,
        # Nobody on their side ever acted: they have been quiet for as long as the deal is open. What nobody knows to
        # be ours may be theirs.
        quiet_days=((rows.until - heard.nullif(-(2**40))) // DAY).coalesce(age).cast("int64"),
    )


def _decided(rows: Expr, model: ScoringModel) -> Expr:
    chosen, held = stance.decide(rows, stance.deal_rules(model), model.stance.hysteresis)
    return rows.mutate(bothways_deal_stance=rows.closed.ifelse("closed", chosen), stance_held=held & ~rows.closed)


def _worded(rows: Expr, model: ScoringModel) -> Expr:
    earned = (rows.customer_revenue > 0.0).ifelse(rows.customer_revenue, _UNKNOWN)
    rows = rows.mutate(
        burden_share=ratio(at_least(rows.value.cast("float64"), 0.0), earned), rivals_seen=rows.deal_rivals
    )
    rows = drivers.figures(rows, round(model.dependence.lookback_days / 30.4375))
    rows = drivers.ranked(rows)
    return drivers.deal_text(rows, model).mutate(
        bothways_deal_asof=rows.scored_for,
        bothways_deal_model_version=ibis.literal(model.version_string),
    )


def fields(judged: Expr) -> Expr:
    """`id`, `opportunity`, `account_id`, `name`, then every deal field in the catalogue's order."""
    return judged.select("id", "opportunity", "account_id", "name", *(spec.name for spec in OPPORTUNITY_FIELDS))


def audit(judged: Expr) -> Expr:
    """What each deal's fields were made of."""
    written = {spec.name for spec in OPPORTUNITY_FIELDS}
    return judged.select("id", *(name for name in judged.columns if name not in written and name != "id"))
