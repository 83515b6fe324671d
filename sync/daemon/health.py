"""The daemon's own pages: /healthz (does anybody have to look?), /readyz (does it work?), /metrics (Prometheus)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Gauge, Metric, make_wsgi_app
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from connectors.errors import BothwaysError
from sync.daemon.daemon import Standing
from sync.daemon.http_server import answer
from sync.errors import ending

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

KEPT = timedelta(seconds=30)
"""The figures of the runs are looked up no more often than that, unless one has ended meanwhile."""
_NOTHING: tuple[dict[str, int], dict[str, int]] = ({}, {})


@dataclass(frozen=True, slots=True)
class Sources:
    """What the pages are made of. `marks`: records that wait to be read again; `heard`: deliveries by status and events
    by outcome; `listening`: whether the receiver, if there is one, serves; `figures`: the metrics of the runs.
    """

    standing: Callable[[], Standing]
    figures: Callable[[], Collector]
    every: timedelta
    marks: Callable[[], int] = lambda: 0
    heard: Callable[[], tuple[dict[str, int], dict[str, int]]] = lambda: _NOTHING
    listening: Callable[[], bool] = lambda: True
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


class Health:
    """A WSGI application."""

    def __init__(self, sources: Sources) -> None:
        self._from = sources
        self._figures: tuple[datetime, datetime | None, Sequence[Metric]] | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return answer(start_response, "405 Method Not Allowed")
        path = environ["PATH_INFO"]
        try:
            if path == "/healthz":
                return self._page(start_response, self.trouble())
            if path == "/readyz":
                return self._page(start_response, self.unready())
            if path == "/metrics":
                return self._metrics(environ, start_response)
        except (BothwaysError, sa.exc.SQLAlchemyError, OSError) as error:
            return answer(start_response, "503 Service Unavailable", f"{str(error).splitlines()[0]}\n")
        return answer(start_response, "404 Not Found", "/healthz, /readyz, /metrics\n")

    def trouble(self) -> str:
        """Why a person should look; "" when nobody has to."""
        standing = self._from.standing()
        if standing.waits_for_a_person:
            meaning = ending(standing.code or 0).meaning
            return (
                f"the last sync {meaning} (exit code {standing.code}); the next is at "
                f"{standing.next_at:%Y-%m-%d %H:%M} UTC"
            )
        since = standing.succeeded_at or standing.began_at
        if self._from.clock() - since > 2 * self._from.every and not standing.running:
            return f"no sync has succeeded since {since:%Y-%m-%d %H:%M} UTC"
        return self.unready()

    def unready(self) -> str:
        """Why it does not work; "" when it does."""
        if self._from.standing().stopping:
            return "it is being stopped"
        return "" if self._from.listening() else "the webhook receiver does not listen"

    def metrics(self) -> CollectorRegistry:
        """Those of the runs and those of the daemon."""
        registry, standing = CollectorRegistry(), self._from.standing()
        for name, words, value in (
            ("daemon_running", "Whether a sync is under way.", float(standing.running)),
            ("daemon_healthy", "Whether nobody has to look.", float(not self.trouble())),
            ("daemon_next_run_timestamp_seconds", "When the next sync is due.", standing.next_at.timestamp()),
            ("marks", "Records marked by webhooks that no sync has read yet.", float(self._from.marks())),
        ):
            Gauge(f"bothways_{name}", words, registry=registry).set(value)
        deliveries, events = self._from.heard()
        counted = (
            _counts("bothways_webhook_deliveries", "Deliveries by HTTP status.", "status", deliveries),
            _counts("bothways_webhook_events", "Events by what became of them.", "outcome", events),
        )
        registry.register(_Collected([*self._figures_of(standing), *counted]))
        return registry

    def _metrics(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """By prometheus_client's own application: the format that the scraper asks for, compressed if it likes, and
        only the metrics that it names (`?name[]=`). HEAD is answered as GET; the server sends no body.
        """

        def uncached(status: str, headers: list[tuple[str, str]]) -> None:
            start_response(status, [*headers, ("Cache-Control", "no-store")])

        pages: Iterable[bytes] = make_wsgi_app(self.metrics())({**environ, "REQUEST_METHOD": "GET"}, uncached)
        return pages

    def _figures_of(self, standing: Standing) -> Sequence[Metric]:
        """Those of the runs change when one has ended; looking them up opens and checks the whole state."""
        now, kept = self._from.clock(), self._figures
        if kept is None or kept[1] != standing.ended_at or not timedelta() <= now - kept[0] < KEPT:
            kept = (now, standing.ended_at, list(self._from.figures().collect()))
            self._figures = kept
        return kept[2]

    def _page(self, start: StartResponse, trouble: str) -> Iterable[bytes]:
        standing = self._from.standing()
        page = {
            "status": trouble or "ok",
            "running": standing.running,
            "last_exit_code": standing.code,
            "last_ended": _stamp(standing.ended_at),
            "last_success": _stamp(standing.succeeded_at),
            "next_run": _stamp(standing.next_at),
        }
        return answer(
            start, "503 Service Unavailable" if trouble else "200 OK", json.dumps(page) + "\n", "application/json"
        )


class _Collected(Collector):
    """Metrics whose values are already known. Described too, so that a scraper can ask for some by name."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics

    describe = collect


def _counts(name: str, words: str, label: str, counts: Mapping[str, int]) -> Metric:
    """Counts that are kept elsewhere, as one metric."""
    metric = CounterMetricFamily(name, words, labels=[label])
    for value, count in sorted(counts.items()):
        metric.add_metric([value], count)
    return metric


def _stamp(instant: datetime | None) -> str | None:
    return None if instant is None else instant.strftime("%Y-%m-%dT%H:%M:%SZ")
