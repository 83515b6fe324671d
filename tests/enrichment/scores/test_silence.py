"""A customer that stops buying: unknown, or known while other records keep coming (docs/adr/0009)."""

from __future__ import annotations

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


def test_in_books_that_are_whole_silence_lowers_dependence_and_is_no_ground_for_advice(organisation):
    assert organisation.VARIANT.evidence.dependence_fades_with == "organisation"
    rows = the_book(organisation, 5).score(organisation.VARIANT).accounts
    assert {name: known(row) for name, row in rows.items()} == {
        "steady": True,
        "stopped": True,
        "never": False,
        "long gone": False,
    }
    stopped = rows["stopped"]
    assert stopped["bothways_customer_dependence"] < rows["steady"]["bothways_customer_dependence"]
    assert stopped["bothways_confidence"] < 25
    assert stopped["bothways_stance"] == "insufficient_evidence"
    assert stopped["bothways_reclaimable_hours"] is None
    assert "newest deal, contract or asset is 300 d old" in stopped["bothways_top_drivers"]
    assert "d old" not in rows["steady"]["bothways_top_drivers"]


def test_when_no_records_come_any_more_everybody_is_unknown(organisation):
    rows = the_book(organisation, 250).score(organisation.VARIANT).accounts
    assert not any(known(row) for row in rows.values())


def test_by_default_only_the_records_of_the_account_count(organisation):
    rows = the_book(organisation, 5).score().accounts
    assert {name for name, row in rows.items() if known(row)} == {"steady"}
