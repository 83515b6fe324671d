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
_OF_NEED = "tests/enrichment/scores/test_dependence.py"
_FURTHER = "tests/enrichment/test_further_situations.py"

TABLE: dict[str, tuple[str, ...]] = {
    "negative money is not cut at 0": (_ARITHMETIC, "half / (at_least(value, 0.0) + half)", "half / (value + half)"),
    "acts grow with age": (_ARITHMETIC, "/ (-half_life_days * DAY)", "/ (half_life_days * DAY)"),
    "Saturday is a working day": (_ARITHMETIC, "(day >= 5).ifelse", "(day >= 6).ifelse"),
    "business day starts at midnight": (_ARITHMETIC, "- starts_at_hour * 3_600", ""),
    "accounts take the half-life of deals": (
        _TALLIES,
        "decay(now - acts.t, effort.half_life_days)",
        "decay(now - acts.t, model.deals.half_life_days)",
    ),
    "a no-show costs the whole meeting": (_EFFORT, "rows.length / 2.0", "rows.length"),
    "who opens is told from logged replies": (
        _RECIPROCITY,
        "~(replies_only | outgoing_only)",
        "~outgoing_only",
        "tests/enrichment/scores/test_reciprocity.py",
    ),
    "who opens is told from our own mail": (
        _RECIPROCITY,
        "~(replies_only | outgoing_only)",
        "~replies_only",
        "tests/enrichment/scores/test_reciprocity.py",
    ),
    "no cap on one act": (_EFFORT, "seller=at_most(rows.seller, model.effort.minutes.act_cap)", 'seller="seller"'),
    "no cap on a person's day": (_EFFORT, "> round(cap * MICRO)", "> round(cap * MICRO * 1e6)"),
    "capture rate ignored": (_EFFORT, "acts.factor_c.coalesce(1.0) / rate", "acts.factor_c.coalesce(1.0)"),
    "automated mail is effort": (_EFFORT, "if model.effort.exclude_automated:", "if not model.effort.exclude_automated:"),
    "bounced mail is effort": (_EFFORT, '("scheduled", "cancelled", "bounced")', '("scheduled", "cancelled")'),
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
    "an answer before the case opened": (_THREADS, "replies.filter(replies.t >= replies.opened)", "replies", "tests/enrichment/scores/test_reciprocity.py"),
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
    "nobody new, nothing to replace": (_DEPENDENCE, "(families.clipped > 0).ifelse(1.0, 0.0)", "0.0", _OF_NEED),
    "asymmetry turned round": (_DEPENDENCE, '"bothways_dependence_asymmetry": one - other', '"bothways_dependence_asymmetry": other - one'),
    "symmetry of two small numbers": (_DEPENDENCE, "(both >= model.dependence.symmetry_floor)", "(both >= 0.0)"),
    "families add up (max -> sum)": (_HOLDINGS, "families_critical=rows.critical.max()", "families_critical=rows.critical.sum()", _OF_NEED),
    "the most modular family counts": (_HOLDINGS, "1.0 - rows.modular.min()", "1.0 - rows.modular.max()", _OF_NEED),
    "ended assets are in use": (_HOLDINGS, "rows.active.coalesce(True), ~rows.ended", "rows.active.coalesce(True)"),
    "an older rate still runs": (
        _COMMERCE,
        "ends=(rows.ends < rows.following).ifelse(rows.ends, rows.following)",
        "ends=rows.ends",
    ),
    "an ended rate still converts": (_COMMERCE, ", rows.rate_at < dated.ends]", "]"),
    "unknown revenue is zero": (_COMMERCE, "unknown.ifelse(ibis.null(\"decimal(38,4)\"), totals", "unknown.ifelse(zero, totals"),
    "closed deals go on": (_COMMERCE, "until=(rows.closed & rows.close.notnull()).ifelse(rows.close, now)", "until=now + 0 * rows.opportunity"),
    "coverage adds up": (_CONFIDENCE, "(benefit * cost).sqrt()", "((benefit + cost) / 2.0)"),
    "old records stay fresh": (_CONFIDENCE, "return at_most(decay(late, model.evidence.fade_days), 1.0)", "return at_most(decay(late * 0.0, model.evidence.fade_days), 1.0)"),
    "a dead channel does not matter": (_CONFIDENCE, "100.0 * channels.sqrt() * volume", "100.0 * volume"),
    "effort without evidence": (_ACCOUNTS, "& (half_even(rows.conf_effort) >= model.evidence.least_confidence)", ""),
    "no hysteresis": (_STANCE, "rule.holds(rows, margin)", "rule.holds(rows, -1000.0)"),
    "low need is rebalanced at any effort": (
        _STANCE,
        'Test("seller_hours", ">", "expected_hours", steady=True)',
        'Test("seller_hours", ">", -1.0, steady=True)',
        "tests/enrichment/scores/test_stance.py",
        *ORACLE,
    ),
    "late deals can be dropped": (_TALLIES, " & ~acts.late_stage", ""),
    "what is owed can be dropped": (_TALLIES, " & ~acts.mandated", ""),
    "answers can be dropped": (_TALLIES, ' & ~acts.answers\n', "\n"),
    "momentum of a day-old deal": (_RECIPROCITY, "(age >= d.momentum_least_age_days * DAY) & ", ""),
    "momentum is not shrunk": (_RECIPROCITY, "(customer + k0) / (seller + customer + 2.0 * k0)", "(customer + 1.0) / (seller + customer + 2.0)"),
    'the future is read': ('enrichment/as_of.py', 'table.filter((table[name] <= as_of.time) | table[name].isnull())', 'table.filter((table[name] == table[name]) | table[name].isnull())'),
    'rows of an unknown time are left out': ('enrichment/as_of.py', ' | table[name].isnull())\n    if not by.otherwise', ')\n    if not by.otherwise'),
    'heads of the customer not counted': ('enrichment/activity/effort.py', '_minutes(rows, rows.inbound, rows.heads_c, constant(0.0), model)', '_minutes(rows, rows.inbound, constant(1.0), constant(0.0), model)'),
    'mail of ours is read unanswered': ('enrichment/activity/reading.py', 'theirs = (acts.outbound & acts.read).ifelse', 'theirs = acts.outbound.ifelse', 'tests/enrichment/activity/test_effort.py'),
    'an answer after the close is read before it': ('enrichment/activity/reading.py', 'in_life=acts.goes_on.ifelse(cut, acts.read)', 'in_life=acts.read', 'tests/enrichment/scores/test_opportunities.py', 'tests/oracle/test_agreement.py'),
    'silence of a stranger is known': ('enrichment/scores/confidence.py', 'whole.ifelse(rows.newest_anywhere, newest_record)', 'rows.newest_anywhere', 'tests/enrichment/scores/test_silence.py'),
    'silence of a customer is unknown': ('enrichment/scores/confidence.py', 'whole.ifelse(rows.newest_anywhere, newest_record)', 'newest_record', 'tests/enrichment/scores/test_silence.py'),
    'each purchase of a month counts': ('enrichment/commerce/holdings.py', 'rows.group_by("account", "month").aggregate(day=rows.day.max(), purchase=rows.purchase.max())', 'rows', 'tests/enrichment/scores/test_dependence.py'),
    'a later outcome is read': ('enrichment/commerce/deals.py', ' & (rows.closed | (~shut & ~rows.edited))', ''),
    'confidence is that in effort': ('enrichment/scores/accounts.py', 'both = smaller(rows.conf_dependence, effort)', 'both = effort'),
    'hysteresis over a plainly better rule': ('enrichment/scores/stance.py', 'keeps = keeps & ~earlier.holds(rows, -margin)', 'keeps = keeps & ~earlier.holds(rows, -1000.0)', 'tests/enrichment/scores/test_stance.py'),
    'reclaimed below what they give': ('enrichment/scores/reclaimable.py', 'floor = larger(rows.expected_hours, rows.own_own_accord_hours)', 'floor = larger(rows.expected_hours, rows.expected_hours)', 'tests/enrichment/scores/test_stance.py'),
    'reclaimed where we depend': ('enrichment/scores/reclaimable.py', '((given < model.reclaim.least_evidence_hours) | needed)', '(given < model.reclaim.least_evidence_hours)', 'tests/enrichment/scores/test_stance.py'),
    'reclaimed on no evidence': ('enrichment/scores/reclaimable.py', '((given < model.reclaim.least_evidence_hours) | needed)', 'needed', 'tests/enrichment/scores/test_stance.py'),
    'only the first person has a role': ('enrichment/activity/deal_totals.py', 'named = named.union(people.select(act="activity", person="person"))', 'named = named.union(people.select(act="activity", person="person").limit(0))'),
    "a deal's stance needs no evidence": ('enrichment/scores/stance.py', ', Test("balance_score", ">=", -100.0, steady=True))', ',)', 'tests/enrichment/scores/test_stance.py'),
    'reading of theirs is always ours': ('enrichment/activity/reading.py', 'ours = (acts.inbound & acts.read).ifelse', 'ours = acts.inbound.ifelse', 'tests/enrichment/activity/test_effort.py'),
    'the answer to a question is not read': ('enrichment/activity/threads.py', 'read=(acts.answered | acts.asked)', 'read=acts.answered', 'tests/enrichment/activity/test_effort.py'),
    'opening a call is free': ('enrichment/activity/effort.py', '((rows.channel == "call") & own, model.effort.opening.call)', '((rows.channel == "call") & own, 0.0)', 'tests/enrichment/activity/test_effort.py'),
    'opening a meeting is free': ('enrichment/activity/effort.py', '((rows.channel == "meeting") & own, model.effort.opening.meeting)', '((rows.channel == "meeting") & own, 0.0)', 'tests/enrichment/activity/test_effort.py'),
    "machines' mail is effort": ('enrichment/activity/effort.py', ', ~_by_machine(rows, model))', ')', 'tests/enrichment/activity/test_effort.py'),
    'a first reply counts twice': ('enrichment/activity/effort.py', 'rows = rows.anti_join(near, "case")', 'rows = rows.filter(rows.case.notnull())', 'tests/enrichment/activity/test_effort.py'),
    'a contract month counts whole': ('enrichment/commerce/holdings.py', 'constant(model.dependence.contract_month_weight)', 'constant(1.0)', 'tests/enrichment/scores/test_dependence.py'),
    'importance is its least claim': ('enrichment/scores/dependence.py', 'ibis.greatest(*(pull.coalesce(-1.0)', 'ibis.least(*(pull.coalesce(-1.0)', 'tests/enrichment/scores/test_dependence.py'),
    'late entry is not noticed': ('enrichment/scores/confidence.py', 'return entered_late.ifelse("account", "organisation")', 'return ibis.literal("organisation")', 'tests/enrichment/scores/test_silence.py'),
    'an import is late entry': ('enrichment/commerce/purchases.py', 'wins = wins.filter(wins.stated_close > wins.first_record)', 'wins = wins.filter(wins.stated_close > 0)', 'tests/enrichment/scores/test_silence.py'),
    'silence is known by few': ('enrichment/scores/silence.py', '(rows.logging_reach >= least)', '(rows.logging_reach >= 0.0)', 'tests/enrichment/test_situations.py'),
    'all customers are one third': ('enrichment/scores/silence.py', 'levels.place * 3 // levels.many.nullif(0)', 'levels.place * 0', 'tests/enrichment/test_situations.py'),
    'whoever never bought is a prospect': ('enrichment/scores/standing.py', 'never = ~records & sells & (rows.known_customer == 0)', 'never = ~records & sells', 'tests/enrichment/test_situations.py'),
    'an annual buyer lapses': ('enrichment/scores/standing.py', '(rows.purchase_days.coalesce(0) >= 2).ifelse(ibis.greatest(*gaps), once)', 'ibis.literal(float(life.least_days))', 'tests/enrichment/test_situations.py'),
    'their third message ends all advice': ('enrichment/scores/accounts.py', 'lifecycle=unknown.ifelse(rows.lifecycle_without_acts, rows.lifecycle)', 'lifecycle=rows.lifecycle', 'tests/enrichment/test_situations.py'),
    'a member answers for its family': ('enrichment/scores/accounts.py', 'own_confidence=(rows.with_family_effort | ~rows.scored).ifelse(_UNKNOWN, rows.stance_confidence)', 'own_confidence=rows.stance_confidence', 'tests/enrichment/test_situations.py'),
    'a member is judged alone': ('enrichment/scores/standing.py', 'with_family_effort=(member & every.balance_score.isnull()', 'with_family_effort=(~member & every.balance_score.isnull()', 'tests/enrichment/test_situations.py'),
    'answering in time is no excuse': ('enrichment/scores/stance.py', 'Either((Test("answered_score", ">=", s.answered),', 'Either((Test("answered_score", ">=", 101.0),', 'tests/enrichment/scores/test_stance.py'),
    'what is left open is not looked at': ('enrichment/scores/stance.py', 'Either((neglected, left))', 'neglected', 'tests/enrichment/scores/test_stance.py'),
    'equal customers are giants': ('enrichment/scores/stance.py', 'asymmetry_score", "<=", -s.protect_asymmetry), giant)', 'asymmetry_score", "<=", -s.protect_asymmetry))', 'tests/enrichment/scores/test_stance.py'),
    'their openings count as ours': ('enrichment/scores/accounts.py', 'openings_seller=rows.initiated_seller.coalesce(0)', 'openings_seller=rows.initiated_seller.coalesce(0) + rows.initiated_customer.coalesce(0)', 'tests/oracle/test_agreement.py'),
    'one text for all who stay': ('enrichment/reasons/texts.py', 'Text("maintain", "maintain_silent", (silent,))', 'Text("maintain", "maintain_silent", ())', 'tests/enrichment/test_texts.py'),
    'a family counts among its members': ('enrichment/scores/reciprocity.py', 'one=(rows.account >= 0).cast("int64")', 'one=(rows.account > -(10**12)).cast("int64")', 'tests/oracle/test_agreement.py'),
    'acts of nobody are evidence': ('enrichment/activity/totals.py', 'acts.with_customer & acts.signed, whole(weight)', 'acts.with_customer, whole(weight)', 'tests/enrichment/scores/test_unsigned.py'),
    'acts of nobody are silence': ('enrichment/scores/accounts.py', 'rows.balance_score.isnull() & ~rows.unsigned_lately', 'rows.balance_score.isnull()', 'tests/enrichment/scores/test_unsigned.py'),
    'acts of nobody lower no confidence': ('enrichment/scores/confidence.py', '100.0 * channels.sqrt() * volume * known *', '100.0 * channels.sqrt() * volume *', 'tests/enrichment/scores/test_unsigned.py'),
    'openings that decide are not named': ('enrichment/reasons/basis.py', '(rows.text == "build_close_opening") | by_opening', 'rows.text == "build_close_opening"', 'tests/enrichment/explain/test_reasons.py'),
    'a learnt weight has no bound': ('enrichment/evaluation/weights.py', '(limits @ found[1:] < -_VARIES).any()', 'False', 'tests/enrichment/evaluation/test_weights.py'),
    'closed deals stay open until their date': ('enrichment/commerce/deals.py', 'close=early.ifelse(changed, rows.close)', 'close=rows.close', 'tests/enrichment/test_money.py', 'tests/oracle/test_agreement.py'),
    'answered cases are neglect': (_STANCE, ', flag("cases_kept")))', ',))', _FURTHER),
    'half of the answers will do': (_ACCOUNTS, 'silent.cast("float64") <= share', 'silent.cast("float64") <= 6.0 * share', _FURTHER),
    'who meets us is chased': ('enrichment/facts.py', 'heard, purchase = rows.newest_contact', 'heard, purchase = rows.newest_customer', _FURTHER),
    'who met us was never asked': ('enrichment/reasons/texts.py', '                Unless(flag("met_since")),\n', '', _FURTHER),
    'a contract that ran out is not told': ('enrichment/reasons/basis.py', 'ended = judged.ifelse(facts["run_out"], none)', 'ended = none', _FURTHER),
    "a member's own records judge it": ('enrichment/reasons/drivers.py', 'rows.with_family_dependence.ifelse(_NONE, reason)', 'reason', _FURTHER),
    'what the group buys a member buys': ('enrichment/scores/accounts.py', '~rows.with_family_life & (rows.newest_purchase', '(rows.newest_purchase', 'tests/enrichment/test_situations.py'),
}  # fmt: skip
