"""What the organisation shows to our user: objects, fields and their types, described once for each connector.

A field without field-level security is simply not there, so "missing" always means "not installed, or no access".
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.base import PropertySpec
from connectors.errors import SchemaError
from connectors.records import Stream
from connectors.salesforce.api.answers import Record
from connectors.salesforce.api.client import Client
from connectors.salesforce.config import ObjectMapping
from connectors.salesforce.names import columns
from connectors.salesforce.translate.records import DELETED, ID, MASTER, STAMP

CURRENCY = "CurrencyIsoCode"
"""Only there when the organisation has several currencies: its absence says nothing is wrong."""


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field as described."""

    name: str
    type: str
    updateable: bool
    permissionable: bool
    length: int
    precision: int
    scale: int
    compound: str | None
    parents: tuple[str, ...]
    calculated: bool = False
    """A formula or roll-up: it may change without the record's stamp."""
    options: frozenset[str] = frozenset()
    """Active values of a picklist."""
    restricted: bool = False
    """Whether it takes no other values."""
    choices: tuple[tuple[str, str], ...] = ()
    """The active values of a picklist with their labels."""
    label: str = ""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object as described: its fields by lower-case name, and which objects each relationship leads to."""

    name: str
    fields: Mapping[str, FieldInfo]
    relations: Mapping[str, tuple[str, ...]]
    queryable: bool
    updateable: bool

    def has(self, name: str) -> bool:
        return name.lower() in self.fields


@dataclass(frozen=True, slots=True)
class Selection:
    """What to read of an object for a mapping: the paths that are there, and those that are not."""

    mapping: ObjectMapping
    paths: tuple[str, ...]
    percents: frozenset[str] = frozenset()
    missing: Mapping[str, str] = field(default_factory=dict)
    """Column -> path that the mapping names and the organisation does not show."""
    missing_owned: tuple[str, ...] = ()
    parent_born: str | None = None
    """Path of the creation of what the rows belong to: of changes, only those of older ones are read."""

    @property
    def object(self) -> str:
        return self.mapping.object

    @property
    def stamped(self) -> bool:
        return STAMP in self.paths

    @property
    def deletable(self) -> bool:
        return DELETED in self.paths


class Schema:
    """Descriptions, fetched on first need, many to a call. Thread-safe."""

    def __init__(self, client: Client, expected: Iterable[str]) -> None:
        self._client = client
        self._expected = list(dict.fromkeys(expected))
        self._known: dict[str, ObjectInfo | None] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """The next question describes again (after a deployment)."""
        with self._lock:
            self._known.clear()

    def object(self, name: str) -> ObjectInfo | None:
        """The object, or None when this user has none of that name."""
        with self._lock:
            if name not in self._known:
                wanted = [n for n in dict.fromkeys([name, *self._expected]) if n not in self._known]
                for described, value in self._client.describe(wanted).items():
                    self._known[described] = None if value is None else _info(value)
                self._client.minimum += -(-len(wanted) // 25)
            return self._known[name]

    def find(self, object_name: str, path: str) -> FieldInfo | None:
        """The field at the end of a path; None when any step is not there."""
        return self.owner(object_name, path)[1]

    def owner(self, object_name: str, path: str) -> tuple[str | None, FieldInfo | None]:
        """The object and the field at the end of a path."""
        info = self.object(object_name)
        *parents, last = path.split(".")
        for parent in parents:
            targets = info.relations.get(parent.lower(), ()) if info else ()
            info = next((found for found in map(self.object, targets) if found is not None), None)
        return (info.name, info.fields.get(last.lower())) if info else (None, None)

    def shown(self, mapping: ObjectMapping) -> list[str]:
        """`Object.path:type` of the mapped fields that are there; a formula is marked with "*"."""
        found = [(path, self.find(mapping.object, path)) for path in dict.fromkeys(mapping.fields.values())]
        return [f"{mapping.object}.{path}:{f.type}{'*' * f.calculated}" for path, f in found if f is not None]

    def select(self, mapping: ObjectMapping, stream: Stream, owned: Sequence[PropertySpec] = ()) -> Selection | None:
        """What to read; None when the object is not there. Raises SchemaError for a missing required column."""
        info = self.object(mapping.object)
        if info is None or not info.queryable:
            return None
        paths = [name for name in (ID, STAMP, DELETED, MASTER, "CreatedDate") if info.has(name)]
        missing: dict[str, str] = {}
        percents = set()
        for column, path in mapping.fields.items():
            found = self.find(mapping.object, path)
            if found is None:
                if not path.endswith(CURRENCY):
                    missing[column] = path
                continue
            paths.append(path)
            if found.type == "percent":
                percents.add(path)
        if lacking := [f"{mapping.object}.{missing[c]} ({stream}.{c})" for c in mapping.required if c in missing]:
            raise SchemaError(
                f"Salesforce shows no field {', '.join(lacking)}.",
                remedy="Give the integration user read access to it, or change the mapping.",
            )
        ours = columns(owned, stream)
        paths += [name for name in ours.values() if info.has(name)]
        absent = tuple(stem for stem, name in ours.items() if not info.has(name))
        return Selection(mapping, tuple(dict.fromkeys(paths)), frozenset(percents), missing, absent)


def _info(described: Record) -> ObjectInfo:
    fields = {}
    relations: dict[str, tuple[str, ...]] = {}
    for raw in described.get("fields", ()):
        name = str(raw["name"])
        parents = tuple(map(str, raw.get("referenceTo") or ()))
        fields[name.lower()] = FieldInfo(
            name,
            str(raw.get("type", "")),
            bool(raw.get("updateable")),
            bool(raw.get("permissionable")),
            int(raw.get("length") or 0),
            int(raw.get("precision") or 0),
            int(raw.get("scale") or 0),
            raw.get("compoundFieldName"),
            parents,
            bool(raw.get("calculated")),
            frozenset(str(each.get("value")) for each in raw.get("picklistValues") or () if each.get("active")),
            bool(raw.get("restrictedPicklist")),
            tuple(
                (str(each.get("value")), str(each.get("label")))
                for each in raw.get("picklistValues") or ()
                if each.get("active")
            ),
            str(raw.get("label") or ""),
        )
        if raw.get("relationshipName"):
            relations[str(raw["relationshipName"]).lower()] = parents
    queryable, updateable = bool(described.get("queryable", True)), bool(described.get("updateable", True))
    return ObjectInfo(str(described["name"]), fields, relations, queryable, updateable)
