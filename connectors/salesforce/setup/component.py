"""The Lightning Web Component that shows the scores: its files as they are shipped, and what the organisation holds of
it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from connectors.errors import FatalError
from connectors.salesforce.api.answers import Record, found
from connectors.salesforce.api.client import Client, soql

COMPONENT = "bothwaysPanel"
_COMPARED = (".js", ".html", ".css")
"""What Salesforce gives back as it was deployed; it writes the rest of a bundle anew."""


@cache
def bundle() -> Mapping[str, str]:
    """Path in a deployable zip -> content."""
    folder = resources.files("connectors.salesforce") / "package/force-app/main/default/lwc" / COMPONENT
    files = sorted(folder.iterdir(), key=lambda each: each.name)
    return {f"lwc/{COMPONENT}/{each.name}": each.read_text(encoding="utf-8") for each in files if each.is_file()}


def installed(client: Client) -> str | None:
    """The id of the component; "" when it is not there, None for a user who may not read metadata."""
    rows = _tooling(client, soql("SELECT Id FROM LightningComponentBundle WHERE DeveloperName = {}", COMPONENT))
    if rows is None:
        return None
    return str(rows[0]["Id"]) if rows else ""


def is_current(client: Client, component: str) -> bool:
    """Whether the organisation's component is the one that this version ships, except for its description."""
    statement = "SELECT FilePath, Source FROM LightningComponentResource WHERE LightningComponentBundleId = {}"
    rows = _tooling(client, soql(statement, component))
    if rows is None:
        return True
    held = {str(row["FilePath"]): str(row["Source"] or "") for row in rows}
    return _code(held) == _code(bundle())


def users(client: Client, components: Sequence[str]) -> list[str]:
    """What refers to components by their ids, like `FlexiPage Account_Page`; empty where Salesforce does not say."""
    if not components:
        return []
    statement = (
        "SELECT MetadataComponentName, MetadataComponentType FROM MetadataComponentDependency "
        "WHERE RefMetadataComponentId IN {}"
    )
    rows = _tooling(client, soql(statement, list(components))) or []
    return sorted({f"{row['MetadataComponentType']} {row['MetadataComponentName']}" for row in rows})


def _code(files: Mapping[str, str]) -> dict[str, list[str]]:
    return {path: text.split() for path, text in files.items() if path.endswith(_COMPARED)}


def _tooling(client: Client, statement: str) -> list[Record] | None:
    try:
        return found(client.send("GET", f"{client.root}/tooling/query", params={"q": statement})).records
    except FatalError:
        return None
