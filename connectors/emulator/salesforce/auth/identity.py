"""Who a session belongs to, in the shapes of OpenID, of the identity address and of SOAP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.emulator.salesforce.call import answer
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.server.http import Response


def identity(org: Org, user_id: str, base: str) -> Response:
    """The identity of a session's user, as the address in `id` gives it."""
    row = org.store.get("User", user_id) or {}
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
            "email_verified": True,
            "photos": _photos(base),
            **dict.fromkeys(("addr_street", "addr_city", "addr_state", "addr_country", "addr_zip", "mobile_phone")),
            "mobile_phone_verified": False,
            "status": {"created_date": None, "body": None},
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": _offset(row.get("TimeZoneSidKey")),
            "last_modified_date": row.get("LastModifiedDate"),
            "urls": _urls(org, user_id, base),
        }
    )


def soap_user(org: Org, user_id: str) -> dict[str, Any]:
    """The answer of `getUserInfo` (SOAP API Developer Guide, "getUserInfoResult")."""
    row = org.store.get("User", user_id) or {}
    return {
        "accessibilityMode": False,
        "chatterExternal": False,
        "currencySymbol": None if org.schema.multi_currency else org.corporate_currency,
        "orgAttachmentFileSizeLimit": 5_242_880,
        "orgDefaultCurrencyIsoCode": None if org.schema.multi_currency else org.corporate_currency,
        "orgDefaultCurrencyLocale": None if org.schema.multi_currency else "en_US",
        "orgDisallowHtmlAttachments": False,
        "orgHasPersonAccounts": "IsPersonAccount" in org.schema.objects["Account"].fields,
        "organizationId": org.org_id,
        "organizationMultiCurrency": org.schema.multi_currency,
        "organizationName": (org.store.get("Organization", org.org_id) or {}).get("Name"),
        "profileId": row.get("ProfileId"),
        "roleId": row.get("UserRoleId"),
        "sessionSecondsValid": 7200,
        "userDefaultCurrencyIsoCode": org.corporate_currency if org.schema.multi_currency else None,
        "userEmail": row.get("Email"),
        "userFullName": row.get("Name"),
        "userId": user_id,
        "userLanguage": "en_US",
        "userLocale": "en_US",
        "userName": row.get("Username"),
        "userTimeZone": row.get("TimeZoneSidKey"),
        "userType": "Standard",
        "userUiSkin": "Theme4d",
    }


def userinfo(org: Org, user_id: str, base: str) -> Response:
    """The OpenID answer (Salesforce Help, "Query for User Information")."""
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
            "photos": _photos(base),
            "profile": f"{base}/{user_id}",
            "picture": _photos(base)["picture"],
            "address": {"country": row.get("Country") or "US"},
            "is_salesforce_integration_user": False,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": _offset(row.get("TimeZoneSidKey")),
            "updated_at": row.get("LastModifiedDate"),
            "active": bool(row.get("IsActive")),
            "is_app_installed": True,
            "urls": _urls(org, user_id, base),
        }
    )


def _photos(base: str) -> dict[str, str]:
    return {"picture": f"{base}/profilephoto/005/F", "thumbnail": f"{base}/profilephoto/005/T"}


def _offset(zone: str | None) -> int:
    """Milliseconds that a zone is ahead of UTC, daylight saving left out."""
    try:
        place = ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return 0
    moment = datetime(2026, 1, 1, tzinfo=UTC).astimezone(place)
    ahead, saved = moment.utcoffset(), moment.dst()
    return int(((ahead.total_seconds() if ahead else 0) - (saved.total_seconds() if saved else 0)) * 1000)


def _urls(org: Org, user_id: str, base: str) -> dict[str, str]:
    """Addresses of the APIs, the version left as a placeholder."""
    rest, org_id = f"{base}/services/data/v{{version}}/", org.org_id[:15]
    soap = {kind: f"{base}/services/Soap/{letter}/{{version}}/{org_id}" for kind, letter in
            (("enterprise", "c"), ("metadata", "m"), ("partner", "u"), ("tooling_soap", "T"))}  # fmt: skip
    resources = ("sobjects", "search", "query", "recent", "tooling")
    plain = {("tooling_rest" if name == "tooling" else name): f"{rest}{name}/" for name in resources}
    chatter = {name: f"{rest}chatter/{path}" for name, path in
               (("feeds", "feeds"), ("groups", "groups"), ("users", "users"), ("feed_items", "feed-items"),
                ("feed_elements", "feed-elements"))}  # fmt: skip
    return {**soap, "rest": rest, **plain, **chatter, "profile": f"{base}/{user_id}", "custom_domain": base}
