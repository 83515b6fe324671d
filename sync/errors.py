"""Errors of a run, and the one table of how a run can end: exit code, meaning, and what follows from it.

BothwaysError
 ├── LockHeld        another run works in this workspace                                     exit 6
 ├── BrakeReached    a person must decide                                                    exit 5
 │    ├── PlanChanged     the changes are no longer those that were previewed                exit 5
 │    └── OtherOwner      another install writes scores to this CRM                          exit 5
 ├── RefusedByCrm    the CRM refuses most records for one reason                             exit 4
 ├── OutOfTime       the run reached its time limit                                          exit 7
 ├── Stopped         the run was asked to end and ended cleanly                              exit 130 / 143
 └── RetriableError
      ├── PullIncomplete    a stream could not be read to its end; nothing was scored        exit 8
      └── StateUnavailable  the server of the state database is not there                    exit 8

Errors that come from a CRM are in `connectors.errors`. Command line, daemon, alerts, metrics and docs all read
`ENDINGS` and `exit_code`; nothing else knows what a code means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.errors import (
    AuthError,
    BothwaysError,
    ConfigError,
    FatalError,
    QuotaReached,
    RetriableError,
    SchemaError,
    StateError,
    Throttled,
    Unreachable,
)


class LockHeld(BothwaysError):
    """Another run holds the lock of this workspace."""


class BrakeReached(BothwaysError):
    """This run would change far more than usual; nothing was written."""


class PlanChanged(BrakeReached):
    """The digest asked for is not that of the changes found now; nothing was written."""


class OtherOwner(BrakeReached):
    """Another install writes scores to the same CRM; nothing was written."""


class RefusedByCrm(BothwaysError):
    """The CRM refuses most records for one and the same reason; the rest was not even tried."""


class OutOfTime(BothwaysError):
    """The run reached its time limit; what was done is kept, with the plan, and the next run resumes it."""


class Stopped(BothwaysError):
    """Asked to stop: what was done is committed, the next run resumes."""


class PullIncomplete(RetriableError):
    """A stream broke off: what was read is kept, nothing was scored or written."""


class StateUnavailable(RetriableError):
    """The server of the state database does not answer, or did not to the end; the next run resumes."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What an exit code means.

    `success`: everything was read, scored and tried. `failure`: somebody should hear of it. `retry`: the same command
    may succeed later without anybody's help, so a scheduler should run it again. A code that is neither success nor
    failure is a run that was deferred or stopped and will be resumed.
    """

    code: int
    meaning: str
    success: bool = False
    failure: bool = False
    retry: bool = False

    @property
    def needs_a_person(self) -> bool:
        """No repeating helps."""
        return self.failure and not self.retry


ENDINGS: Mapping[int, Ending] = {
    ending.code: ending
    for ending in (
        Ending(0, "done", success=True),
        Ending(1, "failed unexpectedly", failure=True),
        Ending(2, "refused its settings", failure=True),
        Ending(3, "done, but the CRM refused more records than allowed", success=True),
        Ending(4, "stopped: credentials, permission or schema", failure=True),
        Ending(5, "stopped: a person must decide", failure=True),
        Ending(6, "not started: another run works in this workspace", retry=True),
        Ending(7, "deferred for quota or time; the next run resumes it", retry=True),
        Ending(
            8,
            "could not reach the CRM or the state's server, or read the CRM whole; nothing half-read was scored",
            failure=True,
            retry=True,
        ),
        Ending(130, "interrupted; the next run resumes it"),
        Ending(143, "terminated; the next run resumes it"),
    )
}
_CODES: Mapping[type[BothwaysError], int] = {
    BothwaysError: 1,
    FatalError: 1,
    StateError: 1,
    ConfigError: 2,
    AuthError: 4,
    SchemaError: 4,
    RefusedByCrm: 4,
    BrakeReached: 5,
    PlanChanged: 5,
    OtherOwner: 5,
    LockHeld: 6,
    QuotaReached: 7,
    OutOfTime: 7,
    RetriableError: 8,
    Throttled: 8,
    Unreachable: 8,
    PullIncomplete: 8,
    StateUnavailable: 8,
    Stopped: 130,
}
"""Every error class of connectors and sync; a test holds it complete. Classes added elsewhere count as their nearest
base.
"""


def exit_code(error: BothwaysError) -> int:
    """The exit code of the error's class, or of its nearest base class in the table."""
    return next(_CODES[kind] for kind in type(error).__mro__ if kind in _CODES)


def ending(code: int | None) -> Ending:
    """What an exit code means; a code that is not ours is an unexpected failure."""
    return ENDINGS.get(1 if code is None else code, ENDINGS[1])
