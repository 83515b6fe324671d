#!/usr/bin/env bash
# Logging a call with its timestamp logs the time of the log line instead.
#
# Version: structlog==26.1.0
# Guess: a key given by the caller wins, or clashes loudly, as extra={'message': ...} does in logging.
# Behaviour: TimeStamper and add_log_level overwrite the caller's timestamp and level without a word: the
#   gold customer's call of 2025 becomes an info line of today. 'event' alone is refused, with a TypeError
#   about an internal function. MaybeTimeStamper keeps a given timestamp; there is none for the level.
# Source: structlog.processors.TimeStamper, MaybeTimeStamper ("only adds a timestamp if there is none"),
#   add_log_level, in the API reference
# Seen:
#   timestamp  2025-01-06T09:00:00Z -> now
#   level      gold -> info
#   event      TypeError: got multiple values for argument 'event'
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check structlog==26.1.0

venv/bin/python - <<'PY'
import json
import structlog

structlog.configure(
    processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"), structlog.processors.JSONRenderer()],
    logger_factory=structlog.ReturnLoggerFactory(),
)
log = structlog.get_logger()
written = json.loads(log.info("call landed", timestamp="2025-01-06T09:00:00Z", level="gold", account="Acme"))
print("timestamp  2025-01-06T09:00:00Z ->", "kept" if written["timestamp"].startswith("2025-01-06") else "now")
print("level      gold ->", written["level"])
try:
    log.info("call landed", event="meeting")
    message = "accepted"
except TypeError as error:
    message = str(error)
print("event      TypeError:", message.partition("() ")[2])
assert written["account"] == "Acme" and written["level"] == "info"
assert not written["timestamp"].startswith("2025-01-06")
assert message.endswith("got multiple values for argument 'event'")
PY
