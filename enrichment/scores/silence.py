"""Whether an account without acts is known to be silent: told from how many customers like it have any."""

from __future__ import annotations

import ibis

from enrichment.as_of import AsOf
from enrichment.expressions import DAY, Expr, at_least, ratio
from enrichment.model import ScoringModel


def measured(rows: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """`rows` with `third` (of the current customers by revenue, 0 to 2 from the highest; those of equal revenue are in
    the same, others where the customer with the next higher revenue is), `logging_reach` of that third and
    `silence_known`.

    Reads the rows of accounts only: a family does not count twice, and is in its parent's third.
    """
    now, e, life = as_of.seconds, model.evidence, model.lifecycle
    year = now - life.recent_days * DAY
    own = rows.filter(rows.account >= 0)
    own = own.select(
        of_account="account",
        money=at_least(own.revenue.cast("float64").coalesce(0.0), 0.0),
        reached=(own.newest_act > now - model.effort.window_days * DAY).coalesce(False).cast("int64"),
        mailed=(own.mailed_customer.coalesce(0) > 0).cast("int64"),
        current=(own.scored & _current(own, year)).cast("int64"),
    )
    levels = own.group_by("money").aggregate(here=own.current.sum())
    levels = levels.cross_join(own.aggregate(many=own.current.sum()))
    above = ibis.window(order_by=ibis.desc("money"), preceding=None, following=0)
    levels = levels.mutate(place=levels.here.sum().over(above) - levels.here)
    third = (levels.many >= e.silence_thirds_from).ifelse(levels.place * 3 // levels.many.nullif(0), 0).cast("int64")
    levels = levels.mutate(theirs=(levels.here > 0).ifelse(third, ibis.null("int64")))
    levels = levels.mutate(third=levels.theirs.max().over(above).coalesce(0))
    own = own.inner_join(levels.select("money", "third"), "money")
    current = own.filter(own.current > 0)
    reach = current.group_by("third").aggregate(reach=ratio(current.reached.sum(), current.count()))
    mail = current.aggregate(mail_share=ratio(current.mailed.sum(), current.count()))
    own = own.select("of_account", "third")
    rows = rows.mutate(own_account=(rows.account < 0).ifelse(rows.family, rows.account))
    rows = rows.left_join(own, [rows.own_account == own.of_account]).drop("of_account", "own_account")
    reach = reach.rename(of_third="third")
    rows = rows.left_join(reach, [rows.third == reach.of_third]).drop("of_third").cross_join(mail)
    rows = rows.mutate(logging_reach=rows.reach.coalesce(0.0), mail_share=rows.mail_share.coalesce(0.0)).drop("reach")
    least = rows.previous_silence.coalesce(False).ifelse(e.silence_reach_kept, e.silence_reach)
    known = (rows.logging_reach >= least) & (rows.mail_share >= e.silence_mail_share)
    if e.silence != "measured":
        known = ibis.literal(e.silence == "known")
    return rows.mutate(silence_known=known & rows.scored)


def _current(rows: Expr, since: Expr) -> Expr:
    """Bought, or had a contract running, since then."""
    return (rows.newest_purchase > since).coalesce(False) | (rows.newest_contract > since).coalesce(False)


def confidence(rows: Expr, model: ScoringModel) -> Expr:
    """Confidence in effort where silence is known: as great as the reach of logging makes it, whatever the account's
    own is.

    An organisation that says that its silence is known is believed whole. An account of which something was logged
    lately, and nobody knows who did it, is not silent.
    """
    reach = ibis.literal(1.0) if model.evidence.silence == "known" else rows.logging_reach
    told = 100.0 * rows.channel_coverage.sqrt() * reach
    raised = rows.silence_known & ~rows.unsigned_lately & (told > rows.conf_effort)
    return raised.ifelse(told, rows.conf_effort)
