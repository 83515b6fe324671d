"""Accounts: everything known about each, then every account field from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis

from enrichment.as_of import AsOf
from enrichment.commerce import deals as commerce
from enrichment.commerce import holdings
from enrichment.expressions import DAY, Expr, at_least, half_even, ratio, smaller
from enrichment.fields import ACCOUNT_FIELDS
from enrichment.model import ScoringModel
from enrichment.scores import confidence, dependence, reciprocity, stance
from enrichment.scores import reasons as drivers
from enrichment.scores import reclaimable as reclaim
from enrichment.scores.reciprocity import balance, index

_UNKNOWN = ibis.null("float64")
_MONTH = 365.25 / 12 * DAY


@dataclass(frozen=True, slots=True)
class Activity:
    """What the acts came to, per account: tallies, answers, authors."""

    tallies: Expr
    answers: Expr
    authors: Expr


@dataclass(frozen=True, slots=True)
class Commerce:
    """What the commercial records came to. `bought` are deals' families, `seen` rivals, `used` assets."""

    deals: Expr
    contracts: Expr
    used: Expr
    bought: Expr
    seen: Expr


def read_commerce(tables: Mapping[str, Expr], dealt: Expr, as_of: AsOf, model: ScoringModel) -> Commerce:
    """The commercial tables as known at `as_of`."""
    return Commerce(
        dealt,
        holdings.contracts(tables),
        holdings.assets(tables, as_of, model),
        holdings.deal_families(tables),
        holdings.rivals(tables, dealt, as_of, model),
    )


def gather(tables: Mapping[str, Expr], trade: Commerce, acted: Activity, as_of: AsOf, model: ScoringModel) -> Expr:
    """One row per account known at `as_of` with all that its fields are made of, organisation facts beside it."""
    rows = _described(tables, as_of, model)
    rows = commerce.with_trade(rows, commerce.trade(trade.deals, as_of))
    pacts = holdings.commitments(trade.contracts, as_of)
    in_use = holdings.account_families(trade.bought, trade.deals, trade.used, as_of, model)
    parts = (
        pacts,
        holdings.buying_months(trade.deals, trade.contracts, as_of, model),
        holdings.installed(trade.used),
        holdings.rated(in_use, "account", model),
        holdings.account_rivals(trade.seen, trade.used),
        acted.tallies,
        acted.answers,
        acted.authors,
    )
    for part in parts:
        rows = rows.left_join(part, [rows.account == part.account]).drop("account_right")
    families = dependence.seller_dependence(commerce.families(rows, as_of), model)
    families = families.drop("all_revenue", "all_pipeline", "all_seller").rename(whole_family="family")
    recorded = holdings.organisation(trade.deals, pacts, trade.used, trade.bought, trade.seen, as_of, model)
    rows = rows.cross_join(recorded)
    rows = rows.cross_join(reciprocity.organisation_habits(_counted(acted)))
    rows = rows.cross_join(confidence.channels(acted.tallies, as_of, model))
    return rows.left_join(families, [rows.family == families.whole_family]).drop("whole_family")


def _counted(acted: Activity) -> Expr:
    """Tallies and answers side by side, for the organisation's habits."""
    asked = acted.answers.rename(asking="account")
    return acted.tallies.left_join(asked, [acted.tallies.account == asked.asking])


def _described(tables: Mapping[str, Expr], as_of: AsOf, model: ScoringModel) -> Expr:
    now = as_of.seconds
    rows = tables["accounts"]
    rows = commerce.converted(rows, commerce.standing_rates(tables), now, model)
    kind = rows.type.strip().lower()
    scored = ibis.literal(True)
    if model.accounts.customer_types:
        scored = kind.isin([t.strip().lower() for t in model.accounts.customer_types]) | kind.isnull()
    if model.accounts.excluded_types:
        scored = scored & ~kind.isin([t.strip().lower() for t in model.accounts.excluded_types]).coalesce(False)
    stated = ("strategic_importance", "mission_criticality", "non_modularity", "strategic_customer", "known_vendors")
    return rows.select(
        "account",
        "id",
        "name",
        "industry",
        "employees",
        *stated,
        family=rows.family.coalesce(rows.account),
        segment=rows.industry.strip().lower().coalesce(""),
        scored=scored,
        wallet_value=rows.wallet * rows.factor,
        customer_revenue=rows.annual_revenue * rows.factor,
    )


def judge(rows: Expr, as_of: AsOf, model: ScoringModel, previous: Expr | None) -> Expr:
    """The gathered rows with every account field and everything that explains it."""
    now = as_of.seconds
    rows = dependence.observe(rows, as_of, model)
    priced = ratio(rows.year_priced, rows.year_priced + rows.year_unconvertible).coalesce(1.0)
    rows = dependence.weigh(rows, model, priced)
    rows = _trusted(rows.mutate(money_share=priced), now, model)
    rows = _scores(rows, model)
    peers = reciprocity.against_book(rows, model)
    tenths = (rows.bothways_reciprocity_balance * 10.0).round().cast("int64")
    rows = rows.mutate(tenths=tenths)
    rows = rows.left_join(peers, [rows.segment == peers.book_segment, rows.tenths == peers.book_tenths])
    rows = rows.drop("book_segment", "book_tenths", "tenths")
    rows = _decided(rows, model, previous)
    return _worded(rows, as_of, model)


def _trusted(rows: Expr, now: Expr, model: ScoringModel) -> Expr:
    """Coverage and the two confidences (3.7 of the formulas: a running contract is a record of today)."""
    dated = [part.coalesce(-(2**40)) for part in (rows.newest_deal, rows.newest_contract, rows.newest_asset)]
    newest = ibis.greatest(*dated).nullif(-(2**40))
    rows = rows.mutate(
        newest_record=newest,
        conf_dependence=confidence.in_dependence(rows.benefit_coverage, rows.cost_coverage, newest, now, model),
        known_dependence=confidence.knowledge_of_dependence(rows, newest, now, model),
        conf_effort=confidence.in_effort(rows.channel_coverage, rows.acts, rows.newest_act, now, model),
    )
    parts = (rows.benefit_coverage + rows.cost_coverage) / 2.0
    return rows.mutate(
        bothways_confidence=rows.scored.ifelse(half_even(smaller(rows.conf_dependence, rows.conf_effort)), _UNKNOWN),
        bothways_coverage=rows.scored.ifelse(half_even(50.0 * (parts + rows.channel_coverage)), _UNKNOWN),
        dependence_trusted=rows.scored
        & rows.dependence_known
        & (half_even(rows.known_dependence) >= model.evidence.least_confidence),
        effort_trusted=rows.scored
        & (half_even(rows.conf_effort) >= model.evidence.least_confidence)
        & rows.newest_act.notnull(),
    )


def _scores(rows: Expr, model: ScoringModel) -> Expr:
    """Every number but A12 and A19, rounded, null by the null rules."""

    def when(condition: Expr, value: Expr) -> Expr:
        return condition.ifelse(value, _UNKNOWN)

    k0 = model.reciprocity.k0_minutes
    rows = rows.mutate(
        customer_raw=when(rows.dependence_trusted, rows.dependence_index),
        seller_raw=when(rows.scored, rows.seller_index),
        index_raw=when(rows.effort_trusted, index(rows.es, rows.ec, k0)),
        balance_raw=when(rows.effort_trusted, balance(rows.es, rows.ec, k0)),
    )
    both = dependence.interdependence(rows.customer_raw, rows.seller_raw, model)
    active = rows.scored & rows.has_acts
    values = {
        "bothways_customer_dependence": rows.customer_raw,
        "bothways_dependence_benefit": when(rows.dependence_trusted, rows.benefit_index),
        "bothways_dependence_cost": when(rows.dependence_trusted, rows.cost_index),
        "bothways_seller_dependence": rows.seller_raw,
        **both,
        "bothways_seller_effort_hours": when(active, rows.recent_seller.coalesce(0.0) / 60.0),
        "bothways_customer_effort_hours": when(active, rows.recent_customer.coalesce(0.0) / 60.0),
        "bothways_reciprocity_index": rows.index_raw,
        "bothways_reciprocity_balance": rows.balance_raw,
        **{name: when(rows.scored, value) for name, value in reciprocity.habits(rows, model).items()},
    }
    rows = rows.mutate(**{name: half_even(value) for name, value in values.items()})
    return rows.mutate(
        bothways_two_way_contacts=rows.scored.ifelse(rows.two_way.coalesce(0), ibis.null("int64")),
        customer_score=rows.bothways_customer_dependence,
        benefit_score=rows.bothways_dependence_benefit,
        cost_score=rows.bothways_dependence_cost,
        seller_score=rows.bothways_seller_dependence,
        asymmetry_score=rows.bothways_dependence_asymmetry,
        balance_score=rows.bothways_reciprocity_balance,
        seller_hours=rows.recent_seller.coalesce(0.0) / 60.0,
        customer_hours=rows.recent_customer.coalesce(0.0) / 60.0,
        initiated_hours=rows.initiated_hours.coalesce(0.0) / 60.0,
        discretionary_hours=rows.discretionary.coalesce(0.0) / 60.0,
        wrote_seller=rows.wrote_seller.coalesce(0),
        wrote_customer=rows.wrote_customer.coalesce(0),
    )


def _decided(rows: Expr, model: ScoringModel, previous: Expr | None) -> Expr:
    """Stance, percentile and reclaimable hours."""
    rows = with_previous(rows, previous)
    rows = rows.mutate(expected_hours=reclaim.expected_hours(rows, model))
    evident = (
        rows.customer_score.notnull()
        & rows.seller_score.notnull()
        & rows.balance_score.notnull()
        & (rows.bothways_confidence >= model.evidence.least_confidence).coalesce(False)
    )
    chosen, held = stance.decide(rows, stance.account_rules(model), model.stance.hysteresis)
    rows = rows.mutate(
        bothways_stance=evident.ifelse(chosen, "insufficient_evidence"),
        stance_held=evident & held,
        bothways_reciprocity_vs_book=rows.vs_book,
    )
    return rows.mutate(bothways_reclaimable_hours=half_even(reclaim.reclaimable(rows, model)))


def with_previous(rows: Expr, previous: Expr | None) -> Expr:
    """`rows` with `previous_stance`, null where there was none."""
    if previous is None:
        return rows.mutate(previous_stance=ibis.null("string"))
    last = previous.group_by("id").aggregate(previous_stance=previous.stance.max()).rename(previous_id="id")
    return rows.left_join(last, [rows.id == last.previous_id]).drop("previous_id")


def _worded(rows: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    now = as_of.seconds
    earned = (rows.customer_revenue > 0.0).ifelse(rows.customer_revenue, _UNKNOWN)
    rows = rows.mutate(
        burden_share=ratio(at_least(rows.revenue.cast("float64"), 0.0), earned),
        lock_months=(rows.lock_until - now).cast("float64") / _MONTH,
        held_products=ibis.greatest(rows.active_assets.coalesce(0), rows.active_families.coalesce(0)),
        customer_years=(now - rows.first_win).cast("float64") / (365.25 * DAY),
        rivals_seen=rows.rival_count,
        record_age_days=((now - rows.newest_record) // DAY).cast("int64"),
    )
    rows = drivers.figures(rows, round(model.dependence.lookback_days / 30.4375))
    rows = drivers.ranked(rows)
    return rows.mutate(
        bothways_top_drivers=drivers.account_text(rows, model).nullif(""),
        bothways_asof=as_of.time,
        bothways_model_version=ibis.literal(model.version_string),
    )


def fields(judged: Expr) -> Expr:
    """`id`, `account`, `name`, then every account field in the catalogue's order."""
    return judged.select("id", "account", "name", *(spec.name for spec in ACCOUNT_FIELDS))


def audit(judged: Expr) -> Expr:
    """What each account's fields were made of."""
    written = {spec.name for spec in ACCOUNT_FIELDS}
    return judged.select("id", *(name for name in judged.columns if name not in written and name != "id"))
