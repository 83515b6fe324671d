"""What a CRM shows of an organisation before anything is set up: who we are, how accounts are typed, what has no
meaning yet.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from connectors.errors import BothwaysError

if TYPE_CHECKING:
    from connectors.base import Connector

_PAGES = 5
"""Pages of users, and of accounts, that are looked at."""
_PUBLIC = frozenset(
    ("gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "salesforce.com", "hubspot.com")
)
_NO_CUSTOMERS = re.compile(r"partner|reseller|vendor|supplier|competitor|press|investor|analyst", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Seen:
    """`domains` of our users and the `zone` most of them are in; how many of the `accounts` looked at have which type,
    and how many a segment (industry).
    """

    domains: tuple[str, ...] = ()
    zone: str | None = None
    types: tuple[tuple[str, int], ...] = ()
    accounts: int = 0
    segmented: int = 0

    @property
    def no_customers(self) -> list[str]:
        """Types that by their name are neither customers nor prospects."""
        return [name for name, _ in self.types if _NO_CUSTOMERS.search(name)]

    def counted(self, names: Sequence[str]) -> str:
        """These types with how many of the accounts looked at have them."""
        return ", ".join(f"{name} ({count:,})" for name, count in self.types if name in names)

    def known_types(self, names: Sequence[str]) -> tuple[list[str], list[str]]:
        """Of these names those that are types here, as the CRM spells them, and those that are not."""
        spelled = {name.lower(): name for name, _ in self.types}
        found = [spelled[name.strip().lower()] for name in names if name.strip().lower() in spelled]
        return found, [name.strip() for name in names if name.strip().lower() not in spelled]


def look(connector: Connector) -> Seen:
    """Reads a few pages of users and accounts. Raises what reading raises."""
    domains, zone = _of_users(connector)
    types: Counter[str] = Counter()
    accounts = segmented = 0
    for page in islice(connector.read("accounts", None), _PAGES):
        for row in page.batch.select(["type", "industry"]).to_pylist():
            accounts += 1
            segmented += bool(row["industry"])
            types[row["type"] or ""] += 1
    types.pop("", None)
    return Seen(tuple(domains), zone, tuple(types.most_common()), accounts, segmented)


def worth_a_look(connector: Connector) -> list[str]:
    """What `check` warns of in fields and money: values without a meaning, with counts. Nothing where it cannot be
    asked.
    """
    try:
        found = connector.check().findings
    except BothwaysError:
        return []
    return [f"{f.message} {f.remedy}".strip() for f in found if f.level == "warn" and f.topic in ("fields", "money")]


def _of_users(connector: Connector) -> tuple[list[str], str | None]:
    domains: Counter[str] = Counter()
    zones: Counter[str] = Counter()
    for page in islice(connector.read("users", None), _PAGES):
        for row in page.batch.to_pylist():
            if row.get("active") is not False and row.get("email"):
                domains[row["email"].rpartition("@")[2].lower()] += 1
                zones[row.get("time_zone") or ""] += 1
    most = sum(domains.values())
    ours = [name for name, count in domains.most_common() if name not in _PUBLIC and count >= 0.05 * most]
    zone = next((name for name, _ in zones.most_common() if name), None)
    return ours, zone
