"""Objects and fields of the organisation: the standard ones from `standard.objects`, custom ones added as they are
deployed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import resources

from connectors.emulator.salesforce.store.child_names import child_name

_BLOCK = re.compile(r'\[(\w+) (\w{3}) "([^"]+)" "([^"]+)"([^\]]*)\]')
_FIELD = re.compile(r"(\w+) (\w+)(?:\(([^)]*)\))?(.*)")
_SYSTEM = {
    "IsDeleted": "IsDeleted boolean ro open",
    "audit": (
        "CreatedDate datetime ro open default",
        "CreatedById reference(User:CreatedBy) ro open default",
        "LastModifiedDate datetime ro open default",
        "LastModifiedById reference(User:LastModifiedBy) ro open default",
        "SystemModstamp datetime ro open default",
    ),
}
_AFFINITY = {"boolean": "INTEGER", "int": "INTEGER", "double": "REAL", "currency": "REAL", "percent": "REAL"}
_PICKLISTS = ("picklist", "multipicklist", "combobox")
TEXT_TYPES = ("string", "textarea", "email", "phone", "url", "encryptedstring", *_PICKLISTS)
ADDRESS_PARTS = ("city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state", "street")


@dataclass(slots=True)
class Field:
    """One field, in the words of a describe."""

    name: str
    type: str
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    refers_to: tuple[str, ...] = ()
    relationship: str | None = None
    polymorphic: bool = False
    values: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    """Labels of values that are not the value itself."""
    restricted: bool = False
    required: bool = False
    createable: bool = True
    updateable: bool = True
    permissionable: bool = True
    filterable: bool = True
    defaulted: bool = False
    name_field: bool = False
    external_id: bool = False
    id_lookup: bool = False
    unique: bool = False
    indexed: bool = False
    custom: bool = False
    help_text: str | None = None
    default: object = None

    @property
    def affinity(self) -> str:
        """The column type in the store."""
        return _AFFINITY.get(self.type, "TEXT")

    @property
    def is_text(self) -> bool:
        return self.type in TEXT_TYPES

    @property
    def is_id(self) -> bool:
        return self.type in ("id", "reference")

    @property
    def is_number(self) -> bool:
        return self.type in ("int", "double", "currency", "percent")

    @property
    def long(self) -> bool:
        """A text too long to filter, sort or group by."""
        return self.type == "textarea" and self.length > 255

    def add_value(self, value: str) -> None:
        if value not in self.values:
            self.values.append(value)


@dataclass(slots=True)
class Object:
    """One object and its fields in describe order. Field and relationship names are looked up in any letter case."""

    name: str
    prefix: str
    label: str
    plural: str
    flags: frozenset[str] = frozenset()
    fields: dict[str, Field] = field(default_factory=dict)
    _lower: dict[str, str] = field(default_factory=dict)
    _relations: dict[str, str] = field(default_factory=dict)

    def add(self, new: Field) -> None:
        self.fields[new.name] = new
        self._lower[new.name.lower()] = new.name
        if new.relationship:
            self._relations[new.relationship.lower()] = new.name

    def remove(self, name: str) -> None:
        gone = self.fields.pop(name)
        del self._lower[name.lower()]
        if gone.relationship:
            del self._relations[gone.relationship.lower()]

    def field(self, name: str) -> Field | None:
        exact = self._lower.get(name.lower())
        return self.fields[exact] if exact else None

    def relation(self, name: str) -> Field | None:
        exact = self._relations.get(name.lower())
        return self.fields[exact] if exact else None

    @property
    def name_field(self) -> str | None:
        return next((f.name for f in self.fields.values() if f.name_field), None)

    @property
    def queryable_in_bulk(self) -> bool:
        return "nobulk" not in self.flags

    @property
    def replicateable(self) -> bool:
        return "norepl" not in self.flags

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def writable(self) -> bool:
        return "ro" not in self.flags


class Schema:
    """All objects, by name in any letter case and by key prefix."""

    def __init__(self, *, multi_currency: bool) -> None:
        self.multi_currency = multi_currency
        self.objects: dict[str, Object] = {}
        self._lower: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}
        for thing in _read(resources.files(__package__).joinpath("standard.objects").read_text(), multi_currency):
            self.objects[thing.name] = thing
            self._lower[thing.name.lower()] = thing.name
            self._prefixes[thing.prefix] = thing.name

    def object(self, name: str) -> Object | None:
        exact = self._lower.get(name.lower())
        return self.objects[exact] if exact else None

    def of_id(self, record_id: str) -> str | None:
        """The object that an id belongs to, by its first three characters."""
        return self._prefixes.get(record_id[:3])

    def add_custom_object(self, name: str, label: str, plural: str, name_label: str) -> Object:
        """A new custom object with the fields that every one has; its key prefix is the next free one from `a00` on."""
        letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        prefix = next(f"a{a}{b}" for a in letters for b in letters if f"a{a}{b}" not in self._prefixes)
        currency = ("CurrencyIsoCode currencycode ! default open",) if self.multi_currency else ()
        lines = ("OwnerId reference(User:Owner) ! default open", "Name string(80) ! open name", *currency)
        made = Object(name, prefix, label, plural, frozenset({"undelete"}))
        made.add(
            Field(
                "Id",
                "id",
                f"{label} ID",
                18,
                required=True,
                createable=False,
                updateable=False,
                permissionable=False,
                defaulted=True,
                id_lookup=True,
            )
        )
        for line in (*lines, str(_SYSTEM["IsDeleted"]), *_SYSTEM["audit"]):
            made.add(parse_field(line))
        made.fields["Name"].label = name_label
        self.objects[name], self._lower[name.lower()], self._prefixes[prefix] = made, name, name
        return made

    def remove_object(self, name: str) -> None:
        gone = self.objects.pop(name)
        del self._lower[name.lower()]
        del self._prefixes[gone.prefix]

    def children(self, parent: str) -> list[tuple[str, str, str]]:
        """(child object, its reference field, relationship name) of what points to `parent`."""
        return [
            (thing.name, f.name, child_name(thing, f, parent))
            for thing in self.objects.values()
            for f in thing.fields.values()
            if parent in f.refers_to and f.name not in ("CreatedById", "LastModifiedById")
        ]


def _read(text: str, multi_currency: bool) -> list[Object]:
    found: list[Object] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if block := _BLOCK.match(line):
            name, prefix, label, plural, flags = block.groups()
            found.append(Object(name, prefix, label, plural, frozenset(flags.split())))
            found[-1].add(Field("Id", "id", f"{label} ID", 18, required=True, createable=False, updateable=False,
                                permissionable=False, defaulted=True, id_lookup=True))  # fmt: skip
        elif "currencycode" not in line or multi_currency:
            found[-1].add(parse_field(line))
    for thing in found:
        if "nodelete" not in thing.flags:
            thing.add(parse_field(str(_SYSTEM["IsDeleted"])))
        if "nosys" not in thing.flags:
            for line in _SYSTEM["audit"]:
                thing.add(parse_field(line))
    return found


def parse_field(line: str) -> Field:
    """One line of the catalogue."""
    match = _FIELD.match(line)
    if match is None:
        raise ValueError(f"standard.objects: not a field: {line!r}")
    name, kind, inside, rest = match.groups()
    flags = set(rest.split())
    made = Field(
        name,
        kind,
        _label(name),
        required="!" in flags,
        createable=not flags & {"ro", "calc"},
        updateable=not flags & {"ro", "calc", "once"},
        permissionable="open" not in flags,
        filterable="nofilter" not in flags,
        defaulted="default" in flags or kind == "boolean",
        name_field="name" in flags,
        external_id="ext" in flags,
        id_lookup="idlookup" in flags,
        polymorphic="poly" in flags,
        indexed="indexed" in flags,
    )
    _detail(made, kind, inside or "")
    if made.long:
        made.filterable = False
    return made


def _detail(made: Field, kind: str, inside: str) -> None:
    if kind in ("picklist", "restricted", "multipicklist", "combobox", "currencycode"):
        made.type = "picklist" if kind in ("restricted", "currencycode") else kind
        made.restricted = kind in ("restricted", "currencycode")
        made.length = {"combobox": 255, "multipicklist": 4099, "currencycode": 3}.get(kind, 255)
        made.values = [] if kind == "combobox" else [value for value in inside.split("|") if value]
    elif kind in ("double", "currency", "percent"):
        made.precision, made.scale = (int(part) for part in inside.split(","))
    elif kind == "reference":
        targets, _, relationship = inside.partition(":")
        made.relationship = relationship or None
        made.refers_to, made.length = tuple(targets.split(",")), 18
    elif inside:
        made.length = int(inside)


def _label(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.removesuffix("__c").replace("_", " "))
    return words.removesuffix(" Id") + " ID" if words.endswith(" Id") else words
