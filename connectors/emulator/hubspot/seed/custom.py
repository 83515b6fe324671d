"""The properties that an admin of the portal has made: what HubSpot has no standard property for."""

from __future__ import annotations

CUSTOM: dict[str, tuple[tuple[str, str, str], ...]] = {
    # name, type, fieldType
    "companies": (
        ("wallet", "number", "number"),
        ("strategic_importance", "number", "number"),
        ("mission_criticality", "number", "number"),
        ("non_modularity", "number", "number"),
        ("strategic_customer", "bool", "booleancheckbox"),
        ("known_vendors", "number", "number"),
        ("contract_start", "date", "date"),
        ("contract_end", "date", "date"),
    ),
    "deals": (("competitors", "enumeration", "checkbox"), ("product_family", "enumeration", "select")),
    "products": (("product_family", "enumeration", "select"),),
    "emails": (("automated", "bool", "booleancheckbox"), ("mandated", "bool", "booleancheckbox")),
    "calls": (("automated", "bool", "booleancheckbox"), ("mandated", "bool", "booleancheckbox")),
    "meetings": (("automated", "bool", "booleancheckbox"), ("mandated", "bool", "booleancheckbox")),
    "contracts": (
        ("contract_name", "string", "text"),
        ("start_date", "date", "date"),
        ("end_date", "date", "date"),
        ("contract_status", "enumeration", "select"),
    ),
    "assets": (
        ("asset_name", "string", "text"),
        ("product_family", "enumeration", "select"),
        ("product_id", "string", "text"),
        ("asset_status", "enumeration", "select"),
        ("is_competitor", "bool", "booleancheckbox"),
        ("vendor", "string", "text"),
        ("installed_on", "date", "date"),
        ("ends_on", "date", "date"),
        ("price", "number", "number"),
        ("currency", "string", "text"),
        ("quantity", "number", "number"),
    ),
}
