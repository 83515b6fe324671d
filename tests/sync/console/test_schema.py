"""The published JSON Schema is that of what the commands print: a valid schema, and results are valid under it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from connectors.errors import ConfigError
from sync.cli.app import app


def schema(*words):
    told = CliRunner().invoke(app, ["schema", *words])
    return json.loads(told.stdout)


def test_the_schema_names_its_version_and_every_figure(connector, sync):
    told, made = schema("result"), sync(connector).to_json()

    assert told["properties"]["schema"] == {"const": made["schema"]}
    assert set(told["required"]) == set(made)


def test_an_unknown_schema_is_refused_with_those_there_are():
    assert isinstance(CliRunner().invoke(app, ["schema", "nonsense"]).exception, ConfigError)


@pytest.mark.slow
def test_results_are_valid_under_it(connector, sync):
    jsonschema = pytest.importorskip("jsonschema", reason="run make check-all")
    told = schema()
    jsonschema.Draft202012Validator.check_schema(told)
    validator = jsonschema.Draft202012Validator(told)

    for made in (sync(connector), sync(connector)):
        assert list(validator.iter_errors(json.loads(made.dumps()))) == []
    broken = json.loads(made.dumps()) | {"written": "many"}
    assert list(validator.iter_errors(broken)) != []
