"""What a reason begins and ends with: the figures on which the stance rests, and who did what."""

from __future__ import annotations

from collections.abc import Mapping

import ibis

from enrichment.expressions import DAY, Expr, constant
from enrichment.model import KINDS, ScoringModel
from enrichment.reasons.phrases import counted, filled, tenths
from enrichment.reasons.texts import rarely_open

_NONE = ibis.null("string")
_MONTH = 365.25 / 12 * DAY


def rested(rows: Expr, model: ScoringModel) -> list[Expr]:
    """Up to two figures, by stance, and a contract that ended lately without another; null where there is none."""
    facts = _facts(rows, model)
    stance, none = rows.bothways_stance, _NONE
    silent, back = rows.silent > 0, rows.text == "lapsed_back"
    opening, margin = rarely_open(model), model.stance.hysteresis
    opening = opening.holds(rows) | (rows.stance_held & opening.holds(rows, margin))
    by_opening = stance.isin(("test_reciprocity", "rebalance")) & (rows.balance_score < model.stance.balance) & opening
    effort = (rows.by_silence & (rows.silent > 0)).ifelse(facts["silent"], facts["hours"])
    first = ibis.cases(
        (rows.text == "respond_counted", facts["threads"].coalesce(facts["cases"])),
        (stance == "respond", facts["we_replied"].coalesce(facts["wrote"])),
        (rows.told_to_stop > 0, facts["unanswered"]),
        (stance == "prospect", facts["open"]),
        (back, facts["word"]),
        (rows.text == "lapsed_lost", facts["lost"]),
        (stance == "lapsed", facts["bought"]),
        (stance.isin(("protect", "partner")), facts["revenue"].coalesce(facts["pipeline"])),
        (stance == "earn_value", facts["held"]),
        (rows.text == "keep_unknown", facts["revenue"]),
        ((rows.text == "build_close_opening") | by_opening, facts["opened"]),
        (stance == "insufficient_evidence", none),
        else_=effort,
    )
    second = ibis.cases(
        ((rows.text == "respond_counted") & facts["threads"].notnull(), facts["cases"].coalesce(facts["hours"])),
        (stance == "respond", facts["hours"]),
        (rows.told_to_stop > 0, facts["contact"]),
        (stance == "prospect", facts["pipeline"]),
        (back, facts["bought"]),
        (stance == "lapsed", facts["unanswered"]),
        (stance.isin(("protect", "partner", "earn_value")) | (rows.text == "keep_unknown"), effort),
        (by_opening, effort),
        (stance == "test_reciprocity", facts["opened"]),
        (~silent & (rows.text == "keep_unanswered"), facts["replied"]),
        else_=none,
    )
    judged = ~stance.isin(("respond", "prospect", "lapsed", "insufficient_evidence"))
    ended = judged.ifelse(facts["run_out"], none)
    return [rows.scored.ifelse(part, none) for part in (first, second, ended)]


def _facts(rows: Expr, model: ScoringModel) -> Mapping[str, Expr]:
    said = model.words.figures
    days, year = model.effort.recent_days, model.effort.window_days

    def when(condition: Expr, text: Expr) -> Expr:
        return condition.coalesce(False).ifelse(text, _NONE)

    def share(value: Expr) -> Expr:
        return (100.0 * value).round().cast("int64")

    def opened(kind: str) -> Expr:
        count, left = rows[f"opened_{kind}"].coalesce(0), rows[f"left_{kind}"].coalesce(0)
        return when(count > 0, filled(said[kind], answered=count - left, opened=count))

    hours = {side: rows[f"bothways_{side}_effort_hours"] for side in ("seller", "customer")}
    spent = filled(
        said["hours"], ours=tenths(hours["seller"]), theirs=tenths(hours["customer"]), days=ibis.literal(days)
    )
    peers = share(rows.logging_reach)
    quiet = (rows.signed_count + rows.unsigned_count == 0).ifelse(
        filled(said["nothing"], days=ibis.literal(year), n=peers),
        filled(said["little"], days=ibis.literal(days), n=peers),
    )
    months = (rows.lapsed_seconds.cast("float64") / _MONTH).floor()
    counts = model.words.counts
    return {
        "threads": opened("threads"),
        "cases": opened("cases"),
        "wrote": when(
            rows.wrote_customer + rows.wrote_seller > 0,
            filled(said["wrote"], theirs=rows.wrote_customer, ours=rows.wrote_seller, days=ibis.literal(days)),
        ),
        "hours": when((hours["seller"] + hours["customer"] >= 0.1) & ~rows.with_family_effort, spent),
        "silent": when(rows.silence_known, quiet),
        "unanswered": when(
            (rows.acts_since > 0) & (rows.unsigned_since == 0), counted(counts["unanswered"], rows.acts_since)
        ),
        "contact": when(rows.contact_days.notnull(), counted(counts["contact"], rows.contact_days.floor())),
        "word": when(rows.word_days.notnull(), counted(counts["word"], rows.word_days.floor())),
        "open": when(rows.open_deals > 0, counted(counts["open"], rows.open_deals)),
        "lost": when(rows.lost_months.notnull(), counted(counts["lost"], rows.lost_months.floor())),
        "bought": ibis.cases(
            (rows.newest_purchase.notnull(), counted(counts["bought"], months)),
            (rows.newest_end.notnull(), counted(counts["ended"], months)),
            else_=_NONE,
        ),
        "run_out": when(
            (rows.since_contract < days) & ~rows.running.coalesce(False) & (rows.open_deals == 0),
            counted(counts["run_out"], rows.since_contract.floor()),
        ),
        "revenue": when(share(rows.revenue_share) >= 1, counted(counts["revenue"], share(rows.revenue_share))),
        "pipeline": when(share(rows.pipeline_share) >= 1, counted(counts["pipeline"], share(rows.pipeline_share))),
        "held": filled(said["held"], value=rows.benefit_score.round(), cost=rows.cost_score.round()),
        "opened": when(
            (rows.openings_seller >= model.stance.least_openings) & rows.openings_logged,
            filled(said["opened"], n=rows.openings - rows.openings_seller, all=rows.openings),
        ),
        "we_replied": when(
            rows.asked_seller > 0,
            filled(said["we_replied"], n=rows.replies_seller.coalesce(0), all=rows.asked_seller),
        ),
        "replied": when(
            rows.asked_customer > 0,
            filled(said["replied"], n=rows.replies_customer.coalesce(0), all=rows.asked_customer),
        ),
    }


def busiest(rows: Expr) -> Expr:
    """`rows` with `channel` and `next_channel`: those with most minutes in the effort window, ties in the order of
    KINDS; empty where there is none.
    """
    count = {kind: rows[f"seller_{kind}"].coalesce(0) + rows[f"customer_{kind}"].coalesce(0) for kind in KINDS}
    count |= {"meeting": rows.meetings.coalesce(0), "case": rows.raised.coalesce(0)}
    rows = rows.mutate(**{f"spent_{k}": (count[k] > 0).ifelse(rows[f"minutes_{k}"].coalesce(0.0), -1.0) for k in KINDS})
    spent = [f"spent_{kind}" for kind in KINDS]
    for name in ("channel", "next_channel"):
        rows = rows.mutate(most_spent=ibis.greatest(*(rows[column] for column in spent)))
        here = ((rows[f"spent_{k}"] == rows.most_spent) & (rows.most_spent >= 0.0) for k in KINDS)
        rows = rows.mutate(**{name: ibis.cases(*zip(here, KINDS, strict=True), else_="")})
        rows = rows.mutate(
            **{f"spent_{k}": (rows[name] == k).ifelse(constant(-1.0), rows[f"spent_{k}"]) for k in KINDS}
        )
    return rows.drop("most_spent", *spent)


def who_did_what(rows: Expr, model: ScoringModel) -> list[Expr]:
    """What was done on the two channels of `busiest`."""
    said, counts = model.words.figures, model.words.counts
    texts = {"meeting": counted(counts["meeting"], rows.meetings), "case": counted(counts["case"], rows.raised)}
    for kind in KINDS:
        if kind not in texts:
            ours, theirs = (rows[f"{side}_{kind}"].coalesce(0) for side in ("seller", "customer"))
            once = filled(said[f"did_{kind}_once"], theirs=theirs)
            texts[kind] = (ours == 1).ifelse(once, filled(said[f"did_{kind}"], ours=ours, theirs=theirs))
    return [
        ibis.cases(*((rows.scored & (rows[place] == kind), texts[kind]) for kind in KINDS), else_=_NONE)
        for place in ("channel", "next_channel")
    ]
