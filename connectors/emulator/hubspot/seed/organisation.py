"""Fills a portal with an organisation: companies, contacts, owners, deals, line items, and two custom objects.

What HubSpot has no standard property for lives in properties that an admin of the portal has made (`CUSTOM`). Nothing
of the canonical tables is lost but what no HubSpot portal holds: the time zone of a user, whether only the day of an
act is known, and the order of participants after the first.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from connectors.emulator.hubspot.behaviours import Behaviours
from connectors.emulator.hubspot.schema.objects import (
    ASSETS,
    CHILD_OF_PARENT,
    CONTRACTS,
    PARENT_OF_CHILD,
    STANDARD,
    Registry,
    plain_type,
)
from connectors.emulator.hubspot.schema.properties import options
from connectors.emulator.hubspot.seed import activities as seed_activities
from connectors.emulator.hubspot.seed import line_items as seed_line_items
from connectors.emulator.hubspot.seed.custom import CUSTOM
from connectors.emulator.hubspot.seed.deals import close_values, pipeline
from connectors.emulator.hubspot.seed.source import Source, texts
from connectors.emulator.hubspot.seed.tables import BORN, FIRST_IDS, add_table, dates, link
from connectors.emulator.hubspot.store.columns import Column, Instants, Texts
from connectors.emulator.hubspot.store.money import Rates
from connectors.emulator.hubspot.store.portal import Portal
from connectors.emulator.hubspot.store.table import ARCHIVED, GONE
from connectors.emulator.organisation.model import Organisation

Ids = dict[str, dict[str, str]]


def fill(
    organisation: Organisation, behaviours: Behaviours, clock: Callable[[], float], *, associates_more: bool = False
) -> tuple[Portal, Ids]:
    """The portal, and the HubSpot id of every record of the organisation by stream."""
    source = Source(organisation, associates_more=associates_more)
    rates = Rates(organisation.corporate_currency, source.rates())
    registry = Registry((*STANDARD, CONTRACTS, ASSETS))
    portal = Portal(registry, rates, behaviours, clock, organisation.time_zone)
    for kind in registry.types:
        definitions = portal.definitions(kind)
        for name, type_, field_type in CUSTOM.get(kind.plural, ()):
            definitions.add_custom(name, type_, field_type, BORN)
    _owners(portal, source)
    for plural, stream in (("companies", "accounts"), ("contacts", "people"), ("deals", "opportunities")):
        source.number(stream, FIRST_IDS[plural])  # type: ignore[arg-type]
    _companies(portal, source)
    _contacts(portal, source)
    _deals(portal, source)
    seed_line_items.fill(portal, source)
    _custom_objects(portal, source)
    seed_activities.fill(portal, source)
    _gone(portal, source, organisation)
    return portal, {stream: source.identifiers(stream) for stream in source.numbered}


def _owners(portal: Portal, source: Source) -> None:
    source.number("users", 80_001)
    for row, user in enumerate(source.rows("users")):
        first, _, last = (user["name"] or "").partition(" ")
        inactive = user["active"] is False
        stamp = [Instants(source.instants("users", name, [row], BORN)).get(0) for name in ("created_at", "modified_at")]
        portal.owners.append(
            {
                "id": str(80_001 + row),
                "email": user["email"],
                "type": "PERSON",
                "firstName": first,
                "lastName": last,
                **({} if inactive else {"userId": 500 + row}),
                "userIdIncludingInactive": 500 + row,
                "createdAt": stamp[0],
                "updatedAt": stamp[1],
                "archived": inactive,
                "teams": [{"id": "1", "name": "Sales", "primary": True}],
            }
        )


def _companies(portal: Portal, source: Source) -> None:
    column = source.column
    customer = [
        stage or (None if kind is None else ("customer" if kind == "customer" else "lead"))
        for stage, kind in zip(column("accounts", "lifecycle_stage"), column("accounts", "type"), strict=True)
    ]
    parents = source.refs("accounts", "parent_id", "accounts")
    columns: dict[str, Column] = {
        "name": Texts(column("accounts", "name")),
        "type": Texts(column("accounts", "type")),
        "industry": Texts(column("accounts", "industry")),
        "country": Texts(column("accounts", "country")),
        "domain": Texts(column("accounts", "domain")),
        "lifecyclestage": Texts(customer),
        "annualrevenue": texts(column("accounts", "annual_revenue")),
        "hs_annual_revenue_currency_code": Texts(column("accounts", "currency")),
        "numberofemployees": texts(column("accounts", "employees")),
        "hubspot_owner_id": texts(source.refs("accounts", "owner_id", "users")),
        "hs_parent_company_id": texts(parents),
        "strategic_customer": texts(column("accounts", "strategic_customer")),
    }
    for name in ("wallet", "strategic_importance", "mission_criticality", "non_modularity", "known_vendors"):
        columns[name] = texts(column("accounts", name))
    for name in ("contract_start", "contract_end"):
        columns[name] = dates(portal, "companies", name, source.instants("accounts", name))
    add_table(portal, "companies", "accounts", source, columns)
    pairs = [(source.first("accounts") + row, parent) for row, parent in enumerate(parents) if parent is not None]
    if pairs:
        child, parent = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
        kinds = np.repeat(np.array([0, 1], np.int8), len(pairs))
        portal.links.seed(
            ("companies", "companies"),
            np.concatenate([child, parent]),
            np.concatenate([parent, child]),
            kinds,
            [(PARENT_OF_CHILD,), (CHILD_OF_PARENT,)],
        )


def _contacts(portal: Portal, source: Source) -> None:
    names = [("", "", "") if name is None else name.partition(" ") for name in source.column("people", "name")]
    companies = source.refs("people", "account_id", "accounts")
    columns: dict[str, Column] = {
        "firstname": Texts(name[0] or None for name in names),
        "lastname": Texts(name[2] or None for name in names),
        "email": Texts(source.column("people", "email")),
        "jobtitle": Texts(source.column("people", "title")),
        "associatedcompanyid": texts(companies),
    }
    add_table(portal, "contacts", "people", source, columns)
    link(portal, ("contacts", "companies"), source.first("people"), companies)


def _deals(portal: Portal, source: Source) -> None:
    column = source.column
    portal.pipelines["deals"], stages, probabilities = pipeline(source)
    currencies = column("opportunities", "currency")
    closes = source.instants("opportunities", "close_at")
    amounts = texts(column("opportunities", "amount"))
    home = [
        portal.rates.home(amount, currency, close)
        for amount, currency, close in zip(amounts.values, currencies, closes, strict=True)
    ]
    columns: dict[str, Column] = {
        "dealname": Texts(column("opportunities", "name")),
        "amount": amounts,
        "deal_currency_code": Texts(currencies),
        "hs_exchange_rate": Texts(rate for rate, _ in home),
        "amount_in_home_currency": Texts(amount for _, amount in home),
        "closedate": Instants(closes),
        "hs_v2_date_entered_current_stage": Instants(source.instants("opportunities", "stage_changed_at")),
        "pipeline": Texts(["default"] * len(stages)),
        "dealstage": Texts(stages),
        "dealtype": Texts(column("opportunities", "type")),
        "hubspot_owner_id": texts(source.refs("opportunities", "owner_id", "users")),
        "product_family": Texts(column("opportunities", "product_family")),
        "competitors": Texts(source.competitors()),
        **close_values(source, probabilities),
    }
    definitions = portal.definitions(portal.kind("deals")).live
    shown = portal.pipelines["deals"][0]
    definitions["pipeline"]["options"] = options([{"label": shown["label"], "value": shown["id"]}])
    definitions["dealstage"]["options"] = options({"label": s["label"], "value": s["id"]} for s in shown["stages"])
    definitions["deal_currency_code"]["options"] = options(portal.rates.currencies)
    add_table(portal, "deals", "opportunities", source, columns)
    link(
        portal,
        ("deals", "companies"),
        source.first("opportunities"),
        source.refs("opportunities", "account_id", "accounts"),
    )
    _deal_contacts(portal, source)


def _deal_contacts(portal: Portal, source: Source) -> None:
    pair = ("deals", "contacts")
    plain = plain_type(*pair)
    assert plain is not None
    roles = source.column("opportunity_people", "role")
    kinds = {role: portal.links.define(pair, role) for role in sorted(set(filter(None, roles)))}
    types = [(plain,), *((plain, kind) for kind in kinds.values())]
    number = {None: 0, **{role: at + 1 for at, role in enumerate(kinds)}}
    deals = source.refs("opportunity_people", "opportunity_id", "opportunities")
    people = source.refs("opportunity_people", "person_id", "people")
    rows = {
        (d, p): number[role] for d, p, role in zip(deals, people, roles, strict=True) if d is not None and p is not None
    }
    portal.links.seed(
        pair,
        np.array([deal for deal, _ in rows], np.int64),
        np.array([person for _, person in rows], np.int64),
        np.array(list(rows.values()), np.int8),
        types,
    )


def _custom_objects(portal: Portal, source: Source) -> None:
    column = source.column
    for plural in ("contracts", "assets"):
        source.number(plural, FIRST_IDS[plural])
    words = {True: "Active", False: "Inactive", None: None}
    status = [s or words[a] for s, a in zip(column("contracts", "status"), column("contracts", "active"), strict=True)]
    contracts: dict[str, Column] = {
        "contract_name": Texts(f"Contract {row + 1}" for row in range(len(status))),
        "start_date": dates(portal, "contracts", "start_date", source.instants("contracts", "start_at")),
        "end_date": dates(portal, "contracts", "end_date", source.instants("contracts", "end_at")),
        "contract_status": Texts(status),
    }
    add_table(portal, "contracts", "contracts", source, contracts)
    link(portal, ("contracts", "companies"), FIRST_IDS["contracts"], source.refs("contracts", "account_id", "accounts"))
    assets: dict[str, Column] = {
        "asset_name": Texts(column("assets", "product_id")),
        "product_family": Texts(column("assets", "product_family")),
        "product_id": Texts(column("assets", "product_id")),
        "asset_status": Texts(words[active] for active in column("assets", "active")),
        "is_competitor": texts(column("assets", "is_rival")),
        "vendor": Texts(column("assets", "vendor")),
        "installed_on": dates(portal, "assets", "installed_on", source.instants("assets", "installed_at")),
        "ends_on": dates(portal, "assets", "ends_on", source.instants("assets", "ends_at")),
        "price": texts(column("assets", "price")),
        "currency": Texts(column("assets", "currency")),
        "quantity": texts(column("assets", "quantity")),
    }
    add_table(portal, "assets", "assets", source, assets)
    link(portal, ("assets", "companies"), FIRST_IDS["assets"], source.refs("assets", "account_id", "accounts"))


def _gone(portal: Portal, source: Source, organisation: Organisation) -> None:
    """Merged-away companies and archived records."""
    companies = portal.tables["companies"]
    for loser, winner in organisation.merges:
        lost, kept = source.refs_of("accounts", loser), source.refs_of("accounts", winner)
        row = companies.rows_between(lost, lost)[0]
        companies.state[row] = GONE
        companies.merged_into[lost] = kept
        survivor = companies.rows_between(kept, kept)[0]
        merged = companies.column("hs_merged_object_ids")
        merged.set(survivor, ";".join(filter(None, [merged.get(survivor), str(lost)])))
    at = int(organisation.now.timestamp() * 1000)
    for stream, record in organisation.deleted:
        found = source.identifiers(stream).get(record)
        plural = source.home(stream, record)
        if found is None or plural is None:
            continue
        table = portal.tables[plural]
        row = table.rows_between(int(found), int(found))[0]
        table.state[row] = ARCHIVED
        table.archived_at[row] = at
