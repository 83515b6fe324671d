#!/usr/bin/env bash
# The crontab line for Mondays runs on Tuesdays.
#
# Version: APScheduler==3.11.3, croniter==7.0.0
# Guess: CronTrigger.from_crontab takes "a standard crontab expression", where 1 is Monday.
# Behaviour: numbers count from Monday = 0, so '0 9 * * 1' fires on Tuesday and '1-5' from Tuesday to
#   Saturday; 7, which cron takes for Sunday, is refused. Names (mon) are right. The documentation now
#   warns; the signature does not.
# Source: CronTrigger.from_crontab docstring; github.com/agronholm/apscheduler/issues/286; crontab(5)
# Seen:
#   expression   croniter             APScheduler
#   0 9 * * 1    Mon Mon              Tue Tue
#   0 9 * * 1-5  Thu Fri Mon Tue Wed  Thu Fri Sat Tue Wed
#   0 9 * * mon  Mon Mon              Mon Mon
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check APScheduler==3.11.3 croniter==7.0.0

venv/bin/python - <<'PY'
import datetime
from apscheduler.triggers.cron import CronTrigger
from croniter import croniter

start = datetime.datetime(2025, 1, 1, 12, tzinfo=datetime.timezone.utc)  # a Wednesday

def apscheduler(expression, count):
    trigger, fired = CronTrigger.from_crontab(expression, timezone=datetime.timezone.utc), []
    while len(fired) < count:
        fired.append(trigger.get_next_fire_time(*((fired[-1], fired[-1]) if fired else (None, start))))
    return " ".join(f"{day:%a}" for day in fired)

def cron(expression, count):
    days = croniter(expression, start)
    return " ".join(f"{days.get_next(datetime.datetime):%a}" for _ in range(count))

print(f"{'expression':12} {'croniter':20} APScheduler")
seen = []
for expression, count in (("0 9 * * 1", 2), ("0 9 * * 1-5", 5), ("0 9 * * mon", 2)):
    seen.append((cron(expression, count), apscheduler(expression, count)))
    print(f"{expression:12} {seen[-1][0]:20} {seen[-1][1]}")
assert seen == [("Mon Mon", "Tue Tue"), ("Thu Fri Mon Tue Wed", "Thu Fri Sat Tue Wed"), ("Mon Mon", "Mon Mon")], seen
PY
