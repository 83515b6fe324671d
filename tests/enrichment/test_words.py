"""Everything that is said comes from one catalogue, which another language can replace."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from config.loading import load_words
from connectors.errors import ConfigError
from enrichment import words as phrases
from enrichment.explain.explain import explain
from enrichment.model import ScoringModel
from enrichment.words import ENGLISH, translated

ROOT = Path(__file__).parents[2]
CATALOGUES = [ROOT / "examples" / f"words.{language}.toml" for language in ("de", "es")]
CATALOGUE = tomllib.loads((ROOT / "enrichment" / "words.toml").read_text("utf-8"))
SPEAKERS = (
    "reasons/drivers",
    "reasons/basis",
    "reasons/texts",
    "reasons/phrases",
    "explain/explain",
    "explain/evidence",
    "explain/what_if",
    "scores/stance",
    "scores/accounts",
    "scores/opportunities",
    "words",
)


def pseudo(value):
    """Every phrase in letters that English has none of; figures as they are."""
    if isinstance(value, dict):
        return {key: pseudo(inner) for key, inner in value.items()}
    parts = re.split(r"(\{\w+\})", value)
    return "".join(p if p.startswith("{") else re.sub("[A-Za-z]", "ж", p) for p in parts)


def paths(values, *above):
    for key, value in values.items():
        yield from paths(value, *above, key) if isinstance(value, dict) else [(*above, key)]


def test_nothing_is_said_outside_the_catalogue():
    """Code that makes reasons and explanations holds no text for people: no constant with a blank between words."""
    for name in SPEAKERS:
        tree = ast.parse((ROOT / "enrichment" / f"{name}.py").read_text("utf-8"))
        told = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise):  # errors are for whoever runs the program
                told |= {id(inner) for inner in ast.walk(node)}
            if isinstance(node, ast.Expr):  # docstrings
                told.add(id(node.value))
        said = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
        ]
        assert [text for text in said if re.search(r"[A-Za-z] [A-Za-z]", text)] == [], name


def organisation_of_every_sort(organisation):
    org = organisation.Organisation()
    account = org.account("busy", annual_revenue=1e6, wallet=30_000.0, type="Customer")
    won = org.deal(account, 20_000.0, 10, won=True, family="Pumps")
    org.rival(account, "Other", won)
    org.contract(account, 100, -200)
    org.deal(account, 5_000.0, -20, created=50, probability=0.7, owner=1, family="Pumps")
    org.deal(account, 5_000.0, 9, won=True, currency="CHF")
    org.lively(account)
    for days in range(1, 9):
        org.email(account, "inbound" if days % 3 else "outbound", days, opportunity=1)
    old = org.account("old")
    org.deal(old, 100.0, 300, won=True)
    org.lively(old)
    org.deal(org.account("quiet"), 100.0, 20, won=True)
    org.email(org.account("new"), "inbound", 3)
    return org


def test_another_language_replaces_every_word_of_reasons_and_explanations(organisation):
    model = ScoringModel().model_copy(update={"words": translated(pseudo(CATALOGUE))})
    result = organisation_of_every_sort(organisation).score(model, deals=True)
    texts = [row["bothways_top_drivers"] for row in result.accounts.values()]
    texts += [row["bothways_deal_top_drivers"] for row in result.deals.values()]
    opened = [explain(result.account_audit[i], row, model) for i, row in result.accounts.items()]
    opened += [explain(result.deal_audit[i], row, model) for i, row in result.deals.items()]
    for found in opened:
        rule = re.sub("insufficient_evidence|[a-z_]+$", "", found.rule)
        texts += [rule, found.advice, *found.missing, *found.needs]
        texts += [text for part in found.parts for text in (part.words, part.fill)]
    assert len([text for text in texts if text]) > 60
    assert [text for text in texts if re.search("[A-Za-z]", text)] == []
    assert model.hash == ScoringModel().hash  # words are no numbers


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.name)
def test_a_catalogue_in_another_language_is_whole(file):
    values = tomllib.loads(file.read_text("utf-8"))
    assert set(paths(CATALOGUE)) - set(paths(values)) == {("drivers", k) for k in ("gain", "drag", "between")}
    words = load_words(file)
    same = [p for p in paths(values) if phrases._at(CATALOGUE, p) == phrases._at(values, p)]
    assert same == []
    longest = sorted((len(words.reason(name, deal=True).text(10**6)) for name in ENGLISH.account), reverse=True)[:4]
    assert sum(longest) + len(words.effort["hours"]) + 20 <= phrases.LONGEST


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[advice]\nprotekt = "x"', "advice.protekt: there is no such phrase"),
        ('[account.tenure]\nmany = "long a customer"', r"account.tenure.many: has the figures \[\], not \['n'\]"),
        ('[effort]\nhours = "{ours} and {hers}"', r"effort.hours: has the figures \['hers', 'ours'\]"),
        ("[advice]\nprotect = 3", "advice.protect: must be a text"),
        ('advice = "do"', "advice: must be a table"),
        ('[advice]\nprotect = "half {a brace"', "expected"),
    ],
)
def test_a_translation_that_would_not_speak_is_refused(tmp_path, text, fault):
    file = tmp_path / "words.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=fault):
        load_words(file)


def test_a_translation_without_the_forms_for_none_and_one_does_not_fall_back_to_english():
    found = translated({"account": {"tenure": {"many": "{n} ans"}}}).account["tenure"]
    assert [found.text(n) for n in (0, 1, 2)] == ["0 ans", "1 ans", "2 ans"]
