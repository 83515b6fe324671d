"""What goes to stderr: lines for people on a terminal, one JSON object a line otherwise; nothing of it holds a secret.

`BOTHWAYS_LOG_FORMAT` (`text` or `json`) overrules that; with `json` errors are objects too, which otherwise stay lines
for people, since that is who reads them in a mail of cron. `BOTHWAYS_LOG_LEVEL` (`debug`, `info`, `warning`, `error`)
is for the logs of the program itself; `debug` tells every request by its endpoint, status and harmless headers, never a
body.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connectors.redaction import redact

if TYPE_CHECKING:
    import logging

_LEVELS = ("debug", "info", "warning", "error")
_OURS = ("connectors", "sync", "config", "enrichment")
_context: dict[str, str] = {}


def about(run_id: str) -> None:
    """From now on JSON lines carry the id of this run."""
    _context["run_id"] = run_id


def as_json(*, error: bool = False) -> bool:
    """Whether stderr gets JSON lines."""
    chosen = os.environ.get("BOTHWAYS_LOG_FORMAT", "").lower()
    if chosen in ("text", "json"):
        return chosen == "json"
    return not error and not sys.stderr.isatty()


def write(level: str, message: str, *, error: bool = False, more: Mapping[str, object] | None = None) -> None:
    """One line (or, for people, the lines of the message). Line ends and control characters of a message cannot make a
    line of their own in JSON."""
    message = redact(message)
    if as_json(error=error):
        fields = {"time": _now(), "level": level, **_context, "message": message, **(more or {})}
        sys.stderr.write(json.dumps(fields, default=str) + "\n")
    else:
        sys.stderr.write(printable(message) + "\n")
    with suppress(OSError):
        sys.stderr.flush()


def write_at_once(level: str, message: str) -> None:
    """A line of our own words from within a signal handler: no lock and no buffer is touched, which what the signal
    interrupted may be holding."""
    fields = {"time": _now(), "level": level, **_context, "message": message}
    with suppress(OSError, ValueError):
        os.write(sys.stderr.fileno(), ((json.dumps(fields) if as_json() else message) + "\n").encode())


def printable(text: str) -> str:
    """The text without control characters, so that a name in a CRM cannot drive the terminal; what cannot be encoded is
    replaced."""
    clean = "".join(
        char if char in "\n\t" or (ord(char) >= 32 and not 0x7F <= ord(char) < 0xA0) else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )
    return clean.encode("utf-8", "replace").decode() if not clean.isascii() else clean


def install() -> None:
    """Sends the logs of the program and of its libraries through here, and traces of threads and of last resort too; a
    crash leaves no core file, which would hold every secret."""
    import logging

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
            more = {"logger": record.name} | ({"trace": redact(trace)} if trace else {})
            text = record.getMessage() if as_json() or not trace else f"{record.getMessage()}\n{trace}"
            write(record.levelname.lower(), text, more=more)

    logging.basicConfig(handlers=[Handler()], level=logging.WARNING, force=True)
    wanted = os.environ.get("BOTHWAYS_LOG_LEVEL", "").lower()
    for name in _OURS if wanted in _LEVELS else ():
        logging.getLogger(name).setLevel(wanted.upper())
    threading.excepthook = lambda args: _trace(args.exc_value)
    sys.unraisablehook = lambda args: _trace(args.exc_value)
    sys.excepthook = lambda kind, error, trace: _trace(error)  # noqa: ARG005  (the hook's signature)
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _trace(error: BaseException | None) -> None:
    if error is not None:
        write("error", "".join(traceback.format_exception(error)), error=True)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
