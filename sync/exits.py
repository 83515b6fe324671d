"""Exit codes: stable, documented in `docs/operations.md`, the same for the command line and for what watches it."""

from __future__ import annotations

from connectors.errors import AuthError, BothwaysError, ConfigError, QuotaReached, RetriableError, SchemaError

MEANING = {
    0: "done",
    1: "failed unexpectedly",
    2: "refused its settings",
    3: "done, but the CRM refused more records than allowed",
    4: "stopped: credentials, permission or schema",
    5: "stopped: a person must decide",
    6: "not begun: another run works",
    7: "deferred for quota or time; it goes on later",
    8: "could not reach the CRM or read it whole; nothing half-read was scored",
    130: "interrupted",
    143: "terminated",
}
SUCCESS = frozenset({0, 3})
"""Everything was read, scored and tried."""
PASSING = frozenset({6, 7, 130, 143})
"""Neither success nor failure: somebody else works, or it goes on later."""


def exit_code(error: BothwaysError) -> int:
    """The documented exit code of an error."""
    for kind, code in ((ConfigError, 2), (AuthError, 4), (SchemaError, 4), (QuotaReached, 7), (RetriableError, 8)):
        if isinstance(error, kind):
            return code
    return int(getattr(error, "exit_code", 1))
