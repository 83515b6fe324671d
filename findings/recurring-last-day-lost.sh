#!/usr/bin/env bash
# A series that ends "until the 9th" stops on the 8th.
#
# Version: recurring-ical-events==3.8.2, icalendar==7.3.2
# Guess: UNTIL=20250109, given as a date, is inclusive: the meeting at 09:00 on the 9th happens.
# Behaviour: the date is taken as midnight at its start, so the last day is dropped. Older programs
#   write such rules: RFC 2445 allowed a date there whatever DTSTART was; RFC 5545 wants both alike.
# Source: RFC 2445 section 4.3.10 (enddate is a date or a UTC date-time, and bounds the rule "in an
#   inclusive manner"); RFC 5545 section 3.3.10
# Seen:
#   UNTIL=20250109         6 7 8
#   UNTIL=20250109T235959  6 7 8 9
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check recurring-ical-events==3.8.2 icalendar==7.3.2

venv/bin/python - <<'PY'
from icalendar import Calendar
from recurring_ical_events import of

def days(until):
    text = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//example.com//EN\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20250101T000000Z\n"
        f"DTSTART:20250106T090000\nRRULE:FREQ=DAILY;UNTIL={until}\nSUMMARY:Call\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    events = of(Calendar.from_ical(text.replace("\n", "\r\n"))).between((2025, 1, 1), (2025, 2, 1))
    return sorted(event["DTSTART"].dt.day for event in events)

for until in ("20250109", "20250109T235959"):
    print(f"UNTIL={until:16}", *days(until))
assert days("20250109") == [6, 7, 8]
assert days("20250109T235959") == [6, 7, 8, 9]
PY
