"""Every error that bothways raises on purpose.

    BothwaysError
     ├── ConfigError        the settings, the mapping or the arguments are wrong; a person must change them      exit 2
     ├── RetriableError     the same call may work later; `.retry_after` in seconds when the server said so      exit 8
     │    ├── Throttled     the server wants fewer calls, or none for a while                                    exit 8
     │    └── Unreachable   too many calls in a row got no answer: nothing more is asked for now                 exit 8
     ├── QuotaReached       the CRM's daily allowance (or our share of it) is used up; go on later               exit 7
     └── FatalError         will not work by itself                                                              exit 1
          ├── AuthError     credentials, scope or permission                                                     exit 4
          ├── SchemaError   a field or property we need is missing, of another type, or not writable             exit 4
          └── StateError    the state database or the landing is damaged, foreign or newer than this program     exit 1

A record that cannot be understood is a `Reject` and a change that the CRM refused is a `WriteError`: both are values
(see `connectors.base`), never exceptions, so that one bad record never stops the others.
"""

from __future__ import annotations

from connectors.redaction import redact


class BothwaysError(Exception):
    """Base of all; `.remedy` says in one sentence what the reader can do about it. Neither holds a secret: both are
    redacted here, wherever they go afterwards (terminal, log, state, JSON)."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(redact(message))
        self.remedy = redact(remedy)

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message} {self.remedy}" if self.remedy else message


class ConfigError(BothwaysError):
    """Settings, mapping or arguments are wrong."""


class RetriableError(BothwaysError):
    """The same call may succeed later."""

    def __init__(
        self, message: str, *, remedy: str = "", retry_after: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after
        self.status = status


class Throttled(RetriableError):
    """The server wants fewer calls at once, or none for `retry_after` seconds."""


class Unreachable(RetriableError):
    """Many calls in a row got no answer. Not worth a retry in this run."""


class QuotaReached(BothwaysError):
    """The daily allowance is used up, or the next call would eat into the reserve."""


class FatalError(BothwaysError):
    """Will not get better by trying again."""


class AuthError(FatalError):
    """The CRM refused the credentials, or they lack a scope or permission."""


class SchemaError(FatalError):
    """A field or property that is needed is missing, of another type, or not writable."""


class StateError(FatalError):
    """The state database or the landing is damaged, belongs to another program, or was written by a newer version."""
