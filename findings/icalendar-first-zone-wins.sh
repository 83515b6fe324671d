#!/usr/bin/env bash
# A calendar's own time zone is overruled by the zone of a calendar read earlier.
#
# Version: icalendar==7.3.2
# Guess: a VTIMEZONE belongs to the file it stands in; each file's meeting gets its own file's offset.
# Behaviour: the first definition of a TZID seen by the process is kept for good. A second file that
#   defines the same TZID differently is read with the first one's offset. Read alone, it is right.
#   "Customized Time Zone" is a name that calendar programs really write, for whatever was customized.
# Source: RFC 5545 sections 3.2.19 and 3.6.5 (a TZID must be unique within one iCalendar object, which
#   is as far as it reaches); TZP.cache_timezone_component in icalendar/timezone/tzp.py, whose
#   docstring says that caching can influence later look-ups; github.com/collective/icalendar/issues/799
# Seen:
#   Nairobi             2025-01-06T09:00:00+03:00
#   Lima office         2025-01-06T09:00:00+03:00   (its file says -05:00)
#   Lima office, alone  2025-01-06T09:00:00-05:00
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check icalendar==7.3.2

venv/bin/python - <<'PY'
import multiprocessing
from icalendar import Calendar

ZONE = """BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:{0}
TZOFFSETTO:{0}
END:STANDARD
END:VTIMEZONE
"""

def start(offset):
    text = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//example.com//EN\n"
    text += ZONE.format(offset)
    text += "BEGIN:VEVENT\nUID:1\nDTSTAMP:20250101T000000Z\n"
    text += "DTSTART;TZID=Customized Time Zone:20250106T090000\nEND:VEVENT\nEND:VCALENDAR\n"
    calendar = Calendar.from_ical(text.replace("\n", "\r\n"))
    return calendar.walk("VEVENT")[0]["DTSTART"].dt.isoformat()

with multiprocessing.get_context("fork").Pool(1) as other:
    alone = other.apply(start, ["-0500"])
first, second = start("+0300"), start("-0500")
print("Nairobi            ", first)
print("Lima office        ", second)
print("Lima office, alone ", alone)
assert first == second == "2025-01-06T09:00:00+03:00"
assert alone == "2025-01-06T09:00:00-05:00"
PY
