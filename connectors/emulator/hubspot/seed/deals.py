"""The sales pipeline: one stage for each stage that the organisation's deals are in, closed ones last."""

from __future__ import annotations

from collections import Counter

from connectors.emulator.hubspot.schema import pipelines
from connectors.emulator.hubspot.seed.source import Source, texts
from connectors.emulator.hubspot.store.columns import Column, Texts
from connectors.emulator.hubspot.wire import Json

Key = tuple[str, bool, bool]


def pipeline(source: Source) -> tuple[list[Json], list[str | None], list[float | None]]:
    """(pipelines, each deal's stage id, each deal's probability). A stage's probability is that of most of its
    deals.
    """
    labels = source.column("opportunities", "stage")
    closed, won = source.column("opportunities", "is_closed"), source.column("opportunities", "is_won")
    probabilities = source.column("opportunities", "probability")
    keys = [
        _key(label, bool(is_closed), bool(is_won)) for label, is_closed, is_won in zip(labels, closed, won, strict=True)
    ]
    odds: dict[Key, Counter[float]] = {key: Counter() for key in sorted(set(keys))}
    for key, probability in zip(keys, probabilities, strict=True):
        if probability is not None:
            odds[key][probability] += 1
    for key in (("Closed Won", True, True), ("Closed Lost", True, False), ("Appointment scheduled", False, False)):
        if not any(known[1:] == key[1:] for known in odds):
            odds[key] = Counter()
    chance = {key: _chance(key, counts) for key, counts in odds.items()}
    order = sorted(chance, key=lambda key: (key[1], not key[2], chance[key], key[0]))
    ids = {key: _stage_id(key, at) for at, key in enumerate(order)}
    stages = [(ids[key], key[0], {"isClosed": str(key[1]).lower(), "probability": str(chance[key])}) for key in order]
    shown = pipelines.pipeline("default", "Sales Pipeline", stages)
    return [shown], [ids[key] for key in keys], probabilities


def close_values(source: Source, probabilities: list[float | None]) -> dict[str, Column]:
    """What HubSpot works out from a deal's stage."""
    closed, won = source.column("opportunities", "is_closed"), source.column("opportunities", "is_won")
    return {
        "hs_deal_stage_probability": texts(probabilities),
        "hs_is_closed": Texts(str(bool(one)).lower() for one in closed),
        "hs_is_closed_won": Texts(str(bool(c and w)).lower() for c, w in zip(closed, won, strict=True)),
        "hs_is_closed_lost": Texts(str(bool(c and not w)).lower() for c, w in zip(closed, won, strict=True)),
    }


def _key(label: str | None, closed: bool, won: bool) -> Key:
    fallback = "Closed Won" if closed and won else "Closed Lost" if closed else "Open"
    return label or fallback, closed, closed and won


def _chance(key: Key, counts: Counter[float]) -> float:
    if key[1]:
        return 1.0 if key[2] else 0.0
    return counts.most_common(1)[0][0] if counts else 0.2


def _stage_id(key: Key, at: int) -> str:
    known = {("Closed Won", True, True): "closedwon", ("Closed Lost", True, False): "closedlost"}
    return known.get(key, str(1_100_000 + 37 * at))
