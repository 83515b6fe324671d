"""Who we are signed in as: licence, profile and permission sets, and whether that is more than a nightly run needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.base import Finding
from connectors.salesforce.api.answers import Found, Record
from connectors.salesforce.api.client import Client, soql

_USER = "SELECT Profile.Name, Profile.UserLicense.Name, Profile.PermissionsModifyAllData FROM User WHERE Id = {}"
_SETS = (
    "SELECT PermissionSet.Name, PermissionSet.PermissionsModifyAllData FROM PermissionSetAssignment"
    " WHERE AssigneeId = {} AND PermissionSet.IsOwnedByProfile = false"
)
_EVERYTHING = "PermissionsModifyAllData"


def rights(client: Client, user: str) -> Iterator[Finding]:
    """What this user is and may; says so when the organisation does not tell."""
    answers = client.queries([soql(_USER, user), soql(_SETS, user)])
    users, sets = (answer.records if isinstance(answer, Found) else [] for answer in answers)
    profile = _of(users[0], "Profile") if users else {}
    if not profile:
        yield Finding("ok", "credentials", "This user's licence and profile are not shown to it.")
        return
    licence = _of(profile, "UserLicense").get("Name") or "not shown"
    held = [_of(row, "PermissionSet") for row in sets]
    names = ", ".join(sorted(str(each.get("Name")) for each in held)) or "none"
    yield Finding("ok", "credentials", f"Licence {licence}, profile {profile.get('Name')}, permission sets: {names}.")
    if any(each.get(_EVERYTHING) for each in (profile, *held)):
        yield Finding(
            "warn",
            "credentials",
            "You are signed in as an administrator: fine for installing, too powerful for the nightly sync.",
            "Let the nightly run sign in as a user with no more than the permission set Bothways_Integration.",
        )


def _of(row: Record, name: str) -> Record:
    value = row.get(name)
    return value if isinstance(value, dict) else {}


_ENDING = ((31, 40, "Summer '27", "Summer '28"),)
"""Versions from and to, the release from which they are no longer supported, and that in which they are gone
(Salesforce Help 005321531).
"""


def ending(version: str, served: Sequence[str]) -> Iterator[Finding]:
    """A version of the API whose end is announced."""
    number = int(version.split(".", maxsplit=1)[0])
    for first, last, unsupported, gone in _ENDING:
        if first <= number <= last:
            yield Finding(
                "warn",
                "credentials",
                f"API version {version} is no longer supported from {unsupported} on, and gone with {gone}.",
                f'Set crm.api_version = "{served[-1]}", or leave it out.',
            )
