"""Kinds of customers and ways of dealing with them, so that random organisations reach every rule of the stance."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oracle.randomly import Maker

KINDS = (
    "any",
    "any",
    "any",
    "needed",
    "needed",
    "locked",
    "middling",
    "commodity",
    "commodity",
    "giant",
    "prospect",
    "lapsed",
    "lapsed",
)
COURTED = ("any", "none", "chase", "stopped", "stopped", "balanced")
MOODS = (
    "any",
    "none",
    "none",
    "thin",
    "chase",
    "chase",
    "ignored",
    "balanced",
    "balanced",
    "starting",
    "stopped",
    "back",
)


def facts(kind: str, r: Random) -> dict[str, Any]:
    """Master data of an account of a kind."""
    high, low = r.uniform(0.8, 1.0), r.uniform(0.0, 0.2)
    rated = ("strategic_importance", "mission_criticality", "non_modularity")
    if kind == "needed":
        return {**dict.fromkeys(rated, high), "wallet": 5_000.0, "annual_revenue": 1000.0}
    if kind == "locked":
        return dict(zip(rated, (low, low, high), strict=True)) | {"wallet": 1e9, "annual_revenue": 1e10}
    if kind == "middling":
        return {**dict.fromkeys(rated, r.uniform(0.35, 0.6)), "wallet": 80_000.0, "annual_revenue": 5_000_000.0}
    if kind in ("commodity", "giant"):
        return {**dict.fromkeys(rated, low), "wallet": 1e9, "annual_revenue": 1e10}
    if kind == "prospect":
        kept = r.choice(
            ({"type": "Prospect"}, {"type": None, "lifecycle_stage": "lead"}, {"type": "Customer - Direct"})
        )
        return {**dict.fromkeys(rated, low), **kept, "strategic_customer": None}
    return {}


def commerce(maker: Maker, kind: str, key: int) -> None:
    r, scale = maker.random, maker.scale
    if kind in ("needed", "locked", "middling", "commodity", "giant"):
        times = 60 if kind == "giant" else r.choice((1, 1, 1, 1, 6, 30))
        step, amount = r.choice((20, 30, 60)), float(times * scale)
        for n in range(1 if kind == "locked" else r.randint(2, 14)):
            maker.sale(key, amount, r.randint(0, 15) + n * step)
        if kind == "locked":
            maker.sale(key, amount, 2_600)
        if maker.chance(0.4):
            maker.open_deal(key, amount, -r.randint(2, 80), closed=False)
        if kind not in ("commodity", "giant") and maker.chance(0.4 if kind == "locked" else 0.8):
            maker.contract(key, r.randint(100, 900), -r.randint(300, 900))
        if kind not in ("commodity", "giant"):
            for _ in range(9 if kind == "locked" else 2):
                maker.asset(key, family=r.choice(maker.families), active=True, is_rival=False)
    elif kind == "prospect" and maker.chance(0.5):
        close = -r.randint(5, 90) if maker.chance(0.7) else r.randint(5, 300)
        maker.open_deal(key, float(r.randint(1, 60) * scale), close, closed=close > 0)
    elif kind == "lapsed":
        newest, step, count = r.choice((200, 320, 500, 800)), r.choice((15, 40, 90)), r.choice((1, 1, 2, 3, 8))
        for n in range(count):
            maker.sale(key, float(scale), newest + n * step)
        if maker.chance(0.3):
            maker.contract(key, newest + 700, newest - r.randint(0, 100))
        if maker.chance(0.3):
            maker.open_deal(key, float(scale), newest - r.randint(5, 150), closed=True)


def dealings(maker: Maker, mood: str, key: int) -> None:
    """Acts of an account: `ours` and `theirs` so many in the last days."""
    r = maker.random
    span = r.choice((40, 80, 160))
    ours, theirs = {
        "none": (0, 0),
        "thin": r.choice(((1, 0), (0, 1), (2, 1))),
        "chase": (r.randint(8, 30), r.randint(0, 3)),
        "ignored": (r.randint(0, 2), r.randint(6, 30)),
        "balanced": (r.randint(5, 20), r.randint(5, 20)),
        "starting": (r.randint(10, 20), 0),
        "stopped": (r.randint(5, 25), 0),
        "back": (0, r.randint(1, 2)),
    }[mood]
    for direction, count in (("outbound", ours), ("inbound", theirs)):
        for _ in range(count):
            at = maker.ago(0.2, span)
            if mood == "starting":
                maker.act(key, "call", direction, at, minutes=float(r.randint(2, 12)), outcome="done")
            elif maker.chance(0.8):
                maker.thread += 1
                link = {"opportunity": maker.mine[-1]} if mood == "balanced" and maker.mine else {}
                maker.act(key, r.choice(("email", "email", "message")), direction, at, thread=maker.thread, **link)
            elif direction == "outbound":
                maker.act(key, "meeting", direction, at, minutes=60.0, outcome=r.choice(("done", "no_show")))
            else:
                maker.act(key, "call", direction, at, outcome="not_connected")
    if mood == "balanced":
        for _ in range(r.randint(0, 4)):
            maker.case(key)
    if mood == "starting":
        for _ in range(r.randint(0, 12)):
            maker.act(key, "case_reply", "inbound", maker.ago(1, span))
    if mood == "stopped":
        maker.act(key, "email", "inbound", maker.ago(65, 200))
