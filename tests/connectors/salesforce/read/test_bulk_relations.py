"""Related rows of a large read: read whole by Bulk, and known from e-mails that were read, mean the same as asked for
by id.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote_plus

import pytest

from connectors.base import Page
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer, Request, Response
from connectors.salesforce.read import bulk_relations as relations
from connectors.salesforce.read.cursor import Position, decode

LARGE: dict[str, Any] = {"bulk_read_rows": 0, "bulk_page_rows": 100}


class Listening(SalesforceEmulator):
    """Keeps what it was asked."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.asked: list[str] = []

    def handle(self, request: Request) -> Response:
        self.asked.append(unquote_plus(request.target) + request.body.decode("utf-8", "replace"))
        return super().handle(request)

    def about(self, words: str) -> int:
        return sum(words in unquote_plus(each) for each in self.asked)


@pytest.fixture(scope="module")
def organisation(demo: Any) -> Any:
    deleted = tuple((stream, i) for stream, i in demo.deleted if stream != "activities")
    return replace(demo, tables={**demo.tables, "activities": demo.tables["activities"].slice(0, 300)}, deleted=deleted)


@pytest.fixture
def app(organisation: Any) -> Listening:
    return Listening(organisation)


@pytest.fixture
def by_id(connect: Any) -> dict[str, Any]:
    """What a read gives that asks for everything by id."""
    return rows(read(connect()))


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relation of whatever size is worth a job."""
    monkeypatch.setattr(relations, "_BY_ID", 1)


def read(connector: Any, since: str | None = None) -> list[Page]:
    return list(connector.read("activities", since))


def rows(pages: list[Page]) -> dict[str, Any]:
    return {row["id"]: row for page in pages for row in page.batch.to_pylist()}


@pytest.mark.usefixtures("cheap")
def test_a_relation_read_whole_means_the_same(connect: Any, app: Listening, by_id: dict[str, Any]) -> None:
    app.asked.clear()
    assert rows(read(connect(**LARGE))) == by_id
    for relation in ("EmailMessageRelation", "EventRelation"):
        assert app.about(f'FROM {relation}"') == 1
        assert app.about(f"FROM {relation} WHERE") == 0
    assert any(row["person_ids"] for row in by_id.values())


@pytest.mark.usefixtures("cheap")
def test_who_was_taken_off_a_message_is_not_on_it(connect: Any, app: Listening, by_id: dict[str, Any]) -> None:
    [gone, *_] = [row for row in app.records("EmailMessageRelation") or [] if str(row["RelationId"]).startswith("003")]
    app.delete("EmailMessageRelation", gone["Id"])
    after = rows(read(connect(**LARGE)))
    assert gone["RelationId"] in by_id[gone["EmailMessageId"]]["person_ids"]
    assert gone["RelationId"] not in after[gone["EmailMessageId"]]["person_ids"]
    assert after == rows(read(connect()))


@pytest.mark.usefixtures("cheap")
def test_a_relation_that_bulk_does_not_serve_is_asked_by_id(
    connect: Any, app: Listening, server: EmulatorServer, by_id: dict[str, Any]
) -> None:
    body = '[{"errorCode":"INVALIDENTITY","message":"Entity is not supported by the Bulk API."}]'
    rule = {
        "kind": "status",
        "status": 400,
        "body": body,
        "match": {"method": "POST", "body": "FROM EmailMessageRelation"},
    }
    server.faults.add({**rule, "times": None})
    assert rows(read(connect(**LARGE))) == by_id
    assert app.about("FROM EmailMessageRelation WHERE") > 0


@pytest.mark.usefixtures("cheap")
def test_a_large_read_that_is_resumed_means_the_same(connect: Any, by_id: dict[str, Any]) -> None:
    pages = read(connect(**LARGE))
    for number, page in enumerate(pages[:-1]):
        assert isinstance(decode(page.cursor), Position)
        later = rows(read(connect(**LARGE), page.cursor))
        assert {**rows(pages[: number + 1]), **later} == by_id


def test_small_relations_are_not_worth_a_job(connect: Any, app: Listening) -> None:
    read(connect(**LARGE))
    assert app.about("FROM EmailMessageRelation WHERE") > 0


def test_which_tasks_an_email_stands_for_is_known_from_the_emails(
    connect: Any, app: Listening, by_id: dict[str, Any]
) -> None:
    app.asked.clear()
    pages = read(connect(**LARGE))
    assert rows(pages) == by_id
    assert app.about("ActivityId IN") == 0
    [at] = [n for n, page in enumerate(pages) if decode(page.cursor) == _start_of_tasks(pages)]
    app.asked.clear()
    assert {**rows(pages[: at + 1]), **rows(read(connect(**LARGE), pages[at].cursor))} == by_id
    assert app.about("ActivityId IN") > 0


def _start_of_tasks(pages: list[Page]) -> Position:
    first = decode(pages[0].cursor)
    assert isinstance(first, Position)
    return Position(first.high, first.low, part=2)
