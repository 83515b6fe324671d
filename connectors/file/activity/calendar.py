"""Meetings from .ics files and from Outlook's CSV: each occurrence of a series once, as it was moved, without
those cancelled.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import icalendar
import recurring_ical_events
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from connectors.file.activity.acts import Acts, Sides
from connectors.file.activity.mailbox import addresses

_DROPPED = re.compile(
    rb"(?im)^(?:SUMMARY|DESCRIPTION|LOCATION|COMMENT|ATTACH|CONTACT|X-ALT-DESC|CONFERENCE|URL|GEO)[;:][^\n]*\n(?:[ "
    rb"\t][^\n]*\n)*"
)
_EVENT = re.compile(rb"BEGIN:VEVENT\r?\n.*?END:VEVENT", re.DOTALL | re.IGNORECASE)
_ALARM = re.compile(rb"BEGIN:VALARM\r?\n.*?END:VALARM\r?\n", re.DOTALL | re.IGNORECASE)
_ZONE = re.compile(rb"BEGIN:VTIMEZONE\r?\n.*?END:VTIMEZONE\r?\n", re.DOTALL | re.IGNORECASE)
_UID = re.compile(rb"(?im)^UID[^:\n]*:([^\n]*(?:\n[ \t][^\n]*)*)")
_TZID = re.compile(rb"(?i)TZID[=:]\"?([^:;\"\r\n]+)")
_NOBODY = (
    "@group.calendar.google.com",
    "@resource.calendar.google.com",
    "@import.calendar.google.com",
    "@unknownorganizer.calendar.google.com",
)
"""Calendars and rooms that have an address like people."""
_YEARS_AHEAD = 2
MOST = 2000
"""Occurrences of one series: of a longer one the last, and it is told."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """One occurrence. `people` are the organiser, then who was invited and did not decline; `declined` are those
    who did.
    """

    uid: str
    start: datetime
    minutes: float | None
    all_day: bool
    cancelled: bool
    organiser: str
    people: tuple[str, ...]
    declined: tuple[str, ...]
    created: datetime | None


def ics_meetings(path: Path, file: str, since: date, zone: ZoneInfo, acts: Acts) -> Iterator[Meeting]:
    """The meetings of a calendar. An event that cannot be understood is rejected alone, by its line."""
    data = _as_utf8(path.read_bytes())
    if b"BEGIN:VCALENDAR" not in data[:4096].upper():
        acts.reject("", "", "no calendar was found in it; .ics files and Outlook's CSV are read", file)
        return
    cancelled = re.search(rb"(?im)^METHOD:CANCEL\s*$", data[: data.upper().find(b"BEGIN:VEVENT") + 1]) is not None
    named = _own_zones(data)
    groups: dict[bytes, list[tuple[int, bytes]]] = {}
    newest = 0
    for match in _EVENT.finditer(data):
        text = _DROPPED.sub(b"", _ALARM.sub(b"", match[0] + b"\n"))
        uid = _UID.search(text)
        key = re.sub(rb"\r?\n[ \t]", b"", uid[1]).strip() if uid else b"%d" % match.start()
        groups.setdefault(key, []).append((match.start(), text))
        newest = max([newest, *(int(y) for y in re.findall(rb"(?m)^DT(?:START|STAMP)[^:\n]*:(\d{4})", text))])
    until = date(min(newest + _YEARS_AHEAD, 2100), 1, 1)
    for key, events in groups.items():
        wanted = {name for _, text in events for name in _TZID.findall(text)}
        text = b"".join(named[n] for n in wanted if n in named) + b"".join(t for _, t in events)
        for name in wanted & named.keys():  # the library keeps the first zone of a name for all later files
            text = text.replace(name, name + b" %08x" % zlib.crc32(named[name]))
        try:
            head = b"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//bothways//EN\n"
            calendar = icalendar.Calendar.from_ical(head + text + b"END:VCALENDAR\n")
            for m in _occurrences(calendar, key.decode("utf-8", "replace"), since, until, zone, acts):
                yield replace(m, cancelled=True) if cancelled else m
        except Exception as error:  # noqa: BLE001  (the libraries raise whatever the event made them stumble over)
            line = data.count(b"\n", 0, events[0][0]) + 1
            why = "its start, end or rule is no time" if isinstance(error, TypeError) else str(error)[:120]
            acts.reject("", "", f"the event cannot be understood: {why}", f"{file}:{line}")


def _as_utf8(data: bytes) -> bytes:
    """UTF-16 by its mark, and line ends of old Macs."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", "replace").encode()
    return data.replace(b"\r", b"\n") if b"\n" not in data else data


def _own_zones(data: bytes) -> dict[bytes, bytes]:
    """The definitions of time zones whose names nobody else knows, by name."""
    found = {m[0]: _TZID.search(m[0]) for m in _ZONE.finditer(data)}
    named = {tzid[1].strip(): text for text, tzid in found.items() if tzid}
    known = available_timezones() | WINDOWS_TO_OLSON.keys()
    return {name: text for name, text in named.items() if name.decode("utf-8", "replace") not in known}


def _occurrences(
    calendar: icalendar.Calendar, uid: str, since: date, until: date, zone: ZoneInfo, acts: Acts
) -> Iterator[Meeting]:
    events = _newest(e for e in calendar.walk("VEVENT") if "DTSTART" in e)
    for name in {str(e["DTSTART"].params.get("TZID", "")) for e in events if _floats(e)} - {""}:
        acts.doubts.append(
            (f"A calendar names the time zone {name!r}, which is not known: read as {zone.key}.", "Is it that zone?")
        )
    if not any("RRULE" in e or "RDATE" in e for e in events):
        yield from (_meeting(e, uid, zone) for e in events)
        return
    for event in events:
        _normalise(event, events)
    found = [
        _meeting(e, uid, zone) for e in recurring_ical_events.of(calendar, skip_bad_series=False).between(since, until)
    ]
    found.sort(key=lambda m: m.start)
    for _ in found[:-MOST]:
        acts.leave_out(f"occurrences of a series before its last {MOST:,}")
    yield from found[-MOST:]


def _newest(events: Iterable[icalendar.Component]) -> list[icalendar.Component]:
    """Of several versions of one event, or of one occurrence, the one that was changed last."""
    kept: dict[str, icalendar.Component] = {}
    for event in events:
        moved = str(event.decoded("RECURRENCE-ID")) if "RECURRENCE-ID" in event else ""
        other = kept.get(moved)
        if other is None or int(event.get("SEQUENCE", 0)) >= int(other.get("SEQUENCE", 0)):
            kept[moved] = event
    return list(kept.values())


def _floats(event: icalendar.Component) -> bool:
    start = event.decoded("DTSTART")
    return isinstance(start, datetime) and start.tzinfo is None


def _normalise(event: icalendar.Component, events: Sequence[icalendar.Component]) -> None:
    """An end or a moved occurrence that is given as a day, of a series that has hours, means that day's occurrence."""
    master = next((e for e in events if "RECURRENCE-ID" not in e), event)
    start = master.decoded("DTSTART")
    if not isinstance(start, datetime):
        return
    rules = event.get("RRULE")
    for rule in rules if isinstance(rules, list) else [rules] if rules else []:
        rule["UNTIL"] = [_end_of(u, start) for u in rule["UNTIL"]] if "UNTIL" in rule else rule.pop("UNTIL", None)
        if rule["UNTIL"] is None:
            rule.pop("UNTIL")
    if "RECURRENCE-ID" in event:
        day = event.decoded("RECURRENCE-ID")
        if not isinstance(day, datetime):
            event["RECURRENCE-ID"] = icalendar.vDDDTypes(datetime.combine(day, start.timetz()))


def _end_of(until: date | datetime, start: datetime) -> datetime:
    if isinstance(until, datetime):
        return until
    last = datetime.combine(until, time(23, 59, 59), start.tzinfo)
    return last.astimezone(UTC) if start.tzinfo else last


def _meeting(event: icalendar.Component, uid: str, zone: ZoneInfo) -> Meeting:
    start = event.decoded("DTSTART")
    all_day = not isinstance(start, datetime)
    begins = _instant(start, zone)
    end = event.decoded("DTEND") if "DTEND" in event else None
    length = event.decoded("DURATION") if "DURATION" in event else None
    if length is None and end is not None:
        length = _instant(end, zone) - begins
    organiser = next(iter(_mails([event.get("ORGANIZER")])), "")
    invited = event.get("ATTENDEE", [])
    people = [organiser] if organiser else []
    declined: list[str] = []
    for attendee in invited if isinstance(invited, list) else [invited]:
        parameters = getattr(attendee, "params", {})
        if (
            str(parameters.get("CUTYPE", "")).upper() in ("ROOM", "RESOURCE")
            or str(parameters.get("ROLE", "")).upper() == "NON-PARTICIPANT"
        ):
            continue
        no = str(parameters.get("PARTSTAT", "")).upper() == "DECLINED"
        (declined if no else people).extend(_mails([attendee]))
    created = next((event.decoded(name) for name in ("CREATED", "DTSTAMP") if name in event), None)
    minutes = length.total_seconds() / 60 if isinstance(length, timedelta) and not all_day else None
    return Meeting(
        uid, begins, minutes if minutes is None or 0 <= minutes <= 7 * 1440 else None, all_day,
        str(event.get("STATUS", "")).upper() == "CANCELLED", organiser, tuple(dict.fromkeys(people)), tuple(declined),
        _instant(created, zone) if created is not None else None,
    )  # fmt: skip


def _instant(moment: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _mails(values: Iterable[object]) -> list[str]:
    each = addresses(re.sub(r"(?i)^mailto:", "", str(v).strip()) for v in values if v)
    return [a for a in each if not a.endswith(_NOBODY)]


def meeting_acts(meetings: Iterable[tuple[str, Meeting]], sides: Sides, acts: Acts) -> Acts:
    """Activities of the channel meeting, each once though it lies in several calendars. Without anybody else it is
    none.
    """
    seen: set[tuple[str, datetime]] = set()
    for _, m in meetings:
        if (m.uid, m.start) in seen:
            acts.leave_out("meetings that lie in another calendar too")
            continue
        seen.add((m.uid, m.start))
        ours, theirs = _split(m.people, sides)
        declined_ours, declined_theirs = _split(m.declined, sides)
        if not theirs and not declined_theirs:
            acts.leave_out("appointments without anybody of another company")
            continue
        outbound = not m.organiser or m.organiser not in theirs
        opener = _key(m.organiser) if m.organiser and "@" not in m.organiser else None
        off = m.cancelled or not theirs or (not outbound and bool(declined_ours) and not ours)
        people = theirs or declined_theirs
        moment = min(m.created, m.start) if m.created else m.start
        acts.add(
            f"meeting {m.uid} {m.start.isoformat()}", "meeting", "outbound" if outbound else "inbound",
                "cancelled" if off else None,
            False, m.start, m.all_day, m.minutes, [_key(p) for p in people], [_key(p) for p in ours], None, None,
            f"meeting {m.uid} {m.start.isoformat()}", moment, opener,
        )  # fmt: skip
    return acts


def _split(people: Iterable[str], sides: Sides) -> tuple[list[str], list[str]]:
    return sides.split(people)


def _key(person: str) -> str:
    return f"mailto:{person}" if "@" in person else f"name:{person.lower()}"
