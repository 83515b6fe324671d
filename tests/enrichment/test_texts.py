"""No text contradicts a figure on its own record."""

from __future__ import annotations

import os
import random

import pytest
from beside import beside

from enrichment.fields import STANCES
from enrichment.model import ScoringModel
from enrichment.reasons.texts import FIGURES, account_texts
from enrichment.words import ENGLISH

MODEL = ScoringModel()
BOOKS = int(os.environ.get("BOTHWAYS_EXAMPLES", "2"))


def test_every_text_has_its_words_a_claim_and_a_stance_and_the_last_of_a_stance_always_holds():
    texts = account_texts(MODEL)
    assert {text.name for text in texts} == set(beside("enrichment/claims.py").CLAIMS)
    assert {text.stance for text in texts} == {code for code, _ in STANCES}
    last = {text.stance: text for text in texts}
    assert all(not text.conditions for text in last.values())
    for text in texts:
        figures = dict.fromkeys(FIGURES, 1)
        assert ENGLISH.advice[text.name].format(**figures)


def test_the_texts_of_plain_situations_are_true(organisation):
    book = beside("enrichment/test_situations.py")
    org = organisation.Organisation()
    book.ordinary(org, random.Random(5))
    book.situations(org)
    result = org.score()
    assert beside("enrichment/claims.py").untrue(result.accounts, result.account_audit) == []
    assert len({audit["text"] for audit in result.account_audit.values()}) > 15


@pytest.mark.parametrize("seed", range(BOOKS))
def test_the_texts_of_random_books_are_true(organisation, seed):
    """With the stances of another day before, so that hysteresis keeps some."""
    chance = random.Random(seed)
    org = beside("enrichment/test_invariants.py").random_organisation(organisation, seed, size=60)
    codes = [code for code, _ in STANCES]
    before = {"accounts": {row["id"]: chance.choice(codes) for row in org.rows["accounts"]}}
    for previous in (None, before):
        result = org.score(previous=previous)
        assert beside("enrichment/claims.py").untrue(result.accounts, result.account_audit) == []
