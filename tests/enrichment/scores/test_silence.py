"""A customer that stops buying: unknown, or known while other records keep coming (docs/adr/0009)."""

from __future__ import annotations

import pytest

from enrichment.model import ScoringModel

DEPENDENCE = ("customer_dependence", "dependence_benefit", "dependence_cost")
DEPENDENCE += ("mutual_dependence", "dependence_asymmetry")


def the_book(organisation, newest):
    """A steady customer, one that stopped, one that never bought, one whose last purchase is out of the lookback."""
    org = organisation.Organisation()
    for name, days in {"steady": newest, "stopped": 300, "never": None, "long gone": 900}.items():
        account = org.account(name)
        if days is None:
            org.deal(account, 50.0, 400, won=False)
        else:
            org.deal(account, 50.0, days, won=True, family="Pumps")
            org.deal(account, 50.0, days + 40, won=True, family="Pumps")
        org.lively(account)
    return org


def known(row):
    found = {row[f"bothways_{name}"] is not None for name in DEPENDENCE}
    assert len(found) == 1
    return found.pop()


ACCOUNT = ScoringModel.model_validate({"evidence": {"dependence_fades_with": "account"}})
BY_ACCOUNT = {"steady": True, "stopped": False, "never": False, "long gone": False}
BY_ORGANISATION = BY_ACCOUNT | {"stopped": True}


def test_while_records_keep_coming_a_customer_that_stopped_is_known_to_have_stopped(organisation):
    """The default (ADR 9): its lower reliance says so; a customer out of the lookback, and one that never bought, are
    unknown.
    """
    result = the_book(organisation, 5).score()
    rows = result.accounts
    assert {name: known(row) for name, row in rows.items()} == BY_ORGANISATION
    assert {audit["fades_with"] for audit in result.account_audit.values()} == {"organisation"}
    assert rows["stopped"]["bothways_customer_dependence"] < rows["steady"]["bothways_customer_dependence"]
    assert rows["stopped"]["bothways_confidence_dependence"] < 25 < rows["stopped"]["bothways_confidence_effort"]


def test_when_no_records_come_any_more_everybody_is_unknown(organisation):
    rows = the_book(organisation, 250).score().accounts
    assert not any(known(row) for row in rows.values())


def test_the_account_alone_counts_where_the_model_says_so(organisation):
    rows = the_book(organisation, 5).score(ACCOUNT).accounts
    assert {name: known(row) for name, row in rows.items()} == BY_ACCOUNT


@pytest.mark.parametrize(
    ("late", "wins", "lag", "expected"),
    [
        (3, 24, 31, BY_ACCOUNT),  # 3 of 24: more than a tenth
        (2, 24, 31, BY_ORGANISATION),
        (3, 24, 29, BY_ORGANISATION),
        (3, 15, 31, BY_ORGANISATION),  # too few to tell
    ],
)
def test_where_deals_are_entered_late_the_account_alone_counts(organisation, late, wins, lag, expected):
    """A win that is recorded a month after its close may still come: nobody is known to have stopped."""
    org = the_book(organisation, 5)
    seller = org.account("seller")
    org.deal(seller, 1.0, 899, won=False, created=900)  # records are kept since then
    for n in range(wins - 5):  # the book has five of the year
        close = 100.0 + n
        org.deal(seller, 10.0, close, won=True, created=close - lag if n < late else close + 1)
    rows = org.score().accounts
    assert {name: known(rows[name]) for name in expected} == expected


def test_an_import_of_old_deals_is_no_late_entry(organisation):
    org = the_book(organisation, 5)
    for row in org.rows["opportunities"]:
        row["created_at"] = org.ago(4)  # all of them on one day, when records began
    for n in range(40):
        org.deal(0, 10.0, 100.0 + n, won=True, created=4)
    rows = org.score().accounts
    assert {name: known(rows[name]) for name in BY_ORGANISATION} == BY_ORGANISATION


def test_customers_of_equal_revenue_are_in_one_third_whatever_their_order(organisation):
    """Of 36, 15 bring in as much as each other and lie across a border between thirds; who is listed first is none of
    their doing. A customer of the past stands where the next richer customer does.
    """
    org = organisation.Organisation()
    amounts = {f"high {n}": 900.0 + n for n in range(6)} | {f"equal {n}": 500.0 for n in range(15)}
    amounts |= {f"low {n}": 100.0 + n for n in range(15)}
    for name, amount in amounts.items():
        account = org.account(name)
        org.deal(account, amount, 30, won=True)
        if name.startswith("high") or name in ("equal 0", "equal 1"):
            org.lively(account)
    org.account("nobody yet")
    audit = org.score().account_audit
    thirds = {kind: {audit[name]["third"] for name in amounts if name.startswith(kind)} for kind in ("high", "equal")}
    assert thirds == {"high": {0}, "equal": {0}}
    assert {audit[name]["logging_reach"] for name in amounts if name.startswith("equal")} == {8 / 21}
    assert [audit[f"low {n}"]["third"] for n in range(15)] == [2] * 12 + [1] * 3
    assert audit["nobody yet"]["third"] == 2
