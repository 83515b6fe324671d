#!/usr/bin/env bash
# A "what is this column" test finds dates in No, n/a, OK, B and 30m.
#
# Version: dateparser==1.5.0
# Guess: parse() returns None for text that is not a date.
# Behaviour: some word of some language fits. Answers, picklist letters and call lengths come back as dates
#   near today; '30m' is half an hour ago and '2w' a fortnight ago. A day column found by "it parses"
#   takes any picklist. Asking for English only leaves 30m; REQUIRE_PARTS for all three leaves No and 30m.
# Source: dateparser docs, introduction (relative dates, language detection) and settings (REQUIRE_PARTS)
# Seen: (today is 2025-01-31 10:00)
#   No   2025-01-31 10:00
#   n/a  2025-01-30 00:00
#   OK   2025-06-30 00:00
#   B    2025-01-26 00:00
#   30m  2025-01-31 09:30
#   Won  None
#   still a date in English      30m
#   still with all parts wanted  No 30m
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check dateparser==1.5.0

venv/bin/python - <<'PY'
import datetime
import dateparser

now = datetime.datetime(2025, 1, 31, 10)
expected = {"No": "2025-01-31 10:00", "n/a": "2025-01-30 00:00", "OK": "2025-06-30 00:00", "B": "2025-01-26 00:00",
            "30m": "2025-01-31 09:30", "Won": None}
seen = {}
for text in expected:
    found = dateparser.parse(text, settings={"RELATIVE_BASE": now})
    seen[text] = found and f"{found:%Y-%m-%d %H:%M}"
    print(f"{text:4}", seen[text])
assert seen == expected, seen
english = [text for text in expected if dateparser.parse(text, languages=["en"])]
complete = [text for text in expected if dateparser.parse(text, settings={"REQUIRE_PARTS": ["day", "month", "year"]})]
print("still a date in English     ", *english)
print("still with all parts wanted ", *complete)
assert english == ["30m"] and complete == ["No", "30m"], (english, complete)
PY
