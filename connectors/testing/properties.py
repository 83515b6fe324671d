"""The properties that the contract suite provisions and writes: some of each type, on accounts and opportunities.

Their names are those of the real catalogue, so that a harness can use that in their place (`Harness.essential`).
"""

from __future__ import annotations

from connectors.base import PropertySpec, PropertyType
from connectors.records import Stream

_ABOUT = "Written by the contract suite."


def _number(stream: Stream, name: str, label: str) -> PropertySpec:
    return PropertySpec(name, stream, label, "number", _ABOUT, scale=1, precision=4)


def _other(stream: Stream, name: str, label: str, kind: PropertyType) -> PropertySpec:
    return PropertySpec(name, stream, label, kind, _ABOUT)


def _choice(stream: Stream, name: str, label: str, *options: tuple[str, str]) -> PropertySpec:
    return PropertySpec(name, stream, label, "enumeration", _ABOUT, options=options)


ESSENTIAL: tuple[PropertySpec, ...] = (
    _choice("accounts", "bothways_stance", "Stance", ("protect", "Protect"), ("maintain", "Maintain")),
    _number("accounts", "bothways_customer_dependence", "Customer dependence"),
    _number("accounts", "bothways_seller_dependence", "Seller dependence"),
    _number("accounts", "bothways_reciprocity_balance", "Reciprocity balance"),
    _number("accounts", "bothways_reclaimable_hours", "Reclaimable hours"),
    _number("accounts", "bothways_confidence", "Confidence"),
    _other("accounts", "bothways_top_drivers", "Why", "string"),
    _other("accounts", "bothways_asof", "Scored as of", "datetime"),
    _choice("opportunities", "bothways_deal_stance", "Deal stance", ("advance", "Advance"), ("closed", "Closed")),
    _number("opportunities", "bothways_deal_confidence", "Deal confidence"),
    _other("opportunities", "bothways_deal_asof", "Deal scored as of", "datetime"),
)
FULL: tuple[PropertySpec, ...] = (
    *ESSENTIAL,
    _other("accounts", "bothways_two_way_contacts", "Two-way contacts", "integer"),
    _other("opportunities", "bothways_deal_top_drivers", "Deal: why", "string"),
)
ACCOUNT_NUMBER = "bothways_confidence"
DEAL_NUMBER = "bothways_deal_confidence"
DEAL_CHOICE = "bothways_deal_stance"
