"""Settings that were refused, in words: the file and line, the key, what is wrong and what was probably meant."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

_SECRETS = frozenset(
    {"token", "client_secret", "private_key", "refresh_token", "state_password", "webhook", "heartbeat"}
)
"""Keys that take a reference to a secret."""


def explain(error: ValidationError, path: Path, text: str, root: type[BaseModel]) -> str:
    """Every fault of the settings: file and line, key, what is wrong. Never a value, since it may be a secret."""
    lines = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        keys = [
            str(part)
            for part in fault["loc"]
            if part not in ("salesforce", "hubspot", "files", "token", "client_credentials", "jwt", "refresh", "oauth")
            or part == fault["loc"][-1]
        ]
        line = line_of(text, keys)
        where = f"{path}:{line}" if line else str(path)
        lines.append(f"{where}: {'.'.join(keys)}: {_words(fault, keys, root)}")
    return "The settings were refused.\n" + "\n".join(f"  {line}" for line in lines)


def _words(fault: Any, keys: list[str], root: type[BaseModel]) -> str:
    kind, message = fault["type"], str(fault["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(keys[-1], _known_keys(keys[:-1], root), n=1)
        return (
            f"unknown key; did you mean {near[0]!r}?"
            if near
            else "unknown key; remove it, or see config/bothways.toml for those that exist"
        )
    if kind == "missing":
        return "missing; add it"
    if keys[-1] in _SECRETS and kind in ("model_type", "string_type", "model_attributes_type"):
        return 'secrets are not kept in this file; write { env = "NAME" }, { file = "PATH" } or { command = ["..."] }'
    return message[0].lower() + message[1:]


def _known_keys(keys: list[str], root: type[BaseModel]) -> list[str]:
    """The keys of a section, of every variant that it has."""
    fields = root.model_fields
    for key in keys:
        models = _models(fields[key].annotation) if key in fields else []
        fields = {name: field for model in models for name, field in model.model_fields.items()}
    return list(fields)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for part in get_args(annotation) for model in _models(part)]


def line_of(text: str, keys: list[str]) -> int | None:
    """The line of a key in the file: that of the longest leading part of the path that can be found."""
    section: list[str] = []
    best: tuple[int, int | None] = (0, None)
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]#]+?)\s*\]+", line):
            section = [part.strip().strip('"') for part in header[1].split(".")]
            path = section
        elif entry := re.match(r"\s*([A-Za-z0-9_.\"-]+)\s*=", line):
            path = section + [part.strip('"') for part in entry[1].split(".")]
        else:
            continue
        depth = len(path)
        if path == keys[:depth] and depth > best[0]:
            best = (depth, number)
    return best[1]
