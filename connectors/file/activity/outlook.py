"""Meetings from the CSV that Outlook exports, which names people as the address book does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from connectors.errors import ConfigError
from connectors.file.activity.acts import Acts
from connectors.file.activity.calendar import Meeting
from connectors.file.activity.moments import day_first, moment

_COLUMNS = {
    "Start Date": ("Beginnt am",),
    "Start Time": ("Beginnt um",),
    "End Date": ("Endet am",),
    "End Time": ("Endet um",),
    "All day event": ("Ganztägiges Ereignis",),
    "Meeting Organizer": ("Besprechungsplanung",),
    "Required Attendees": ("Erforderliche Teilnehmer",),
    "Optional Attendees": ("Optionale Teilnehmer",),
}
"""The columns that are read, with what they are called in German. Subjects are not."""
_NEEDED = ("Start Date", "Start Time", "Meeting Organizer", "Required Attendees")
_YES = ("true", "wahr", "vrai", "verdadero", "waar", "vero", "yes", "ja")


def outlook_columns(header: Sequence[str]) -> dict[str, str]:
    """English name -> the file's, of a calendar that Outlook has exported; empty when it is none."""
    found = {name: h for name, others in _COLUMNS.items() for h in header if h in (name, *others)}
    return found if set(_NEEDED) <= found.keys() else {}


def outlook_meetings(
    rows: Sequence[Mapping[str, str | None]], date_format: str | None, zone: ZoneInfo, file: str, acts: Acts
) -> Iterator[Meeting]:
    """The meetings of Outlook's CSV; rows without others are no meetings. Dates are as `date_format` says, else as
    all of them are.

    Raises ConfigError when no date tells whether the day or the month comes first.
    """
    days = [d for row in rows for d in (row.get("Start Date") or "", row.get("End Date") or "") if d]
    first = day_first(days)
    if (
        date_format is None
        and first is None
        and any(moment(d, zone, None) is None and moment(d, zone, True) for d in days)
    ):
        raise ConfigError(
            f"{file}: is {days[0]} written day first or month first?",
            remedy='Say so in [calendar]: date_format = "%d/%m/%Y" or "%m/%d/%Y".',
        )
    for number, row in enumerate(rows, 2):
        begins = _time(row.get("Start Date"), row.get("Start Time"), date_format, zone, first)
        ends = _time(row.get("End Date"), row.get("End Time"), date_format, zone, first)
        if begins is None:
            told = f"the start {row['Start Date']!r} {row['Start Time']!r} cannot be read; set [calendar] date_format"
            acts.reject("", "occurred_at", told, f"{file}:{number}")
            continue
        fields = ("Required Attendees", "Optional Attendees")
        each = [p.strip() for f in fields for p in (row.get(f) or "").split(";") if p.strip()]
        all_day = (row.get("All day event") or "").lower() in _YES
        organiser = (row["Meeting Organizer"] or "").strip()
        uid = f"{begins.isoformat()} {organiser} {' '.join(sorted(each))}"
        minutes = None if all_day or ends is None else max((ends - begins).total_seconds() / 60, 0.0)
        people = tuple(dict.fromkeys(p for p in (organiser, *each) if p))
        yield Meeting(uid, begins, minutes, all_day, False, organiser, people, (), None)


def _time(
    day: str | None, hour: str | None, date_format: str | None, zone: ZoneInfo, first: bool | None
) -> datetime | None:
    if date_format is None:
        return moment(f"{day or ''} {hour or ''}".strip(), zone, first)
    for pattern in (f"{date_format} %I:%M:%S %p", f"{date_format} %H:%M:%S", f"{date_format} %H:%M", date_format):
        try:
            found = datetime.strptime(f"{day or ''} {hour or ''}".strip(), pattern)  # noqa: DTZ007  (the zone is added)
        except ValueError:
            continue
        return found.replace(tzinfo=zone).astimezone(UTC)
    return None
