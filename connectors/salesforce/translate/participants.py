"""Who took part in an activity, on which side, and whether two records are one act. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.salesforce.ids import CONTACT, USER, is_a


@dataclass(frozen=True, slots=True)
class Tie:
    """One person's part in an activity: `kind` is the RelationType of an e-mail or the Status of an invitation."""

    record_id: str
    kind: str = ""
    organiser: bool = False


Ties = Mapping[str, Sequence[Tie]]


@dataclass(frozen=True, slots=True)
class Sides:
    """What tells ours from theirs, and people from tools."""

    own_domains: frozenset[str] = frozenset()
    automated_subjects: tuple[str, ...] = ()
    automatic_replies: tuple[str, ...] = ()
    cancelled_subjects: tuple[str, ...] = ()

    def is_own(self, address: str | None) -> bool | None:
        """Whether an address is ours; null when there is no address or our domains are not known."""
        if not address or "@" not in address or not self.own_domains:
            return None
        host = address.rpartition("@")[2].strip("> ").lower()
        return any(host == own or host.endswith(f".{own}") for own in self.own_domains)

    def is_tool(self, subject: str | None) -> bool:
        """Whether a tool wrote it: anywhere its own mark, at the beginning what a mail program answers by itself."""
        if subject is None:
            return False
        contained = any(mark.lower() in subject.lower() for mark in self.automated_subjects)
        return contained or _begins(subject, self.automatic_replies)

    def is_cancelled(self, subject: str | None) -> bool:
        return subject is not None and _begins(subject, self.cancelled_subjects)


def _begins(subject: str, marks: Sequence[str]) -> bool:
    return subject.strip().lower().startswith(tuple(mark.lower() for mark in marks))


def only(record_id: str | None, prefix: str) -> str | None:
    return record_id if is_a(record_id, prefix) else None


def declined(tied: Sequence[Tie]) -> set[str]:
    """Who will not come."""
    return {tie.record_id for tie in tied if tie.kind == "Declined"}


def uninvited(tied: Sequence[Tie]) -> set[str]:
    """Whose invitation was taken back."""
    return {tie.record_id for tie in tied if tie.kind == "Uninvited"}


def with_prefix(prefix: str, ids: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(i for i in ids if i is not None and i.startswith(prefix)))


def people_of(tied: Sequence[Tie], first: str | None = None) -> list[str]:
    return with_prefix(CONTACT, [first, *(tie.record_id for tie in tied)])


def users_of(tied: Sequence[Tie]) -> list[str]:
    return with_prefix(USER, (tie.record_id for tie in tied))


def author_first(record_id: str | None, ids: list[str]) -> list[str]:
    """The author before the others, if among them."""
    return sorted(ids, key=lambda i: i != record_id)


def fingerprint(channel: str, start: datetime | None, participants: Iterable[str]) -> str:
    """The same act entered twice has the same start and the same participants."""
    when = "" if start is None else start.isoformat()
    text = "|".join([channel, when, *sorted(set(participants))])
    return hashlib.sha256(text.encode()).hexdigest()[:32]
