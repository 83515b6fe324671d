"""Law: whatever a customer does, it is not punished for it. Every account of a random book has a twin that did one
thing more."""

from __future__ import annotations

import os
import random

from beside import beside
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from enrichment.model import ScoringModel

EXAMPLES = int(os.environ.get("BOTHWAYS_EXAMPLES", "1"))
LINKED = ("opportunities", "opportunity_people", "families", "activities", "cases", "contracts", "assets", "rivals")
SILENT = {"build_close_silent", "maintain_silent", "keep_ideal", "keep_unknown"}
STOPPED = {"prospect_stop", "lapsed_chased", "lapsed_unasked", "lapsed"}
"""Texts that say that nobody talks, or that they have stopped."""
wide = settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate],
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def twin(org, account):
    """The account again, with all its records, as one without a family; its key."""
    copy = org.account(f"{org.rows['accounts'][account]['id']}'")
    told = {
        k: v for k, v in org.rows["accounts"][account].items() if k not in ("account", "id", "name", "family", "parent")
    }
    org.rows["accounts"][copy] |= told
    keys = {"opportunity": {None: None}, "case": {None: None}, "activity": {}, "person": {None: None}}
    for table in LINKED:
        for row in [r for r in org.rows[table] if r.get("account") == account]:
            made = dict(row) | {"account": copy}
            for name, known in keys.items():
                if name in made:
                    main = {"opportunities": "opportunity", "cases": "case", "activities": "activity"}.get(table)
                    if name == main:
                        known[made[name]] = len(org.rows[table])
                    made[name] = known.get(made[name], 10_000 * copy + (made[name] or 0))
            if made.get("thread") is not None:
                made["thread"] += 10_000_000 * (1 + copy)
            if table == "opportunities":
                made["id"] = f"{row['id']}'"
            org.rows[table].append(made)
    return copy


def one_more(org, chance, account):
    """One thing more that they did, of any kind, at any time of the last year."""
    days = chance.choice([chance.uniform(0.1, 20), chance.uniform(20, 90), chance.uniform(90, 360)])
    kind = chance.choice(["email", "email", "message", "call", "meeting", "case"])
    if kind == "case":
        org.case(account, days)
    else:
        length = {"minutes": float(chance.randint(5, 60))} if kind in ("call", "meeting") else {}
        thread = {"thread": 90_000_000 + account} if kind in ("email", "message") and chance.random() < 0.7 else {}
        org.act(account, kind, "inbound", days, seller_user=900_000 + account, **length, **thread)


@wide
@given(seed=st.integers(0, 10**6))
def test_an_act_of_theirs_never_costs_them_advice_hours_or_an_answer(organisation, seed):
    chance = random.Random(seed)
    org = beside("enrichment/test_invariants.py").random_organisation(organisation, seed, size=70)
    for row in org.rows["accounts"]:
        row |= {"parent": None, "family": row["account"]}  # a twin has no family either
    pairs = []
    for account in range(len(org.rows["accounts"])):
        name = org.rows["accounts"][account]["id"]
        for n in range(2):
            copy = twin(org, account)
            org.rows["accounts"][copy]["id"] = f"{name} {n}"
            pairs.append((name, f"{name} {n}", copy))
    plain = org.score()
    for one, other, _ in pairs:  # until it does something, a twin is told the same
        assert plain.accounts[one]["bothways_stance"] == plain.accounts[other]["bothways_stance"]
    for _, _, copy in pairs:
        one_more(org, chance, copy)
    result = org.score()

    least, met = ScoringModel().evidence.least_confidence, 0
    for one, other, _ in pairs:
        before, after = result.accounts[one], result.accounts[other]
        text, then = (result.account_audit[name]["text"] for name in (one, other))
        met += before["bothways_stance"] != after["bothways_stance"]
        if before["bothways_stance"] != "insufficient_evidence":
            assert after["bothways_stance"] != "insufficient_evidence", (one, other, text, then)
            hours = before["bothways_reclaimable_hours"], after["bothways_reclaimable_hours"]
            assert None in hours or hours[1] <= hours[0], (one, other, hours)
        if before["bothways_stance"] == "respond":
            assert then not in SILENT | STOPPED, (one, other, then)
        assert then not in SILENT or text in SILENT or before["bothways_confidence_effort"] < least, (one, text, then)
    assert met >= 3
