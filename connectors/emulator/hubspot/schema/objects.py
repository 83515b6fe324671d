"""The object types of a portal: their ids, aliases, default properties and association types."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One object type. `plural` is its name in paths, `singular` its name in association types."""

    plural: str
    singular: str
    type_id: str
    defaults: tuple[str, ...]
    label: str
    created: str = "createdate"
    modified: str = "hs_lastmodifieddate"
    scope: str = ""
    custom: bool = False
    aliases: tuple[str, ...] = field(default=())

    @property
    def labels(self) -> str:
        """The label of several."""
        return self.plural.replace("_", " ").capitalize()

    @property
    def read_scope(self) -> str:
        return self.scope.format(access="read")

    @property
    def write_scope(self) -> str:
        return self.scope.format(access="write")


def _activity(plural: str, singular: str, type_id: str, label: str) -> ObjectType:
    return ObjectType(plural, singular, type_id, (), label, "hs_createdate", scope="crm.objects.contacts.{access}")


CUSTOM_SCOPE = "crm.objects.custom.{access}"

STANDARD: tuple[ObjectType, ...] = (
    ObjectType(
        "contacts",
        "contact",
        "0-1",
        ("email", "firstname", "lastname"),
        "Contact",
        modified="lastmodifieddate",
        scope="crm.objects.contacts.{access}",
    ),
    ObjectType("companies", "company", "0-2", ("domain", "name"), "Company", scope="crm.objects.companies.{access}"),
    ObjectType(
        "deals",
        "deal",
        "0-3",
        ("amount", "closedate", "dealname", "dealstage", "pipeline"),
        "Deal",
        scope="crm.objects.deals.{access}",
    ),
    ObjectType(
        "tickets",
        "ticket",
        "0-5",
        ("content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_category", "hs_ticket_priority", "subject"),
        "Ticket",
        scope="tickets",
    ),
    ObjectType("products", "product", "0-7", ("description", "name", "price"), "Product", scope="e-commerce"),
    ObjectType(
        "line_items",
        "line_item",
        "0-8",
        ("amount", "quantity"),
        "Line item",
        scope="crm.objects.line_items.{access}",
        aliases=("line_item", "line items"),
    ),
    _activity("tasks", "task", "0-27", "Task"),
    _activity("notes", "note", "0-46", "Note"),
    _activity("meetings", "meeting", "0-47", "Meeting"),
    _activity("calls", "call", "0-48", "Call"),
    ObjectType(
        "emails", "email", "0-49", (), "Email", "hs_createdate", scope="sales-email-read", aliases=("email_engagement",)
    ),
    _activity("communications", "communication", "0-18", "Communication"),
    _activity("postal_mail", "postal_mail", "0-116", "Postal mail"),
    *(
        ObjectType(plural, singular, type_id, (), label, "hs_createdate", scope=f"crm.objects.{plural}.{{access}}")
        for plural, singular, type_id, label in (
            ("quotes", "quote", "0-14", "Quote"),
            ("feedback_submissions", "feedback_submission", "0-19", "Feedback submission"),
            ("forms", "form", "0-28", "Form"),
            ("invoices", "invoice", "0-53", "Invoice"),
            ("marketing_events", "marketing_event", "0-54", "Marketing event"),
            ("subscriptions", "subscription", "0-69", "Subscription"),
            ("deal_splits", "deal_split", "0-72", "Deal split"),
            ("goal_targets", "goal_target", "0-74", "Goal target"),
            ("discounts", "discount", "0-84", "Discount"),
            ("fees", "fee", "0-85", "Fee"),
            ("taxes", "tax", "0-86", "Tax"),
            ("commerce_payments", "commerce_payment", "0-101", "Payment"),
            ("users", "user", "0-115", "User"),
            ("orders", "order", "0-123", "Order"),
            ("leads", "lead", "0-136", "Lead"),
            ("carts", "cart", "0-142", "Cart"),
        )
    ),
)
"""Of the types after the activities this portal holds no records, but it knows them as every portal does."""

CONTRACTS = ObjectType(
    "contracts", "contract", "2-1000001", (), "Contract", "hs_createdate", scope=CUSTOM_SCOPE, custom=True
)
ASSETS = ObjectType("assets", "asset", "2-1000002", (), "Asset", "hs_createdate", scope=CUSTOM_SCOPE, custom=True)


class Registry:
    """Finds an object type by any of its names: plural, singular, type id, fully qualified name, whatever the case."""

    def __init__(self, types: tuple[ObjectType, ...]) -> None:
        self.types = types
        self._by_name: dict[str, ObjectType] = {}
        for kind in types:
            names = {kind.plural, kind.singular, kind.type_id, *kind.aliases}
            if kind.custom:
                names |= {f"p_{kind.singular}", f"p26000123_{kind.singular}"}
            self._by_name |= dict.fromkeys(names, kind)

    def find(self, name: str) -> ObjectType | None:
        """The type of that name, or None."""
        return self._by_name.get(name.lower())


PRIMARY = "Primary"
HUBSPOT, USER = "HUBSPOT_DEFINED", "USER_DEFINED"


@dataclass(frozen=True, slots=True)
class AssociationType:
    """One kind of link from one object type to another. A label of None: the plain, unlabelled link."""

    type_id: int
    label: str | None = None
    category: str = HUBSPOT

    def labelled(self) -> dict[str, str | int | None]:
        return {"category": self.category, "typeId": self.type_id, "label": self.label}


_PLAIN: dict[tuple[str, str], int] = {
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("companies", "deals"): 342,
    ("deals", "companies"): 341,
    ("deals", "contacts"): 3,
    ("contacts", "deals"): 4,
    ("companies", "tickets"): 340,
    ("tickets", "companies"): 339,
    ("deals", "tickets"): 27,
    ("tickets", "deals"): 28,
    ("contacts", "tickets"): 15,
    ("tickets", "contacts"): 16,
    ("deals", "line_items"): 19,
    ("line_items", "deals"): 20,
}
# towards (calls, emails, meetings, notes, tasks); the way back is the next number
_ACTIVITIES = ("calls", "emails", "meetings", "notes", "tasks")
_TO_ACTIVITY: dict[str, tuple[int, ...]] = {
    "contacts": (193, 197, 199, 201, 203),
    "companies": (181, 185, 187, 189, 191),
    "deals": (205, 209, 211, 213, 215),
    "tickets": (219, 223, 225, 227, 229),
}
for _plural, _ids in _TO_ACTIVITY.items():
    for _activity_name, _type_id in zip(_ACTIVITIES, _ids, strict=True):
        _PLAIN[_plural, _activity_name] = _type_id
        _PLAIN[_activity_name, _plural] = _type_id + 1
_PLAIN |= {
    ("contacts", "communications"): 82,
    ("communications", "contacts"): 81,
    ("companies", "communications"): 88,
    ("communications", "companies"): 87,
    ("deals", "communications"): 86,
    ("communications", "deals"): 85,
    ("tickets", "communications"): 84,
    ("communications", "tickets"): 83,
}
_PRIMARY: dict[tuple[str, str], int] = {
    ("contacts", "companies"): 1,
    ("companies", "contacts"): 2,
    ("deals", "companies"): 5,
    ("companies", "deals"): 6,
    ("companies", "tickets"): 25,
    ("tickets", "companies"): 26,
}
CHILD_OF_PARENT = AssociationType(13, "Child Company")
PARENT_OF_CHILD = AssociationType(14, "Parent Company")
# ids of links with custom objects are handed out by the portal
_CUSTOM: dict[tuple[str, str], int] = {
    ("contracts", "companies"): 61,
    ("companies", "contracts"): 62,
    ("assets", "companies"): 63,
    ("companies", "assets"): 64,
}


def plain_type(source: str, target: str) -> AssociationType | None:
    """The unlabelled association type between two object types, or None where they cannot be associated."""
    if (source, target) in _CUSTOM:
        return AssociationType(_CUSTOM[source, target], None, USER)
    type_id = _PLAIN.get((source, target))
    return None if type_id is None else AssociationType(type_id)


def primary_type(source: str, target: str) -> AssociationType | None:
    """The association type of a record's one primary company, seen from either side."""
    type_id = _PRIMARY.get((source, target))
    return None if type_id is None else AssociationType(type_id, PRIMARY)


def defined_types(source: str, target: str) -> list[AssociationType]:
    """Every association type that HubSpot itself defines between two object types."""
    if (source, target) == ("companies", "companies"):
        return [CHILD_OF_PARENT, PARENT_OF_CHILD]
    found = (plain_type(source, target), primary_type(source, target))
    return [kind for kind in found if kind is not None]
