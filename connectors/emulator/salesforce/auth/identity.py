"""Who a session belongs to, in the shapes of OpenID, of the identity address and of SOAP."""

from __future__ import annotations

from typing import Any

from connectors.emulator.salesforce.rest.call import answer
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.server.http import Response


def identity(org: Org, user_id: str, base: str) -> Response:
    """The identity of a session's user, as the address in `id` gives it."""
    row = org.store.get("User", user_id) or {}
    rest = f"{base}/services/data/v{{version}}/"
    return answer(
        {
            "id": f"{base}/id/{org.org_id}/{user_id}",
            "asserted_user": True,
            "user_id": user_id,
            "organization_id": org.org_id,
            "username": row.get("Username"),
            "nick_name": row.get("Alias"),
            "display_name": row.get("Name"),
            "email": row.get("Email"),
            "first_name": row.get("FirstName"),
            "last_name": row.get("LastName"),
            "timezone": row.get("TimeZoneSidKey"),
            "active": bool(row.get("IsActive")),
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "urls": {
                "rest": rest,
                "sobjects": f"{rest}sobjects/",
                "query": f"{rest}query/",
                "metadata": f"{base}/services/Soap/m/{{version}}/{org.org_id[:15]}",
                "partner": f"{base}/services/Soap/u/{{version}}/{org.org_id[:15]}",
            },
        }
    )


def soap_user(org: Org, user_id: str) -> dict[str, Any]:
    """The answer of `getUserInfo`."""
    row = org.store.get("User", user_id) or {}
    return {
        "organizationId": org.org_id,
        "organizationMultiCurrency": org.schema.multi_currency,
        "profileId": row.get("ProfileId"),
        "userEmail": row.get("Email"),
        "userFullName": row.get("Name"),
        "userId": user_id,
        "userLanguage": "en_US",
        "userLocale": "en_US",
        "userName": row.get("Username"),
        "userTimeZone": row.get("TimeZoneSidKey"),
        "userType": "Standard",
    }


def userinfo(org: Org, user_id: str, base: str) -> Response:
    """The OpenID answer."""
    row = org.store.get("User", user_id) or {}
    return answer(
        {
            "sub": f"https://login.salesforce.com/id/{org.org_id}/{user_id}",
            "user_id": user_id,
            "organization_id": org.org_id,
            "preferred_username": row.get("Username"),
            "nickname": row.get("Alias"),
            "name": row.get("Name"),
            "email": row.get("Email"),
            "email_verified": True,
            "given_name": row.get("FirstName"),
            "family_name": row.get("LastName"),
            "zoneinfo": row.get("TimeZoneSidKey"),
            "profile": f"{base}/{user_id}",
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "active": bool(row.get("IsActive")),
            "urls": {
                "rest": f"{base}/services/data/v{{version}}/",
                "query": f"{base}/services/data/v{{version}}/query/",
            },
        }
    )
