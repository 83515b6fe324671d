#!/usr/bin/env bash
# '1,5' is 15 when the locale is English, and '1.5' is 15 when it is German.
#
# Version: babel==2.19.0
# Guess: a number that the locale cannot write that way is refused.
# Behaviour: the group separator may stand anywhere and is simply removed, so a decimal comma or point of
#   the other convention multiplies the amount by ten or a hundred. Even '1,2,3' is a number. With
#   strict=True it raises; strict is off by default.
# Source: babel.numbers.parse_decimal, argument strict; unicode.org, UTS 35 part 3 (numbers), grouping
# Seen:
#   '1,5' en    15
#   '1.5' de    15
#   '1,2,3' en  123
#   strict      NumberFormatError
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check babel==2.19.0

venv/bin/python - <<'PY'
from babel.numbers import NumberFormatError, parse_decimal

seen = {}
for text, locale in (("1,5", "en"), ("1.5", "de"), ("1,2,3", "en")):
    seen[text] = int(parse_decimal(text, locale=locale))
    print(f"{text!r} {locale}".ljust(11), seen[text])
try:
    strict = str(parse_decimal("1,5", locale="en", strict=True))
except NumberFormatError as error:
    strict = type(error).__name__
print("strict     ", strict)
assert seen == {"1,5": 15, "1.5": 15, "1,2,3": 123}
assert strict == "NumberFormatError"
PY
