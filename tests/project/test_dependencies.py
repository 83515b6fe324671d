"""Everything that is imported is declared: a fresh environment with the runtime's requirements alone can run it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = {"config", "connectors", "enrichment", "sync"}
DISTRIBUTIONS = {
    "charset_normalizer": "charset-normalizer",
    "jwt": "pyjwt",
    "hubspot": "hubspot-api-client",
    "simple_salesforce": "simple-salesforce",
    "ibis": "ibis-framework",
    "psycopg": "psycopg",
    "markupsafe": "jinja2",
    "prometheus_client": "prometheus-client",
    "pydantic_settings": "pydantic-settings",
    "mcp_types": "mcp",
    "python_calamine": "python-calamine",
    "recurring_ical_events": "recurring-ical-events",
}


def imported() -> dict[str, str]:
    """Third-party modules by name, with one file that imports each; `_typeshed` is there for type checkers only."""
    found: dict[str, str] = {}
    for package in OURS:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                found |= {name.split(".")[0]: str(path.relative_to(ROOT)) for name in names}
    return {
        name: path for name, path in found.items() if name not in OURS | {"_typeshed"} | set(sys.stdlib_module_names)
    }


def test_every_import_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    declared = {re.split(r"[\[<>=!~ ]", name)[0].lower() for name in wanted}

    assert {
        name: path for name, path in imported().items() if DISTRIBUTIONS.get(name, name).lower() not in declared
    } == {}
