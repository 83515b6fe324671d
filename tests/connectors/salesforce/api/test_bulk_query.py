"""Result pages of Bulk queries, downloaded several at a time: the same rows, in order, from wherever a read stood."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import orjson
import pytest

from connectors.base import Page
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer, Request, Response
from connectors.errors import RetriableError
from connectors.salesforce.read.cursor import Position, decode

PAGE = 40
ONE: dict[str, Any] = {"bulk_read_rows": 0, "bulk_page_rows": 100}
SETTINGS = {**ONE, "bulk_download_workers": 2}
OBJECTS = 3
"""That activities are read from: e-mails, events, tasks."""


class Watched(SalesforceEmulator):
    """Counts the downloads under way at once, and can hold the first two until both are there."""

    def __init__(self, *given: Any, **settings: Any) -> None:
        super().__init__(*given, **settings)
        self.arrived = threading.Semaphore(0)
        self.together: threading.Barrier | None = None
        self.renamed: dict[bytes, bytes] = {}
        self._lock = threading.Lock()
        self._now = self.most = 0

    def handle(self, request: Request) -> Response:
        if not request.path.endswith("/results"):
            response = super().handle(request)
            if request.path.endswith("/resultPages"):
                for old, new in self.renamed.items():
                    response.body = response.body.replace(old, new)
            return response
        self.arrived.release()
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            if self.together is not None:
                self.together.wait(timeout=20)
                self.together = None
            return super().handle(request)
        finally:
            with self._lock:
                self._now -= 1


@pytest.fixture(scope="module")
def organisation(demo: Any) -> Any:
    deleted = tuple((stream, i) for stream, i in demo.deleted if stream != "activities")
    return replace(demo, tables={**demo.tables, "activities": demo.tables["activities"].slice(0, 500)}, deleted=deleted)


@pytest.fixture
def app(organisation: Any) -> Watched:
    return Watched(organisation, bulk_page_rows=PAGE)


@pytest.fixture
def whole(connect: Any) -> list[Page]:
    return list(connect(**ONE).read("activities", None))


def rows(pages: list[Page]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for page in pages for row in page.batch.to_pylist()}


def read(connector: Any, since: str | None = None) -> list[Page]:
    return list(connector.read("activities", since))


def calls(connector: Any, name: str) -> int:
    return int(connector.calls().by_endpoint.get(name, 0))


def test_two_pages_are_downloaded_at_once_and_no_more(connect: Any, app: Watched, whole: list[Page]) -> None:
    assert app.most == 1
    app.together = threading.Barrier(2)  # neither is answered before the other has been asked for
    connector = connect(**SETTINGS)
    assert rows(read(connector)) == rows(whole)
    assert app.most == 2
    assert calls(connector, "GET jobs/query/*/resultPages") > 1


def test_one_page_is_on_its_way_while_another_is_used(connect: Any, app: Watched) -> None:
    """Without a call more: the locator of the next page comes with the head of this one."""
    connector = connect(**ONE)
    reading = connector.read("activities", None)
    next(reading)
    assert app.arrived.acquire(timeout=20)
    assert app.arrived.acquire(timeout=20)
    pages = sum(1 for _ in reading) + 1
    assert calls(connector, "GET jobs/query/*/results") == pages
    assert calls(connector, "GET jobs/query/*/resultPages") == 0


@pytest.mark.slow
def test_a_read_goes_on_from_any_page_of_a_parallel_download(connect: Any) -> None:
    pages = read(connect(**SETTINGS))
    complete = rows(pages)
    cursors = [(n, page.cursor) for n, page in enumerate(pages) if getattr(decode(page.cursor), "locator", None)]
    assert len(cursors) > 6
    for number, cursor in cursors[::3]:
        connector = connect(**SETTINGS)
        later = rows(read(connector, cursor))
        assert {**rows(pages[: number + 1]), **later} == complete
        assert len(later) < len(complete)
        part = decode(cursor)
        assert isinstance(part, Position)
        assert calls(connector, "POST jobs/query") == OBJECTS - part.part - 1


def test_a_read_that_stood_in_another_kind_of_download_goes_on(connect: Any, whole: list[Page]) -> None:
    complete = rows(whole)
    [at, *_] = [n for n, page in enumerate(whole) if getattr(decode(page.cursor), "locator", None)]
    later = read(connect(**SETTINGS), whole[at].cursor)
    assert {**rows(whole[: at + 1]), **rows(later)} == complete


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 404, "body": '[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]'},
        {"status": 400, "body": '[{"errorCode":"INVALIDREQUEST","message":"not in this version"}]'},
        {"status": 200, "body": '{"resultPages":[{"resultUrl":"https://elsewhere.example/results?locator=x"}],"done":true}'},
        {"status": 200, "body": '{"resultPages":[{"resultUrl":null}],"done":true}'},
        {"status": 200, "body": '{"resultPages":[],"done":true}'},
    ],
    ids=["not there", "refused", "leads elsewhere", "no address", "no pages"],
)  # fmt: skip
def test_without_parallel_pages_they_are_read_one_after_another(
    server: EmulatorServer, connect: Any, whole: list[Page], fault: dict[str, Any]
) -> None:
    server.faults.add({"kind": "status", **fault, "match": {"path": "resultPages"}, "times": None})
    assert rows(read(connect(**SETTINGS))) == rows(whole)


def test_the_other_spellings_of_the_list_are_understood(connect: Any, app: Watched, whole: list[Page]) -> None:
    app.renamed = {b'"resultUrl"': b'"resultLink"', b'"nextRecordsUrl"': b'"nextRecordUrl"'}
    connector = connect(**SETTINGS)
    assert rows(read(connector)) == rows(whole)
    assert calls(connector, "GET jobs/query/*/resultPages") > 1


def test_a_page_that_is_not_listed_is_noticed(connect: Any, app: Watched) -> None:
    class Forgetful(Watched):
        def handle(self, request: Request) -> Response:
            response = super().handle(request)
            if request.path.endswith("/resultPages") and response.status == 200:
                told = orjson.loads(response.body)
                told["resultPages"] = told["resultPages"][:-1]
                response.body = orjson.dumps(told)
            return response

    app.__class__ = Forgetful
    with pytest.raises(RetriableError, match="bulk_download_workers"):
        read(connect(**SETTINGS))


@pytest.mark.slow
@pytest.mark.parametrize("fault", [{"kind": "reset"}, {"kind": "cut"}, {"kind": "html", "status": 503}])
def test_a_fault_in_one_of_two_downloads_loses_nothing(
    server: EmulatorServer, connect: Any, whole: list[Page], fault: dict[str, Any]
) -> None:
    server.faults.add({**fault, "match": {"path": "/results"}, "times": 3})
    assert rows(read(connect(**SETTINGS))) == rows(whole)
    assert sum(server.stats()["faults_fired"].values()) == 3


def test_what_came_before_a_page_that_never_comes_is_kept(
    server: EmulatorServer, connect: Any, whole: list[Page]
) -> None:
    got: list[Page] = []
    reading = connect(**SETTINGS).read("activities", None)
    got += [next(reading), next(reading)]
    server.faults.add({"kind": "html", "status": 503, "match": {"path": "/results"}, "times": None})
    with pytest.raises(RetriableError):
        got.extend(reading)
    server.faults.clear()
    assert isinstance(decode(got[-1].cursor), Position)
    assert {**rows(got), **rows(read(connect(**SETTINGS), got[-1].cursor))} == rows(whole)


def test_a_small_answer_takes_no_list(connect: Any) -> None:
    connector = connect(**SETTINGS)
    list(connector.read("accounts", None))
    assert calls(connector, "POST jobs/query") == 1
    assert calls(connector, "GET jobs/query/*/resultPages") == 0
