"""The webhook receiver: a delivery that is genuine becomes marks in the state, and is answered 200 only once they are
there.

Whatever goes wrong before that is answered 5xx (or not at all), so that the CRM sends it again: no event is lost. It
reads nothing from the CRM and writes nothing to it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connectors.errors import BothwaysError, StateError
from connectors.webhooks import Malformed, Notices, NotSigned, Webhooks
from sync.daemon.http_server import answer
from sync.options import Workspace
from sync.pull.rereads import Marks
from sync.state import flags as holds
from sync.state.database import State, open_state
from sync.system import logs
from sync.system.failpoints import failpoint

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

BODY = 1_000_000
"""The most bytes of a delivery: a hundred events are some 50 kB."""
_TOLD_EVERY = 100
"""Of refused deliveries the first and every so many more are told in the log; all are counted."""


class StateFile:
    """The state, kept open by a process that lives long. A run may find the file damaged and put a new one in its
    place: what was committed to the old one would be lost, so `same` tells, and the next use opens the new one.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._state: State | None = None
        self._file: tuple[int, int] | None = None

    def get(self) -> State:
        """The state, opened anew when its file was replaced. Raises StateError."""
        with self._lock:
            if self._state is None or not self.same():
                self._drop()
                self._state = open_state(self._workspace.dir, self._workspace.state_url)
                self._file = _identity(self._state.path)
            return self._state

    def same(self) -> bool:
        """Whether the open file is still the one with the name."""
        return self._state is None or self._file == _identity(self._state.path)

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._state is not None:
            self._state.close()
        self._state = None


def _identity(path: Path | None) -> tuple[int, int] | None:
    try:
        status = path.stat() if path is not None else None
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino) if status is not None else None


class Receiver:
    """A WSGI application. `marked` is called after marks were committed; `counts` tell deliveries and events."""

    def __init__(
        self,
        webhooks: Webhooks,
        state: StateFile,
        crm: str,
        *,
        marked: Callable[[], object] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._webhooks, self._state, self._crm, self._marked, self._clock = webhooks, state, crm, marked, clock
        self._lock = threading.Lock()
        self._deliveries: Counter[str] = Counter()
        self._events: Counter[str] = Counter()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status = self._status(environ)
        with self._lock:
            self._deliveries[status[:3]] += 1
        return answer(start_response, status)

    def counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Deliveries by HTTP status, and events by outcome (`connectors.webhooks.Notices`), since the start."""
        with self._lock:
            return dict(self._deliveries), dict(self._events)

    def _status(self, environ: WSGIEnvironment) -> str:
        method = str(environ["REQUEST_METHOD"])
        if method != "POST":
            return "405 Method Not Allowed"
        body: bytes = environ["wsgi.input"].read(BODY + 1)
        try:
            notices = self._webhooks.read(method, _headers(environ), body, self._clock())
            failpoint("delivery.read")
            self._keep(notices)
            failpoint("delivery.kept")
        except NotSigned as error:
            return self._refused("401 Unauthorized", error)
        except Malformed as error:
            return self._refused("400 Bad Request", error)
        except (BothwaysError, sa.exc.SQLAlchemyError, OSError) as error:
            logs.write("error", f"A delivery could not be kept; it will come again: {str(error).splitlines()[0]}")
            return "503 Service Unavailable"
        with self._lock:
            self._events.update(notices.events)
        if notices.marks:
            self._marked()
        return "200 OK"

    def _refused(self, status: str, error: BothwaysError) -> str:
        with self._lock:
            before = self._deliveries[status[:3]]
        if before % _TOLD_EVERY == 0:  # anybody can send what is refused: it must not fill the log
            logs.write("warning", f"A delivery was refused: {error} {error.remedy}".rstrip())
        return status

    def _keep(self, notices: Notices) -> None:
        if notices.marks:
            for erased in notices.erased:  # first: a mark without it would be no more than a record to read again
                holds.keep_out(self._state.get(), self._crm, erased.stream, erased.record_id)
            Marks(self._state.get(), self._crm).put(notices.marks)
            if not self._state.same():
                raise StateError("The state was replaced while marks were put into it.")


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    return {
        k[5:].replace("_", "-").lower(): v for k, v in environ.items() if k.startswith("HTTP_") and isinstance(v, str)
    }
