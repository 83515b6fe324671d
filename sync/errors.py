"""Errors of a run itself; those that come from a CRM are in `connectors.errors`.

BothwaysError
 ├── LockHeld        another run works in this workspace                                     exit 6
 ├── BrakeReached    a person must decide                                                    exit 5
 │    ├── PlanChanged     the changes are no longer those that were previewed                exit 5
 │    └── OtherOwner      another install writes scores to this CRM                          exit 5
 ├── RefusedByCrm    the CRM refuses most records for one reason                             exit 4
 ├── Stopped         the run was asked to end and ended cleanly                              exit 130 / 143
 └── RetriableError
      └── PullIncomplete  a stream could not be read to its end; nothing was scored          exit 8
"""

from __future__ import annotations

from connectors.errors import BothwaysError, RetriableError


class LockHeld(BothwaysError):
    """Another run holds the lock of this workspace."""

    exit_code = 6


class BrakeReached(BothwaysError):
    """This run would change far more than usual; nothing was written."""

    exit_code = 5


class PlanChanged(BrakeReached):
    """The digest asked for is not that of the changes found now; nothing was written."""


class OtherOwner(BrakeReached):
    """Another install writes scores to the same CRM; nothing was written."""


class RefusedByCrm(BothwaysError):
    """The CRM refuses most records for one and the same reason; the rest was not even tried."""

    exit_code = 4


class Stopped(BothwaysError):
    """Asked to stop: what was done is committed, the next run goes on from here."""

    exit_code = 130


class PullIncomplete(RetriableError):
    """A stream broke off: what was read is kept, nothing was scored or written."""
