"""Words that the settings do not know: senders that look like ours, and values that the mapping does not translate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connectors.base import Finding, Organisation
from connectors.records import STREAMS
from connectors.salesforce.api.answers import Found
from connectors.salesforce.api.client import Client, soql
from connectors.salesforce.api.describe import Schema
from connectors.salesforce.config import ObjectMapping, SalesforceMapping
from connectors.salesforce.read import activities
from connectors.salesforce.translate.participants import Sides

_MOST = 5
_FEWEST = 3
"""Values of fewer records are passed over: in a free text they may name somebody."""
_GROUPED = (
    "SELECT {0:literal}, COUNT(Id) n FROM {1:literal} WHERE {0:literal} != null GROUP BY {0:literal} "
    "ORDER BY COUNT(Id) DESC LIMIT 200"
)
_PUBLIC = frozenset(
    (
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "yahoo.com",
        "icloud.com",
        "gmx.de",
        "gmx.net",
        "web.de",
    )
)


def senders(
    client: Client, schema: Schema, mapping: SalesforceMapping, organisation: Organisation
) -> Iterator[Finding]:
    """Domains that our people write from and that are not among ours: their mails would count as the customer's. Users
    of a customer portal are no people of ours.
    """
    sides = Sides(frozenset(domain.lower() for domain in organisation.own_domains))
    asked = {"users": "SELECT Email FROM User WHERE IsActive = true AND UserType = 'Standard' LIMIT 2000"}
    email = mapping.activities.email
    sender, incoming = (
        (email.fields.get(role) for role in ("from_address", "incoming")) if email is not None else (None, None)
    )
    if (
        email is not None
        and sender
        and incoming
        and all(schema.find(email.object, path) for path in (sender, incoming))
    ):
        outgoing = (
            "SELECT {0:literal}, COUNT(Id) n FROM {1:literal} WHERE {2:literal} = false AND "
            "{0:literal} != null GROUP BY {0:literal} ORDER BY COUNT(Id) DESC LIMIT 200"
        )
        asked["outgoing mails"] = soql(outgoing, sender, email.object, incoming)
    answers = dict(zip(asked, client.queries(list(asked.values())), strict=True))
    found: list[str] = []
    domains: Counter[str] = Counter()
    for what, answer in answers.items():
        if not isinstance(answer, Found):
            continue  # too large to group in time: nothing is known
        counted: Counter[str] = Counter()
        for row in answer.records:
            address = str(row.get(sender if what != "users" and sender else "Email") or "")
            if sides.is_own(address) is not True and "@" in address:
                counted[address.rpartition("@")[2].strip("> ").lower()] += int(row.get("n") or 1)
        strange = Counter({d: n for d, n in counted.items() if d not in _PUBLIC and not d.endswith(".invalid")})
        domains += strange
        found += [f"{what} of {domain} ({number})" for domain, number in strange.most_common(_MOST)]
    if found:
        names = ", ".join(f'"{domain}"' for domain, _ in domains.most_common(_MOST))
        yield Finding(
            "warn",
            "activity",
            f"Not among organisation.own_domains: {', '.join(found)}. What comes from there counts as the customer's.",
            f"Add to organisation.own_domains those that are yours of {names}.",
        )


def unmapped(client: Client, schema: Schema, mapping: SalesforceMapping) -> Iterator[Finding]:
    """Values that the mapping does not translate (unknown), and those that only its "*" does, with how many records
    have them.
    """
    asked = list(_translated(mapping, schema))
    answers = client.queries([soql(_GROUPED, path, each.object) for each, _, path in asked])
    for (each, column, path), answer in zip(asked, answers, strict=True):
        if not isinstance(answer, Found):
            continue  # a field that cannot be grouped by
        known, rest = {word.casefold() for word in each.values[column]}, each.values[column].get("*")
        strange = [
            (str(row[path]), int(row["n"])) for row in answer.records if str(row[path]).strip().casefold() not in known
        ]
        named = [f"{value} ({number})" for value, number in strange if number >= _FEWEST]
        if not strange or not named:
            continue
        total = sum(number for _, number in strange)
        listed = ", ".join(named[:_MOST]) + (f" and {len(strange) - _MOST} more" if len(strange) > _MOST else "")
        if not rest:
            yield Finding(
                "warn",
                "fields",
                f"{each.object}.{path}: {total} records have values without a mapping, so {column} is "
                f"unknown: {listed}.",
                f"Translate them in the mapping's values of {column}.",
            )
        else:
            yield Finding(
                "ok", "fields", f'{each.object}.{path}: {total} records count as "{rest}" by the rule "*": {listed}.'
            )


def _translated(mapping: SalesforceMapping, schema: Schema) -> Iterator[tuple[ObjectMapping, str, str]]:
    """Each mapped field whose values are translated: its mapping, column and path."""
    plain = [m for m in map(mapping.of, STREAMS) if m is not None]
    for each in (*plain, *(m for _, m in activities.objects(mapping.activities))):
        for column in each.values:
            path = each.fields.get(column)
            if path and "." not in path and schema.find(each.object, path) is not None:
                yield each, column, path
