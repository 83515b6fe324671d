"""Property definitions and groups over the wire, the legacy v2 list, and the limits."""

from __future__ import annotations

from typing import Any

from connectors.emulator.hubspot.api import flows as api_flows
from connectors.emulator.hubspot.api.batch import envelope
from connectors.emulator.hubspot.call import Call
from connectors.emulator.hubspot.schema.objects import ObjectType
from connectors.emulator.hubspot.schema.properties import LIMIT_OVERALL, LIMIT_PER_OBJECT, Properties, check_types
from connectors.emulator.hubspot.wire import ApiError, Json, answer, bad_json, invalid, no_content
from connectors.emulator.server.http import Response

BEFORE_V3 = (
    "name",
    "label",
    "description",
    "groupName",
    "type",
    "fieldType",
    "options",
    "displayOrder",
    "hidden",
    "calculated",
)
"""What the APIs before version 3 tell of a property."""


def handle(call: Call, kind: ObjectType, rest: tuple[str, ...]) -> Response | None:
    """Anything under properties/{type}; None: no such endpoint."""
    method, definitions = call.request.method, call.portal.definitions(kind)
    call.access.require(call.token, *_scopes(kind, "read" if method == "GET" or rest[-1:] == ("read",) else "write"))
    if rest[:1] == ("groups",):
        return _groups(call, definitions, rest[1:])
    if rest[:1] == ("batch",) and method == "POST" and len(rest) == 2:
        return _batch(call, definitions, rest[1])
    if not rest and method == "GET":
        found = list(definitions.archived.values()) if call.archived else definitions.listed()
        return answer({"results": found})
    if not rest and method == "POST":
        made = definitions.create(call.parsed(), overall(call))
        return answer(made, 201, {"Location": f"{call.request.path.rstrip('/')}/{made['name']}"})
    if len(rest) != 1:
        return None
    if method == "GET":
        if call.archived and rest[0] in definitions.archived:
            return answer(definitions.archived[rest[0]])
        return answer(definitions.require(rest[0]))
    if method == "PATCH":
        return answer(definitions.update(rest[0], call.parsed()))
    if method == "DELETE":
        _refuse_listed(call, kind, rest[0])
        definitions.archive(rest[0])
        return no_content()
    return None


def _refuse_listed(call: Call, kind: ObjectType, name: str) -> None:
    """Raises ApiError where a list's filters or a workflow name the property."""
    if call.portal.lists.uses(kind, name) or api_flows.uses(call.portal, name):
        raise invalid(
            f"The property '{name}' is in use and cannot be deleted.",
            subCategory="PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
        )


def overall(call: Call) -> int:
    """Custom properties of the whole portal."""
    return sum(definitions.custom_count() for definitions in call.portal.properties.values())


def legacy(call: Call, kind: ObjectType) -> Response:
    """GET /properties/v2/{type}/properties: a bare list."""
    call.access.require(call.token, *_scopes(kind, "read"))
    return answer(
        [
            {
                **{name: one[name] for name in BEFORE_V3},
                "readOnlyValue": one["modificationMetadata"]["readOnlyValue"],
                "hubspotDefined": bool(one.get("hubspotDefined")),
            }
            for one in call.portal.definitions(kind).listed()
        ]
    )


def limits(call: Call) -> Response:
    """GET limits/custom-properties"""
    call.access.require(call.token, *(kind.read_scope for kind in call.portal.registry.types if kind.read_scope))
    total = overall(call)
    by_type = []
    for kind in call.portal.registry.types:
        used = call.portal.definitions(kind).custom_count()
        by_type.append(
            {
                "objectTypeId": kind.type_id,
                "singularLabel": kind.label,
                "pluralLabel": kind.labels,
                "limit": LIMIT_PER_OBJECT,
                "usage": used,
                "percentage": used / LIMIT_PER_OBJECT,
            }
        )
    return answer(
        {
            "overallLimit": LIMIT_OVERALL,
            "overallUsage": total,
            "overallPercentage": total / LIMIT_OVERALL,
            "byObjectType": by_type,
        }
    )


def _scopes(kind: ObjectType, access: str) -> tuple[str, ...]:
    """Any of these. Whoever may read the records may read their definitions too; to change them is for schema
    scopes.
    """
    name = "custom" if kind.custom else kind.plural
    if name in ("tickets", "products"):
        return (kind.read_scope,)
    if name not in ("companies", "deals", "line_items", "custom"):
        name = "contacts"
    records = (f"crm.objects.{name}.read", f"crm.objects.{name}.write") if access == "read" else ()
    return (f"crm.schemas.{name}.{access}", *records)


def _groups(call: Call, definitions: Properties, rest: tuple[str, ...]) -> Response | None:
    method = call.request.method
    if not rest and method == "GET":
        return answer({"results": list(definitions.groups.values())})
    if not rest and method == "POST":
        return answer(definitions.create_group(call.parsed()), 201)
    if len(rest) != 1:
        return None
    if method == "GET":
        return answer(definitions.require_group(rest[0]))
    if method == "PATCH":
        group, body = definitions.require_group(rest[0]), call.body()
        check_types(body)
        group |= {key: body[key] for key in ("label", "displayOrder") if key in body}
        return answer(group)
    if method == "DELETE":
        definitions.archive_group(rest[0])
        return no_content()
    return None


def _batch(call: Call, definitions: Properties, verb: str) -> Response | None:
    inputs = call.inputs()
    if verb == "archive":
        for one in inputs:
            if str(one.get("name")) in definitions.live:
                _refuse_listed(call, definitions.kind, str(one["name"]))
                definitions.archive(str(one["name"]))
        return no_content()
    if verb not in ("read", "create"):
        return None
    results: list[Any] = []
    errors: list[Json] = []
    archived = bool(call.body().get("archived"))
    for one in inputs:
        try:
            if verb == "create":
                results.append(definitions.create(one, overall(call)))
            elif "name" not in one:
                raise bad_json("an input needs a name")
            elif archived and one["name"] in definitions.archived:
                results.append(definitions.archived[one["name"]])
            else:
                results.append(definitions.require(str(one["name"])))
        except ApiError as refusal:
            errors.append({**refusal.entry(), "context": {"name": [str(one.get("name"))]}})
    return envelope(call, results, errors, 201 if verb == "create" else 200)
