"""Deal stages: which are closed, which are won, how likely the others are. HubSpot keeps it as strings in metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.hubspot.translate import values


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a deal pipeline."""

    label: str
    closed: bool
    probability: float | None


Stages = Mapping[str, Stage]
"""By the stage's id."""


def stages(pipelines: Iterable[Mapping[str, Any]]) -> dict[str, Stage]:
    """The stages of all deal pipelines. Closed and won or lost are metadata of a stage, as strings; a stage that does
    not say whether it is closed is when its probability is 0 or 1.
    """
    found = {}
    for stage in (stage for pipeline in pipelines for stage in pipeline.get("stages") or ()):
        metadata = stage.get("metadata") or {}
        try:
            chance = values.number(str(metadata.get("probability")))
        except ValueError:
            chance = None
        told = metadata.get("isClosed")
        closed = chance in (0.0, 1.0) if told is None else str(told).lower() == "true"
        found[str(stage["id"])] = Stage(str(stage.get("label") or stage["id"]), closed, chance)
    return found
