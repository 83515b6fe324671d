#!/usr/bin/env bash
# Expanding a calendar returns the meetings that were called off.
#
# Version: recurring-ical-events==3.8.2, icalendar==7.3.2
# Guess: "which events happen in this week" leaves out events whose STATUS is CANCELLED.
# Behaviour: the cancelled occurrence of a series and a cancelled single meeting come back like any
#   other. Only a cancelled day written as EXDATE is left out. Whoever counts meetings must filter.
# Source: RFC 5545 section 3.8.1.11 (STATUS; CANCELLED "Indicates event was cancelled"); the package's
#   own test test_issue_18_cancel_status.py expects the cancelled event to be returned
# Seen:
#   2025-01-06 09:00 None
#   2025-01-07 09:00 CANCELLED
#   2025-01-09 15:00 CANCELLED
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check recurring-ical-events==3.8.2 icalendar==7.3.2

venv/bin/python - <<'PY'
from icalendar import Calendar
from recurring_ical_events import of

text = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example.com//EN
BEGIN:VEVENT
UID:series
DTSTAMP:20250101T000000Z
DTSTART:20250106T090000Z
RRULE:FREQ=DAILY;COUNT=3
EXDATE:20250108T090000Z
SUMMARY:Daily call
END:VEVENT
BEGIN:VEVENT
UID:series
DTSTAMP:20250102T000000Z
RECURRENCE-ID:20250107T090000Z
DTSTART:20250107T090000Z
STATUS:CANCELLED
SUMMARY:Daily call
END:VEVENT
BEGIN:VEVENT
UID:single
DTSTAMP:20250102T000000Z
DTSTART:20250109T150000Z
STATUS:CANCELLED
SUMMARY:Demo
END:VEVENT
END:VCALENDAR
"""
events = of(Calendar.from_ical(text.replace("\n", "\r\n"))).between((2025, 1, 1), (2025, 2, 1))
seen = sorted((f"{event['DTSTART'].dt:%Y-%m-%d %H:%M}", str(event.get("STATUS"))) for event in events)
for row in seen:
    print(*row)
assert seen == [("2025-01-06 09:00", "None"), ("2025-01-07 09:00", "CANCELLED"), ("2025-01-09 15:00", "CANCELLED")]
PY
