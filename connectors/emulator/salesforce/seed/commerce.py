"""Accounts, contacts, opportunities and what hangs on them, as Salesforce keeps them."""

from __future__ import annotations

from typing import Any

from connectors.emulator.salesforce.seed.tools import Filling, split_name
from connectors.records import Stream

_STAGE_BY_FLAGS = {(True, True): "Closed Won", (True, False): "Closed Lost"}


def accounts(filling: Filling) -> None:
    stream: Stream = "accounts"
    ids = filling.number(stream, "001")
    owners = filling.refer("users", filling.column(stream, "owner_id"), filling.admin)
    flags = {True: "Yes", False: "No", None: None}
    audit = filling.audit(stream, owners)
    losers = [filling.winners.get(canonical) for canonical in filling.ids[stream]]
    audit["IsDeleted"] = [
        int(bool(gone) or bool(loser)) for gone, loser in zip(audit["IsDeleted"], losers, strict=True)
    ]
    industries, types = filling.column(stream, "industry"), filling.column(stream, "type")
    filling.offer("Account", "Industry", industries)
    filling.offer("Account", "Type", types)
    domains = filling.column(stream, "domain")
    filling.load(
        "Account",
        {
            "Id": ids,
            "MasterRecordId": filling.refer(stream, losers),
            "Name": [name or "(no name)" for name in filling.column(stream, "name")],
            "ParentId": filling.refer(stream, filling.column(stream, "parent_id")),
            "Type": types,
            "Industry": industries,
            "BillingCountry": filling.column(stream, "country"),
            "CurrencyIsoCode": filling.money_code(stream),
            "AnnualRevenue": filling.column(stream, "annual_revenue"),
            "NumberOfEmployees": filling.column(stream, "employees"),
            "OwnerId": owners,
            "Website": [f"https://{domain}" if domain else None for domain in domains],
            "Wallet__c": filling.column(stream, "wallet"),
            "Strategic_Importance__c": filling.column(stream, "strategic_importance"),
            "Mission_Criticality__c": filling.column(stream, "mission_criticality"),
            "Non_Modularity__c": filling.column(stream, "non_modularity"),
            "Strategic_Customer__c": [flags[flag] for flag in filling.column(stream, "strategic_customer")],
            "Known_Vendors__c": filling.column(stream, "known_vendors"),
            "Contract_Start__c": filling.times(stream, "contract_start"),
            "Contract_End__c": filling.times(stream, "contract_end"),
            **audit,
        },
    )


def contacts(filling: Filling) -> None:
    stream: Stream = "people"
    ids = filling.number(stream, "003")
    names = [split_name(name, "[not provided]") for name in filling.column(stream, "name")]
    filling.load(
        "Contact",
        {
            "Id": ids,
            "AccountId": filling.refer("accounts", filling.column(stream, "account_id")),
            "FirstName": [first for first, _ in names],
            "LastName": [last for _, last in names],
            "Name": [f"{first} {last}" if first else last for first, last in names],
            "Email": filling.column(stream, "email"),
            "Title": filling.column(stream, "title"),
            "CurrencyIsoCode": [filling.corporate_currency] * len(ids),
            "OwnerId": [filling.admin] * len(ids),
            **filling.audit(stream),
        },
    )


def opportunities(filling: Filling) -> None:
    stream: Stream = "opportunities"
    ids = filling.number(stream, "006")
    owners = filling.refer("users", filling.column(stream, "owner_id"), filling.admin)
    closed = [bool(flag) for flag in filling.column(stream, "is_closed")]
    won = [bool(flag) for flag in filling.column(stream, "is_won")]
    stages = [
        stage or _STAGE_BY_FLAGS.get(flags, "Prospecting")
        for stage, flags in zip(filling.column(stream, "stage"), zip(closed, won, strict=True), strict=True)
    ]
    chances = [None if p is None else p * 100 for p in filling.column(stream, "probability")]
    _stages(filling, stages, closed, won, chances)
    closes = filling.times(stream, "close_at")
    types = filling.column(stream, "type")
    filling.offer("Opportunity", "Type", types)
    with_items = set(filling.column("line_items", "opportunity_id"))
    filling.load(
        "Opportunity",
        {
            "Id": ids,
            "AccountId": filling.refer("accounts", filling.column(stream, "account_id")),
            "Name": [(name or "(no name)")[:120] for name in filling.column(stream, "name")],
            "StageName": stages,
            "Amount": filling.column(stream, "amount"),
            "Probability": [None if p is None else round(p, 9) for p in chances],
            "CloseDate": [(stamp or filling.now)[:10] for stamp in closes],
            "Closed_At__c": closes,
            "LastStageChangeDate": filling.times(stream, "stage_changed_at"),
            "Type": types,
            "IsClosed": [int(flag) for flag in closed],
            "IsWon": [int(flag) for flag in won],
            "ForecastCategoryName": [_forecast(c, w) for c, w in zip(closed, won, strict=True)],
            "CurrencyIsoCode": filling.money_code(stream),
            "HasOpportunityLineItem": [int(canonical in with_items) for canonical in filling.ids[stream]],
            "OwnerId": owners,
            "Product_Family__c": filling.column(stream, "product_family"),
            "Competitors__c": [None if r is None else ";".join(r) for r in filling.column(stream, "rivals")],
            **filling.audit(stream, owners),
        },
    )


def _forecast(closed: bool, won: bool) -> str:
    return ("Closed" if won else "Omitted") if closed else "Pipeline"


def _stages(filling: Filling, stages: list[str], closed: list[bool], won: list[bool], chances: list[Any]) -> None:
    known: dict[str, tuple[bool, bool, Any]] = {"Closed Won": (True, True, 100.0), "Closed Lost": (True, False, 0.0)}
    for stage, is_closed, is_won, chance in zip(stages, closed, won, chances, strict=True):
        known.setdefault(stage, (is_closed, is_won, chance))
    filling.offer("Opportunity", "StageName", known)
    org = filling.org
    filling.load(
        "OpportunityStage",
        {
            "Id": [org.serials.next("01J") for _ in known],
            "MasterLabel": list(known),
            "ApiName": list(known),
            "IsActive": [1] * len(known),
            "SortOrder": list(range(1, len(known) + 1)),
            "IsClosed": [int(c) for c, _, _ in known.values()],
            "IsWon": [int(w) for _, w, _ in known.values()],
            "ForecastCategoryName": [_forecast(c, w) for c, w, _ in known.values()],
            "DefaultProbability": [p for _, _, p in known.values()],
            **dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), [filling.now] * len(known)),
            **dict.fromkeys(("CreatedById", "LastModifiedById"), [filling.admin] * len(known)),
        },
    )


def opportunity_people(filling: Filling) -> None:
    stream: Stream = "opportunity_people"
    ids = filling.number(stream, "00K")
    roles = filling.column(stream, "role")
    filling.offer("OpportunityContactRole", "Role", roles)
    filling.load(
        "OpportunityContactRole",
        {
            "Id": ids,
            "OpportunityId": filling.refer("opportunities", filling.column(stream, "opportunity_id")),
            "ContactId": filling.refer("people", filling.column(stream, "person_id")),
            "Role": roles,
            "CurrencyIsoCode": [filling.corporate_currency] * len(ids),
            **filling.audit(stream),
        },
    )


def products(filling: Filling) -> dict[tuple[str | None, str | None], str]:
    """One product for each (id, family) that is sold or installed: their record ids."""
    pairs: dict[tuple[str | None, str | None], str] = {}
    for stream in ("line_items", "assets"):
        own = zip(filling.column(stream, "product_id"), filling.column(stream, "product_family"), strict=True)
        for pair in own:
            if pair != (None, None) and pair not in pairs:
                pairs[pair] = filling.org.serials.next("01t")
    filling.ids["products"] = {str(product or family): record for (product, family), record in pairs.items()}
    count = len(pairs)
    filling.offer("Product2", "Family", [family for _, family in pairs])
    system: dict[str, list[Any]] = {
        **dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), [filling.now] * count),
        **dict.fromkeys(("CreatedById", "LastModifiedById"), [filling.admin] * count),
        "IsDeleted": [0] * count,
    }
    code = [filling.corporate_currency] * count
    filling.load(
        "Product2",
        {
            "Id": list(pairs.values()),
            "Name": [product or family for product, family in pairs],
            "ProductCode": [product for product, _ in pairs],
            "Family": [family for _, family in pairs],
            "IsActive": [1] * count,
            "CurrencyIsoCode": code,
            **system,
        },
    )
    book = filling.org.serials.next("01s")
    one = {name: values[:1] or ([0] if name == "IsDeleted" else [filling.now]) for name, values in system.items()}
    one["CreatedById"] = one["LastModifiedById"] = [filling.admin]
    filling.load(
        "Pricebook2", {"Id": [book], "Name": ["Standard Price Book"], "IsActive": [1], "IsStandard": [1], **one}
    )
    filling.ids["pricebook_entries"] = {record: filling.org.serials.next("01u") for record in pairs.values()}
    filling.load(
        "PricebookEntry",
        {
            "Id": list(filling.ids["pricebook_entries"].values()),
            "Name": [product or family for product, family in pairs],
            "Pricebook2Id": [book] * count,
            "Product2Id": list(pairs.values()),
            "UnitPrice": [0.0] * count,
            "IsActive": [1] * count,
            "ProductCode": [product for product, _ in pairs],
            "CurrencyIsoCode": code,
            **system,
        },
    )
    return pairs


def line_items(filling: Filling, products_of: dict[tuple[str | None, str | None], str]) -> None:
    stream: Stream = "line_items"
    ids = filling.number(stream, "00k")
    names = filling.column(stream, "product_id")
    sold = [products_of.get(pair) for pair in zip(names, filling.column(stream, "product_family"), strict=True)]
    entries = filling.ids["pricebook_entries"]
    amounts, counts = filling.column(stream, "amount"), filling.column(stream, "quantity")
    filling.load(
        "OpportunityLineItem",
        {
            "Id": ids,
            "OpportunityId": filling.refer("opportunities", filling.column(stream, "opportunity_id")),
            "PricebookEntryId": [entries.get(record or "") for record in sold],
            "Product2Id": sold,
            "ProductCode": names,
            "Name": [name or "Product" for name in names],
            "Quantity": counts,
            "TotalPrice": amounts,
            "UnitPrice": [
                round(a / q, 2) if a is not None and q else None for a, q in zip(amounts, counts, strict=True)
            ],
            "CurrencyIsoCode": filling.money_code(stream),
            **filling.audit(stream),
        },
    )


def rivals(filling: Filling) -> None:
    """Competitors of deals; one named without a deal has no place in Salesforce and is left out."""
    stream: Stream = "rivals"
    ids = filling.number(stream, "00J")
    names = filling.column(stream, "name")
    filling.offer("OpportunityCompetitor", "CompetitorName", names)
    seen = [
        at or born
        for at, born in zip(filling.times(stream, "seen_at"), filling.times(stream, "created_at"), strict=True)
    ]
    columns = {
        "Id": ids,
        "OpportunityId": filling.refer("opportunities", filling.column(stream, "opportunity_id")),
        "CompetitorName": names,
        **filling.audit(stream, created=seen),
    }
    kept = [index for index, deal in enumerate(columns["OpportunityId"]) if deal is not None]
    filling.load("OpportunityCompetitor", {name: [values[i] for i in kept] for name, values in columns.items()})
