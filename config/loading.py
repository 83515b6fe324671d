"""The scoring model and the field mapping of a run: the shipped file with the user's laid over it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from config.settings import Settings
from config.toml_file import read_toml
from connectors.errors import ConfigError
from enrichment.model import ScoringModel
from enrichment.words import Words, translated

M = TypeVar("M", bound=BaseModel)

_SHIPPED = resources.files("config")


def load_model(settings: Settings) -> ScoringModel:
    """The shipped `config/model.toml` with the file of `score.model` over it. Raises ConfigError naming the key."""
    values, source = _overlaid(Path(str(_SHIPPED / "model.toml")), settings.score.model)
    currency = settings.organisation.corporate_currency
    if currency is not None:
        values["corporate_currency"] = currency
    model = _validated(ScoringModel, values, source)
    return (
        model if settings.score.words is None else model.model_copy(update={"words": load_words(settings.score.words)})
    )


def load_words(path: Path) -> Words:
    """A translation of `enrichment/words.toml`. Raises ConfigError naming the phrase that is wrong."""
    try:
        return translated(read_toml(path)[0])
    except ValueError as error:
        raise ConfigError(
            f"{path} was refused.\n  {error}",
            remedy="Keep the keys and the figures in braces of enrichment/words.toml.",
        ) from None


def load_mapping(model: type[M], settings: Settings) -> M:
    """The shipped mapping of the CRM with the file of `mapping.file` over it. Raises ConfigError naming the key."""
    return _validated(model, *_mapping(settings))


def mapping_digest(settings: Settings) -> str:
    """A hash of the mapping in force: records that were landed under another one must be read anew."""
    values, _ = _mapping(settings)
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def _mapping(settings: Settings) -> tuple[dict[str, Any], Path]:
    kind = settings.crm.kind
    shipped = Path(str(_SHIPPED / "mappings" / f"{kind}.toml")) if kind != "files" else None
    return _overlaid(shipped, settings.mapping.file)


def _overlaid(shipped: Path | None, own: Path | None) -> tuple[dict[str, Any], Path]:
    values: dict[str, Any] = read_toml(shipped)[0] if shipped is not None else {}
    if own is None:
        return values, shipped or Path("(no mapping file)")
    return _merge(values, read_toml(own)[0]), own


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _validated(model: type[M], values: dict[str, Any], source: Path) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = [
            f"  {'.'.join(str(part) for part in fault['loc'])}: {str(fault['msg']).removeprefix('Value error, ')}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise ConfigError(f"{source} was refused.\n" + "\n".join(faults)) from None
