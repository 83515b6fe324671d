"""Reading can stop and go on anywhere; a file that changes is read from the start."""

from __future__ import annotations

import pytest

from connectors.base import Change
from connectors.file import connector as module
from enrichment.fields import FIELDS


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE_ROWS", 3)


def _rows(n: int) -> str:
    return "id,name\n" + "".join(f"{i},Name {i}\n" for i in range(n))


def test_pages_are_small_ordered_and_complete_and_stay_so(folder, small_pages) -> None:
    folder.put("accounts.csv", _rows(10))
    connector = folder.connect()
    pages = list(connector.read("accounts", None))
    ids = [i for p in pages for i in p.batch.column("id").to_pylist()]
    assert [p.batch.num_rows for p in pages] == [3, 3, 3, 1]
    assert sorted(str(i) for i in range(10)) == ids
    assert [p.cursor for p in pages] == [p.cursor for p in folder.connect().read("accounts", None)]


@pytest.mark.parametrize("stop", [0, 1, 2, 3])
def test_going_on_from_any_cursor_misses_nothing(folder, small_pages, stop: int) -> None:
    folder.put("accounts.csv", _rows(10))
    pages = list(folder.connect().read("accounts", None))
    seen = [i for p in pages[: stop + 1] for i in p.batch.column("id").to_pylist()]
    rest = [i for p in folder.connect().read("accounts", pages[stop].cursor) for i in p.batch.column("id").to_pylist()]
    assert sorted(str(i) for i in range(10)) == sorted(seen + rest)


def test_from_the_watermark_of_unchanged_files_there_is_one_empty_page(folder, small_pages) -> None:
    folder.put("accounts.csv", _rows(10))
    connector = folder.connect()
    last = list(connector.read("accounts", None))[-1].cursor
    again = list(connector.read("accounts", last))
    assert [(0, last, ())] == [(p.batch.num_rows, p.cursor, p.rejects) for p in again]


def test_a_changed_file_is_read_from_the_start(folder, small_pages) -> None:
    folder.put("accounts.csv", _rows(10))
    connector = folder.connect()
    cursor = next(iter(connector.read("accounts", None))).cursor
    folder.put("accounts.csv", _rows(10).replace("Name 0", "Anew 0"))
    pages = list(connector.read("accounts", cursor))
    assert (sum(p.batch.num_rows for p in pages), pages[0].batch.column("name")[0].as_py()) == (10, "Anew 0")


def test_another_mapping_or_a_foreign_cursor_starts_again(folder) -> None:
    folder.put("accounts.csv", _rows(4))
    last = list(folder.connect().read("accounts", None))[-1].cursor
    mapping = {"accounts": {"from": "accounts.csv", "columns": {"id": "id", "name": "upper(name)"}}}
    for since in (last, "2024-01-01T00:00:00Z", ""):
        assert sum(p.batch.num_rows for p in folder.connect(mapping).read("accounts", since)) == 4


def test_our_own_write_moves_the_watermark(folder) -> None:
    folder.put("accounts.csv", _rows(2))
    connector = folder.connect()
    connector.provision(FIELDS)
    last = list(connector.read("accounts", None))[-1].cursor
    list(connector.write([Change("accounts", "1", {"bothways_stance": "partner"}, "k")]))
    held = [r["bothways_stance"] for p in connector.read("accounts", last) for r in p.batch.to_pylist()]
    assert held == [None, "partner"]


def test_rejects_come_once_with_the_first_page(folder, small_pages) -> None:
    folder.put("accounts.csv", _rows(7) + "broken\n")
    pages = list(folder.connect().read("accounts", None))
    assert [len(p.rejects) for p in pages] == [1, 0, 0]
    assert [len(p.rejects) for p in folder.connect().read("accounts", pages[0].cursor)] == [0, 0]
