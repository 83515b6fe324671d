"""What is about the account rather than its records: owners, pipelines, schemas, currency and zone, tokens."""

from __future__ import annotations

from connectors.emulator.hubspot.call import Call
from connectors.emulator.hubspot.schema.objects import ObjectType, plain_type
from connectors.emulator.hubspot.wire import PORTAL_ID, Json, answer, no_content, not_found
from connectors.emulator.server.http import Response

OWNERS_LIMIT = 500


def owners(call: Call, rest: tuple[str, ...]) -> Response | None:
    """GET owners, owners/{id}"""
    call.access.require(call.token, "crm.objects.owners.read")
    found = [owner for owner in call.portal.owners if owner["archived"] == call.archived]
    if rest:
        by_user = call.request.param("idProperty") == "userId"
        wanted = [owner for owner in found if str(owner.get("userId") if by_user else owner["id"]) == rest[0]]
        if not wanted or len(rest) > 1:
            raise not_found()
        return answer(wanted[0])
    email = call.request.param("email")
    if email:
        found = [owner for owner in found if owner["email"] == email.lower()]
    limit = call.whole("limit", 100, OWNERS_LIMIT)
    after = call.whole("after", 0, 10**9)
    page: Json = {"results": found[after : after + limit]}
    if after + limit < len(found):
        page["paging"] = call.paging(str(after + limit))
    return answer(page)


def schemas(call: Call, rest: tuple[str, ...]) -> Response:
    """GET schemas, schemas/{type}: the objects that admins made."""
    call.access.require(call.token, "crm.schemas.custom.read", "crm.objects.custom.read")
    made = [kind for kind in call.portal.registry.types if kind.custom]
    if not rest:
        return answer({"results": [_schema(call, kind) for kind in made]})
    kind = call.portal.registry.find(rest[0])
    if kind is None:
        raise not_found()
    return answer(_schema(call, kind))


def _schema(call: Call, kind: ObjectType) -> Json:
    at = "2025-01-01T00:00:00.000Z"
    links = []
    for other in call.portal.registry.types:
        for source, target in ((kind, other), (other, kind)):
            found = plain_type(source.plural, target.plural)
            if found is not None and source is not target:
                links.append(
                    {
                        "fromObjectTypeId": source.type_id,
                        "toObjectTypeId": target.type_id,
                        "name": f"{source.singular}_to_{target.singular}",
                        "id": str(found.type_id),
                        "createdAt": at,
                        "updatedAt": at,
                        "cardinality": "ONE_TO_MANY",
                        "inverseCardinality": "ONE_TO_MANY",
                    }
                )
    definitions = call.portal.definitions(kind)
    names = [name for name, one in definitions.live.items() if not one.get("hubspotDefined")]
    return {
        "id": kind.type_id.rpartition("-")[2],
        "objectTypeId": kind.type_id,
        "name": kind.singular,
        "fullyQualifiedName": f"p{PORTAL_ID}_{kind.singular}" if kind.custom else kind.singular.upper(),
        "labels": {"singular": kind.label, "plural": kind.labels},
        "primaryDisplayProperty": names[0] if names else None,
        "secondaryDisplayProperties": [],
        "searchableProperties": [],
        "requiredProperties": [],
        "properties": definitions.listed(),
        "associations": links,
        "archived": False,
        "restorable": True,
        "allowsSensitiveProperties": False,
        "createdAt": at,
        "updatedAt": at,
    }


def details(call: Call) -> Response:
    """GET account-info/details"""
    home = call.portal.rates.currency
    return answer(
        {
            "portalId": PORTAL_ID,
            "accountType": "STANDARD",
            "timeZone": call.portal.time_zone,
            "companyCurrency": home,
            "additionalCurrencies": [currency for currency in call.portal.rates.currencies if currency != home],
            "utcOffset": "+00:00",
            "utcOffsetMilliseconds": 0,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "eu1",
        }
    )


def dispositions(call: Call) -> Response:
    """GET /calling/v1/dispositions: HubSpot's own call outcomes and those that admins have added."""
    outcomes = call.portal.definitions(call.portal.kind("calls")).live["hs_call_disposition"]["options"]
    return answer([{"id": one["value"], "label": one["label"], "deleted": False} for one in outcomes])


def token(call: Call) -> Response:
    """POST oauth/token"""
    return answer(call.access.refresh(call.request.form()))


def token_info(call: Call, rest: tuple[str, ...]) -> Response:
    """GET oauth/access-tokens/{token}, POST oauth/token/introspect"""
    given = rest[1] if rest[:1] == ("access-tokens",) else call.request.form().get("token", "")
    return answer(call.access.describe(given))


def refresh_token_info(call: Call, token: str) -> Response:
    """GET oauth/v1/refresh-tokens/{token}"""
    return answer(call.access.describe_refresh(token))


def revoked(call: Call) -> Response:
    """POST oauth/token/revoke: 204 whether or not the token was known."""
    call.access.revoke(call.request.form().get("token", ""))
    return no_content()


def imports(call: Call) -> Response:
    """GET imports: nobody has made one."""
    call.access.require(call.token, "crm.import", *(kind.read_scope for kind in call.portal.registry.types))
    return answer({"results": []})
