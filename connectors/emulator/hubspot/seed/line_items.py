"""Products, and the line items of deals: some are paid in parts, so that their amount is not what they are worth."""

from __future__ import annotations

from connectors.emulator.hubspot.seed.source import Source, texts
from connectors.emulator.hubspot.seed.tables import BORN, FIRST_IDS, add_table, link, open_options
from connectors.emulator.hubspot.store.columns import Column, Instants, Texts
from connectors.emulator.hubspot.store.portal import Portal
from connectors.emulator.hubspot.store.table import Table

_PAID_MONTHLY = 5
"""One line item of so many is paid in twelve parts."""


def fill(portal: Portal, source: Source) -> None:
    """Products and line items, linked to their deals."""
    column = source.column
    source.number("line_items", FIRST_IDS["line_items"])
    keys = list(zip(column("line_items", "product_id"), column("line_items", "product_family"), strict=True))
    products = {key: FIRST_IDS["products"] + at for at, key in enumerate(dict.fromkeys(k for k in keys if any(k)))}
    portal.tables["products"] = Table(
        portal.kind("products"),
        products.values(),
        {
            "createdate": Instants([BORN] * len(products)),
            "hs_createdate": Instants([BORN] * len(products)),
            "hs_lastmodifieddate": Instants([BORN] * len(products)),
            "name": Texts(sku or family for sku, family in products),
            "hs_sku": Texts(sku for sku, _ in products),
            "product_family": Texts(family for _, family in products),
        },
    )
    open_options(portal, "products", "product_family", [family for _, family in products])
    quantities, totals = column("line_items", "quantity"), column("line_items", "amount")
    monthly = [at % _PAID_MONTHLY == 0 for at in range(len(totals))]
    amounts = [
        total / 12 if total is not None and parts else total for total, parts in zip(totals, monthly, strict=True)
    ]
    prices = [
        amount / quantity if amount is not None and quantity else None
        for amount, quantity in zip(amounts, quantities, strict=True)
    ]
    columns: dict[str, Column] = {
        "name": Texts(sku or family for sku, family in keys),
        "hs_product_id": texts([products.get(key) for key in keys]),
        "hs_sku": Texts(sku for sku, _ in keys),
        "quantity": texts(quantities),
        "amount": texts(amounts),
        "hs_tcv": texts(totals),
        "recurringbillingfrequency": Texts("monthly" if parts else None for parts in monthly),
        "hs_recurring_billing_period": Texts("P12M" if parts else None for parts in monthly),
        "price": texts(prices),
        "hs_line_item_currency_code": Texts(column("line_items", "currency")),
    }
    add_table(portal, "line_items", "line_items", source, columns)
    link(
        portal,
        ("line_items", "deals"),
        FIRST_IDS["line_items"],
        source.refs("line_items", "opportunity_id", "opportunities"),
    )
