"""Accounts: from the facts of `enrichment.facts` to every account field and all that explains it."""

from __future__ import annotations

import ibis

from enrichment.as_of import AsOf
from enrichment.expressions import DAY, Expr, at_least, half_even, ratio, smaller
from enrichment.fields import ACCOUNT_FIELDS
from enrichment.model import ScoringModel
from enrichment.reasons import basis, drivers, texts
from enrichment.scores import confidence, dependence, reciprocity, silence, stance, standing
from enrichment.scores import reclaimable as reclaim
from enrichment.scores.reciprocity import balance, index

_UNKNOWN = ibis.null("float64")
_MONTH = 365.25 / 12 * DAY


def measure(rows: Expr, as_of: AsOf, model: ScoringModel, previous: Expr | None) -> Expr:
    """The gathered rows with every number, account by account and family by family; nothing is decided yet."""
    rows = with_previous(rows, previous, model)
    rows = reclaim.referenced(rows.mutate(seller_hours=rows.recent_seller.coalesce(0.0) / 60.0), as_of, model)
    rows = silence.measured(rows, as_of, model)
    rows = rows.mutate(lock_months=(rows.lock_until - as_of.seconds).cast("float64") / _MONTH)
    rows = standing.staged(rows, as_of, model)
    rows = dependence.observe(rows, as_of, model)
    rows = rows.cross_join(dependence.usual(rows.filter(rows.account >= 0, rows.scored)))
    priced = ratio(rows.year_priced, rows.year_priced + rows.year_unconvertible).coalesce(1.0)
    rows = dependence.weigh(rows, model, priced)
    rows = rows.mutate(**dependence.contributions(rows, model))
    rows = rows.mutate(money_share=priced, fades_with=confidence.fades_with(rows.entered_late, model))
    return _scores(_trusted(rows, as_of.seconds, model), as_of, model)


def judge(rows: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """One row per account: the measured rows with every account field and everything that explains it."""
    peers = reciprocity.against_book(rows, model)
    tenths = (rows.bothways_reciprocity_balance * 10.0).round().cast("int64")
    rows = rows.mutate(tenths=tenths)
    rows = rows.left_join(peers, [rows.segment == peers.book_segment, rows.tenths == peers.book_tenths])
    rows = standing.told_apart(rows.drop("book_segment", "book_tenths", "tenths"))
    return _worded(_decided(rows, as_of, model), as_of, model)


def _trusted(rows: Expr, now: Expr, model: ScoringModel) -> Expr:
    """Coverage and the two confidences (3.7 of the formulas: a running contract is a record of today)."""
    dated = [part.coalesce(-(2**40)) for part in (rows.newest_deal, rows.newest_contract, rows.newest_asset)]
    newest = ibis.greatest(*dated).nullif(-(2**40))
    rows = rows.mutate(
        newest_record=newest,
        conf_dependence=confidence.in_dependence(rows.benefit_coverage, rows.cost_coverage, newest, now, model),
        known_dependence=confidence.knowledge_of_dependence(rows, newest, now, model),
        conf_effort=confidence.in_effort(
            rows.channel_coverage, rows.acts, rows.unsigned_acts, rows.newest_signed, now, model
        ),
    )
    parts = (rows.benefit_coverage + rows.cost_coverage) / 2.0
    return rows.mutate(
        bothways_coverage=rows.scored.ifelse(half_even(50.0 * (parts + rows.channel_coverage)), _UNKNOWN),
        dependence_trusted=rows.scored
        & rows.dependence_known
        & (half_even(rows.known_dependence) >= model.evidence.least_confidence),
        effort_trusted=rows.scored
        & (half_even(rows.conf_effort) >= model.evidence.least_confidence)
        & rows.newest_signed.notnull(),
    )


def _scores(rows: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Every number but A12, A19 and A20, rounded, null by the null rules."""

    def when(condition: Expr, value: Expr) -> Expr:
        return condition.ifelse(value, _UNKNOWN)

    k0 = model.reciprocity.k0_minutes
    rows = rows.mutate(
        customer_raw=when(rows.dependence_trusted, rows.dependence_index),
        seller_raw=when(rows.scored, rows.seller_index),
        index_raw=when(rows.effort_trusted, index(rows.es, rows.ec, k0)),
        balance_raw=when(rows.effort_trusted, balance(rows.es, rows.ec, k0)),
        untrusted_balance=balance(rows.es.coalesce(0.0), rows.ec.coalesce(0.0), k0).coalesce(0.0),
    )
    both = dependence.interdependence(rows.customer_raw, rows.seller_raw, model)
    since = as_of.seconds - model.effort.recent_days * DAY
    unsigned_lately = (rows.newest_unsigned > since).coalesce(False)
    rows = rows.mutate(unsigned_lately=unsigned_lately)
    # Where nobody knows who did all that was logged, the hours of neither side are known.
    active = rows.scored & rows.has_acts & (~unsigned_lately | (rows.newest_signed > since).coalesce(False))
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
    kinds = ("email", "message", "call", "meeting", "case")
    opened = [rows[f"{word}_{kind}"].coalesce(0) for word in ("opened", "left") for kind in ("threads", "cases")]
    return rows.mutate(
        bothways_two_way_contacts=rows.scored.ifelse(rows.two_way.coalesce(0), ibis.null("int64")),
        customer_score=rows.bothways_customer_dependence,
        benefit_score=rows.bothways_dependence_benefit,
        cost_score=rows.bothways_dependence_cost,
        seller_score=rows.bothways_seller_dependence,
        balance_score=rows.bothways_reciprocity_balance,
        opening_score=rows.bothways_customer_initiation_share,
        answered_score=rows.bothways_seller_responsiveness,
        usual_opening=100.0 * rows.usual_initiation,
        openings_seller=rows.initiated_seller.coalesce(0),
        openings=rows.initiated_customer.coalesce(0) + rows.initiated_seller.coalesce(0),
        opened=opened[0] + opened[1],
        left_open=opened[2] + opened[3],
        acts_seller=sum((rows[f"seller_{kind}"].coalesce(0) for kind in kinds), ibis.literal(0, "int64")),
        acts_customer=sum((rows[f"customer_{kind}"].coalesce(0) for kind in kinds), ibis.literal(0, "int64")),
        customer_hours=rows.recent_customer.coalesce(0.0) / 60.0,
        initiated_hours=rows.initiated_hours.coalesce(0.0) / 60.0,
        discretionary_hours=rows.discretionary.coalesce(0.0) / 60.0,
        own_accord_hours=rows.own_accord.coalesce(0.0) / 60.0,
        wrote_seller=rows.wrote_seller.coalesce(0),
        wrote_customer=rows.wrote_customer.coalesce(0),
        signed_count=rows.signed_count.coalesce(0),
        unsigned_count=rows.unsigned_count.coalesce(0),
    )


def _decided(rows: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Confidence, stance, text, percentile and reclaimable hours."""
    least, now = model.evidence.least_confidence, as_of.seconds
    by_silence = rows.silence_known & rows.balance_score.isnull() & ~rows.unsigned_lately
    effort = silence.confidence(rows, model)
    quiet = (rows.newest_act <= now - model.effort.recent_days * DAY) | rows.newest_act.isnull()
    rows = rows.mutate(
        stance_confidence=half_even(effort),
        own_balance=by_silence.ifelse(rows.untrusted_balance, rows.own_balance),
        balance_score=by_silence.ifelse(rows.untrusted_balance, rows.balance_score),
        by_silence=by_silence,
        silent=(by_silence & quiet).cast("int64"),
        asymmetry_score=half_even(rows.customer_raw - rows.seller_raw),
        left_share=standing.share_of_time(rows),
    )
    # An act of theirs must not lead from advice to none: what they did makes a customer of them only where need is
    # known.
    unknown = rows.customer_score.isnull() | rows.seller_score.isnull()
    rows = rows.mutate(lifecycle=unknown.ifelse(rows.lifecycle_without_acts, rows.lifecycle))
    rows = rows.mutate(
        own_confidence=(rows.with_family_effort | ~rows.scored).ifelse(_UNKNOWN, rows.stance_confidence),
        cases_kept=_cases_kept(rows, model),
        lacking_need=rows.customer_score.isnull().cast("int64"),
        lacking_stake=rows.seller_score.isnull().cast("int64"),
        lacking_effort=(rows.balance_score.isnull() | (rows.stance_confidence < least)).cast("int64"),
        prospect=(rows.scored & (rows.lifecycle == "prospect")).cast("int64"),
        lapsed=(rows.scored & (rows.lifecycle == "lapsed")).cast("int64"),
        # Their own: that their group buys does not make "they buy" true of a member.
        buys=(
            (~rows.with_family_life & (rows.newest_purchase > now - model.lifecycle.recent_days * DAY)).coalesce(False)
            | rows.running.coalesce(False)
        ).cast("int64"),
        revenue_whole_percent=(100.0 * rows.revenue_share).round().cast("int64"),
        answered_share=ratio(rows.replies_customer, rows.asked_customer),
    )
    stops = [condition.holds(rows) for condition in texts.told_to_stop(model)]
    rows = rows.mutate(
        lacking=ibis.greatest((~rows.scored).cast("int64"), rows.lacking_need, rows.lacking_stake, rows.lacking_effort),
        told_to_stop=((rows.prospect > 0) & ibis.and_(*stops)).cast("int64"),
    )
    rows = rows.mutate(expected_hours=reclaim.expected_hours(rows, model))
    rows = rows.mutate(spare_hours=reclaim.spare_hours(rows, model))
    rules = stance.account_rules(model)
    chosen, held = stance.decide(rows, rules, model.stance.hysteresis)
    rows = rows.mutate(bothways_stance=chosen, stance_held=held, bothways_reciprocity_vs_book=rows.vs_book)
    both = smaller(rows.conf_dependence, effort)
    both = ibis.cases((~rows.has_acts, rows.conf_dependence), (~rows.records_sales, effort), else_=both)
    trust = {"": both, "_dependence": rows.conf_dependence, "_effort": effort}
    return rows.mutate(
        text=texts.chosen(rows, texts.account_texts(model), rows.bothways_stance),
        bothways_reclaimable_hours=rows.scored.ifelse(reclaim.reclaimable(rows), _UNKNOWN),
        **{
            f"bothways_confidence{part}": rows.scored.ifelse(half_even(value), _UNKNOWN)
            for part, value in trust.items()
        },
    )


def _cases_kept(rows: Expr, model: ScoringModel) -> Expr:
    """1 where most of what they did lately was to raise cases, and nearly all were taken up in time and answered:
    raising a case costs twice what answering one does, so that such a balance is nobody's neglect.
    """
    opened, asked = rows.opened_cases.coalesce(0), rows.asked_seller.coalesce(0)
    left, silent = rows.left_cases.coalesce(0), asked - rows.replies_seller.coalesce(0)
    share = model.stance.cases_left
    few = (left.cast("float64") <= share * opened.cast("float64")) & (
        silent.cast("float64") <= share * asked.cast("float64")
    )
    kept = (opened >= model.stance.least_unanswered) & (opened > rows.wrote_customer) & few
    return kept.cast("int64")


def with_previous(rows: Expr, previous: Expr | None, model: ScoringModel) -> Expr:
    """`rows` with `previous_stance` (null where there was none, or one of another major version) and
    `previous_silence`.
    """
    if previous is None:
        return rows.mutate(previous_stance=ibis.null("string"), previous_silence=ibis.null("boolean"))
    columns = {
        name: previous[name] if name in previous.columns else None for name in ("model_version", "silence_known")
    }
    version = columns["model_version"]
    if version is not None:
        major = model.version.split(".")[0]
        previous = previous.filter(version.isnull() | version.startswith(f"{major}."))
    known = ibis.null("boolean") if columns["silence_known"] is None else previous.silence_known.max()
    last = previous.group_by("id").aggregate(previous_stance=previous.stance.max(), previous_silence=known)
    last = last.rename(previous_id="id")
    return rows.left_join(last, [rows.id == last.previous_id]).drop("previous_id")


def _worded(rows: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    now = as_of.seconds
    rows = figures(rows, now).mutate(lapsed_seconds=now - rows.newest_purchase.coalesce(rows.newest_end))
    rows = drivers.figures(rows, round(model.dependence.lookback_days / 30.4375))
    rows = basis.busiest(drivers.ranked(rows))
    return drivers.account_text(rows, model).mutate(
        bothways_asof=as_of.time,
        bothways_model_version=ibis.literal(model.version_string),
    )


def figures(rows: Expr, now: Expr) -> Expr:
    """What the reasons for dependence quote."""
    earned = (rows.customer_revenue > 0.0).ifelse(rows.customer_revenue, _UNKNOWN)
    return rows.mutate(
        burden_share=ratio(at_least(rows.revenue.cast("float64"), 0.0), earned),
        held_products=ibis.greatest(rows.active_assets.coalesce(0), rows.active_families.coalesce(0)),
        customer_years=(now - rows.first_win).cast("float64") / (365.25 * DAY),
        rivals_seen=rows.rival_count,
        since_contract=(now - rows.contract_ended).cast("float64") / DAY,
        record_age_days=((now - rows.newest_record) // DAY).cast("int64"),
    )


def fields(judged: Expr) -> Expr:
    """`id`, `account`, `name`, then every account field in the catalogue's order."""
    return judged.select("id", "account", "name", *(spec.name for spec in ACCOUNT_FIELDS))


def audit(judged: Expr) -> Expr:
    """What each account's fields were made of."""
    written = {spec.name for spec in ACCOUNT_FIELDS}
    return judged.select("id", *(name for name in judged.columns if name not in written and name != "id"))
