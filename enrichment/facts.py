"""Everything known about each account, before it is judged: one row per account and one per family of two or more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis

from enrichment.as_of import AsOf
from enrichment.commerce import deals as commerce
from enrichment.commerce import holdings, purchases
from enrichment.commerce.records import Commerce
from enrichment.expressions import DAY, Expr
from enrichment.families import whole_key, with_wholes
from enrichment.model import ScoringModel
from enrichment.scores import confidence, dependence, reciprocity

_EVER = 2**40
_STATED = ("strategic_importance", "mission_criticality", "non_modularity")


@dataclass(frozen=True, slots=True)
class Activity:
    """All acts, and what they came to: `tallies` of each account; `families` of each account and whole family, as the
    answers, the authors and what was left open are."""

    acts: Expr
    tallies: Expr
    families: Expr
    answers: Expr
    authors: Expr
    left_open: Expr


def described(tables: Mapping[str, Expr], as_of: AsOf, model: ScoringModel) -> Expr:
    """One row per account: what it is, in corporate money. `scored` is false for types that are left out,
    `known_customer` is 1 where the CRM's type or lifecycle stage is a customer's.
    """
    now = as_of.seconds
    rows = tables["accounts"]
    rows = commerce.converted(rows, commerce.standing_rates(tables), now, model)
    kind, phase = rows.type.strip().lower(), rows.lifecycle_stage.strip().lower()
    scored = ibis.literal(True)
    customer = ibis.literal(False)
    if model.accounts.customer_types:
        types = [t.strip().lower() for t in model.accounts.customer_types]
        scored = kind.isin(types) | kind.isnull()
        customer = kind.isin(types).coalesce(False)
    if model.accounts.excluded_types:
        scored = scored & ~kind.isin([t.strip().lower() for t in model.accounts.excluded_types]).coalesce(False)
    for word in model.lifecycle.customer_words:
        for column in (kind, phase):
            customer = customer | column.contains(word.strip().lower()).coalesce(False)
    return rows.select(
        "account",
        "id",
        "name",
        "industry",
        "employees",
        *_STATED,
        "strategic_customer",
        "known_vendors",
        family=rows.family.coalesce(rows.account),
        segment=rows.industry.strip().lower().coalesce(""),
        scored=scored,
        known_customer=customer.cast("int64"),
        wallet_value=rows.wallet * rows.factor,
        customer_revenue=rows.annual_revenue * rows.factor,
    )


def _whole_rows(rows: Expr) -> Expr:
    """The rows of whole families, under their parent's name: what the parent does not say of itself is its members'."""
    added = ("wallet_value", "customer_revenue", "employees")
    greatest = (*_STATED, "known_vendors", "known_customer")
    sums = rows.group_by("family").aggregate(
        members=rows.count(),
        **{f"all_{name}": rows[name].sum() for name in added},
        **{f"all_{name}": rows[name].max() for name in greatest},
    )
    sums = sums.filter(sums.members > 1).rename(of_family="family")
    heads = rows.filter(rows.account == rows.family)
    heads = heads.inner_join(sums, [heads.family == sums.of_family])
    said = {name: heads[name].coalesce(heads[f"all_{name}"]) for name in (*added, *greatest[:-1])}
    heads = heads.mutate(**said, known_customer=heads.all_known_customer, account=whole_key(heads.family))
    return heads.select(*rows.columns).cast(rows.schema())


def gather(
    accounts: Expr,
    members: Expr,
    tables: Mapping[str, Expr],
    trade: Commerce,
    acted: Activity,
    as_of: AsOf,
    model: ScoringModel,
) -> Expr:
    """One row per account, and per whole family (a negative `account`), with all that its fields are made of; what the
    organisation records beside it. `members` is `commerce.families.wholes` of the accounts."""
    dealt, pacts, used = (with_wholes(table, members) for table in (trade.deals, trade.contracts, trade.used))
    committed = holdings.commitments(pacts, as_of)
    in_use = holdings.account_families(trade.bought, dealt, used, as_of, model)
    raised = tables["cases"].filter(ibis._.by_customer.coalesce(False), ibis._.account.notnull())
    raised = with_wholes(raised.select("account"), members)
    parts = (
        commerce.trade(dealt, as_of, model.dependence.lookback_days),
        committed,
        holdings.buying_months(dealt, pacts, as_of, model),
        holdings.installed(used),
        with_wholes(holdings.ever_installed(tables), members)
        .group_by("account")
        .aggregate(assets_ever=ibis._.assets_ever.sum()),
        holdings.rated(in_use, "account", model),
        holdings.account_rivals(with_wholes(trade.seen.filter(trade.seen.account.notnull()), members), used),
        purchases.purchases(dealt),
        purchases.lost(dealt),
        raised.group_by("account").aggregate(cases_ever=raised.count()),
        acted.families,
        acted.answers,
        acted.authors,
        acted.left_open,
    )
    rows = accounts.union(_whole_rows(accounts))
    for part in parts:
        rows = rows.left_join(part, [rows.account == part.account]).drop("account_right")
    rows = commerce.completed(rows)
    own = rows.filter(rows.account >= 0)
    families = dependence.seller_dependence(commerce.families(own, as_of), model)
    families = families.drop("all_revenue", "all_pipeline", "all_seller").rename(whole_family="family")
    own_pacts = committed.filter(committed.account >= 0)
    recorded = holdings.organisation(trade.deals, own_pacts, trade.used, trade.bought, trade.seen, as_of, model)
    rows = rows.cross_join(recorded)
    rows = rows.cross_join(purchases.habits(trade.deals, as_of, model))
    rows = rows.cross_join(reciprocity.organisation_habits(_counted(acted), model))
    rows = rows.cross_join(confidence.channels(acted.tallies, acted.acts, as_of, model))
    return rows.left_join(families, [rows.family == families.whole_family]).drop("whole_family")


def quiet_since(rows: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """(account, since): for accounts that have bought nothing lately, the last that was heard of them (an act of
    theirs, a call or meeting that took place) or their last purchase, whichever is later.
    """
    old = as_of.seconds - round(model.lifecycle.least_days * DAY)
    rows = rows.filter(rows.newest_purchase.isnull() | (rows.newest_purchase <= old))
    heard, purchase = rows.newest_contact.coalesce(-_EVER), rows.newest_purchase.coalesce(-_EVER)
    return rows.select("account", since=(heard >= purchase).ifelse(heard, purchase))


def _counted(acted: Activity) -> Expr:
    """Tallies and answers side by side, for the organisation's habits."""
    asked = acted.answers.filter(acted.answers.account >= 0).rename(asking="account")
    return acted.tallies.left_join(asked, [acted.tallies.account == asked.asking])
