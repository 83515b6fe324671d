"""Answers of the HubSpot emulator against HubSpot's own OpenAPI files, which are not part of this project.

The live service departs from its files in places that are known (`_loosened`); those are let through, nothing else is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

Json = dict[str, Any]
_METHODS = ("get", "post", "put", "patch", "delete")
# Names of schemas whose maps hold null for a property that is known and not set.
_NULL_VALUES = "properties"


@dataclass(slots=True)
class Operation:
    """One method of one path in one file."""

    file: str
    method: str
    path: str
    responses: Json
    pattern: re.Pattern[str]
    seen: set[int] = field(default_factory=set)


class Contract:
    """All operations of a folder of OpenAPI files named `<version>-<area>.json`."""

    def __init__(self, directory: Path, areas: tuple[str, ...]) -> None:
        self.documents: dict[str, Json] = {}
        self.operations: list[Operation] = []
        for path in sorted(directory.glob("*.json")):
            version, _, area = path.stem.rpartition("-")
            if area in areas and version:
                self._read(path)

    def _read(self, path: Path) -> None:
        document = _loosened(json.loads(path.read_text(encoding="utf-8")))
        self.documents[path.stem] = document
        for template, methods in document["paths"].items():
            pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", template) + r"/?\Z")
            for method in _METHODS:
                if method in methods:
                    responses = methods[method]["responses"]
                    self.operations.append(Operation(path.stem, method.upper(), template, responses, pattern))

    def of(self, method: str, path: str) -> Iterator[Operation]:
        """The operations that a request may be: of several files, since areas overlap; the most exact path only."""
        found = [one for one in self.operations if one.method == method and one.pattern.match(path)]
        most = min((one.path.count("{") for one in found), default=0)
        return (one for one in found if one.path.count("{") == most)

    def problems(self, method: str, path: str, status: int, content_type: str, body: bytes) -> list[str]:
        """What is wrong with an answer; empty when each file that knows the request allows it."""
        found: list[str] = []
        known = False
        for operation in self.of(method, path):
            known = True
            operation.seen.add(status)
            found += [f"{operation.file}: {text}" for text in self._problems(operation, status, content_type, body)]
        return found if known else [f"no file has {method} {path}"]

    def _problems(self, operation: Operation, status: int, content_type: str, body: bytes) -> Iterator[str]:
        declared = operation.responses.get(str(status))
        if declared is None and status < 300:
            # 2026-09 files declare 200 where older ones declare 201, 204 or 207; a client has to accept any of them.
            successes = [code for code in operation.responses if code.startswith("2")]
            declared = next((operation.responses[code] for code in sorted(successes)), None)
        if declared is None:
            declared = operation.responses.get("default")
        if declared is None:
            yield f"status {status} is not declared"
            return
        content = (declared.get("content") or {}).get("application/json") or (declared.get("content") or {}).get("*/*")
        if not body:
            if content and status not in (204, 202):
                yield f"status {status} needs a body"
            return
        if "json" not in content_type:
            yield f"content type {content_type!r}"
            return
        if content is None:
            return
        schema = {**content["schema"], "components": self.documents[operation.file]["components"]}
        for error in Draft4Validator(schema).iter_errors(json.loads(body)):
            where = "/".join(str(part) for part in error.absolute_path)
            yield f"at {where or 'top'}: {error.message[:200]}"


def _loosened(document: Json) -> Json:
    """The places where the live service is known to depart from the files."""
    schemas: Json = document.get("components", {}).get("schemas", {})
    for name, schema in schemas.items():
        for key, inner in (schema.get("properties") or {}).items():
            if inner.get("nullable") or (name, key) in _NULLABLE:
                _allow_null(inner)
            if key == _NULL_VALUES and isinstance(inner.get("additionalProperties"), dict):
                _allow_null(inner["additionalProperties"])
            if (name, key) == ("MultiAssociatedObjectWithLabel", "toObjectId"):
                inner["type"] = ["integer", "string"]
            if (name, key) == ("StandardError", "subCategory"):
                inner.pop("type", None)
        if name in ("StandardError", "Error"):
            schema.pop("required", None)
    return document


_NULLABLE = {
    ("AssociationSpecWithLabel", "label"),
    ("MultiAssociatedObjectWithLabel", "label"),
}


def _allow_null(schema: Json) -> None:
    kind = schema.get("type")
    if isinstance(kind, str):
        schema["type"] = [kind, "null"]
    elif "$ref" in schema:
        schema["anyOf"] = [{"$ref": schema.pop("$ref")}, {"type": "null"}]
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
