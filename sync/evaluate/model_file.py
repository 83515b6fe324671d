"""A scoring model as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from enrichment.model import ScoringModel


def model_toml(model: ScoringModel) -> str:
    """The whole model as TOML that `ScoringModel.from_toml` reads back to an equal one."""
    lines = [
        "# Written by `bothways calibrate`. Name this file in the settings ([score] model) to use it; see "
        "[calibration] below."
    ]
    _table(model.model_dump(mode="python", exclude_none=True, exclude={"words"}), (), lines)
    return "\n".join(lines) + "\n"


def _table(values: Mapping[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    if path:
        lines += ["", "[" + ".".join(_key(part) for part in path) + "]"]
    lines += [f"{_key(key)} = {_scalar(value)}" for key, value in values.items() if not isinstance(value, Mapping)]
    for key, value in values.items():
        if isinstance(value, Mapping):
            _table(value, (*path, key), lines)


def _key(text: str) -> str:
    return text if text.isidentifier() and text.isascii() else json.dumps(text)


def _scalar(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_scalar(part) for part in value) + "]"
    return json.dumps(value)
