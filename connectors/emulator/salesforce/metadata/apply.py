"""What a deployment does to the organisation: checks every component, then applies all of them or none."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from connectors.emulator.salesforce.metadata import permissions as metadata_permissions
from connectors.emulator.salesforce.metadata.fields import Problem, field_from_xml
from connectors.emulator.salesforce.metadata.objects import CustomObjects
from connectors.emulator.salesforce.metadata.package import Component, Package
from connectors.emulator.salesforce.seed.setup import ACTIVITY_OBJECTS, add_field
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.schema import Field

Json = dict[str, Any]
_ORDER = ("CustomObject", "CustomField", "PermissionSet")
_SCHEMA_IMPORT = re.compile(r"@salesforce/schema/(\w+\.\w+)")


@dataclass(slots=True)
class Custom:
    """A deployed component that is no record: field ids, bundles, pages."""

    id: str
    sources: str = ""
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Metadata:
    """The custom components of one organisation, and how more of them come and go."""

    org: Org
    components: dict[tuple[str, str], Custom] = field(default_factory=dict)

    @property
    def objects(self) -> CustomObjects:
        return CustomObjects(self.org)

    def deploy(
        self, package: Package, user_id: str, *, check_only: bool, rollback: bool
    ) -> tuple[list[Json], list[Json]]:
        """(successes, failures) as the API reports components."""
        components = sorted(package.components, key=lambda c: _ORDER.index(c.type) if c.type in _ORDER else len(_ORDER))
        with self.org.store.lock:
            made = self.objects.begin(components)
            done, failures = self._checked(
                package, components, user_id, check_only=check_only, rollback=rollback, made=made
            )
            if check_only or (failures and rollback):
                self.objects.undo(made)
        return done, failures

    def _checked(
        self,
        package: Package,
        components: list[Component],
        user_id: str,
        *,
        check_only: bool,
        rollback: bool,
        made: list[str],
    ) -> tuple[list[Json], list[Json]]:
        new = self._new_fields(components)
        failures = self._missing(package)
        good: list[tuple[Component, bool]] = []
        for component, deletion in [*((c, False) for c in components), *((c, True) for c in package.deletions)]:
            try:
                if deletion:
                    self._check_deletion(component, package)
                else:
                    self._check(component, new)
            except Problem as problem:
                failures.append(_result(component, problem=str(problem)))
            else:
                good.append((component, deletion))
        if failures and rollback:
            return [], failures
        if check_only:
            return [_result(component, deleted=deletion) for component, deletion in good], failures
        done = [self._delete(c) if deletion else self._apply(c, new, user_id, made) for c, deletion in good]
        self.org.fields_changed()
        return done, failures

    def _new_fields(self, components: list[Component]) -> dict[str, Field]:
        made: dict[str, Field] = {}
        for component in components:
            if component.type == "CustomField" and component.xml is not None:
                try:
                    made[component.name] = field_from_xml(component.xml)
                except Problem:
                    continue
        return made

    def _missing(self, package: Package) -> list[Json]:
        """Members of package.xml that the zip does not hold."""
        held = {(c.type, c.name) for c in package.components}
        standard = {("CustomObject", name) for name in [*self.org.schema.objects, "Activity"]}
        return [
            _result(
                Component(kind, member, "package.xml"),
                problem=f"Entity of type '{kind}' named '{member}' cannot be found",
            )
            for kind, members in package.listed.items()
            for member in members
            if member != "*" and (kind, member) not in held and (kind, member) not in standard
        ]

    def _find(self, path: str, new: dict[str, Field]) -> Field | None:
        owner, _, name = path.partition(".")
        if owner in ACTIVITY_OBJECTS and f"Activity.{name}" in new:
            return new[f"Activity.{name}"]
        thing = self.org.schema.object(owner)
        return new.get(path) or (thing.fields.get(name) if thing is not None else None)

    def _check(self, component: Component, new: dict[str, Field]) -> None:
        if component.type == "CustomField":
            self._check_field(component)
        elif component.type == "PermissionSet" and component.xml is not None:
            metadata_permissions.check(component.xml, self.org, lambda path: self._find(path, new))
        elif component.type == "LightningComponentBundle":
            if component.xml is None:
                raise Problem(f"No {component.name}.js-meta.xml found for the bundle")
            for path in _SCHEMA_IMPORT.findall(component.text):
                if self._find(path, new) is None:
                    raise Problem(f"LWC1513: {path} doesn't exist. Import a field that does")
        elif component.type == "CustomObject":
            self.objects.check(component)

    def _check_field(self, component: Component) -> None:
        owner, _, _ = component.name.partition(".")
        if component.xml is None:
            raise Problem("No definition")
        made = field_from_xml(component.xml)
        if owner in ACTIVITY_OBJECTS:
            raise Problem(f"Entity Enumeration Or ID: bad value for restricted picklist field: {owner}")
        thing = self.org.schema.object(ACTIVITY_OBJECTS[0] if owner == "Activity" else owner)
        if thing is None:
            raise Problem(f"Entity of type 'CustomObject' named '{owner}' cannot be found")
        held = thing.fields.get(made.name)
        if held is not None and held.type != made.type:
            raise Problem(f"Cannot change the type of the field {made.name} from {held.type} to {made.type}")
        if held is None and sum(f.custom for f in thing.fields.values()) >= 500:
            raise Problem("You have reached the maximum number of 500 custom fields on this object")

    def _check_deletion(self, component: Component, package: Package) -> None:
        if component.type == "CustomField":
            self._check_field_deletion(component.name, package)
        elif component.type == "CustomObject":
            self.objects.check_deletion(component)
        elif component.type == "PermissionSet":
            rows = self.org.store.tuples(
                "SELECT p.Id, count(a.Id) FROM PermissionSet p LEFT JOIN PermissionSetAssignment a ON "
                "a.PermissionSetId = p.Id "
                "WHERE p.Name = ? GROUP BY p.Id",
                (component.name,),
            )
            if not rows:
                raise Problem(f"No PermissionSet named: {component.name} found")
            if rows[0][1]:
                raise Problem("You can't delete a permission set that is assigned to users")
        elif (component.type, component.name) not in self.components:
            raise Problem(f"No {component.type} named: {component.name} found")
        elif component.type == "LightningComponentBundle":
            going = {c.name for c in package.deletions if c.type == "FlexiPage"}
            for page in self.pages_with(component.name):
                if page not in going:
                    raise Problem(f"This Lightning web component is referenced elsewhere: Lightning Page - {page}")

    def pages_with(self, bundle: str) -> list[str]:
        """The Lightning pages that a component stands on."""
        used = re.compile(rf"<componentName>(?:c:)?{re.escape(bundle)}</componentName>".encode())
        pages = ((name, held.files.values()) for (kind, name), held in self.components.items() if kind == "FlexiPage")
        return [name for name, files in pages if any(used.search(content) for content in files)]

    def _check_field_deletion(self, path: str, package: Package) -> None:
        owner, _, name = path.partition(".")
        thing = self.org.schema.object(ACTIVITY_OBJECTS[0] if owner == "Activity" else owner)
        held = thing.fields.get(name) if thing is not None else None
        if held is None or not held.custom:
            raise Problem(f"No CustomField named: {path} found")
        going = {c.name for c in package.deletions if c.type == "LightningComponentBundle"}
        for (kind, bundle), custom in self.components.items():
            if (
                kind == "LightningComponentBundle"
                and bundle not in going
                and path in _SCHEMA_IMPORT.findall(custom.sources)
            ):
                raise Problem(
                    f"This custom field is referenced elsewhere in salesforce.com: Lightning Web Component - {bundle}"
                )

    def _apply(self, component: Component, new: dict[str, Field], user_id: str, made: list[str]) -> Json:
        key = (component.type, component.name)
        if component.type == "PermissionSet" and component.xml is not None:
            record, created = metadata_permissions.apply(component.xml, component.name, self.org, user_id)
            return _result(component, record=record, created=created)
        created = component.name in made if component.type == "CustomObject" else key not in self.components
        if component.type == "CustomField":
            created = self._apply_field(component.name, new[component.name])
        prefix = {"CustomField": "00N", "CustomObject": "01I", "LightningComponentBundle": "0Rb"}.get(
            component.type, "0M0"
        )
        record = self.components[key].id if key in self.components else self.org.serials.next(prefix)
        self.components[key] = Custom(record, component.text, component.files)
        return _result(component, record=record, created=created)

    def _apply_field(self, path: str, new: Field) -> bool:
        owner, _, name = path.partition(".")
        created = False
        for object_name in ACTIVITY_OBJECTS if owner == "Activity" else (owner,):
            thing = self.org.schema.objects[object_name]
            created = name not in thing.fields
            if not created:
                thing.add(new)
        if created:
            add_field(self.org, owner, new)
        return created

    def _delete(self, component: Component) -> Json:
        held = self.components.pop((component.type, component.name), None)
        owner, _, name = component.name.partition(".")
        store = self.org.store
        if component.type == "CustomObject":
            self.objects.remove(component.name)
        elif component.type == "CustomField":
            for object_name in ACTIVITY_OBJECTS if owner == "Activity" else (owner,):
                self.org.schema.objects[object_name].remove(name)
                store.execute("DELETE FROM FieldPermissions WHERE Field = ?", (f"{object_name}.{name}",))
        elif component.type == "PermissionSet":
            inside = "(SELECT Id FROM PermissionSet WHERE Name = ?)"
            for child in ("FieldPermissions", "ObjectPermissions"):
                store.execute(f"DELETE FROM {child} WHERE ParentId IN {inside}", (component.name,))  # noqa: S608
            store.execute("DELETE FROM PermissionSet WHERE Name = ?", (component.name,))
        return _result(component, record=held.id if held else None, deleted=True)


def _result(
    component: Component,
    *,
    record: str | None = None,
    created: bool = False,
    deleted: bool = False,
    problem: str | None = None,
) -> Json:
    return {
        "changed": problem is None,
        "columnNumber": None,
        "componentType": component.type,
        "created": created,
        "deleted": deleted,
        "fileName": component.file,
        "fullName": component.name,
        "id": record,
        "lineNumber": None,
        "problem": problem,
        "problemType": "Error" if problem else None,
        "success": problem is None,
        "warning": False,
    }
