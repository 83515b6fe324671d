"""Ratings in the model file: read with their four answers, and written into it so that nothing else of it changes."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from config.settings import Settings
from config.toml_file import read_toml
from connectors.errors import ConfigError, FatalError
from sync.ratings.answers import Ratings, shown, swappable
from sync.system import files as durable

KINDS = ("strategic", "critical", "modular")
_HEADER = """\
# The scoring model of this organisation, laid over the defaults: a line that is left out keeps its default.
# Every number there is, with its default and what it means: config/model.toml of bothways.
"""
_MEANS = {
    "strategic": "How far a product family is part of its buyers' strategy: 0 not at all, 1 entirely.",
    "critical": "How far their work stops when it does: 0 not at all, 1 entirely.",
    "modular": "How easily they can swap it out: 0 not at all (costly to switch, all or nothing), 1 easily.",
}
_ANSWERS = re.compile(r"costly to switch (\?|[\d.]+) of 3, piece by piece (\?|[\d.]+) of 3")
_OURS = re.compile(rf"^(?:{_ANSWERS.pattern}|[0-3] of 3)")


def ratings_of(path: Path | None) -> dict[str, Ratings]:
    """What a model file says of each product family, by its name in lower case. No file says nothing."""
    document = _document(path)[0] if path is not None and path.exists() else tomlkit.document()
    tables = {kind: _table(document, kind) for kind in KINDS}
    names = {_plain(name) for table in tables.values() for name in table}
    return {name: _ratings(tables, name) for name in sorted(names)}


def write_ratings(path: Path, families: Mapping[str, Ratings]) -> None:
    """Puts the ratings of these families into a model file, making it where there is none. What else it holds, comments
    too, stays.

    Raises ConfigError when the file is not TOML or cannot be edited safely, FatalError when the disk refuses it. Whole
    or not at all.
    """
    path = path.resolve()  # a link to the file stays a link
    document, before = _document(path) if path.exists() else (tomlkit.parse(_HEADER), {})
    wanted: dict[str, Any] = {**before, "families": {k: dict(v) for k, v in before.get("families", {}).items()}}
    for family, ratings in families.items():
        for kind, value in ratings.of_the_model().items():
            _set(wanted["families"].setdefault(kind, {}), family, value)
    try:
        for family, ratings in families.items():
            for kind, value in ratings.of_the_model().items():
                _edit(document, kind, family, value, ratings)
        text = tomlkit.dumps(document)
        now = tomllib.loads(text)
    except (TOMLKitError, ValueError, TypeError):  # some layouts of a table take no new keys
        text, now = "", {}
    if _without_empty(now) != _without_empty(wanted):
        raise ConfigError(
            f"{path} is laid out in a way that cannot be edited without a risk to the rest of it.",
            remedy=(
                "Write the ratings into it by hand, under [families.strategic], [families.critical] and "
                "[families.modular]."
            ),
        )
    put_text(path, text)


def model_path(settings: Settings, config: Path) -> Path:
    """The model file of these settings: the one they name, else `model.toml` beside them, which must not exist yet."""
    if settings.score.model is not None:
        return settings.score.model
    path = config.absolute().parent / "model.toml"
    if path.exists():
        raise ConfigError(
            f"{path} exists, but {config} does not name it.",
            remedy='Add [score] model = "model.toml" to the settings if it is your model; or move it away.',
        )
    return path


def name_model(config: Path, model: Path) -> None:
    """Lets the settings name a model file beside them, where they name none; comments and everything else stay."""
    config = config.resolve()
    document, before = _document(config)
    document.setdefault("score", tomlkit.table())
    document["score"]["model"] = model.name
    text = tomlkit.dumps(document)
    if tomllib.loads(text) != {**before, "score": {**before.get("score", {}), "model": model.name}}:
        raise ConfigError(
            f"{config} could not be edited safely.", remedy=f'Add [score] model = "{model.name}" to it by hand.'
        )
    put_text(config, text)


def put_text(path: Path, text: str) -> None:
    """Writes a file durably, whole or not at all; one that was there keeps its rights."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o600
        durable.make_dir(path.parent)
        durable.put(path, lambda part: _fill(part, text))
        os.chmod(path, mode)
    except OSError as error:
        with suppress(OSError):
            path.with_name(f".{path.name}.tmp").unlink()
        raise FatalError(
            f"{path} cannot be written: {error.strerror or error}.",
            remedy="Check its rights and the space on its disk.",
        ) from error


def _fill(part: Path, text: str) -> None:
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline="") as file:
        file.write(text)


def _document(path: Path) -> tuple[tomlkit.TOMLDocument, dict[str, Any]]:
    """The file to edit and what it says. Raises ConfigError as every reader of settings does."""
    values, _ = read_toml(path)
    try:
        return tomlkit.parse(path.read_bytes().decode("utf-8")), values
    except TOMLKitError as error:
        raise ConfigError(f"{path} cannot be edited: {error}.", remedy="Write the ratings into it by hand.") from None


def _table(document: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    families = document.get("families", {})
    found = families.get(kind, {}) if isinstance(families, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def _ratings(tables: Mapping[str, Mapping[str, Any]], family: str) -> Ratings:
    found: dict[str, float | None] = {}
    comment = ""
    for kind, table in tables.items():
        for name in table:
            if _plain(name) == family and isinstance(table[name], int | float):
                found[kind] = float(table[name])
                comment = _remark(table, name) if kind == "modular" else ""
    strategic, critical, modular = (found.get(kind) for kind in KINDS)
    if said := _ANSWERS.search(comment):
        costly, piecemeal = (_step(text) for text in said.groups())
        if swappable(costly, piecemeal) == modular:  # else the number was changed by hand since
            return Ratings(strategic, critical, costly, piecemeal)
    return Ratings(strategic, critical, None, modular)


def _remark(table: Any, name: str) -> str:
    return str(table.item(name).trivia.comment) if hasattr(table, "item") else ""


def _step(text: str) -> float | None:
    return None if text == "?" else round(float(text) * 0.3, 4)


def _of_three(value: float | None) -> str:
    return "?" if value is None else f"{round(value / 0.3, 4):g}"


def _edit(document: tomlkit.TOMLDocument, kind: str, family: str, value: float | None, ratings: Ratings) -> None:
    held = _keys(_table(document, kind), family)
    if value is None:
        for name in held:
            del document["families"][kind][name]
        return
    families = document.get("families")
    if families is None:
        families = tomlkit.table(is_super_table=True)
        document["families"] = families
    if kind not in families:
        inline = isinstance(families, InlineTable)
        fresh = tomlkit.inline_table() if inline else tomlkit.table()
        if not inline:
            fresh.add(tomlkit.comment(_MEANS[kind]))
        families[kind] = fresh
    table = families[kind]
    for name in held or [family]:
        before = _remark(table, name) if name in table else ""
        table[name] = value
        if not isinstance(table, InlineTable):
            _comment(table[name], before, kind, ratings)


def _comment(item: Any, before: str, kind: str, ratings: Ratings) -> None:
    """Says which answers a number stands for, in front of what a person wrote there."""
    ours = ""
    if kind != "modular":
        ours = shown(getattr(ratings, kind))
        ours = f"{ours} of 3" if ours in "0123" else ""
    elif ratings.costly is not None:
        ours = f"costly to switch {_of_three(ratings.costly)} of 3, piece by piece {_of_three(ratings.modular)} of 3"
    theirs = _OURS.sub("", before.lstrip("# ")).strip(" ;")
    text = "; ".join(part for part in (ours, theirs) if part)
    if text:
        item.comment(text)
    else:
        item.trivia.comment = item.trivia.comment_ws = ""


def _set(table: dict[str, Any], family: str, value: float | None) -> None:
    for name in _keys(table, family) or [family]:
        if value is None:
            table.pop(name, None)
        else:
            table[name] = value


def _keys(table: Iterable[str], family: str) -> list[str]:
    return [name for name in table if _plain(name) == _plain(family)]


def _plain(name: str) -> str:
    return name.strip().lower()


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without empty tables, which say the same as none."""
    found = {name: _without_empty(value) if isinstance(value, Mapping) else value for name, value in values.items()}
    return {name: value for name, value in found.items() if not (isinstance(value, dict) and not value)}
