"""Mail from .mbox files, Maildir folders and .eml files: who wrote to whom and when. Bodies and subjects are never
parsed or kept.
"""

from __future__ import annotations

import hashlib
import mmap
import re
from calendar import timegm
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.utils import getaddresses, mktime_tz, parsedate_tz
from pathlib import Path

_WANTED = (
    *(
        "from",
        "to",
        "cc",
        "bcc",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "auto-submitted",
        "precedence",
        "list-id",
    ),
    *("list-unsubscribe", "return-path", "content-type", "x-autoreply", "x-autorespond", "feedback-id", "x-gm-thrid"),
    *("thread-index", "x-unsent", "x-gmail-labels", "x-mozilla-draft-info"),
)
_FIELDS = re.compile(rb"(?im)^(?:" + "|".join(_WANTED).encode() + rb")[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*")
_POSTMARK = re.compile(rb"From [^\r\n]*\d[^\r\n]*\r?\n(?:>From [^\r\n]*\r?\n)?[!-9;-~]+[ \t]*:")
_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
_END = re.compile(rb"\n\r?\n")
_PLAIN = re.compile(
    r'\s*(?:(?:"(?:[^"\\]|\\.)*"|[^"<>(),;:@])*<\s*([^<>\s@]+@[^<>\s@]+)\s*>|([^<>\s"(),:;@]+@[^<>\s"(),:;@]+)'
    r")\s*(?:,|$)"
)
_DATE = re.compile(
    r"\s*(?:[A-Za-z]{3},\s*)?(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\s+(\d\d):(\d\d)(?::(\d\d))?\s+([+-])(\d\d)(\d\d)\b"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ADDRESS = re.compile(r"[^\s@<>\"(),:;\\]+@[^\s@<>\"(),:;\\]+\.[^\s@<>\"(),:;\\.]+")
_ID = re.compile(r"<[^<>\s]+>")
_ROBOTS = re.compile(
    r"(mailer-daemon|postmaster|no-?_?reply|do-?not-?reply|donotreply|bounces?|notifications?|newsletter|"
    r"mailer)([-+.=_].*)?@"
)
LONGEST_HEADER = 1 << 18
MANY = 20
"""Recipients outside above which a mail of ours is bulk mail, whatever its headers say."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One message. `sent` is seconds since 1970 (None: no date that can be read); `links` are ids that belong to its
    thread.
    """

    message_id: str
    sent: int | None
    sender: str
    recipients: tuple[str, ...]
    links: tuple[str, ...]
    automated: bool


def messages(path: Path) -> Iterator[bytes]:
    """The headers of each message of a file: an mbox, or one message. Unreadable ones are as short as they are.

    An mbox is cut at lines "From " with a date, after an empty line and before a header: bodies hold such lines
    unescaped.
    """
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:5] != b"From ":
            if _HEADER.match(data[:512].lstrip()):
                yield _head(data, 0)
            return
        at = 0
        while at >= 0:
            start = data.find(b"\n", at) + 1
            if not start:
                return
            yield _head(data, start)
            at = _next(data, start)


def _next(data: mmap.mmap, start: int) -> int:
    at = data.find(b"\nFrom ", start)
    while at >= 0:
        blank = data[at - 1 : at] == b"\n" or data[at - 2 : at] == b"\n\r"
        if blank and _POSTMARK.match(data[at + 1 : at + 1200]):
            return at + 1
        at = data.find(b"\nFrom ", at + 1)
    return -1


def _head(data: mmap.mmap, start: int) -> bytes:
    size = 1 << 12
    while (
        True
    ):  # a little at a time: looking far ahead for an end of the other kind would take longer than all the rest
        head = data[start : start + size]
        if found := _END.search(head):
            return head[: found.start() + 1].replace(b"\r\n", b"\n")
        if size >= LONGEST_HEADER or len(head) < size:
            return head.replace(b"\r\n", b"\n")
        size *= 8


_PARSER = BytesHeaderParser()


def parsed(head: bytes) -> Mail | None:
    """One message's headers; None for what nobody sent: drafts, and what has no sender."""
    if not head.endswith(b"\n"):
        head += b"\n"
    fields: dict[str, str] = {}
    for name, value in _PARSER.parsebytes(b"".join(_FIELDS.findall(head)) + b"\n").raw_items():
        key = name.lower().strip()
        text = str(value)
        if not text.isascii():
            text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        fields[key] = (
            f"{fields[key]}, {text}" if key in ("to", "cc", "bcc") and key in fields else fields.get(key, text)
        )
    sender = next(iter(addresses([fields.get("from", "")])), "")
    if (
        not sender
        or "x-unsent" in fields
        or "x-mozilla-draft-info" in fields
        or "draft" in fields.get("x-gmail-labels", "").lower()
    ):
        return None
    recipients = tuple(dict.fromkeys(addresses(fields[f] for f in ("to", "cc", "bcc") if f in fields)))
    sent = _seconds(fields.get("date", ""))
    found = _ID.search(fields.get("message-id", ""))
    message_id = found[0] if found else _made_up(sent, sender, recipients)
    return Mail(message_id, sent, sender, recipients, _links(fields), _automatic(fields, sender))


def addresses(values: Iterable[str]) -> Iterator[str]:
    """Addresses in lower case, in order; names and whatever is no address are left out."""
    for value in values:
        plain: list[str] = []
        at = 0
        while at < len(value) and (found := _PLAIN.match(value, at)):
            plain.append(found[1] or found[2])
            at = found.end()
        each = plain if at >= len(value) else [address for _, address in getaddresses([value])]
        yield from (a.lower() for a in each if _ADDRESS.fullmatch(a))


def _seconds(text: str) -> int | None:
    if found := _DATE.match(text):  # as nearly all are
        day, name, year, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
        try:
            month = _MONTHS.index(name.lower()) + 1
            local = timegm((int(year), month, int(day), int(hour), int(minute), int(second or 0), 0, 0, 0))
        except ValueError:
            return None
        ahead = 3600 * int(zone_hours) + 60 * int(zone_minutes)
        return (
            (local - ahead if sign == "+" else local + ahead) if 1970 <= int(year) <= 2100 and int(day) <= 31 else None
        )
    date = parsedate_tz(text)
    try:
        return int(mktime_tz(date)) if date and 1970 <= date[0] <= 2100 else None
    except (ValueError, OverflowError):
        return None


def _made_up(sent: int | None, sender: str, recipients: tuple[str, ...]) -> str:
    return hashlib.sha256(f"{sent}|{sender}|{sorted(recipients)}".encode()).hexdigest()[:32]


def _links(fields: dict[str, str]) -> tuple[str, ...]:
    ids = _ID.findall(fields.get("references", ""))
    links = [*ids[:1], *ids[-20:], *_ID.findall(fields.get("in-reply-to", ""))[:5]]
    if thread := fields.get("x-gm-thrid", "").strip():
        links.append(f"gmail {thread}")
    if len(index := "".join(fields.get("thread-index", "").split())) >= 30:
        links.append(f"outlook {index[:29]}")
    return tuple(dict.fromkeys(links))


def _automatic(fields: dict[str, str], sender: str) -> bool:
    return (
        fields.get("auto-submitted", "no").strip().lower().split(";")[0] != "no"
        or fields.get("precedence", "").strip().lower() in ("bulk", "list", "junk", "auto_reply")
        or any(f in fields for f in ("list-id", "list-unsubscribe", "x-autoreply", "x-autorespond", "feedback-id"))
        or fields.get("return-path", "").strip() == "<>"
        or fields.get("content-type", "").strip().lower().startswith(("multipart/report", "text/calendar"))
        or _ROBOTS.match(sender) is not None
    )


class Threads:
    """Union of ids that belong together; `of` gives the group that an id is in, as a number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._parents: list[int] = []

    def join(self, first: str, others: Iterable[str]) -> None:
        root = self._root(self._number(first))
        for other in others:
            self._parents[self._root(self._number(other))] = root

    def of(self, name: str) -> int:
        return self._root(self._number(name))

    def _number(self, name: str) -> int:
        number = self._numbers.setdefault(name, len(self._parents))
        if number == len(self._parents):
            self._parents.append(number)
        return number

    def _root(self, at: int) -> int:
        parents = self._parents
        while parents[at] != at:
            parents[at] = parents[parents[at]]
            at = parents[at]
        return at
