"""What happened lately with an account, for the texts of its stance."""

from __future__ import annotations

from typing import Any

from oracle.acts import Act
from oracle.books import Scope
from oracle.halves import Engagement, Organisation
from oracle.plain import days_between
from oracle.standing import midnight


def _newest(acts: list[Act]) -> Any:
    return max((a.at for a in acts), default=None)


def chasing(org: Organisation, own: Scope, scope: Scope, effort: Engagement, a11: float | None) -> dict[str, Any]:
    """The clauses of the texts: of prospects and lapsed customers over the scope whose lifecycle it is; what they buy
    and are bound by is their own.
    """
    books, model = org.books, org.model
    acts = [x for a in scope for x in org.acts[a]]
    theirs, ours = [a for a in acts if a.by_customer], [a for a in acts if a.ours]
    days, deals = books.purchase_days(scope), books.of(scope)
    bought = midnight(days[-1]) if days else None
    heard = _newest([a for a in acts if a.by_customer or a.met])
    first = min((a.at for a in ours), default=None)
    since = heard if heard is not None else first
    stopped = since is not None and days_between(since, org.as_of) >= model.stance.quiet_days
    wrote = _newest([a for a in theirs if a.channel != "meeting"])
    answered = _newest(ours)
    unsigned = _newest([a for a in acts if not a.signed and a.at > org.ago(model.effort.window_days)])
    if unsigned is not None and days_between(unsigned, org.as_of) < model.stance.quiet_days:
        stopped = False
    window = org.ago(730)
    ends = [d.close_at for d in deals if d.closed and not d.won and d.close_at]
    ends += [c["end_at"] for c in books.contracts_of(scope) if c["end_at"] is not None and c["end_at"] <= org.as_of]
    last = max((t for t in (heard, bought) if t is not None), default=None)
    spoke = _newest([a for a in acts if a.met and a.at > org.ago(model.effort.window_days)])
    before = max((t for t in (_newest(theirs), bought) if t is not None), default=None)
    return {
        "quiet": a11 is not None and a11 >= model.stance.balance and stopped,
        "buys": books.bought(own, 365) or any(books.runs(c) for c in books.contracts_of(own)),
        "contract": any(books.runs(c) for c in books.contracts_of(own)),
        "open_deal": any(not d.closed for d in deals),
        "back": wrote is not None
        and wrote > org.ago(model.effort.recent_days)
        and (answered is None or answered <= wrote),
        "lost": any(e > window and (bought is None or e > bought) for e in ends),
        "chased": sum(1 for a in ours if last is None or a.at > last),
        "met_since": spoke is not None and (before is None or spoke > before),
        "bought_days": len(days),
        "perhaps_since": unsigned is not None and (last is None or unsigned > last),
    }
