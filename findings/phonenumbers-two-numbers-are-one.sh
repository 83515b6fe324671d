#!/usr/bin/env bash
# Two phone numbers in one field become a third one, valid and nobody's.
#
# Version: phonenumbers==9.0.43
# Guess: '030 123456 / 123457' is refused, or read as its first number.
# Behaviour: what stands between digits is skipped, so both run together, and German numbers may be long
#   enough for two: is_valid_number says yes. Text with fewer than three letters is skipped like
#   punctuation, hence 'or'. Only a second number of the form /x13 is cut off.
# Source: phonenumbers/phonenumberutil.py, _SECOND_NUMBER_START and _VALID_ALPHA_PHONE_PATTERN; on what
#   valid means, FALSEHOODS.md and FAQ.md in github.com/google/libphonenumber
# Seen:
#   030 123456 / 123457         +4930123456123457  valid
#   212-555-0123 or 0124        +4921255501230124  valid
#   030 1234567 x12/x13         +49301234567  valid
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check phonenumbers==9.0.43

venv/bin/python - <<'PY'
import phonenumbers

seen = []
for text in ("030 123456 / 123457", "212-555-0123 or 0124", "030 1234567 x12/x13"):
    number = phonenumbers.parse(text, "DE")
    seen.append((phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), phonenumbers.is_valid_number(number)))
    print(f"{text:27} {seen[-1][0]} ", "valid" if seen[-1][1] else "not valid")
assert seen == [("+4930123456123457", True), ("+4921255501230124", True), ("+49301234567", True)], seen
PY
