#!/usr/bin/env bash
# A retried generator hands out the pages it had already handed out.
#
# Version: stamina==26.1.0, tenacity==9.2.1
# Guess: a decorated generator that fails on page 3 goes on with page 3, or is not retried at all.
# Behaviour: stamina starts it again from the first item and the consumer, which cannot tell, gets pages
#   1 and 2 once more per attempt: six records of two. tenacity, on which it is built, decorates the call
#   that makes the generator and so never retries. One line changed, and duplicates where errors were.
# Source: stamina.retry docstring ("Generators are restarted from the beginning on each retry") and
#   CHANGELOG 25.2.0 (#123) in github.com/hynek/stamina
# Seen:
#   stamina   page 1, page 2, page 1, page 2, page 1, page 2, then ConnectionError
#   tenacity  page 1, page 2, then ConnectionError
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check stamina==26.1.0 tenacity==9.2.1

venv/bin/python - <<'PY'
import logging
import stamina, tenacity

logging.disable(logging.CRITICAL)

def pages():
    yield "page 1"
    yield "page 2"
    raise ConnectionError

def consume(call):
    got = []
    try:
        for page in call():
            got.append(page)
    except ConnectionError as error:
        return got, type(error).__name__

seen = {
    "stamina": consume(stamina.retry(on=ConnectionError, attempts=3, wait_initial=0, wait_jitter=0)(pages)),
    "tenacity": consume(tenacity.retry(stop=tenacity.stop_after_attempt(3))(pages)),
}
for name, (got, error) in seen.items():
    print(f"{name:9} {', '.join(got)}, then {error}")
assert seen["stamina"] == (["page 1", "page 2"] * 3, "ConnectionError")
assert seen["tenacity"] == (["page 1", "page 2"], "ConnectionError")
PY
