"""TOML on one line, in the quotes that need the fewest escapes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping


def inline(values: Mapping[str, object]) -> str:
    """An inline table."""
    return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in values.items()) + " }"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return inline(value)
    if isinstance(value, bool):
        return str(value).lower()
    return text_of(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def text_of(text: str) -> str:
    """TOML text, in the quotes that need no escapes where there are such."""
    if "'" not in text and not re.search(r"[\x00-\x1f]", text) and '"' in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)
