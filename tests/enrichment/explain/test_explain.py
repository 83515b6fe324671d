"""`explain` opens up what was written, and the words fit their field."""

from __future__ import annotations

import pytest

from enrichment.explain.explain import explain
from enrichment.fields import ACCOUNT_FIELDS, DEAL_STANCES, OPPORTUNITY_FIELDS, STANCES
from enrichment.model import COMPONENTS, ScoringModel
from enrichment.reasons.texts import FIGURES
from enrichment.words import ENGLISH, LONGEST


def busy(organisation):
    org = organisation.Organisation()
    account = org.account("A", annual_revenue=1e6, wallet=30_000.0)
    org.account("B", type="Customer")
    won = org.deal(account, 20_000.0, 10, won=True, family="Pumps")
    org.rival(account, "Other", won)
    org.contract(account, 100, -200)
    deal = org.deal(account, 5_000.0, -20, created=50, probability=0.7, owner=1, family="Pumps")
    org.lively(account)
    for days in range(1, 9):
        org.email(account, "inbound" if days % 3 else "outbound", days, opportunity=deal)
    return org


def test_the_parts_of_an_explanation_add_up_to_the_score(organisation):
    model = ScoringModel()
    result = busy(organisation).score(deals=True)
    for score, audit in (
        (result.accounts["A"], result.account_audit["A"]),
        (result.deals["D1"], result.deal_audit["D1"]),
    ):
        found = explain(audit, score, model)
        groups = {}
        for part in found.parts:
            used = part.prior if part.value is None else part.value
            groups[part.group] = groups.get(part.group, 0.0) + part.weight * used
        product = 100 * groups["benefit"] ** 0.5 * groups["cost"] ** 0.5
        stem = "bothways_deal_" if "bothways_deal_stance" in score else "bothways_"
        assert product == pytest.approx(score[f"{stem}customer_dependence"], abs=0.05)
        assert [part.name for part in found.parts] == list(COMPONENTS)
        assert all(bool(part.fill) == (part.value is None) for part in found.parts)
        figures = {name: audit.get(column) for name, column in FIGURES.items()}
        assert found.advice == ENGLISH.advice[audit.get("text", found.stance)].format(**figures)
        assert found.rule
        assert found.missing == ()


def test_counts_in_an_advice_are_whole(organisation):
    result = busy(organisation).score()
    audit = {**result.account_audit["A"], "text": "respond_counted", "left_open": 6.0, "opened": 10.0}
    found = explain(audit, {**result.accounts["A"], "bothways_stance": "respond"}, ScoringModel())
    assert "(6 of 10)" in found.advice


def test_an_unknown_account_says_what_is_missing(organisation):
    result = busy(organisation).score()
    found = explain(result.account_audit["B"], result.accounts["B"], ScoringModel())
    assert found.stance == "insufficient_evidence"
    assert any(
        "customer dependence" in need for need in found.needs
    )  # its silence is known: A is like it, and is logged
    assert ENGLISH.missing["thin_commerce"].text() in found.missing


def test_where_a_customer_stands_is_shown_with_the_figures_behind_it(organisation):
    """Three mails of theirs in threads of their own, long due, are among what they opened; who never bought is a
    prospect.
    """
    org = organisation.Organisation()
    account = org.account("A", annual_revenue=1e6)
    org.deal(account, 20_000.0, 10, won=True)
    org.lively(account)
    for number, days in enumerate((20, 25, 30)):
        org.email(account, "inbound", days, thread=9_000 + number)
    org.account("never")
    result = org.score()
    model = ScoringModel()
    found = {i: dict(explain(result.account_audit[i], row, model).standing) for i, row in result.accounts.items()}
    audit = result.account_audit["A"]
    assert (found["A"]["lifecycle"], found["never"]["lifecycle"]) == ("customer", "prospect")
    assert found["A"]["newest_end"] == found["A"]["newest_purchase"]
    assert "newest_end" not in found["never"]
    assert (found["A"]["opened_threads"], found["A"]["left_threads"]) == (
        audit["opened_threads"],
        audit["left_threads"],
    )
    assert found["A"]["opened_threads"] >= 3
    assert found["A"]["silence_known"] == audit["silence_known"]
    assert found["A"]["own_own_accord_hours"] == pytest.approx(audit["own_own_accord_hours"])
    assert found["A"]["own_own_accord_hours"] > 0


def test_drivers_name_the_greatest_reasons_both_ways_with_their_figures(organisation):
    result = busy(organisation).score()
    text = result.accounts["A"]["bothways_top_drivers"]
    audit = result.account_audit["A"]
    ranked = sorted(
        (round(-audit[f"{name}_contribution"], 6), name)
        for name in COMPONENTS
        if audit[f"{name}_contribution"] is not None
    )
    best = [ENGLISH.account[name].text(audit[f"{name}_figure"]) for value, name in ranked[:2] if value < 0]
    worst = [ENGLISH.account[name].text(audit[f"{name}_figure"]) for value, name in ranked[::-1][:2] if value > 0]
    for sign, reasons in (("+ ", best), ("- ", worst)):
        for reason in reasons:
            assert sign + reason in text
    assert text.endswith("6 calls to 6; 1 meeting")  # the two channels with most minutes


def test_the_longest_reasons_fit_the_field():
    longest = sorted((len(ENGLISH.reason(name, deal=True).text(10**6)) for name in COMPONENTS), reverse=True)[:4]
    assert sum(longest) + 4 * len("+ ; ") + len("we wrote 99999, they wrote 99999 (365 d)") <= LONGEST


def test_every_stance_has_advice():
    assert {code for code, _ in STANCES + DEAL_STANCES} <= set(ENGLISH.advice)


def test_the_tables_have_exactly_the_fields_of_the_catalogue(organisation):
    result = busy(organisation).score(deals=True)
    account, deal = result.accounts["A"], result.deals["D1"]
    assert list(account) == ["id", "account", "name", *(spec.name for spec in ACCOUNT_FIELDS)]
    assert list(deal) == ["id", "opportunity", "account_id", "name", *(spec.name for spec in OPPORTUNITY_FIELDS)]
    for spec in ACCOUNT_FIELDS + OPPORTUNITY_FIELDS:
        value = account.get(spec.name, deal.get(spec.name))
        if value is not None and spec.type == "number":
            assert value == round(value, spec.scale)
        if value is not None and spec.type == "integer":
            assert isinstance(value, int)
