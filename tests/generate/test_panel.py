"""What a seller sees: unknown stays unknown, old scores are called old, and the components' files are up to date."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.fields import FIELDS, fields
from enrichment.words import ENGLISH
from generate.panel import STALE_AFTER, WORDS, catalogue, properties, to_panel
from generate.panel_cases import cases

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ACCOUNT = {
    "bothways_stance": "respond",
    "bothways_customer_dependence": "61.5",
    "bothways_seller_dependence": None,
    "bothways_reciprocity_balance": "-45.2",
    "bothways_confidence": "55",
    "bothways_top_drivers": "+ 6 products in use; - 2 rivals seen in 24 mo; we wrote 1, they wrote 9 (90 d)",
    "bothways_asof": "2026-11-19T00:00:00Z",
}
texts = st.one_of(st.none(), st.text(max_size=30), st.floats(), st.integers(-(10**20), 10**20))


def test_the_files_of_the_components_are_up_to_date():
    path = Path(__file__).parent / "write_panel.py"
    spec = importlib.util.spec_from_file_location("write_panel", path)
    assert spec is not None and spec.loader is not None  # noqa: PT018
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for place, text in module.files().items():
        assert place.read_text(encoding="utf-8") == text, f"run: python {path}"


def test_a_scored_account():
    assert to_panel("account", ACCOUNT, NOW) == {
        "state": "scored",
        "stance": "Answer them",
        "tone": "urgent",
        "advice": ENGLISH.advice_of("respond"),
        "notice": "",
        "figures": [
            {"label": "They need us", "value": 62, "text": "62", "note": "of 100"},
            {"label": "We need them", "value": None, "text": "unknown", "note": ""},
            {"label": "Balance of effort", "value": -45, "text": "-45", "note": "they put in more"},
        ],
        "reasons": [
            {"sign": "+", "text": "6 products in use"},
            {"sign": "-", "text": "2 rivals seen in 24 mo"},
            {"sign": "", "text": "we wrote 1, they wrote 9 (90 d)"},
        ],
        "confidence": "medium (55)",
        "as_of": "2026-11-19",
    }


def test_after_a_week_scores_are_stale_and_still_shown():
    at = datetime(2026, 11, 19, tzinfo=UTC)
    assert to_panel("account", ACCOUNT, at + STALE_AFTER)["state"] == "scored"
    late = to_panel("account", ACCOUNT, at + STALE_AFTER + timedelta(seconds=1))
    assert (late["state"], late["stance"]) == ("stale", "Answer them")
    assert "7 days old" in late["notice"]


def test_a_closed_deal_keeps_its_figures():
    deal = {"bothways_deal_stance": "closed", "bothways_deal_asof": "2020-01-01T00:00:00Z"}
    panel = to_panel("deal", deal, NOW)
    assert (panel["state"], panel["notice"], panel["as_of"]) == ("scored", "", "2020-01-01")


def test_no_score_and_no_access_are_told_apart():
    assert to_panel("account", dict.fromkeys(ACCOUNT), NOW)["notice"] == WORDS["unscored"]
    assert to_panel("account", {}, NOW)["notice"] == to_panel("account", None, NOW)["notice"] == WORDS["unreadable"]


@pytest.mark.parametrize("kind", ["account", "deal"])
def test_what_is_read_is_in_the_catalogue_of_our_fields(kind):
    assert set(properties(kind)) <= {spec.name for spec in FIELDS}
    essential = {spec.name for spec in fields("essential")}
    shown = catalogue()["objects"][kind]
    assert {shown["stance"], shown["reasons"], shown["confidence"], shown["as_of"]} <= set(shown["properties"])
    assert set(shown["optional"]) == set(shown["properties"]) - essential
    assert {figure["property"] for figure in shown["figures"]} <= set(properties(kind))


def test_every_stance_has_advice_and_is_a_case():
    shown = {(case["kind"], case["panel"]["stance"]) for case in cases()}
    for kind, stances in catalogue()["stances"].items():
        for stance in stances.values():
            assert stance["advice"]
            assert (kind, stance["label"]) in shown
    assert {case["panel"]["state"] for case in cases()} == {"scored", "stale", "unscored", "unreadable"}


@given(st.dictionaries(st.sampled_from(sorted(ACCOUNT)), texts), st.datetimes(timezones=st.just(UTC)))
def test_whatever_a_record_holds_gives_a_panel(given, now):
    panel = to_panel("account", given, now)
    assert len(panel["figures"]) <= 3
    for figure in panel["figures"]:
        assert figure["value"] is None or -100 <= figure["value"] <= 100
        assert (figure["text"] == "unknown") == (figure["value"] is None)
    assert bool(panel["notice"]) == (panel["state"] != "scored")
