"""The organisation before its business data: company, users, profiles, permission sets, fields its admin has made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connectors.emulator.salesforce.seed.tools import Filling, split_name
from connectors.emulator.salesforce.store.access import CONTROLLED_BY
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.schema import Field

ADMIN_FIELDS: dict[str, tuple[Field, ...]] = {
    "Account": (
        Field("Wallet__c", "currency", "Wallet", precision=18, scale=2),
        Field("Strategic_Importance__c", "double", "Strategic importance (0-1)", precision=4, scale=3),
        Field("Mission_Criticality__c", "double", "Mission criticality (0-1)", precision=4, scale=3),
        Field("Non_Modularity__c", "double", "Non-modularity (0-1)", precision=4, scale=3),
        Field("Strategic_Customer__c", "picklist", "Strategic customer", 255, values=["Yes", "No"], restricted=True),
        Field("Known_Vendors__c", "double", "Known vendors", precision=4, scale=0),
        Field("Contract_Start__c", "datetime", "Contract start"),
        Field("Contract_End__c", "datetime", "Contract end"),
    ),
    "Activity": (
        Field("Automated__c", "boolean", "Automated"),
        Field("Mandated__c", "boolean", "Mandated"),
        Field(
            "Meeting_Outcome__c",
            "picklist",
            "Meeting outcome",
            255,
            values=["Held", "No show", "Cancelled", "Scheduled"],
            restricted=True,
        ),
    ),
    "EmailMessage": (
        Field("Automated__c", "boolean", "Automated"),
        Field("Mandated__c", "boolean", "Mandated"),
    ),
    "Opportunity": (
        Field("Product_Family__c", "string", "Product family", 255),
        Field("Competitors__c", "string", "Competitors (separated by ;)", 255),
        Field("Closed_At__c", "datetime", "Closed at"),
    ),
    "Case": (
        Field("First_Reply_At__c", "datetime", "First reply at"),
        Field(
            "Opportunity__c", "reference", "Opportunity", 18, refers_to=("Opportunity",), relationship="Opportunity__r"
        ),
    ),
    "Asset": (Field("Vendor__c", "string", "Vendor", 255),),
}
ACTIVITY_OBJECTS = ("Task", "Event")


def add_field(org: Org, owner: str, new: Field) -> None:
    """A custom field; one of Activity comes to be on tasks and events alike."""
    new.custom = True
    for name in ACTIVITY_OBJECTS if owner == "Activity" else (owner,):
        thing = org.schema.objects[name]
        thing.add(new)
        org.store.add_column(thing, new)


def company(org: Org, name: str, time_zone: str, now: str, admin: str) -> None:
    org.store.insert(
        "Organization",
        {
            "Id": org.org_id,
            "Name": name,
            "DefaultLocaleSidKey": "en_US",
            "TimeZoneSidKey": time_zone,
            "LanguageLocaleKey": "en_US",
            "FiscalYearStartMonth": 1,
            "OrganizationType": "Developer Edition",
            "InstanceName": "EMU1",
            "IsSandbox": 0,
            "CreatedDate": now,
            "CreatedById": admin,
            "LastModifiedDate": now,
            "LastModifiedById": admin,
            "SystemModstamp": now,
        },
    )


class People:
    """Profiles, permission sets and users."""

    def __init__(self, org: Org, now: str) -> None:
        self._org = org
        self._now = now
        self.admin = org.serials.next("005")
        self.integration = org.serials.next("005")

    def profiles(self) -> tuple[str, str, str]:
        """Ids of the profiles System Administrator, Standard User and Minimum Access - API Only Integrations."""
        licences = [
            self._insert(
                "UserLicense",
                Name=n,
                MasterLabel=n,
                LicenseDefinitionKey=k,
                Status="Active",
                TotalLicenses=100,
                UsedLicenses=10,
            )
            for n, k in (("Salesforce", "SFDC"), ("Salesforce Integration", "PID_Salesforce_Integration"))
        ]
        every = dict.fromkeys(
            (
                f"Permissions{p}"
                for p in ("ModifyAllData", "ViewAllData", "ApiEnabled", "CustomizeApplication", "ModifyMetadata")
            ),
            1,
        )
        admin = self._insert(
            "Profile", Name="System Administrator", UserLicenseId=licences[0], UserType="Standard", **every
        )
        standard = self._insert(
            "Profile", Name="Standard User", UserLicenseId=licences[0], UserType="Standard", PermissionsApiEnabled=1
        )
        minimum = self._insert(
            "Profile", Name="Minimum Access - API Only Integrations", UserLicenseId=licences[1], UserType="Standard"
        )
        return admin, standard, minimum

    def permission_set(self, name: str, label: str, **values: Any) -> str:
        return self._insert(
            "PermissionSet",
            Name=name,
            Label=label,
            Type="Profile" if values.get("IsOwnedByProfile") else "Regular",
            **values,
        )

    def assign(self, permission_set: str, user: str) -> None:
        self._insert("PermissionSetAssignment", PermissionSetId=permission_set, AssigneeId=user, IsActive=1)

    def user(self, user_id: str, name: str, email: str, username: str, profile: str, zone: str, **values: Any) -> None:
        first, last = split_name(name, username)
        self._insert(
            "User",
            Id=user_id,
            Username=username,
            FirstName=first,
            LastName=last,
            Name=name or username,
            Email=email,
            Alias=(last or name)[:8].lower(),
            ProfileId=profile,
            TimeZoneSidKey=zone,
            LocaleSidKey="en_US",
            EmailEncodingKey="UTF-8",
            LanguageLocaleKey="en_US",
            UserType="Standard",
            **{"IsActive": 1, **values},
        )

    def grant(self, permission_set: str, *, edit: bool) -> None:
        """Read (or read and edit) of every object and field there is, with View All."""
        objects, fields = self._org.schema.objects, []
        for thing in objects.values():
            if "setup" not in thing.flags and thing.name not in CONTROLLED_BY:
                self._insert(
                    "ObjectPermissions",
                    ParentId=permission_set,
                    SobjectType=thing.name,
                    PermissionsRead=1,
                    PermissionsViewAllRecords=1,
                    **dict.fromkeys(("PermissionsCreate", "PermissionsEdit", "PermissionsDelete"), int(edit)),
                )
            fields += [(thing.name, f.name) for f in thing.fields.values() if f.permissionable]
        grant_fields(self._org, permission_set, fields, edit=edit, now=self._now)

    def _insert(self, name: str, **values: Any) -> str:
        thing = self._org.schema.objects[name]
        record_id = str(values.pop("Id", "") or self._org.serials.next(thing.prefix))
        system = {
            "CreatedDate": self._now,
            "CreatedById": self.admin,
            "LastModifiedDate": self._now,
            "LastModifiedById": self.admin,
            "SystemModstamp": self._now,
        }
        flags = {f.name: 0 for f in thing.fields.values() if f.type == "boolean"}
        row = {**flags, **{k: v for k, v in system.items() if k in thing.fields}, **values, "Id": record_id}
        self._org.store.insert(name, row)
        return record_id


def grant_fields(org: Org, permission_set: str, fields: Iterable[tuple[str, str]], *, edit: bool, now: str) -> None:
    """Field-level security: one row for each field."""
    rows = [
        (org.serials.next("01k"), permission_set, thing, f"{thing}.{name}", 1, int(edit), now) for thing, name in fields
    ]
    org.store.load(
        "FieldPermissions",
        ["Id", "ParentId", "SobjectType", "Field", "PermissionsRead", "PermissionsEdit", "SystemModstamp"],
        rows,
    )


def fill_users(filling: Filling, people: People, standard_profile: str) -> dict[str, str]:
    """The sellers; returns username -> user id."""
    ids = filling.number("users", "005")
    taken: dict[str, str] = {}
    columns = [filling.column("users", name) for name in ("name", "email", "active", "time_zone")]
    audits = filling.audit("users")
    for index, (user_id, name, email, active, zone) in enumerate(zip(ids, *columns, strict=True)):
        username = email or f"user{index}@invalid.example"
        if username in taken:
            username = f"{username}.{index}"
        taken[username] = user_id
        people.user(
            user_id,
            name,
            email or username,
            username,
            standard_profile,
            zone or "UTC",
            IsActive=int(active is not False),
            **{column: values[index] for column, values in audits.items() if column != "IsDeleted"},
        )
    return taken
