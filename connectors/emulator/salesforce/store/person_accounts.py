"""Person accounts: customers who are one person, an Account and a Contact in one."""

from __future__ import annotations

from connectors.emulator.salesforce.store.errors import RowError
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.schema import parse_field

_ACCOUNT = (
    "IsPersonAccount boolean ro open default",
    "PersonContactId reference(Contact:PersonContact) ro open",
    "PersonEmail email(80)",
    "FirstName string(40) open",
    "LastName string(80) open",
)
_CONTACT = ("IsPersonAccount boolean ro open default",)


def switch_on(org: Org) -> None:
    """The fields that an organisation with person accounts has for good. Before any record is there."""
    for name, lines in (("Account", _ACCOUNT), ("Contact", _CONTACT)):
        for line in lines:
            made = parse_field(line)
            org.schema.objects[name].add(made)
            org.store.add_column(org.schema.objects[name], made)


def become(org: Org, account_id: str, contact_id: str) -> None:
    """Makes an account and its only contact one person. Raises RowError when they are not such a pair."""
    account, contact = org.store.get("Account", account_id), org.store.get("Contact", contact_id)
    if "PersonContactId" not in org.schema.objects["Account"].fields:
        raise RowError("FUNCTIONALITY_NOT_ENABLED", "Person accounts are not enabled")
    if account is None or contact is None or contact["AccountId"] != account_id:
        raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    stamps = {"LastModifiedDate": org.write_stamp()}
    stamps["SystemModstamp"] = stamps["LastModifiedDate"]
    person = {"FirstName": contact["FirstName"], "LastName": contact["LastName"], "Name": contact["Name"]}
    own = {"IsPersonAccount": 1, "PersonContactId": contact_id, "PersonEmail": contact["Email"]}
    org.store.update("Account", account_id, {**own, **person, **stamps})
    org.store.update("Contact", contact_id, {"IsPersonAccount": 1, **stamps})
