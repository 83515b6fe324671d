"""What a parent object calls its children: the standard objects' own names, and how others are formed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.emulator.salesforce.store.schema import Field, Object

_CHILD_NAMES = {
    ("Account", "ParentId"): "ChildAccounts",
    ("Contact", "ReportsToId"): "ContactReports",
    ("Case", "ParentId"): "Cases",
    ("EmailMessage", "ParentId"): "EmailMessages",
    ("EmailMessage", "RelatedToId"): "Emails",
    ("Event", "WhatId"): "Events",
    ("Task", "WhatId"): "Tasks",
    ("Event", "WhoId"): "Events",
    ("Task", "WhoId"): "Tasks",
    ("OpportunityLineItem", "OpportunityId"): "OpportunityLineItems",
    ("OpportunityCompetitor", "OpportunityId"): "OpportunityCompetitors",
    ("OpportunityContactRole", "OpportunityId"): "OpportunityContactRoles",
    ("EmailMessageRelation", "EmailMessageId"): "EmailMessageRelations",
    ("PermissionSetAssignment", "AssigneeId"): "PermissionSetAssignments",
    ("PermissionSetAssignment", "PermissionSetId"): "Assignments",
    ("ObjectPermissions", "ParentId"): "ObjectPerms",
    ("FieldPermissions", "ParentId"): "FieldPerms",
}


def child_name(thing: Object, reference: Field, parent: str) -> str:
    if (thing.name, reference.name) in _CHILD_NAMES:
        return _CHILD_NAMES[thing.name, reference.name]
    if reference.custom:
        return f"{thing.plural.replace(' ', '')}__r"
    if reference.name in (f"{parent}Id", "ParentId"):
        return thing.plural.replace(" ", "")
    return f"{thing.plural.replace(' ', '')}_{reference.name.removesuffix('Id')}"
