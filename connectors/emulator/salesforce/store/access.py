"""Who may see and change what: system permissions, object permissions and field-level security, read from the org's own
rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.emulator.salesforce.store.schema import Field, Object, Schema
from connectors.emulator.salesforce.store.store import Store

# Objects without object permissions of their own follow another one; None: anyone who may use the API.
CONTROLLED_BY: dict[str, str | None] = {
    "OpportunityContactRole": "Opportunity",
    "OpportunityLineItem": "Opportunity",
    "OpportunityCompetitor": "Opportunity",
    "OpportunityStage": None,
    "CaseComment": "Case",
    "PricebookEntry": "Product2",
    "Task": None,
    "Event": None,
    "TaskRelation": None,
    "EventRelation": None,
    "TaskWhoRelation": None,
    "EventWhoRelation": None,
    "EmailMessage": None,
    "EmailMessageRelation": None,
    "CurrencyType": None,
    "DatedConversionRate": None,
    "UserLicense": None,
}
SYSTEM_PERMISSIONS = ("ModifyAllData", "ViewAllData", "ApiEnabled", "CustomizeApplication", "ModifyMetadata")
# A write to one of these changes what people may do.
PERMISSION_OBJECTS = frozenset(
    {"PermissionSet", "PermissionSetAssignment", "ObjectPermissions", "FieldPermissions", "Profile", "User"}
)


@dataclass(slots=True)
class Rights:
    """What one user may do, as of the last change of permissions."""

    user_id: str
    system: frozenset[str]
    objects: dict[str, frozenset[str]]
    readable: frozenset[str]
    """`Object.Field`."""
    editable: frozenset[str]
    _fields: dict[str, dict[str, Field]] = field(default_factory=dict)

    @property
    def admin(self) -> bool:
        return "ModifyAllData" in self.system

    def allows(self, thing: Object, right: str) -> bool:
        """`right`: create, read, edit, delete, view_all."""
        if right != "read" and not thing.writable:
            return False
        if self.admin or (right in ("read", "view_all") and "ViewAllData" in self.system):
            return True
        name: str | None = thing.name
        if "setup" in thing.flags:
            return right == "read"
        if thing.name in CONTROLLED_BY:
            name = CONTROLLED_BY[thing.name]
            right = right if right == "read" else "edit"
            if name is None:
                return right == "read"
        return right in self.objects.get(name or "", ())

    @property
    def sees_all(self) -> bool:
        """Whether sharing hides nothing from this user."""
        return self.admin or "ViewAllData" in self.system

    def fields(self, thing: Object) -> dict[str, Field]:
        """The fields that exist for this user, by lower-case name; those without field-level security are absent."""
        found = self._fields.get(thing.name)
        if found is None:
            found = {f.name.lower(): f for f in thing.fields.values() if self.sees(thing, f)}
            self._fields[thing.name] = found
        return found

    def sees(self, thing: Object, f: Field) -> bool:
        return not f.permissionable or _named(thing, f) & self.readable != set()

    def edits(self, thing: Object, f: Field) -> bool:
        return not f.permissionable or _named(thing, f) & self.editable != set()


def _named(thing: Object, f: Field) -> set[str]:
    """What a permission on the field is called: a part of an address comes with the address."""
    names = {f"{thing.name}.{f.name}"}
    if f.name.startswith("Billing") and "BillingAddress" in thing.fields:
        names.add(f"{thing.name}.BillingAddress")
    return names


class Access:
    """Works out `Rights` and keeps them until permissions or fields change."""

    def __init__(self, schema: Schema, store: Store) -> None:
        self._schema = schema
        self._store = store
        self._known: dict[str, Rights] = {}

    def forget(self) -> None:
        """Permissions or fields have changed."""
        self._known = {}

    def of(self, user_id: str) -> Rights:
        found = self._known.get(user_id)
        if found is None:
            found = self._work_out(user_id)
            self._known[user_id] = found
        return found

    def _work_out(self, user_id: str) -> Rights:
        columns = ", ".join(f"max(p.Permissions{name})" for name in SYSTEM_PERMISSIONS)
        held = "SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = ?"
        system = self._store.tuples(f"SELECT {columns} FROM PermissionSet p WHERE p.Id IN ({held})", (user_id,))  # noqa: S608
        objects: dict[str, frozenset[str]] = {}
        for row in self._store.rows(f"SELECT * FROM ObjectPermissions WHERE ParentId IN ({held})", (user_id,)):  # noqa: S608
            rights = {right for right in ("create", "read", "edit", "delete") if row[f"Permissions{right.title()}"]}
            if row["PermissionsViewAllRecords"]:
                rights.add("view_all")
            if row["PermissionsModifyAllRecords"]:
                rights |= {"view_all", "edit", "delete"}
            objects[row["SobjectType"]] = objects.get(row["SobjectType"], frozenset()) | rights
        fields = self._store.tuples(
            f"SELECT Field, PermissionsRead, PermissionsEdit FROM FieldPermissions WHERE ParentId IN ({held})",  # noqa: S608
            (user_id,),
        )
        return Rights(
            user_id,
            frozenset(name for name, on in zip(SYSTEM_PERMISSIONS, system[0], strict=True) if on),
            objects,
            frozenset(name for name, read, edit in fields if read or edit),
            frozenset(name for name, _, edit in fields if edit),
        )
