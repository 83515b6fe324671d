"""One total deadline for a request, headers and body included: a server that drips never trips a timeout between reads.

A watchdog thread shuts the socket of the request down when its time is up; the read under way then ends at once.
Connections tell the deadline of their thread which socket they use, so this works through any library on urllib3.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from connectors import stopping
from connectors.http.strict_response import StrictResponse
from connectors.http.traffic import Exchange

_here = threading.local()
_SLICE = 0.5
"""Seconds between two looks at whether a name that is being looked up is still wanted."""


class Deadline:
    """The time that one request may take. `expired` afterwards tells whether it took longer."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.expired = False
        self._over = False
        self._socket: socket.socket | None = None
        self._copy: socket.socket | None = None
        self._lock = threading.Lock()

    def use(self, connected: socket.socket | None, *, ours: bool = False) -> None:
        """The socket that the request uses now; `ours` is a copy, which is closed when the next one comes."""
        with self._lock:
            self._drop_copy()
            self._socket = connected
            self._copy = connected if ours else None
        if self.expired:
            self.expire()

    def finish(self) -> None:
        """The request is over: its socket may be used by others from now on."""
        with self._lock:
            self._over, self._socket = True, None
            self._drop_copy()

    def _drop_copy(self) -> None:
        if self._copy is not None:
            self._copy.close()
            self._copy = None

    def expire(self) -> None:
        """Ends what is being read or written."""
        with self._lock:
            if self._over:
                return
            self.expired = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)


class _Watchdog:
    """One thread for all requests, started with the first of them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Deadline]] = []
        self._number = itertools.count()
        self._thread: threading.Thread | None = None

    def watch(self, deadline: Deadline) -> None:
        with self._changed:
            heapq.heappush(self._waiting, (deadline.until, next(self._number), deadline))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            if self._waiting[0][2] is deadline:  # else the watchdog sleeps on until an earlier one anyway
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                until, _, deadline = self._waiting[0]
                pause = until - time.monotonic()
                if pause > 0:
                    self._changed.wait(pause)
                    continue
                heapq.heappop(self._waiting)
            deadline.expire()

    def expire_all(self) -> None:
        with self._changed:
            waiting = [deadline for _, _, deadline in self._waiting]
        for deadline in waiting:
            deadline.expire()


_watchdog = _Watchdog()
stopping.on_cut(_watchdog.expire_all)


@contextmanager
def within(deadline: Deadline) -> Iterator[None]:
    """Whatever this thread asks for in the block must be over at the deadline, or its connection is cut. Raises
    Stopping when the process is being stopped and no call may begin.
    """
    stopping.go_on()
    before, _here.deadline = getattr(_here, "deadline", None), deadline
    _watchdog.watch(deadline)
    try:
        yield
    finally:
        deadline.finish()
        _here.deadline = before


def _tell(connection: Any) -> None:
    deadline: Deadline | None = getattr(_here, "deadline", None)
    if deadline is not None:
        deadline.use(connection.sock)


def _connected(connect: Callable[[], socket.socket], deadline: Deadline, connection: Any) -> socket.socket:
    """What `connect` gives, if it does in time: looking a name up has no time-out, and no socket to be shut down."""
    found: Future[socket.socket] = Future()

    def work() -> None:
        try:
            found.set_result(connect())
        except (OSError, urllib3.exceptions.HTTPError) as error:
            found.set_exception(error)

    threading.Thread(target=work, name="connecting", daemon=True).start()
    while not deadline.expired and (left := deadline.until - time.monotonic()) > 0:
        wait([found], min(left, _SLICE))
        if found.done():
            return found.result()
    found.add_done_callback(_close_late)
    deadline.expire()
    raise urllib3.exceptions.ConnectTimeoutError(connection, "there was no connection before the deadline")


def _close_late(found: Future[socket.socket]) -> None:
    if found.exception() is None:
        found.result().close()


class _Observed:
    """Tells the deadline of the thread which socket is in use, and the log what was asked and answered."""

    _exchange: Exchange | None = None
    sock: socket.socket | None
    response_class: Any = StrictResponse

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]  # of the connection that this is mixed into
        _tell(self)

    def _new_conn(self) -> socket.socket:
        """From here on the deadline counts: a proxy's answer and a TLS handshake can drip too."""
        connect: Callable[[], socket.socket] = super()._new_conn  # type: ignore[misc]
        deadline: Deadline | None = getattr(_here, "deadline", None)
        if deadline is None:
            return connect()
        made = _connected(connect, deadline, self)
        deadline.use(made.dup(), ours=True)  # TLS takes the first one over, and leaves it closed
        return made

    def request(self, method: str, url: str, *args: Any, **kw: Any) -> None:
        if self.sock is not None:
            _tell(self)
        self._exchange = Exchange(method, url, kw.get("headers"))
        super().request(method, url, *args, **kw)  # type: ignore[misc]

    def getresponse(self, *args: Any, **kw: Any) -> Any:
        response = super().getresponse(*args, **kw)  # type: ignore[misc]
        if self._exchange is not None:
            self._exchange.answered(response.status, response.headers)
        return response


class _Connection(_Observed, HTTPConnection):
    pass


class _SecureConnection(_Observed, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def watch_connections(manager: urllib3.PoolManager) -> None:
    """From now on the manager's connections obey `within`."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
