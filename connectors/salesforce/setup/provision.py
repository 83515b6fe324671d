"""Installing and removing our fields, permission sets and component by the metadata REST deploy: add only,
repeatable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from connectors.base import PropertySpec, ProvisionItem, ProvisionPlan, ProvisionStep
from connectors.errors import AuthError, FatalError, SchemaError
from connectors.records import STREAMS
from connectors.salesforce.api.answers import Record, found
from connectors.salesforce.api.client import Client, soql
from connectors.salesforce.api.deploy import deploy
from connectors.salesforce.api.describe import FieldInfo, Schema
from connectors.salesforce.api.failures import NotFound
from connectors.salesforce.config import SalesforceConfig, SalesforceMapping
from connectors.salesforce.names import OBJECTS, field_name, is_ours
from connectors.salesforce.read import activities
from connectors.salesforce.read.lookups import RELATION_OBJECTS
from connectors.salesforce.setup import component
from connectors.salesforce.setup.metadata import (
    INTEGRATION,
    VIEWER,
    Grants,
    deployable,
    field_type,
    full_name,
    removal,
    with_values,
)

_DESCRIBED = {
    "Number": ("double", "int"),
    "Text": ("string",),
    "LongTextArea": ("textarea",),
    "Picklist": ("picklist",),
}
_SETS = (INTEGRATION, VIEWER)
_FIELD, _SET, _ASSIGNMENT = "field", "permission set", "permission set assignment"
_COMPONENT = "Lightning component"
ADMIN = (
    "Run it as an administrator who may modify metadata, or deploy connectors/salesforce/package with the "
    "sf command line."
)
IN_USE = "Take what is named off the pages, flows and formulas that use it (see uninstall --plan), then run it again."


@dataclass(frozen=True, slots=True)
class _Installed:
    """What is there now."""

    sets: dict[str, str]
    """Permission set name -> id."""
    granted: dict[str, dict[str, bool]]
    """Permission set name -> field -> whether it may be edited."""
    assigned: bool
    """Whether the running user has the integration set."""
    user: str
    fields: frozenset[str]
    """Fields of ours that exist, as far as this user can know: visible, granted to somebody, or listed by Tooling."""
    component: str | None
    """The component's id; "" when it is not there, None when this user cannot know."""


@dataclass(slots=True)
class Provisioner:
    """Plans and carries out changes of the organisation's metadata. Raises AuthError when the user may not."""

    client: Client
    config: SalesforceConfig
    mapping: SalesforceMapping
    schema: Schema

    def plan(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """What is missing. Reads only."""
        return self._plan(specs, self._installed())

    def apply(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """Adds what is missing. Raises SchemaError on a conflict, before any change."""
        installed = self._installed()
        plan = self._plan(specs, installed)
        if plan.conflicts:
            listed = "; ".join(f"{item.name}: {item.detail}" for item in plan.conflicts)
            raise SchemaError(
                f"Fields of our names are of another type: {listed}.", remedy="Rename or delete them first."
            )
        held = {item.name for item in plan.to_do if item.kind == _FIELD and item.step == "update"}
        if any(item.kind != _ASSIGNMENT and item.name not in held for item in plan.to_do):
            new = {item.name for item in plan.to_do if item.kind == _FIELD} - held
            shown = component.bundle() if any(item.kind == _COMPONENT for item in plan.to_do) else {}
            self._deploy(deployable([s for s in specs if full_name(s) in new], self._grants(specs, installed), shown))
        for spec in specs:
            if full_name(spec) in held:
                self._update(spec)
        if any(item.kind == _ASSIGNMENT for item in plan.to_do):
            self._assign(installed)
        self.schema.forget()
        return plan

    def plan_removal(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """What `remove` would take away, and what still refers to the component. Reads only."""
        installed = self._installed()
        fields = [full_name(s) for s in specs if self._field(s) is not None or full_name(s) in installed.fields]
        items = [ProvisionItem("delete", _FIELD, name) for name in fields]
        others = installed.fields - set(fields)
        if not others:  # the sets and the component serve the fields of every profile
            items += [ProvisionItem("delete", _SET, name) for name in _SETS if name in installed.sets]
            if installed.component:
                users = component.users(self.client, [installed.component])
                detail = f"first take it off {', '.join(users)}" if users else ""
                items.append(ProvisionItem("delete", _COMPONENT, component.COMPONENT, detail))
        return ProvisionPlan(tuple(items))

    def remove(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """Takes away the given fields and, with the last of them, the component, the permission sets and their
        assignments.

        Raises SchemaError, with nothing changed, when a page or a flow still uses one of them.
        """
        plan = self.plan_removal(specs)
        fields, sets, components = (
            [item.name for item in plan.items if item.kind == kind] for kind in (_FIELD, _SET, _COMPONENT)
        )
        if fields or components:
            self._deploy(removal(fields=fields, components=components), IN_USE)
        for row in self._assignments(sets):
            self.client.send(
                "DELETE", f"{self.client.root}/sobjects/PermissionSetAssignment/{row['Id']}", purpose="write"
            )
        if sets:
            self._deploy(removal(permission_sets=sets))
        self.schema.forget()
        return plan

    def _plan(self, specs: Sequence[PropertySpec], installed: _Installed) -> ProvisionPlan:
        items = [self._field_item(spec, installed) for spec in specs]
        for name in _SETS:
            wanted = {full_name(spec): name == INTEGRATION for spec in specs}
            have = installed.granted.get(name, {})
            lacking = [f for f, edit in wanted.items() if f not in have or (edit and not have[f])]
            if name not in installed.sets:
                items.append(ProvisionItem("create", _SET, name))
            elif lacking:
                items.append(ProvisionItem("update", _SET, name, f"grants {len(lacking)} more fields"))
            else:
                items.append(ProvisionItem("exists", _SET, name))
        if installed.component is not None:
            items.append(self._component_item(installed.component))
        step: ProvisionStep = "exists" if installed.assigned else "create"
        items.append(ProvisionItem(step, _ASSIGNMENT, INTEGRATION, f"to user {installed.user}"))
        return ProvisionPlan(tuple(items))

    def _component_item(self, held: str) -> ProvisionItem:
        current = bool(held) and component.is_current(self.client, held)
        step: ProvisionStep = "exists" if current else "update" if held else "create"
        return ProvisionItem(step, _COMPONENT, component.COMPONENT)

    def _field_item(self, spec: PropertySpec, installed: _Installed) -> ProvisionItem:
        item = partial(ProvisionItem, kind=_FIELD, name=full_name(spec))
        found = self._field(spec)
        if found is None:
            known = full_name(spec) in installed.fields
            return item("exists", detail="not visible to this user") if known else item("create", detail=spec.label)
        fits = found.type in _DESCRIBED.get(field_type(spec), ("datetime",))
        fits = fits and not (spec.type == "number" and found.scale < spec.scale)
        if not fits:
            return item(
                "conflict", detail=f"is {found.type}({found.precision},{found.scale}), {field_type(spec)} is needed"
            )
        choices = dict(found.choices)
        if lacking := [code for code, _ in spec.options if spec.type == "enumeration" and code not in choices]:
            return item("update", detail=f"adds the values {', '.join(lacking)}")
        if spec.renamed(found.label):
            return item("update", detail=f"label: {found.label} -> {spec.label}")
        if spec.relabelled(choices):
            return item("update", detail="labels of an earlier release")
        return item("exists", detail=spec.label)

    def _update(self, spec: PropertySpec) -> None:
        """Gives a field the values that its picklist lacks, and today's labels where it has those of an earlier
        release; the rest of it stays as it is: a deployment would replace the administrators' own values, labels and
        settings.
        """
        statement = "SELECT Id, Metadata FROM CustomField WHERE TableEnumOrId = {} AND DeveloperName = {}"
        try:
            text = soql(statement, OBJECTS[spec.stream], field_name(spec.name).removesuffix("__c"))
            [row] = found(self.client.send("GET", f"{self.client.root}/tooling/query", params={"q": text})).records
            metadata = dict(row["Metadata"])
            if spec.renamed(str(metadata["label"])):
                metadata["label"] = spec.label
            if spec.type == "enumeration":
                metadata["valueSet"] = with_values(spec, metadata["valueSet"])
            address = f"{self.client.root}/tooling/sobjects/CustomField/{row['Id']}"
            body = {"FullName": full_name(spec), "Metadata": metadata}
            self.client.send("PATCH", address, body, purpose="write", repeat=False)
        except (AuthError, NotFound) as error:
            raise AuthError("This user may not change fields.", remedy=ADMIN) from error
        except (KeyError, TypeError, ValueError) as error:
            remedy = f"Give it the label {spec.label!r} and the values {', '.join(dict(spec.options))} in Setup."
            raise SchemaError(f"The definition of {full_name(spec)} could not be read.", remedy=remedy) from error

    def _field(self, spec: PropertySpec) -> FieldInfo | None:
        return self.schema.find(OBJECTS[spec.stream], field_name(spec.name))

    def _listed(self) -> set[str]:
        """Our fields whoever may see them; empty for a user who may not read metadata."""
        text = soql(
            "SELECT DeveloperName, TableEnumOrId FROM CustomField WHERE TableEnumOrId IN {}", [*OBJECTS.values()]
        )
        try:
            rows = found(self.client.send("GET", f"{self.client.root}/tooling/query", params={"q": text})).records
        except FatalError:
            return set()
        return {
            f"{row['TableEnumOrId']}.{row['DeveloperName']}__c" for row in rows if is_ours(f"{row['DeveloperName']}__c")
        }

    def _installed(self) -> _Installed:
        user = str(self.client.send("GET", "/services/oauth2/userinfo")["user_id"])
        ours = self.client.query(soql("SELECT Id, Name FROM PermissionSet WHERE Name IN {}", list(_SETS))).records
        sets = {row["Name"]: row["Id"] for row in ours}
        names = {record_id: name for name, record_id in sets.items()}
        granted: dict[str, dict[str, bool]] = {name: {} for name in sets}
        if sets:
            statement = "SELECT ParentId, Field, PermissionsEdit FROM FieldPermissions WHERE ParentId IN {}"
            for row in self.client.query(soql(statement, list(names))).records:
                granted[names[row["ParentId"]]][row["Field"]] = bool(row["PermissionsEdit"])
        assigned = any(
            row["AssigneeId"] == user for row in self._assignments([INTEGRATION] if INTEGRATION in sets else [])
        )
        shown = {name for fields in granted.values() for name in fields if is_ours(name.partition(".")[2])}
        fields = frozenset(shown | self._listed())
        return _Installed(sets, granted, assigned, user, fields, component.installed(self.client))

    def _assignments(self, sets: Sequence[str]) -> list[Record]:
        if not sets:
            return []
        statement = "SELECT Id, AssigneeId FROM PermissionSetAssignment WHERE PermissionSet.Name IN {}"
        return self.client.query(soql(statement, list(sets))).records

    def _grants(self, specs: Sequence[PropertySpec], installed: _Installed) -> Grants:
        """Everything wanted and everything of ours granted before: a deployed permission set replaces the old one."""
        before = [name for name, _ in sorted(installed.granted.get(INTEGRATION, {}).items()) if ".Bothways_" in name]
        return Grants(self._reads(), tuple(dict.fromkeys([*before, *map(full_name, specs)])))

    def _reads(self) -> dict[str, list[str]]:
        """The fields that the mapping pulls and field-level security can hide, as far as this user sees them."""
        plain = [m for m in map(self.mapping.of, STREAMS) if m is not None]
        kinds = [m for _, m in activities.objects(self.mapping.activities)]
        reads: dict[str, set[str]] = {m.object: set() for m in (*plain, *kinds) if self.schema.object(m.object)}
        for each in (*plain, *kinds):
            for path in each.fields.values():
                owner, found = self.schema.owner(each.object, path)
                if found is None or owner is None:
                    continue
                compound = self.schema.find(owner, found.compound) if found.compound else None
                hides = compound if compound is not None and compound.permissionable else found
                reads.setdefault(owner, set()).update({hides.name} if hides.permissionable else ())
        for name in RELATION_OBJECTS:
            info = self.schema.object(name)
            if info is not None:
                reads[name] = {f.name for f in info.fields.values() if f.permissionable}
        return {name: sorted(fields) for name, fields in sorted(reads.items())}

    def _assign(self, installed: _Installed) -> None:
        sets = installed.sets
        if INTEGRATION not in sets:
            new = self.client.query(soql("SELECT Id, Name FROM PermissionSet WHERE Name = {}", INTEGRATION)).records
            sets = {row["Name"]: row["Id"] for row in new}
        payload = {"AssigneeId": installed.user, "PermissionSetId": sets[INTEGRATION]}
        path = f"{self.client.root}/sobjects/PermissionSetAssignment"
        self.client.send("POST", path, payload, purpose="write", repeat=False)

    def _deploy(self, archive: bytes, remedy: str = ADMIN) -> None:
        try:
            deploy(self.client, archive, self.config.bulk_seconds, remedy)
        except (AuthError, NotFound) as error:
            raise AuthError("This user may not deploy metadata.", remedy=ADMIN) from error
