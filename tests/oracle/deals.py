"""The scores of open and closed deals (O1 to O12)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from oracle.acts import Act, Effort, as_of_close, effort, plain_minutes
from oracle.books import Deal
from oracle.confidence import confident_in_effort, confident_in_need, known_with_organisation
from oracle.decide import deal_stance
from oracle.halves import Organisation
from oracle.need import components, deal_need, need
from oracle.plain import balance, days_between, index, rounded

Fields = dict[str, Any]


def rows(org: Organisation, previous: Mapping[str, str]) -> dict[str, Fields]:
    return {d.id: _deal(org, d, previous.get(d.id)) for d in org.books.deals}


def _acts(org: Organisation, deal: Deal, until: datetime) -> list[Act]:
    """Linked to it, or linked to no deal but between its owner and a person with a role on it, while it was open."""
    return [
        as_of_close(a, until, org.model)
        for a in org.all_acts
        if a.at <= until
        and (deal.created_at is None or a.at >= deal.created_at)
        and (deal.key in a.deals or (not a.deals and _in_role(org, a, deal)))
    ]


def _in_role(org: Organisation, act: Act, deal: Deal) -> bool:
    owned = deal.owner is not None and act.user == deal.owner and act.account == deal.account
    return owned and any((deal.key, p) in org.books.roles for p in act.people)


def _deal(org: Organisation, deal: Deal, previous: str | None) -> Fields:
    model, rules = org.model, org.model.deals
    until = min(org.as_of, deal.close_at) if deal.closed and deal.close_at else org.as_of
    work = effort(_acts(org, deal, until), until, rules.half_life_days)
    confidence = confident_in_effort(work, until, 1.0 if deal.closed else org.channel_coverage, model)
    seen = work.newest is not None and org.known(confidence)
    o2 = balance(work.seller, work.customer, rules.k0_minutes) if seen else None
    minutes = plain_minutes(work.acts)
    last = max((a.at for a in work.acts if a.by_customer), default=None)
    quiet = None if last is None else int(days_between(last, until))
    age = days_between(deal.created_at or until, until)
    heard = max(
        (a.at for a in work.acts if a.by_customer or not a.signed), default=None
    )  # an unsigned one may be theirs
    silence = int(age if heard is None else days_between(heard, until))
    o8, needed = _dependence(org, deal)
    o9 = _weight(org, deal)
    confidence = confidence if needed is None else min(confidence, needed)
    raw = {
        "bothways_deal_reciprocity_index": index(work.seller, work.customer, rules.k0_minutes) if seen else None,
        "bothways_deal_reciprocity_balance": o2,
        "bothways_deal_customer_effort_hours": minutes[1] / 60 if org.has_acts and not work.unseen else None,
        "bothways_deal_seller_effort_hours": minutes[0] / 60 if org.has_acts and not work.unseen else None,
        "bothways_deal_momentum": _momentum(org, work, until) if age >= rules.momentum_least_age_days else None,
        "bothways_deal_customer_dependence": o8,
        "bothways_deal_seller_dependence": o9,
        "bothways_deal_asymmetry": None if o8 is None or o9 is None else o8 - o9,
        "bothways_deal_confidence": confidence,
    }
    open_stance = deal_stance(rounded(o2), rounded(o8), silence, previous, model)
    return {
        **{name: rounded(value) for name, value in raw.items()},
        "bothways_deal_two_way_contacts": len({a.person for a in work.acts if a.by_customer} - {None}),
        "bothways_deal_days_since_customer_act": quiet,
        "bothways_deal_stance": "closed" if deal.closed else open_stance,
        "bothways_deal_asof": until,
        "bothways_deal_model_version": model.version_string,
        "_raw": raw,
        "_audit": {"deal_es": work.seller, "deal_ec": work.customer, "conf_dependence": needed},
    }


def _momentum(org: Organisation, work: Effort, until: datetime) -> float | None:
    if work.newest is None:
        return None
    span, k = timedelta(days=org.model.deals.momentum_days), org.model.deals.k0_minutes
    shares = []
    for end in (until, until - span):
        ours, theirs = plain_minutes(a for a in work.acts if end - span < a.at <= end)
        shares.append((theirs + k) / (ours + theirs + 2 * k))
    return 100 * (shares[0] - shares[1])


def _dependence(org: Organisation, deal: Deal) -> tuple[float | None, float | None]:
    """O8, and the confidence in it."""
    if deal.closed:
        return None, None
    books, model = org.books, org.model
    there = deal.account in books.accounts
    own = frozenset({deal.account} if deal.account is not None and there else ())
    if there and books.accounts[deal.account]["family"] == deal.account:
        own = books.members[deal.account]  # the head's dependence is its family's
    known = components(books, books.accounts[deal.account] if there else None, own)
    if not there:
        known = dict.fromkeys(known)
    found = need(deal_need(books, deal, known, own), model, books.money_share(own))
    times = (books.newest_record(own) if there else None, deal.created_at)
    newest = max((t for t in times if t), default=None)
    confidence = confident_in_need(found, newest, org.as_of, model)
    widely = there and known_with_organisation(books, own)
    knowledge = confident_in_need(found, books.newest_anywhere if widely else newest, org.as_of, model)
    trusted = found.observed and org.known(knowledge) and (not there or books.scored(deal.account))
    return (found.dependence if trusted else None), confidence


def _weight(org: Organisation, deal: Deal) -> float | None:
    """O9: its part of what its owner hopes for in the same fiscal quarter."""
    if deal.weighted is None or deal.owner is None or deal.close_at is None:
        return None
    quarter = org.books.quarter(deal.close_at)
    hoped = sum(
        d.weighted
        for d in org.books.deals
        if d.owner == deal.owner and d.weighted is not None and d.close_at and org.books.quarter(d.close_at) == quarter
    )
    if hoped <= 0:
        return None
    share, half = min(1.0, max(0.0, float(deal.weighted / hoped))), org.model.dependence.deal_half_point
    return 100 * share / (share + half)
