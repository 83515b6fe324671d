"""Fills an emulated organisation with a canonical one, so that whoever reads it rightly recovers the same records."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass, replace

from connectors.emulator.organisation.model import Organisation
from connectors.emulator.salesforce.seed import commerce as seed_commerce
from connectors.emulator.salesforce.seed import service as seed_service
from connectors.emulator.salesforce.seed.activities import Activities
from connectors.emulator.salesforce.seed.setup import ADMIN_FIELDS, People, add_field, company, fill_users
from connectors.emulator.salesforce.seed.tools import Filling
from connectors.emulator.salesforce.store.dates import stamp
from connectors.emulator.salesforce.store.org import Org

INTEGRATION_SET = "CRM_Integration_User"


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a filled organisation is known by."""

    admin_user: str
    integration_user: str
    queue_user: str
    """Whom the assignment rule gives records to."""
    usernames: dict[str, str]
    ids: Mapping[str, Mapping[str, str]]
    """Stream -> canonical id -> record id. An email's is its EmailMessage."""


def seed(org: Org, organisation: Organisation) -> Seeded:
    """Writes every table of the organisation as Salesforce objects."""
    now = stamp(organisation.now)
    org.corporate_currency = organisation.corporate_currency
    for owner, fields in ADMIN_FIELDS.items():
        for f in fields:
            add_field(org, owner, replace(f, values=list(f.values)))
    people = People(org, now)
    company(org, "Emulated organisation", organisation.time_zone, now, people.admin)
    admin_profile, standard_profile, minimum_profile = people.profiles()
    admin_set = people.permission_set(
        "X00eAdministrator",
        "System Administrator",
        IsOwnedByProfile=1,
        ProfileId=admin_profile,
        PermissionsModifyAllData=1,
        PermissionsViewAllData=1,
        PermissionsApiEnabled=1,
        PermissionsCustomizeApplication=1,
        PermissionsModifyMetadata=1,
    )
    integration_set = people.permission_set(
        INTEGRATION_SET, "CRM Integration User", IsCustom=1, PermissionsApiEnabled=1
    )
    people.grant(admin_set, edit=True)
    people.grant(integration_set, edit=False)
    people.assign(admin_set, people.admin)
    people.assign(integration_set, people.integration)
    domain = organisation.own_domains[0] if organisation.own_domains else "invalid.example"
    admin_name, integration_name = f"admin@{domain}", f"integration@{domain}"
    people.user(people.admin, "System Administrator", admin_name, admin_name, admin_profile, "UTC")
    people.user(people.integration, "Integration User", integration_name, integration_name, minimum_profile, "UTC")
    filling = _filling(org, organisation, people.admin, now)
    usernames = fill_users(filling, people, standard_profile)
    collecting = gc.isenabled()
    gc.disable()  # millions of tuples, none in a cycle: the collector would only walk them again and again
    try:
        _fill(filling)
    finally:
        if collecting:
            gc.enable()
    org.store.index()
    org.access.forget()
    return Seeded(
        people.admin,
        people.integration,
        people.admin,
        {**usernames, admin_name: people.admin, integration_name: people.integration},
        filling.ids,
    )


def _filling(org: Org, organisation: Organisation, admin: str, now: str) -> Filling:
    gone: dict[str, set[str]] = {}
    for stream, record in organisation.deleted:
        gone.setdefault(stream, set()).add(record)
    return Filling(
        org,
        organisation.tables,
        admin,
        organisation.corporate_currency,
        now,
        {stream: frozenset(records) for stream, records in gone.items()},
        dict(organisation.merges),
    )


def _fill(filling: Filling) -> None:
    seed_service.currencies(filling)
    seed_commerce.accounts(filling)
    seed_commerce.contacts(filling)
    seed_commerce.opportunities(filling)
    seed_commerce.opportunity_people(filling)
    products = seed_commerce.products(filling)
    seed_commerce.line_items(filling, products)
    seed_commerce.rivals(filling)
    seed_service.cases(filling)
    seed_service.contracts(filling)
    seed_service.assets(filling, products)
    Activities(filling).fill()
