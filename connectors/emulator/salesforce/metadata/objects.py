"""Custom objects from their metadata: made before the rest of a package is checked, so that it can refer to them."""

from __future__ import annotations

import re

from connectors.emulator.salesforce.metadata.fields import Problem
from connectors.emulator.salesforce.metadata.package import Component, child_text
from connectors.emulator.salesforce.store.org import Org

_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|_(?!_|\Z))*__c\Z")
_MOST = 200


class CustomObjects:
    """The custom objects of one organisation."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def begin(self, components: list[Component]) -> list[str]:
        """Makes the objects of a package that can be made; their names."""
        made = []
        for component in components:
            xml = component.xml
            if component.type != "CustomObject" or xml is None or self._problem(component):
                continue
            if self._org.schema.object(component.name) is None:
                label, plural = (child_text(xml, key) for key in ("label", "pluralLabel"))
                name_label = (xml.findtext("nameField/label") or "Name").strip()
                self._org.store.create(self._org.schema.add_custom_object(component.name, label, plural, name_label))
                made.append(component.name)
        if made:
            self._org.access.forget()
        return made

    def undo(self, made: list[str]) -> None:
        for name in made:
            self.remove(name)

    def remove(self, name: str) -> None:
        """The object with its records, fields and permissions."""
        store = self._org.store
        store.execute("DELETE FROM FieldPermissions WHERE SobjectType = ?", (name,))
        store.execute("DELETE FROM ObjectPermissions WHERE SobjectType = ?", (name,))
        self._org.schema.remove_object(name)
        store.drop(name)
        self._org.fields_changed()

    def check(self, component: Component) -> None:
        """Raises Problem."""
        if problem := self._problem(component):
            raise Problem(problem)

    def check_deletion(self, component: Component) -> None:
        """Raises Problem."""
        held = self._org.schema.objects.get(component.name)
        if held is None or not held.custom:
            raise Problem(f"No CustomObject named: {component.name} found")
        for thing in self._org.schema.objects.values():
            for f in thing.fields.values():
                if thing is not held and component.name in f.refers_to:
                    raise Problem(
                        f"This custom object is referenced elsewhere in salesforce.com: {thing.name}.{f.name}"
                    )

    def _problem(self, component: Component) -> str | None:
        xml = component.xml
        if not _NAME.match(component.name) or len(component.name) > 43:
            return f"Object Name: the name provided, {component.name}, is not valid"
        if xml is None or not all(child_text(xml, key) for key in ("label", "pluralLabel")):
            return "Required fields are missing: [label, pluralLabel]"
        if xml.find("nameField") is None:
            return "Must specify a nameField of type Text or AutoNumber for a CustomObject"
        if not child_text(xml, "deploymentStatus") or not child_text(xml, "sharingModel"):
            return "Required fields are missing: [deploymentStatus, sharingModel]"
        if sum(thing.custom for thing in self._org.schema.objects.values()) >= _MOST:
            return f"You have reached the maximum number of {_MOST} custom objects"
        return None
