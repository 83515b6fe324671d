"""Our property group and properties: adds what is missing, takes away exactly that, never touches what is not ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.base import PropertySpec, PropertyType, ProvisionItem, ProvisionPlan, ProvisionStep
from connectors.errors import RetriableError, SchemaError
from connectors.http.retry import retrying
from connectors.hubspot.api.call_counter import BATCH
from connectors.hubspot.api.client import Client
from connectors.hubspot.api.failures import NotFound, Refused
from connectors.hubspot.config import HubSpotMapping
from connectors.hubspot.read.properties import Definition, Properties
from connectors.hubspot.setup import usage

GROUP, GROUP_LABEL = "bothways", "Bothways"
PREFIX = "bothways_"
_TYPES: dict[PropertyType, tuple[str, str]] = {
    "number": ("number", "number"),
    "integer": ("number", "number"),
    "string": ("string", "text"),
    "text": ("string", "textarea"),
    "enumeration": ("enumeration", "select"),
    "datetime": ("datetime", "date"),
}


def definition(spec: PropertySpec) -> dict[str, Any]:
    """The body that creates the property."""
    kind, field_type = _TYPES[spec.type]
    body: dict[str, Any] = {
        "name": spec.name,
        "label": spec.label,
        "groupName": GROUP,
        "type": kind,
        "fieldType": field_type,
        "description": spec.description,
        "displayOrder": -1,
        "hasUniqueValue": False,
        "hidden": False,
        "formField": False,
    }
    if kind == "number":
        body["numberDisplayHint"] = "formatted"
    if spec.options:
        body["options"] = [_option(code, label, n) for n, (code, label) in enumerate(spec.options)]
    return body


def _option(code: str, label: str, order: int) -> dict[str, Any]:
    return {"value": code, "label": label, "displayOrder": order, "hidden": False}


class Provisioner:
    """Plans and makes the changes. A conflict stops everything before any change."""

    def __init__(self, client: Client, mapping: HubSpotMapping, properties: Properties) -> None:
        self._client, self._mapping, self._properties = client, mapping, properties
        self._paths = client.paths

    def plan(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """What is missing. Reads only."""
        return ProvisionPlan(tuple(i for name, ours in self._by_object(specs) for i in self._plan(name, ours)))

    def provision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """Adds what is missing. Raises SchemaError on a conflict or a full portal, before any change."""
        plan = self.plan(specs)
        if plan.conflicts:
            listed = "; ".join(f"{i.name}: {i.detail}" for i in plan.conflicts)
            raise SchemaError(
                f"HubSpot has other properties of our names: {listed}.",
                remedy="Rename or archive them in HubSpot, then provision again.",
            )
        self._check_room(plan)
        for name, ours in self._by_object(specs):
            items = {i.name.partition(".")[2]: i for i in plan.items if i.name.startswith(f"{name}.")}
            self._make(name, ours, items)
        return plan

    def plan_removal(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """Which of our properties are there to be archived, by what they are used, and the groups that are then empty.
        Reads only."""
        plan = self._removal(specs)
        names = {i.name.partition(".")[2] for i in plan.items if i.kind == "property"}
        found = list(usage.uses(self._client, names))
        known = [one for one in found if isinstance(one, usage.Use)]
        items = [_used(item, known) if item.kind == "property" else item for item in plan.items]
        for one in found:
            if isinstance(one, usage.Unknown):
                scope = f"needs the scope {one.scope}" if one.scope else one.why
                items.append(
                    ProvisionItem("exists", one.kind, "(not looked at)", f"{scope}; what uses them is not known")
                )
        return ProvisionPlan(tuple(items))

    def _removal(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        items: list[ProvisionItem] = []
        for name, ours in self._by_object(specs):
            live = self._properties.fetch(name, fresh=True)
            mine = [s for s in ours if s.name in live and _same_type(s, live[s.name])]
            items += [ProvisionItem("delete", "property", f"{name}.{s.name}") for s in mine]
            others = [n for n, p in live.items() if p.get("groupName") == GROUP and n not in {s.name for s in mine}]
            if not others and self._has_group(name):
                items.append(ProvisionItem("delete", "property group", f"{name}.{GROUP}"))
        return ProvisionPlan(tuple(items))

    def remove(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """Archives them. Raises SchemaError for one that a list or workflow uses; the others are archived all the
        same.
        """
        plan = self._removal(specs)
        used: list[str] = []
        for item in plan.items:
            name, _, component = item.name.partition(".")
            endpoint = (
                self._paths.property_archive(name, component)
                if item.kind == "property"
                else self._paths.group_archive(name, component)
            )
            try:
                self._client.call(endpoint, write=True)
            except NotFound:
                continue
            except Refused as error:
                used.append(f"{item.name} ({error.text})")
        for name, _ in self._by_object(specs):
            self._properties.fetch(name, fresh=True)
        if used:
            raise SchemaError(
                f"HubSpot keeps {'; '.join(used)}.", remedy="Take it out of the lists and workflows that use it."
            )
        return plan

    def _by_object(self, specs: Sequence[PropertySpec]) -> list[tuple[str, list[PropertySpec]]]:
        streams = dict.fromkeys(s.stream for s in specs)
        return [(self._mapping.of(s).object, [p for p in specs if p.stream == s]) for s in streams]  # type: ignore[arg-type]

    def _plan(self, name: str, specs: Sequence[PropertySpec]) -> list[ProvisionItem]:
        live = self._properties.fetch(name, fresh=True)
        missing = [s for s in specs if s.name not in live]
        archived = self._archived(name) if missing else {}
        step: ProvisionStep = "exists" if self._has_group(name) else "create"
        items = [ProvisionItem(step, "property group", f"{name}.{GROUP}")]
        for spec in specs:
            held = live.get(spec.name) or archived.get(spec.name)
            label = f"{name}.{spec.name}"
            if held is not None and not _same_type(spec, held):
                detail = f"{name} has it as {held.get('type')}, not {_TYPES[spec.type][0]}"
                items.append(ProvisionItem("conflict", "property", label, detail))
            elif spec.name in archived:
                items.append(ProvisionItem("create", "property", label, "restores the archived one"))
            elif held is None:
                items.append(ProvisionItem("create", "property", label))
            elif _drift(spec, held):
                items.append(ProvisionItem("update", "property", label, ", ".join(_drift(spec, held))))
            else:
                items.append(ProvisionItem("exists", "property", label))
        return items

    def _make(self, name: str, specs: Sequence[PropertySpec], items: Mapping[str, ProvisionItem]) -> None:
        if items[GROUP].step == "create":
            self._tolerant(lambda: self._create_group(name))
        live = self._properties.fetch(name)
        new = [s for s in specs if items[s.name].step == "create" and not items[s.name].detail]
        restored = [s for s in specs if items[s.name].step == "create" and items[s.name].detail]
        for start in range(0, len(new), BATCH):
            self._create(name, new[start : start + BATCH])
        for spec in restored:
            self._tolerant(
                lambda spec=spec: self._client.call(
                    self._paths.property_create(name), body=definition(spec), write=True
                )
            )
        changed = [s for s in specs if items[s.name].step == "update"]
        for spec in changed:
            body = _drift(spec, live[spec.name])
            self._client.call(self._paths.property_update(name, spec.name), body=body, write=True)
        if new or restored or changed:
            self._settle(name, {s.name for s in specs})

    def _create_group(self, name: str) -> None:
        body = {"name": GROUP, "label": GROUP_LABEL, "displayOrder": -1}
        self._client.call(self._paths.group_create(name), body=body, write=True)

    def _create(self, name: str, specs: Sequence[PropertySpec]) -> None:
        body = {"inputs": [definition(s) for s in specs]}
        answer = self._client.call(self._paths.properties_create(name), body=body, write=True).body
        problems = [e for e in answer.get("errors") or () if "EXISTS" not in str(e.get("category", ""))]
        if problems:
            listed = "; ".join(str(e.get("message")) for e in problems)
            raise SchemaError(f"HubSpot did not create every property of {name}: {listed}", remedy="Provision again.")

    @staticmethod
    def _tolerant(create: Any) -> None:
        """A 409 says that somebody else has just created it."""
        try:
            create()
        except Refused as error:
            if error.status != 409:
                raise

    def _settle(self, name: str, wanted: set[str]) -> None:
        """Waits until all are readable: HubSpot needs up to a second before a new property can be written."""

        def look() -> None:
            missing = wanted - self._properties.fetch(name, fresh=True).keys()
            if missing:
                raise RetriableError(f"HubSpot {name}: {', '.join(sorted(missing))} not readable yet.", retry_after=0.5)

        retrying(look, on=RetriableError, attempts=20, total=30.0)

    def _check_room(self, plan: ProvisionPlan) -> None:
        new: dict[str, int] = {}
        for item in plan.items:
            if item.step == "create" and item.kind == "property":
                name = item.name.partition(".")[0]
                new[name] = new.get(name, 0) + 1
        room = self.room() if new else {}
        for name, count in new.items():
            left = room.get(name)
            if left is not None and left < count:
                raise SchemaError(
                    f"HubSpot {name} have room for {left} more custom properties and {count} are needed.",
                    remedy="Archive properties that nobody uses, or choose the essential profile.",
                )

    def room(self) -> dict[str, int]:
        """Custom properties that can still be made, by the object's name; empty when HubSpot does not say."""
        try:
            body = self._client.call(self._paths.property_limits()).body
        except (NotFound, Refused):
            return {}
        ids = {"0-1": "contacts", "0-2": "companies", "0-3": "deals"}
        found: dict[str, int] = {}
        for entry in body.get("byObjectType") or body.get("results") or ():
            limit, usage = entry.get("limit"), entry.get("usage")
            if isinstance(limit, int) and isinstance(usage, int):
                kind = str(entry.get("objectTypeId") or entry.get("objectType") or "")
                found[ids.get(kind, kind)] = limit - usage
        return found

    def _archived(self, name: str) -> dict[str, Definition]:
        body = self._client.call(self._paths.properties(name), query=[("archived", "true")]).body
        return {str(p["name"]): p for p in body.get("results") or () if p.get("archived", True)}

    def _has_group(self, name: str) -> bool:
        body = self._client.call(self._paths.groups(name)).body
        return any(g.get("name") == GROUP and not g.get("archived") for g in body.get("results") or ())


def _used(item: ProvisionItem, found: Sequence[usage.Use]) -> ProvisionItem:
    who = usage.of_property(found, item.name.partition(".")[2])
    return replace(item, detail=f"used by {who}; take it out there first") if who else item


def _same_type(spec: PropertySpec, held: Definition) -> bool:
    return held.get("type") == _TYPES[spec.type][0] and not held.get("calculated")


def _drift(spec: PropertySpec, held: Definition) -> dict[str, Any]:
    """What to change on a property of ours: the help text, options that are missing, and labels (its own and
    those of options) of an earlier release; labels that an administrator chose are left alone."""
    changes: dict[str, Any] = {}
    if spec.renamed(str(held.get("label") or "")):
        changes["label"] = spec.label
    if (held.get("description") or "") != spec.description:
        changes["description"] = spec.description
    options = list(held.get("options") or [])
    known = {o.get("value") for o in options}
    missing = [_option(code, label, n) for n, (code, label) in enumerate(spec.options) if code not in known]
    relabelled = spec.relabelled({str(o.get("value")): str(o.get("label")) for o in options})
    if missing or relabelled:
        options = [{**o, "label": relabelled.get(str(o.get("value")), o.get("label"))} for o in options]
        changes["options"] = options + missing
    return changes
