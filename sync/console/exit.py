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
    except Exception as error:
        code = _unexpected(error, output)
    return code


def _unexpected(error: Exception, output: Output) -> int:
    incident = uuid.uuid4().hex[:8]
    log = Path(os.environ.get("BOTHWAYS_ERROR_LOG", "bothways-error.log"))
    trace = redact("".join(traceback.format_exception(error)))
    try:
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
            file.write(f"--- incident {incident}\n{trace}\n")
        remedy = f"The details are in {log} (incident {incident}); please report them."
    except OSError:
        remedy = trace
    output.error(f"Unexpected: {type(error).__name__}: {error}", remedy, 1)
    return 1
