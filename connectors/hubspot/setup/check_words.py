"""Words that the settings do not know: senders that look like ours, and outcomes that nobody has given a meaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from connectors.base import Finding, Organisation
from connectors.hubspot.api.client import Client
from connectors.hubspot.config import HubSpotMapping, Kind, KindMapping
from connectors.hubspot.read.properties import Properties
from connectors.hubspot.read.reference_data import Portal
from connectors.hubspot.setup.samples import count, days_ago, found
from connectors.hubspot.translate.activities import OUTCOMES
from connectors.hubspot.translate.participants import Sides, envelope

_DAYS, _MOST, _MOST_ASKED = 90, 5, 20
_PUBLIC = frozenset(
    [
        "aol.com",
        "gmail.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "outlook.com",
        "proton.me",
        "web.de",
        "yahoo.com",
    ]
)


def senders(client: Client, mapping: HubSpotMapping, organisation: Organisation, portal: Portal) -> Iterator[Finding]:
    """Domains that HubSpot says we write from and that are not among ours."""
    owners = portal.owner_addresses()
    sides = Sides.of(organisation, {})
    strange: Counter[str] = Counter()
    for address in owners:
        strange[_domain(address)] += not sides.ours(address)
    told = [f"owners of {domain} ({n})" for domain, n in _named(strange)]
    mails: Counter[str] = Counter()
    for sender in _outgoing(client, mapping.emails):
        mails[_domain(sender)] += sender not in owners and not sides.ours(sender)
    told += [f"mail sent from {domain} ({n} in {_DAYS} days)" for domain, n in _named(mails)]
    if told:
        domains = ", ".join(f'"{domain}"' for domain, _ in _named(strange + mails))
        yield Finding(
            "warn",
            "activity",
            f"Not among organisation.own_domains: {', '.join(told)}. A mail from there without a direction of "
            f"HubSpot's "
            "counts as the customer's.",
            f"Add to organisation.own_domains those that are yours of {domains}.",
        )


def _outgoing(client: Client, mapping: KindMapping) -> Iterator[str]:
    """Senders of the newest mails that HubSpot has as sent by us."""
    names = [mapping.property_of(f) for f in ("direction", "sender", "occurred_at", "headers")]
    direction, sender, at, headers = names
    if not mapping.object or not direction or not sender or not at:
        return
    filters = [(direction, "EQ", "EMAIL"), (at, "GTE", days_ago(client, _DAYS))]
    for row in found(client, mapping.object, filters, [n for n in names if n], newest=at):
        mail = envelope("EMAIL", row.get(sender), None, None, row.get(headers or ""))
        if mail.sender:
            yield mail.sender


def unmapped(client: Client, mapping: HubSpotMapping, properties: Properties) -> Iterator[Finding]:
    """Choices of a property that the mapping gives no meaning, with how many records have made them."""
    asked = 0
    for kind, fields in OUTCOMES.items():
        for field, known in fields.items():
            options = _without_meaning(mapping.of(kind), field, known, properties)
            name = mapping.of(kind).property_of(field) or ""
            numbers: dict[str, int] = {}
            for value, label in list(options.items())[: _MOST_ASKED - asked]:
                asked += 1
                if number := count(client, mapping.of(kind).object, [(name, "EQ", value)]):
                    numbers[label] = number
            if numbers:
                yield _meaningless(kind, field, f"{mapping.of(kind).object}.{name}", numbers, known)


def _meaningless(kind: Kind, field: str, name: str, numbers: Mapping[str, int], known: frozenset[str]) -> Finding:
    named = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{label} ({number})" for label, number in named[:_MOST])
    listed += f" and {len(named) - _MOST} more" if len(named) > _MOST else ""
    return Finding(
        "warn",
        "fields",
        f"{name}: {sum(numbers.values())} records have outcomes without a mapping, so what came of them is "
        f"unknown: {listed}.",
        f"Give them a meaning in [{kind}.values.{field}] of the mapping: {', '.join(sorted(known))}.",
    )


def _without_meaning(
    mapping: KindMapping, field: str, known: frozenset[str], properties: Properties
) -> Mapping[str, str]:
    """Label by value of the options that mean nothing to us."""
    name = mapping.property_of(field)
    if not mapping.object or name is None:
        return {}
    table = mapping.values.get(field, {})
    options = (properties.fetch(mapping.object).get(name) or {}).get("options") or ()
    return {
        value: str(option.get("label") or value)
        for option in options
        if (value := str(option.get("value") or ""))
        and table.get(value, table.get("*", value)) not in known
        and table.get(value) != ""
    }


def _named(counted: Counter[str]) -> list[tuple[str, int]]:
    return [(d, n) for d, n in counted.most_common(_MOST) if n > 0 and d not in _PUBLIC and "." in d]


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
