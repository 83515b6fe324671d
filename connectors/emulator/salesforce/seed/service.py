"""Cases, contracts, assets and currencies, as Salesforce keeps them."""

from __future__ import annotations

from connectors.emulator.salesforce.seed.tools import Filling
from connectors.records import Stream

_OWN_ORIGIN, _OWN_ORIGIN_EVERY = "Email - Service Desk", 3
"""An administrator's own word for how cases come in, and one in so many of those that customers wrote has it."""


def cases(filling: Filling) -> None:
    stream: Stream = "cases"
    ids = filling.number(stream, "500")
    closed = filling.times(stream, "closed_at")
    owners = filling.refer("users", filling.column(stream, "owner_id"), filling.admin)
    opened = [
        at or born
        for at, born in zip(filling.times(stream, "opened_at"), filling.times(stream, "created_at"), strict=True)
    ]
    priorities = filling.column(stream, "priority")
    filling.offer("Case", "Priority", priorities)
    addresses = dict(zip(filling.column("people", "id"), filling.column("people", "email"), strict=True))
    writers = [addresses.get(person) for person in filling.column(stream, "person_id")]
    origins = [
        {True: "Email", False: "Internal", None: None}[flag]
        if not flag or not writer or at % _OWN_ORIGIN_EVERY
        else _OWN_ORIGIN
        for at, (flag, writer) in enumerate(zip(filling.column(stream, "by_customer"), writers, strict=True))
    ]
    filling.offer("Case", "Origin", origins)
    filling.load(
        "Case",
        {
            "Id": ids,
            "CaseNumber": [f"{number:08d}" for number in range(1001, 1001 + len(ids))],
            "AccountId": filling.refer("accounts", filling.column(stream, "account_id")),
            "ContactId": filling.refer("people", filling.column(stream, "person_id")),
            "Opportunity__c": filling.refer("opportunities", filling.column(stream, "opportunity_id")),
            "Status": ["Closed" if at else "Working" for at in closed],
            "IsClosed": [int(at is not None) for at in closed],
            "ClosedDate": closed,
            "Origin": origins,
            "SuppliedEmail": [
                w if o in ("Email", _OWN_ORIGIN) else None for o, w in zip(origins, writers, strict=True)
            ],
            "Priority": priorities,
            "First_Reply_At__c": filling.times(stream, "first_reply_at"),
            "Subject": [f"Case {number}" for number in range(1001, 1001 + len(ids))],
            "OwnerId": owners,
            "CurrencyIsoCode": [filling.corporate_currency] * len(ids),
            **filling.audit(stream, owners, created=opened),
        },
    )


def contracts(filling: Filling) -> None:
    stream: Stream = "contracts"
    ids = filling.number(stream, "800")
    active = [bool(flag) for flag in filling.column(stream, "active")]
    statuses = [
        status or ("Activated" if on else "Draft")
        for status, on in zip(filling.column(stream, "status"), active, strict=True)
    ]
    filling.offer("Contract", "Status", statuses)
    starts, ends = filling.days(stream, "start_at"), filling.days(stream, "end_at")
    filling.load(
        "Contract",
        {
            "Id": ids,
            "ContractNumber": [f"{number:08d}" for number in range(101, 101 + len(ids))],
            "AccountId": filling.refer("accounts", filling.column(stream, "account_id")),
            "StartDate": starts,
            "EndDate": ends,
            "ContractTerm": [
                None if a is None or b is None else (int(b[:4]) - int(a[:4])) * 12 + int(b[5:7]) - int(a[5:7])
                for a, b in zip(starts, ends, strict=True)
            ],
            "Status": statuses,
            "StatusCode": ["Activated" if on else "Draft" for on in active],
            "OwnerId": [filling.admin] * len(ids),
            "CurrencyIsoCode": [filling.corporate_currency] * len(ids),
            **filling.audit(stream),
        },
    )


def assets(filling: Filling, products_of: dict[tuple[str | None, str | None], str]) -> None:
    stream: Stream = "assets"
    ids = filling.number(stream, "02i")
    names, families = filling.column(stream, "product_id"), filling.column(stream, "product_family")
    vendors = filling.column(stream, "vendor")
    filling.load(
        "Asset",
        {
            "Id": ids,
            "AccountId": filling.refer("accounts", filling.column(stream, "account_id")),
            "Product2Id": [products_of.get(pair) for pair in zip(names, families, strict=True)],
            "ProductCode": names,
            "Name": [name or vendor or "Asset" for name, vendor in zip(names, vendors, strict=True)],
            "IsCompetitorProduct": [int(bool(flag)) for flag in filling.column(stream, "is_rival")],
            "Status": ["Obsolete" if on is False else "Installed" for on in filling.column(stream, "active")],
            "InstallDate": filling.days(stream, "installed_at"),
            "UsageEndDate": filling.days(stream, "ends_at"),
            "Price": filling.column(stream, "price"),
            "Quantity": filling.column(stream, "quantity"),
            "Vendor__c": vendors,
            "OwnerId": [filling.admin] * len(ids),
            "CurrencyIsoCode": filling.money_code(stream),
            **filling.audit(stream),
        },
    )


def currencies(filling: Filling) -> None:
    """The static rate of each currency and its dated ones. Salesforce counts units of the currency per corporate
    unit.
    """
    rows = filling.tables["currency_rates"].to_pylist()
    if not rows:
        return
    static = {row["currency"]: _per_corporate(row["rate"]) for row in rows}
    static |= {row["currency"]: _per_corporate(row["rate"]) for row in rows if row["end_at"] is None}
    static[filling.corporate_currency] = 1.0
    for thing in filling.org.schema.objects.values():
        for name in ("CurrencyIsoCode", "IsoCode", "DefaultCurrencyIsoCode"):
            if name in thing.fields:
                thing.fields[name].values = sorted(static)
    system = (filling.now, filling.admin, filling.now, filling.admin, filling.now)
    audit = ["CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"]
    new = filling.org.serials.next
    filling.org.store.load(
        "CurrencyType",
        ["Id", "IsoCode", "ConversionRate", "DecimalPlaces", "IsActive", "IsCorporate", *audit],
        [
            (new("01L"), code, rate, 2, 1, int(code == filling.corporate_currency), *system)
            for code, rate in static.items()
        ],
    )
    starts, ends = filling.days("currency_rates", "start_at"), filling.days("currency_rates", "end_at")
    filling.org.store.load(
        "DatedConversionRate",
        ["Id", "IsoCode", "StartDate", "NextStartDate", "ConversionRate", *audit],
        [
            (new("04w"), row["currency"], start or "1970-01-01", end, _per_corporate(row["rate"]), *system)
            for row, start, end in zip(rows, starts, ends, strict=True)
            if start is not None or end is not None
        ],
    )


def _per_corporate(rate: float) -> float:
    """The inverse, at six decimals where that gives the rate back."""
    short = round(1 / rate, 6)
    return short if short and 1 / short == rate else 1 / rate
