"""A scorer for tests of the engine room: a few plain expressions, quick, sensitive to the number of acts and to
names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import ibis

from enrichment.fields import fields

SPECS = fields("essential")


@contextmanager
def scoring_by(scorer: Callable[..., Any]) -> Iterator[None]:
    """Within it, runs of this process score by `scorer` instead of `enrichment.score.score`, and keep no compiled
    text.
    """
    with (
        patch("enrichment.score.score", scorer),
        patch("sync.enrich.statements_for", lambda engine, model, compiled, workspace: compiled()),
    ):
        yield


@dataclass(frozen=True)
class Scores:
    accounts: Any
    opportunities: Any
    account_audit: Any
    opportunity_audit: Any


def by_acts(tables, as_of, model, previous=None, *, stage=None) -> Scores:
    """Dependence is ten times the acts, the stance follows from it; an account without acts has nulls."""
    acts = tables["activities"].group_by("account").aggregate(acts=lambda t: t.count())
    accounts = tables["accounts"].left_join(acts, "account").drop("account_right")
    accounts = stage("accounts", accounts.mutate(acts=accounts.acts.cast("float64")))
    made = accounts.select(
        "id",
        "account",
        "name",
        bothways_stance=ibis.cases(
            (accounts.acts.isnull(), "insufficient_evidence"), (accounts.acts >= 4, "partner"), else_="maintain"
        ),
        bothways_customer_dependence=ibis.least(accounts.acts * 10.0, 100.0),
        bothways_seller_dependence=ibis.least(accounts.acts * 5.04, 100.0),
        bothways_reciprocity_balance=ibis.least(accounts.acts - 3.0, 100.0),
        bothways_reclaimable_hours=accounts.acts / 3.0,
        bothways_confidence=ibis.literal(50.0),
        bothways_top_drivers=ibis.literal("Acts by ") + accounts.name,
        bothways_asof=as_of.time,
    )
    deals = tables["opportunities"]
    dealt = deals.select(
        "id",
        "opportunity",
        "name",
        bothways_deal_stance=ibis.cases((deals.amount > 300, "advance"), else_="price_led"),
        bothways_deal_reciprocity_balance=ibis.null("float64"),
        bothways_deal_customer_dependence=ibis.least(deals.amount / 100.0, 100.0),
        bothways_deal_top_drivers=ibis.literal("Amount"),
        bothways_deal_confidence=ibis.literal(40.0),
        bothways_deal_asof=as_of.time,
    )
    return Scores(made, dealt, made.select("id"), dealt.select("id"))
