#!/usr/bin/env bash
# "At 02:30" on the nights when the clocks change: twice, once, or at a time that does not exist.
#
# Version: croniter==7.0.0, cronsim==2.8, APScheduler==3.11.3
# Guess: a daily job runs once a day, in every library that reads cron lines.
# Behaviour: in the night with two 02:30s croniter and APScheduler run it twice, cronsim once, like
#   Debian's cron. In the night without one, croniter and cronsim move it to 03:00 and APScheduler gives
#   02:30+01:00, a wall clock time that Berlin skipped. Moving a job between them moves its runs.
# Source: cronsim README, section DST Transitions; cron(8) of Debian; docs.python.org/3/library/datetime.html
#   (fold); APScheduler user guide, cron trigger, daylight saving time behavior
# Seen:
#   croniter     30 March 03:00+02:00                26 October 02:30+02:00 02:30+01:00
#   cronsim      30 March 03:00+02:00                26 October 02:30+02:00
#   APScheduler  30 March 02:30+01:00                26 October 02:30+02:00 02:30+01:00
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check croniter==7.0.0 cronsim==2.8 APScheduler==3.11.3

venv/bin/python - <<'PY'
import datetime, itertools, zoneinfo
from apscheduler.triggers.cron import CronTrigger
from croniter import croniter
from cronsim import CronSim

berlin, line = zoneinfo.ZoneInfo("Europe/Berlin"), "30 2 * * *"

def by_croniter(start):
    runs = croniter(line, start)
    while True:
        yield runs.get_next(datetime.datetime)

def by_cronsim(start):
    yield from CronSim(line, start)

def by_apscheduler(start):
    trigger, last, now = CronTrigger.from_crontab(line, timezone=berlin), None, start
    while True:
        last = now = trigger.get_next_fire_time(last, now)
        yield last

def night(runs, month, day):
    start = datetime.datetime(2025, month, day, 0, 30, tzinfo=berlin)
    return [run.isoformat()[11:16] + run.isoformat()[19:] for run in itertools.islice(runs(start), 3) if run.day == day]

seen = {}
for name, runs in (("croniter", by_croniter), ("cronsim", by_cronsim), ("APScheduler", by_apscheduler)):
    seen[name] = night(runs, 3, 30), night(runs, 10, 26)
    print(f"{name:12} 30 March {' '.join(seen[name][0]):26} 26 October", *seen[name][1])
assert seen == {
    "croniter": (["03:00+02:00"], ["02:30+02:00", "02:30+01:00"]),
    "cronsim": (["03:00+02:00"], ["02:30+02:00"]),
    "APScheduler": (["02:30+01:00"], ["02:30+02:00", "02:30+01:00"]),
}, seen
PY
