"""JSON Schemas of what commands print with --json, made from the values themselves so that they cannot drift apart."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from sync.result import SCHEMA, RunResult


def _result() -> dict[str, Any]:
    found = TypeAdapter(RunResult).json_schema(mode="serialization")
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "What bothways sync and bothways plan print with --json"
    found["properties"] = {"schema": {"const": SCHEMA}, **found["properties"]}
    found["required"] = ["schema", *(name for name in found["properties"] if name != "schema")]
    return found


SCHEMAS: dict[str, dict[str, Any]] = {"result": _result()}
