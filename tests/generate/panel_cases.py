"""The table of cases that every component of the panel is tested with, whatever its language. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TypedDict

from enrichment.fields import DEAL_STANCES, STANCES
from generate.panel import Given, Kind, Panel, catalogue, to_panel

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Case(TypedDict):
    """`given` is null when reading failed; `panel` is what must be shown."""

    name: str
    kind: Kind
    now: str
    given: dict[str, Given] | None
    panel: Panel


_ACCOUNT: Mapping[str, Given] = {
    "bothways_stance": "build_close",
    "bothways_customer_dependence": "78.4",
    "bothways_seller_dependence": "42.5",
    "bothways_reciprocity_balance": "-12",
    "bothways_confidence": "71.2",
    "bothways_top_drivers": (
        "+ contract runs 28 more mo; + 6 products in use; - 1 rival seen in 24 mo; we wrote 9, they wrote 11 (90 d)"
    ),
    "bothways_asof": "2026-11-20T00:00:00Z",
}
_DEAL: Mapping[str, Given] = {
    "bothways_deal_stance": "ask_for_effort",
    "bothways_deal_customer_dependence": 51,
    "bothways_deal_seller_dependence": 12.5,
    "bothways_deal_reciprocity_balance": 64.9,
    "bothways_deal_confidence": 40,
    "bothways_deal_top_drivers": "- 4 rivals on this deal; we spent 7 h, they spent 1 h",
    "bothways_deal_asof": "2026-11-19T22:30:00.000+0000",
}


def cases() -> list[Case]:
    """Every case, each with the panel that the reference makes of it."""
    return [
        {"name": name, "kind": kind, "now": NOW.isoformat(), "given": given, "panel": to_panel(kind, given, NOW)}
        for name, kind, given in _given()
    ]


def texts() -> dict[str, str]:
    """The two files that a component ships and is tested with, by name."""
    return {"panel.json": _text(catalogue()), "panel-cases.json": _text(cases())}


def _text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _given() -> Iterator[tuple[str, Kind, dict[str, Given] | None]]:
    yield "an account, values as text", "account", {**_ACCOUNT}
    yield "a deal, values as numbers", "deal", {**_DEAL}
    yield "reading failed", "account", None
    yield "reading a deal failed", "deal", None
    yield "nothing may be read", "account", {}
    yield "the stance may not be read", "deal", {k: v for k, v in _DEAL.items() if k != "bothways_deal_stance"}
    yield "no score yet", "account", dict.fromkeys(_ACCOUNT)
    yield "no score yet, empty texts", "account", dict.fromkeys(_ACCOUNT, "")
    yield "no score of a deal yet", "deal", dict.fromkeys(_DEAL)
    essential = {k: v for k, v in _DEAL.items() if k != "bothways_deal_seller_dependence"}
    yield "a property that is not part of this installation", "deal", essential
    for code, _ in STANCES:
        yield f"account stance {code}", "account", {**_ACCOUNT, "bothways_stance": code}
    for code, _ in DEAL_STANCES:
        yield f"deal stance {code}", "deal", {**_DEAL, "bothways_deal_stance": code}
    yield "a stance of a newer version", "account", {**_ACCOUNT, "bothways_stance": "grow_together"}
    unknown = {"bothways_customer_dependence": None, "bothways_reciprocity_balance": None, "bothways_confidence": None}
    silent = "no activity recorded in 365 days; too little commercial data to judge dependence"
    yield (
        "numbers unknown",
        "account",
        {**_ACCOUNT, "bothways_stance": "insufficient_evidence", "bothways_top_drivers": silent, **unknown},
    )
    yield "no reasons", "account", {**_ACCOUNT, "bothways_top_drivers": None}
    yield "spaces in the reasons", "account", {**_ACCOUNT, "bothways_top_drivers": " + one ;  ; two; "}
    for text in ("0", "-0.4", "0.5", "-0.5", "2.5", "-99.5", "250", "-250", " 7 ", "1e1", "", "much", "NaN", "١٢"):
        yield (
            f"figures of {text!r}",
            "account",
            {**_ACCOUNT, **dict.fromkeys(list(_ACCOUNT)[1:4], text), "bothways_confidence": text},
        )
    for number in (0, 24.9, 25, 39.96, 69.5, 70, 100):
        yield f"confidence of {number}", "account", {**_ACCOUNT, "bothways_confidence": number}
    for moment in (
        "2026-11-13T12:00:00Z",
        "2026-11-13T11:59:59Z",
        "2026-10-01T08:00:00.000Z",
        "2026-11-21T00:00:00Z",
        "2026-11-13T14:00:00+02:00",
        1795132800000,
        "1794571199000",
        "",
        None,
        "yesterday",
        "2026-11-13",
        "2026-13-45T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-19T24:00:00Z",
    ):
        yield f"scored at {moment!r}", "account", {**_ACCOUNT, "bothways_asof": moment}
    yield (
        "a closed deal is never stale",
        "deal",
        {**_DEAL, "bothways_deal_stance": "closed", "bothways_deal_asof": "2025-03-01T00:00:00Z"},
    )
