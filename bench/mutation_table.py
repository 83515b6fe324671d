"""The mutations of `mutations.py`: name -> (file, text, replacement, tests that run; none named: `ORACLE`)."""

from __future__ import annotations

ORACLE = ("tests/oracle/test_agreement.py",)
LAWS = (
    "tests/enrichment/test_laws_of_need.py",
    "tests/enrichment/test_laws_of_effort.py",
    "tests/enrichment/test_invariants.py",
)
"""Tests that know no expected value, only what must hold for every organisation."""
_ARITHMETIC = "enrichment/expressions.py"
_ACCOUNTS = "enrichment/scores/accounts.py"
_COMMERCE = "enrichment/commerce/deals.py"
_CONFIDENCE = "enrichment/scores/confidence.py"
_DEALS = "enrichment/scores/opportunities.py"
_DEPENDENCE = "enrichment/scores/dependence.py"
_EFFORT = "enrichment/activity/effort.py"
_HOLDINGS = "enrichment/commerce/holdings.py"
_RECIPROCITY = "enrichment/scores/reciprocity.py"
_RECLAIM = "enrichment/scores/reclaimable.py"
_STANCE = "enrichment/scores/stance.py"
_TALLIES = "enrichment/activity/totals.py"
_THREADS = "enrichment/activity/threads.py"

TABLE: dict[str, tuple[str, ...]] = {
    "negative money is not cut at 0": (_ARITHMETIC, "half / (at_least(value, 0.0) + half)", "half / (value + half)"),
    "acts grow with age": (_ARITHMETIC, "/ (-half_life_days * DAY)", "/ (half_life_days * DAY)"),
    "Saturday is a working day": (_ARITHMETIC, "(day >= 5).ifelse", "(day >= 6).ifelse"),
    "business day starts at midnight": (_ARITHMETIC, "- starts_at_hour * 3_600", ""),
    "the future is read": (
        _ARITHMETIC,
        "table.filter((table[time] <= moment) | table[time].isnull())",
        "table.filter((table[time] == table[time]) | table[time].isnull())",
    ),
    "rows of an unknown time are left out": (_ARITHMETIC, " | table[time].isnull())", ")"),
    "accounts take the half-life of deals": (
        _TALLIES,
        "decay(now - acts.t, effort.half_life_days)",
        "decay(now - acts.t, model.deals.half_life_days)",
    ),
    "a no-show costs the whole meeting": (_EFFORT, "rows.length / 2.0", "rows.length"),
    "no cap on one act": (_EFFORT, "seller=at_most(rows.seller, model.effort.minutes.act_cap)", 'seller="seller"'),
    "no cap on a person's day": (_EFFORT, "> round(cap * MICRO)", "> round(cap * MICRO * 1e6)"),
    "capture rate ignored": (_EFFORT, "acts.factor_c.coalesce(1.0) / rate", "acts.factor_c.coalesce(1.0)"),
    "automated mail is effort": (_EFFORT, "if model.effort.exclude_automated:", "if not model.effort.exclude_automated:"),
    "bounced mail is effort": (_EFFORT, '("scheduled", "cancelled", "bounced")', '("scheduled", "cancelled")'),
    "heads of the customer not counted": (_EFFORT, "rows.length * rows.heads_c),\n        ((rows.channel == \"call\") & rows.inbound", "rows.length),\n        ((rows.channel == \"call\") & rows.inbound"),
    "mail of ours is read unanswered": (_TALLIES, "reading = acts.answered.ifelse(_their_reading(acts, model), constant(0.0))", "reading = _their_reading(acts, model)"),
    "an answer after the close is read before it": (_TALLIES, "acts.goes_on.ifelse((acts.by_close > acts.t).coalesce(False), acts.answered)", "acts.answered", "tests/enrichment/scores/test_opportunities.py", *ORACLE),
    "silence of a stranger is known": (_CONFIDENCE, "(rows.buying_months.coalesce(0) > 0).ifelse(rows.newest_anywhere, newest_record)", "rows.newest_anywhere"),
    "silence of a customer is unknown": (_CONFIDENCE, "(rows.buying_months.coalesce(0) > 0).ifelse(rows.newest_anywhere, newest_record)", "newest_record"),
    "a prospect's revenue is a fact": (_COMMERCE, "totals.family_revenue.notnull() & totals.family_first_win.notnull()", "totals.family_revenue.notnull()"),
    "index of the greater side": (_RECIPROCITY, "200.0 * smaller(seller, customer)", "200.0 * seller"),
    "balance turned round": (_RECIPROCITY, "100.0 * (seller - customer)", "100.0 * (customer - seller)"),
    "one act is a verdict (k0 dropped)": (
        _RECIPROCITY,
        "100.0 * (seller - customer) / (seller + customer + 2.0 * k0)",
        "100.0 * (seller - customer) / (seller + customer)",
    ),
    "percentile ties count whole": (_RECIPROCITY, "held.upto - held.here / 2.0", "held.upto"),
    "percentile of a handful": (_RECIPROCITY, ">= model.reciprocity.least_peers", ">= 1"),
    "initiation drawn to one half": (_RECIPROCITY, "r.initiation_kappa * rows.usual_initiation", "r.initiation_kappa * 0.5"),
    "initiation of two acts": (_RECIPROCITY, "(opened >= r.least_items)", "(opened >= 1)"),
    "any answer is in time": (_THREADS, "(items.wait <= limit).ifelse(", "items.wait.notnull().ifelse("),
    "young messages are due": (_THREADS, " & (clock - sent >= limit)", ""),
    "the wrong side answers": (
        _THREADS,
        "rows.inbound.ifelse(rows.next_seller, rows.next_customer)",
        "rows.inbound.ifelse(rows.next_customer, rows.next_seller)",
    ),
    "an answer before the case opened": (_THREADS, "replies.filter(replies.t >= replies.opened)", "replies"),
    "prior imputed as zero": (_DEPENDENCE, ".coalesce(model.components[name].prior)", ".coalesce(0.0)"),
    "dependence is benefit alone": (_DEPENDENCE, "rows.cost_part ** (1.0 - model.dependence.exponent)", "rows.cost_part**0.0"),
    "a missing rate leaves coverage": (_DEPENDENCE, "here * money_share if", "here if"),
    "one part observed is enough": (
        _DEPENDENCE,
        "(rows.benefit_observed > 0) & (rows.cost_observed > 0)",
        "(rows.benefit_observed > 0) | (rows.cost_observed > 0)",
    ),
    "rivals that nobody records are absent": (
        _DEPENDENCE,
        "rows.records_rivals.ifelse(1.0 / (1.0 + seen), _UNKNOWN)",
        "1.0 / (1.0 + seen)",
    ),
    "no cap on the contract": (
        _DEPENDENCE,
        "at_most((rows.lock_until - now).cast(\"float64\") / (_MONTH * d.lock_months), 1.0)",
        "((rows.lock_until - now).cast(\"float64\") / (_MONTH * d.lock_months))",
    ),
    "share of wallet above 1": (
        _DEPENDENCE,
        "at_most(ratio(spent, ibis.coalesce(stated, against, benchmark)), 1.0)",
        "ratio(spent, ibis.coalesce(stated, against, benchmark))",
    ),
    "nobody new, nothing to replace": (_DEPENDENCE, "(families.clipped > 0).ifelse(1.0, 0.0)", "0.0"),
    "asymmetry turned round": (_DEPENDENCE, '"bothways_dependence_asymmetry": one - other', '"bothways_dependence_asymmetry": other - one'),
    "symmetry of two small numbers": (_DEPENDENCE, "(both >= model.dependence.symmetry_floor)", "(both >= 0.0)"),
    "families add up (max -> sum)": (_HOLDINGS, "families_critical=rows.critical.max()", "families_critical=rows.critical.sum()"),
    "the most modular family counts": (_HOLDINGS, "1.0 - rows.modular.min()", "1.0 - rows.modular.max()"),
    "ended assets are in use": (_HOLDINGS, "rows.active.coalesce(True), ~rows.ended", "rows.active.coalesce(True)"),
    "each purchase of a month counts": (_HOLDINGS, 'rows.group_by("account", "month").aggregate(day=rows.day.max())', "rows"),
    "an older rate still runs": (
        _COMMERCE,
        "ends=(rows.ends < rows.following).ifelse(rows.ends, rows.following)",
        "ends=rows.ends",
    ),
    "an ended rate still converts": (_COMMERCE, ", rows.rate_at < dated.ends]", "]"),
    "unknown revenue is zero": (_COMMERCE, "unknown.ifelse(ibis.null(\"decimal(38,4)\"), ", "unknown.ifelse(zero, "),
    "a later outcome is read": (_COMMERCE, " & (rows.closed | ~shut)", ""),
    "closed deals go on": (_COMMERCE, "until=(rows.closed & rows.close.notnull()).ifelse(rows.close, now)", "until=now + 0 * rows.opportunity"),
    "coverage adds up": (_CONFIDENCE, "(benefit * cost).sqrt()", "((benefit + cost) / 2.0)"),
    "old records stay fresh": (_CONFIDENCE, "return at_most(decay(late, model.evidence.fade_days), 1.0)", "return at_most(decay(late * 0.0, model.evidence.fade_days), 1.0)"),
    "a dead channel does not matter": (_CONFIDENCE, "100.0 * channels.sqrt() * volume", "100.0 * volume"),
    "confidence is that in effort": (_ACCOUNTS, "half_even(smaller(rows.conf_dependence, rows.conf_effort))", "half_even(rows.conf_effort)"),
    "effort without evidence": (_ACCOUNTS, "& (half_even(rows.conf_effort) >= model.evidence.least_confidence)", ""),
    "no hysteresis": (_STANCE, "rule.holds(rows, margin)", "rule.holds(rows, -1000.0)"),
    "hysteresis over a plainly better rule": (_STANCE, "keeps = keeps & ~earlier.holds(rows, -margin).coalesce(False)", "keeps = keeps & ~earlier.holds(rows, -1000.0).coalesce(False)"),
    "low need is rebalanced at any effort": (
        _STANCE,
        'Test("seller_hours", ">", "expected_hours", steady=True)',
        'Test("seller_hours", ">", -1.0, steady=True)',
        "tests/enrichment/scores/test_stance.py",
        *ORACLE,
    ),
    "reclaimed below what they give": (_RECLAIM, "floor = larger(rows.expected_hours, rows.customer_hours)", "floor = larger(rows.expected_hours, rows.expected_hours)"),
    "reclaimed where we depend": (_RECLAIM, " & (rows.seller_score < model.stance.high)", "", "tests/enrichment/scores/test_stance.py", *ORACLE),
    "reclaimed on no evidence": (_RECLAIM, "(rows.discretionary_hours >= model.reclaim.least_evidence_hours).ifelse(spare, unknown)", "spare"),
    "late deals can be dropped": (_TALLIES, " & ~acts.late_stage", ""),
    "what is owed can be dropped": (_TALLIES, " & ~acts.mandated", ""),
    "answers can be dropped": (_TALLIES, ' & ~acts.answers\n', "\n"),
    "only the first person has a role": (
        _TALLIES,
        'named = named.union(people.select(act="activity", person="person"))',
        'named = named.union(people.select(act="activity", person="person").limit(0))',
    ),
    "a deal's stance needs no evidence": (_DEALS, "evident = rows.balance_score.notnull()", "evident = rows.opportunity.notnull()"),
    "momentum of a day-old deal": (_RECIPROCITY, "(age >= d.momentum_least_age_days * DAY) & ", ""),
    "momentum is not shrunk": (_RECIPROCITY, "(customer + k0) / (seller + customer + 2.0 * k0)", "(customer + 1.0) / (seller + customer + 2.0)"),
}  # fmt: skip
