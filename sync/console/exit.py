"""How a command ends: what it raised is shown to the person, and becomes an exit code."""

from __future__ import annotations

import os
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path

import typer

from connectors.errors import BothwaysError
from connectors.redaction import redact
from sync.console.output import Output
from sync.errors import exit_code


def ended(command: Callable[[], int], output: Output) -> int:
    """The exit code of a command; what it raised is said. Raises nothing but SystemExit."""
    try:
        code = command()
    except typer.Exit as stop:
        code = stop.exit_code
    except typer.TyperException as error:
        code = 2
        show = getattr(error, "show", None)  # usage errors know their command and show how to use it
        if show is None or output.as_json:
            output.error(error.format_message(), "See `bothways --help`.", code)
        else:
            if hasattr(error, "message"):
                error.message = redact(error.message)  # whoever pastes a secret as an argument must not see it repeated
            show()
    except (typer.Abort, KeyboardInterrupt):
        output.error("Interrupted. What was confirmed so far is kept; run the command again to go on.", "", 130)
        code = 130
    except BothwaysError as error:
        code = exit_code(error)
        output.error(error.args[0] if error.args else type(error).__name__, error.remedy, code)
    except OSError as error:
        # What a person can do something about: a file, a disk, the rights. Where that is not all, the trace says more.
        code, where = 1, f"{error.filename}: " if error.filename else ""
        log = _keep_trace(error)
        output.error(
            f"{where}{error.strerror or error}.",
            "Check the path, its rights and the space on its disk, then run again."
            + (f" Details: {log}" if log else ""),
            code,
        )
    except MemoryError:
        code = 1
        output.error("There is not enough memory.", "Run it on a machine, or in a container, with more.", code)
    except Exception as error:
        code = _unexpected(error, output)
    return code


def _unexpected(error: Exception, output: Output) -> int:
    kept = _keep_trace(error)
    remedy = f"The details are in {kept}; please report them." if kept else _trace(error)
    output.error(f"Unexpected: {type(error).__name__}: {error}", remedy, 1)
    return 1


def _trace(error: Exception) -> str:
    return redact("".join(traceback.format_exception(error)))


def _keep_trace(error: Exception) -> str:
    """Appends the trace to the error log, never through a link; says where, "" when that cannot be."""
    incident = uuid.uuid4().hex[:8]
    log = Path(os.environ.get("BOTHWAYS_ERROR_LOG", "bothways-error.log"))
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
        with open(os.open(log, flags, 0o600), "a", encoding="utf-8") as file:
            file.write(f"--- incident {incident}\n{_trace(error)}\n")
    except OSError:
        return ""
    return f"{log} (incident {incident})"
