"""Who needs whom: the components of customer dependence, the seller's dependence, and what follows from the two."""

from __future__ import annotations

from collections.abc import Sequence

import ibis

from enrichment.as_of import AsOf
from enrichment.expressions import DAY, Expr, at_least, at_most, constant, hill, ratio, real, smaller, whole
from enrichment.model import BENEFIT, COMPONENTS, COST, ScoringModel

_MONTH = 365.25 / 12 * DAY
_YEAR = 365.25 * DAY
_UNKNOWN = ibis.null("float64")


def _unit(value: Expr) -> Expr:
    """A value that somebody typed as 0..1; null when it is not."""
    return ((value >= 0.0) & (value <= 1.0)).ifelse(value.cast("float64"), _UNKNOWN)


def share_of_wallet(rows: Expr, model: ScoringModel) -> Expr:
    """The wallet ladder: stated wallet, ours plus rivals' known spend, a benchmark per employee, the number of
    vendors.
    """
    spent = at_least(rows.revenue.cast("float64"), 0.0)
    stated = (rows.wallet_value > 0.0).ifelse(rows.wallet_value, _UNKNOWN)
    against = (rows.rival_spend > 0).ifelse(spent + rows.rival_spend.cast("float64"), _UNKNOWN)
    benchmark = _UNKNOWN
    if model.wallet_per_employee:
        segment = rows.industry.strip().lower()
        pairs = sorted((name.strip().lower(), amount) for name, amount in model.wallet_per_employee.items())
        each = ibis.cases(*((segment == name, float(amount)) for name, amount in pairs), else_=None).cast("float64")
        benchmark = (rows.employees > 0).ifelse(each * rows.employees.cast("float64"), _UNKNOWN)
    by_money = at_most(ratio(spent, ibis.coalesce(stated, against, benchmark)), 1.0)
    by_rank = (rows.known_vendors >= 1).ifelse(ratio(ibis.literal(1.0), rows.known_vendors), _UNKNOWN)
    return by_money.coalesce((spent > 0.0).ifelse(by_rank, by_rank.isnull().ifelse(_UNKNOWN, spent)))


def observe(rows: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """`rows` with every component of customer dependence in 0..1, null where it is not observed (`<name>_value`)."""
    now, d = as_of.seconds, model.dependence
    lock = at_most((rows.lock_until - now).cast("float64") / (_MONTH * d.lock_months), 1.0).coalesce(0.0)
    years = (now - rows.first_win).cast("float64") / _YEAR
    tenure = (1.0 - ibis.literal(2.0) ** (-years / d.tenure_half_life_years)).coalesce(0.0)
    holds = ibis.greatest(rows.active_assets.coalesce(0), rows.active_families.coalesce(0)).cast("float64")
    revenue = rows.revenue.cast("float64")
    earned = (rows.customer_revenue > 0.0).ifelse(rows.customer_revenue, _UNKNOWN)
    seen = rows.rival_count.coalesce(0).cast("float64")
    values = {
        "share_of_wallet": share_of_wallet(rows, model),
        "strategic_importance": _unit(rows.strategic_importance).coalesce(rows.families_strategic),
        "mission_criticality": _unit(rows.mission_criticality).coalesce(rows.families_critical),
        "purchase_burden": hill(ratio(revenue, earned), d.burden_half_point),
        "reliance": rows.sells.ifelse(hill(rows.reliance_sum.coalesce(0.0), d.reliance_half_point), _UNKNOWN),
        "contract_lock": rows.records_ends.ifelse(lock, _UNKNOWN),
        "installed_base": rows.records_installed.ifelse(hill(holds, d.installed_half_point), _UNKNOWN),
        "tenure": rows.sells.ifelse(at_least(tenure, 0.0), _UNKNOWN),
        "non_modularity": _unit(rows.non_modularity).coalesce(rows.families_rigid),
        "scarcity": rows.records_rivals.ifelse(1.0 / (1.0 + seen), _UNKNOWN),
    }
    return rows.mutate(**{f"{name}_value": value for name, value in values.items()})


def weigh(rows: Expr, model: ScoringModel, money_share: Expr) -> Expr:
    """Benefit and cost parts, A1 before its null rules, and the audit of each component.

    `money_share` is the part of the money that could be converted: it scales how far money components count as covered.
    """
    columns = {}
    for group, names in (("benefit", BENEFIT), ("cost", COST)):
        total = sum(model.components[name].weight for name in names)
        weights = {name: model.components[name].weight / total for name in names}
        columns[f"{group}_part"] = _added(
            [rows[f"{name}_value"].coalesce(model.components[name].prior) * weights[name] for name in names]
        )
        columns[f"{group}_observed"] = _added([rows[f"{name}_value"].notnull().cast("int64") for name in names])
        covered = []
        for name in names:
            columns[f"{name}_weight"] = constant(weights[name])
            columns[f"{name}_prior_used"] = rows[f"{name}_value"].isnull()
            here = rows[f"{name}_value"].notnull().ifelse(constant(weights[name]), constant(0.0))
            covered.append(here * money_share if name in ("share_of_wallet", "purchase_burden") else here)
        columns[f"{group}_coverage"] = at_most(_added(covered), 1.0)
    rows = rows.mutate(**columns)
    return rows.mutate(
        benefit_index=100.0 * rows.benefit_part,
        cost_index=100.0 * rows.cost_part,
        dependence_index=100.0
        * rows.benefit_part**model.dependence.exponent
        * rows.cost_part ** (1.0 - model.dependence.exponent),
        dependence_known=(rows.benefit_observed > 0) & (rows.cost_observed > 0),
    )


def _added(parts: Sequence[Expr]) -> Expr:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def usual(rows: Expr) -> Expr:
    """One row: the median of each component's observed values, in tenths."""
    return rows.aggregate(**{f"{name}_usual": tenth(rows[f"{name}_value"]).median() for name in COMPONENTS})


def tenth(value: Expr) -> Expr:
    """A component as people compare it: nobody stands out by a hundredth."""
    return (value * 10.0).round().cast("float64") / 10.0


def contributions(rows: Expr, model: ScoringModel) -> dict[str, Expr]:
    """First-order share of each component in ln A1 against the organisation's median (`usual`), so that what everybody
    has is nobody's reason; null where it is not observed.
    """
    a = model.dependence.exponent
    found = {}
    for name in COMPONENTS:
        group, power = ("benefit", a) if name in BENEFIT else ("cost", 1.0 - a)
        moved = tenth(rows[f"{name}_value"]) - rows[f"{name}_usual"]
        share = power * rows[f"{name}_weight"] * moved / rows[f"{group}_part"].nullif(0.0)
        found[f"{name}_contribution"] = real(whole(share))
    return found


def seller_dependence(families: Expr, model: ScoringModel) -> Expr:
    """A4 per family: how much we need them, by the greatest of its claims on us. Null when there is neither revenue,
    pipeline nor a strategic flag.
    """
    d = model.dependence
    monthly = (families.new_bookings.cast("float64") / 12.0).coalesce(0.0)
    months = families.clipped.cast("float64") / monthly.nullif(0.0)
    replaced = hill(months, d.months_half_point).coalesce((families.clipped > 0).ifelse(1.0, 0.0))
    rows = families.mutate(
        revenue_pull=hill(families.revenue_share, d.revenue_half_point),
        pipeline_pull=hill(families.pipeline_share, d.pipeline_half_point),
        strategic_pull=families.strategic.cast("float64") * d.strategic_importance,
        replacement_pull=families.revenue_share.notnull().ifelse(replaced, _UNKNOWN),
        hours_pull=hill(families.hours_share, d.hours_half_point),
        months_to_replace=months,
    )
    pulls = [rows.revenue_pull, rows.pipeline_pull, rows.strategic_pull]
    importance = ibis.greatest(*(pull.coalesce(-1.0) for pull in pulls)).nullif(-1.0)
    seen = _added([pull.notnull().cast("int64") for pull in pulls])
    replacement, _ = _mean([rows.replacement_pull, rows.hours_pull])
    importance_part = importance.coalesce(d.importance_prior)
    replacement_part = replacement.coalesce(d.replacement_prior)
    score = 100.0 * (importance_part * replacement_part).sqrt()
    return rows.mutate(
        importance_part=importance_part,
        replacement_part=replacement_part,
        seller_index=(seen > 0).ifelse(score, _UNKNOWN),
    )


def _mean(parts: Sequence[Expr]) -> tuple[Expr, Expr]:
    """Mean of the observed parts (null if none is) and how many are."""
    count = _added([part.notnull().cast("int64") for part in parts])
    total = _added([part.coalesce(0.0) for part in parts])
    return total / count.cast("float64").nullif(0.0), count


def interdependence(one: Expr, other: Expr, model: ScoringModel) -> dict[str, Expr]:
    """A5, A6 and A7 from A1 (`one`) and A4 (`other`); null where either is."""
    both = one + other
    even = 100.0 * 2.0 * smaller(one, other) / both.nullif(0.0)
    return {
        "bothways_mutual_dependence": both / 2.0,
        "bothways_dependence_asymmetry": one - other,
        "bothways_dependence_symmetry": (both >= model.dependence.symmetry_floor).ifelse(even, _UNKNOWN),
    }


def observe_deal(rows: Expr, model: ScoringModel) -> Expr:
    """Components of a deal: its own families, amount and rivals; the rest, and what it does not say, from its
    account.
    """
    d = model.dependence
    earned = (rows.customer_revenue > 0.0).ifelse(rows.customer_revenue, _UNKNOWN)
    seen = rows.deal_rivals.coalesce(0).cast("float64")
    values = {
        "strategic_importance": rows.deal_strategic.coalesce(rows.strategic_importance_value),
        "mission_criticality": rows.deal_critical.coalesce(rows.mission_criticality_value),
        "purchase_burden": hill(ratio(rows.value.cast("float64"), earned), d.burden_half_point),
        "non_modularity": rows.deal_rigid.coalesce(rows.non_modularity_value),
        "scarcity": rows.records_rivals.coalesce(False).ifelse(1.0 / (1.0 + seen), _UNKNOWN),
    }
    return rows.mutate(**{f"{name}_value": value for name, value in values.items()})


def deal_seller_dependence(rows: Expr, model: ScoringModel) -> Expr:
    """O9: the deal's share of what its owner hopes to close in the same fiscal quarter, half-point .25."""
    share = ratio(rows.hoped, (rows.quarter_pipeline > 0).ifelse(rows.quarter_pipeline, None))
    return 100.0 * hill(at_most(share, 1.0), model.dependence.deal_half_point)
