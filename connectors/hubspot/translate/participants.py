"""Whose mail it is: our addresses and theirs, who wrote it to whom, and so its direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from functools import lru_cache
from typing import Any

import orjson

from connectors.base import Organisation


@dataclass(frozen=True, slots=True)
class Sides:
    """Tells our addresses from theirs: by the organisation's domains, and by the owners' own addresses (lower case)."""

    domains: frozenset[str]
    owners: Mapping[str, str]
    """Owner id by e-mail address."""
    contact_emails: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """E-mail addresses by contact id, of the contacts among whom the sender of a mail is to be found."""

    @classmethod
    def of(cls, organisation: Organisation, owners: Mapping[str, str]) -> Sides:
        return cls(frozenset(d.lower().lstrip("@") for d in organisation.own_domains), owners)

    _seen: dict[str, bool | None] = field(default_factory=dict, compare=False, repr=False)

    def ours(self, address: str) -> bool | None:
        """Whether the address is ours; None when we know neither our domains nor the address."""
        if address not in self._seen:
            self._seen[address] = self._ours(address)
        return self._seen[address]

    def _ours(self, address: str) -> bool | None:
        if address in self.owners:
            return True
        domain = address.rpartition("@")[2]
        if any(domain == own or domain.endswith("." + own) for own in self.domains):
            return True
        return False if self.domains else None


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who wrote a mail to whom: addresses in lower case."""

    sender: str | None
    recipients: tuple[str, ...]

    @property
    def people(self) -> tuple[str, ...]:
        return tuple(sorted({*self.recipients, *([self.sender] if self.sender else [])}))


def envelope(
    direction: str | None, sender: str | None, recipients: str | None, copies: str | None, headers: str | None
) -> Envelope:
    """From the two address properties, completed by the headers; of a forwarded mail only the headers name the
    author.
    """
    parsed = _headers(headers)
    listed = [a for part in ("to", "cc", "bcc") if (given := parsed.get(part)) for a in _addresses(given)]
    named = _plain(sender)
    if direction == "FORWARDED_EMAIL" or not named:
        named = tuple(_addresses(parsed.get("from")))
    return Envelope(named[0] if named else None, tuple(dict.fromkeys([*_plain(recipients), *_plain(copies), *listed])))


def email_direction(hint: str | None, mail: Envelope, sides: Sides, contacts: Sequence[str]) -> str | None:
    """outbound, inbound, internal, or None when nothing tells; `contacts` are those that the mail is linked to.

    A sender known to be ours decides, then a sender who is one of the linked contacts, then HubSpot's own direction: a
    second brand of ours is no customer because `own_domains` lacks it. A forwarded mail has no direction of its own.
    """
    ours = sides.ours(mail.sender) if mail.sender else None
    if ours:
        internal = not contacts and mail.recipients and all(sides.ours(address) for address in mail.recipients)
        return "internal" if internal else "outbound"
    if mail.sender and any(mail.sender in sides.contact_emails.get(one, ()) for one in contacts):
        return "inbound"
    told = {"EMAIL": "outbound", "INCOMING_EMAIL": "inbound"}.get(hint or "")
    return told or ("inbound" if ours is False else None)


@lru_cache(maxsize=1 << 16)
def _plain(text: str | None) -> tuple[str, ...]:
    """The addresses in a property. The same people write again and again."""
    return tuple([bare for part in (text or "").replace(",", ";").split(";") if (bare := _bare(part))])


@lru_cache(maxsize=1 << 16)
def _bare(text: str) -> str:
    """The address alone, of `Name<address>` too; "" for what is no address."""
    address = parseaddr(text)[1] if "<" in text else text
    return address.strip().lower() if "@" in address else ""


def _headers(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _addresses(part: object) -> list[str]:
    entries = part if isinstance(part, list) else [part]
    found = [entry.get("email") if isinstance(entry, dict) else entry for entry in entries]
    return [bare for address in found if isinstance(address, str) and (bare := _bare(address))]
