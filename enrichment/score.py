"""Scores of every account and opportunity, as Ibis expressions over the normalized tables of `enrichment.inputs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ibis

from enrichment import facts, families
from enrichment.activity import deal_totals, effort, threads, totals
from enrichment.as_of import AsOf, known
from enrichment.commerce.deals import deals as read_deals
from enrichment.commerce.records import read_commerce
from enrichment.expressions import Expr
from enrichment.model import ScoringModel
from enrichment.scores import accounts, confidence
from enrichment.scores import opportunities as deals

Stage = Callable[[str, Expr], Expr]
"""Given a name and a table expression, gives back a table with the same rows: the engine may store it in between."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Four Ibis tables. `accounts` and `opportunities` have the CRM's `id`, the integer key, a name, and every field of
    their stream in `enrichment.fields`, rounded to its scale. The audits have, by `id`, all that those came from."""

    accounts: Expr
    opportunities: Expr
    account_audit: Expr
    opportunity_audit: Expr


def lazily(name: str, table: Expr) -> Expr:  # noqa: ARG001
    """The stage that stores nothing."""
    return table


def score(
    tables: Mapping[str, Expr],
    as_of: AsOf,
    model: ScoringModel,
    previous: Mapping[str, Expr] | None = None,
    *,
    stage: Stage = lazily,
) -> Scores:
    """The scores of everything known at `as_of`: nothing that happened or became available later gets past `known`.

    `previous` maps `accounts` and `opportunities` to tables of `inputs.PREVIOUS`: the stances last decided, the only
    other input. The same tables, as-of, model and previous stances give the same bytes, whatever the order of rows.

    `stage` is called once for each table that several results are made of, in this order: `acts`, `deals`, `played`,
    `threads`, `seller_days`, `customer_days`, `tallies`, `facts`, `measured`, `accounts`, `opportunities`. Storing them
    saves computing them again, and lets the engine know their sizes when it orders joins; the results are the same.
    """
    # A compile option, no data: fused selects repeat every expression wherever its column is used, megabytes of SQL.
    ibis.options.sql.fuse_selects = False
    tables = known(tables, as_of)
    previous = previous or {}
    logged = effort.base_acts(tables, model)
    everything = logged.union(effort.case_acts(tables, model)).union(effort.case_replies(tables, logged, as_of, model))
    everything = stage("acts", everything)
    dealt = stage("deals", read_deals(tables, as_of, model))
    trade = read_commerce(tables, dealt, as_of, model)
    roles = tables["opportunity_people"].select("opportunity", role_person="person").distinct()
    further = tables["activity_opportunities"].rename(act="activity").semi_join(everything, "act")
    played = deal_totals.roles_in_acts(everything, tables["activity_people"], roles, dealt)
    played = stage("played", played.union(further.select(*played.columns)))
    described = facts.described(tables, as_of, model)
    members = families.wholes(described)

    turns = stage("threads", threads.thread_facts(everything))
    ours, theirs = effort.crowded_days(everything, model)
    ours, theirs = stage("seller_days", ours), stage("customer_days", theirs)
    acts = effort.capped(threads.in_threads(everything, turns), ours, theirs, model)
    paired = stage("tallies", totals.pairs(acts, everything, dealt, further, as_of, model))
    per_account = totals.per_account(paired)

    items = threads.message_items(everything, turns, as_of, model).union(
        threads.case_items(tables, everything, as_of, model)
    )
    acted = facts.Activity(
        everything,
        per_account,
        totals.of_wholes(per_account, members),
        threads.answers(families.with_wholes(items, members), model),
        totals.authors(everything, members, as_of, model),
        threads.left_open(everything, turns, members, as_of, model),
    )
    gathered = stage("facts", facts.gather(described, members, tables, trade, acted, as_of, model))
    since = totals.acts_since(everything, facts.quiet_since(gathered, as_of, model), members, as_of, model)
    gathered = gathered.left_join(since, [gathered.account == since.account]).drop("account_right")
    measured = stage("measured", accounts.measure(gathered, as_of, model, previous.get("accounts")))
    judged = stage("accounts", accounts.judge(measured, as_of, model))

    by_role = threads.in_threads(deal_totals.with_roles(everything, dealt, played), turns)
    by_role = deal_totals.role_pairs(effort.capped(by_role, ours, theirs, model), everything, model)
    per_deal = deal_totals.per_deal(paired, by_role)
    authors = deal_totals.deal_authors(everything, dealt, played)
    organisation = confidence.channels(per_account, everything, as_of, model)
    opened = deals.gather(trade, judged, per_deal, authors, organisation, model)
    dealings = stage("opportunities", deals.judge(opened, as_of, model, previous.get("opportunities")))
    return Scores(accounts.fields(judged), deals.fields(dealings), accounts.audit(judged), deals.audit(dealings))
