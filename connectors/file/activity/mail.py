"""Mail as activities: one for each message whatever mailbox it lies in, its thread, its side; and Exchange's
message traces.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.file.activity.acts import Acts, Sides
from connectors.file.activity.mailbox import MANY, Mail, Threads, addresses, messages, parsed, unsent
from connectors.file.activity.moments import day_first, moment

_REPLY = re.compile(r"^\s*((re|aw|fw|fwd|wg|tr|rv|sv|antw|vs|r)\s*(\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_TRACE = {
    "sent": (
        "origintimestamputc",
        "datetimeutc",
        "dateutc",
        "origintimestamp",
        "received",
        "receiveddatetimeutc",
        "datetimereceived",
        "date",
    ),
    "sender": ("senderaddress", "sender", "mailfrom"),
    "recipients": ("recipientstatus", "recipientaddress", "recipientaddresses", "recipient", "recipients"),
    "id": ("messageid",),
    "subject": ("messagesubject", "subject"),
    "status": ("status", "deliverystatus", "eventid", "event"),
}


def read_messages(files: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, Mail | None]]:
    """(file, message) for every message of these files; None for what has no sender or was never sent."""
    for name, path in files:
        if unsent(name):
            yield name, None
            continue
        for head in messages(path):
            yield name, parsed(head)


def trace_columns(header: Sequence[str]) -> dict[str, str]:
    """What each column of a message trace is; empty when the header is not one of a trace."""
    plain = {re.sub(r"[^a-z]", "", name.lower()): name for name in header}
    found = {role: plain[n] for role, names in _TRACE.items() if (n := next((n for n in names if n in plain), ""))}
    return found if {"sent", "sender", "recipients", "id"} <= found.keys() else {}


def read_trace(rows: Iterable[Mapping[str, str | None]]) -> Iterator[Mail | None]:
    """Messages of a trace, whose rows have the roles of `trace_columns`. A trace has no threads: mail of one subject
    between the same domains is one. Subjects are compared and not kept. What failed to be delivered is left out."""
    read = list(rows)
    first = day_first(row["sent"] or "" for row in read)
    for row in read:
        if "fail" in (row.get("status") or "").lower():
            continue
        sender = next(iter(addresses([row["sender"] or ""])), "")
        each = [part.partition("##") for part in re.split(r"[;,](?=\s*\S+@)", row["recipients"] or "")]
        recipients = tuple(dict.fromkeys(addresses(a for a, _, status in each if "fail" not in status.lower())))
        sent, message_id = _trace_time(row["sent"] or "", first), (row["id"] or "").strip()
        if not sender or not recipients or not message_id:
            yield None
            continue
        subject = _REPLY.sub("", row.get("subject") or "").strip().lower()
        domains = " ".join(sorted({a.rpartition("@")[2] for a in (sender, *recipients)}))
        link = (f"subject {hash((subject, domains))}",) if subject else ()
        yield Mail(message_id, sent, sender, recipients, link, parsed_robot(sender))


def parsed_robot(sender: str) -> bool:
    """Whether an address is one that no person writes from."""
    mail = parsed(f"From: {sender}\n".encode())
    return mail is not None and mail.automated


def _trace_time(text: str, first: bool | None) -> int | None:
    found = moment(text, ZoneInfo("UTC"), first)
    return int(found.timestamp()) if found else None


def mail_acts(
    found: Iterable[tuple[str, Mail | None]], sides: Sides, automatic: Sequence[str], acts: Acts | None = None
) -> Acts:
    """Activities of the channel email. A message that lies in several mailboxes is one, with all its recipients.

    Mail among ourselves is left out; automatic and bulk mail is kept and marked, since it is never effort.
    """
    acts, threads = acts or Acts(), Threads()
    once: dict[str, Mail] = {}
    for file, mail in found:
        if mail is None:
            acts.leave_out("mail without a sender, or never sent")
        elif mail.sent is None:
            acts.reject(mail.message_id, "occurred_at", "the message has no date that can be read; left out", file)
        else:
            threads.join(mail.message_id, mail.links)
            other = once.get(mail.message_id)
            once[mail.message_id] = mail if other is None else _both(other, mail)
    first: dict[int, tuple[int, str]] = {}
    for mail in once.values():
        group = threads.of(mail.message_id)
        first[group] = min(first.get(group, (mail.sent or 0, mail.message_id)), (mail.sent or 0, mail.message_id))
    robots = tuple(a.lower() for a in automatic)
    undelivered = {link for mail in once.values() if mail.bounce for link in mail.links}
    domains: Counter[str] = Counter()
    strange = 0
    for mail in once.values():
        ours, theirs = sides.split(mail.recipients)
        outbound = sides.ours(mail.sender)
        if not outbound and not ours:
            strange += 1
            domains.update({a.rpartition("@")[2] for a in (mail.sender, *mail.recipients)})
        if outbound and not theirs:
            acts.leave_out("mail among ourselves")
            continue
        people = theirs if outbound else [mail.sender, *theirs]
        users = [mail.sender, *ours] if outbound else ours
        automated = mail.automated or mail.sender.endswith(robots or ("\0",)) or (outbound and len(theirs) > MANY)
        moment = datetime.fromtimestamp(mail.sent or 0, UTC)
        thread = first[threads.of(mail.message_id)][1]
        acts.add(
            f"mail {mail.message_id}", "email", "outbound" if outbound else "inbound",
            "bounced" if mail.message_id in undelivered else "done", automated, moment, False, None,
            [f"mailto:{a}" for a in dict.fromkeys(people)], [f"mailto:{a}" for a in dict.fromkeys(users)], None,
            f"mail {thread}", mail.message_id, moment,
        )  # fmt: skip
    if strange > 0.5 * len(once):
        told = (
            f"{strange:,} of {len(once):,} mails are neither from nor to your own domains; most of "
            f"them have {domains.most_common(1)[0][0]}"
        )
        acts.doubts.append((f"{told}.", "Is it yours? Add it to own_domains under [organisation]."))
    return acts


def _both(one: Mail, other: Mail) -> Mail:
    recipients = tuple(dict.fromkeys((*one.recipients, *other.recipients)))
    sent = min(m.sent for m in (one, other) if m.sent is not None)
    return Mail(one.message_id, sent, one.sender, recipients, one.links, one.automated or other.automated, one.bounce)
