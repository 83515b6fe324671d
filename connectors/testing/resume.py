"""Resuming: cursors survive the process, miss nothing, and report what was deleted or merged."""

from __future__ import annotations

from connectors.base import Connector
from connectors.optional import Expecting
from connectors.testing.fixtures import Fixtures, needs, needs_edits, needs_merges
from connectors.testing.harness import Harness
from connectors.testing.pages import deleted, merged, read, rows


class ResumeContract(Fixtures):
    def test_a_read_resumed_from_any_page_misses_nothing(self, harness: Harness, connector: Connector) -> None:
        needs(harness, "activities")
        whole = read(connector, "activities")
        everything = set(rows(whole))
        assert len(whole) > 1, "Harness.connect: set smaller pages, so that `activities` needs several"
        for number, page in enumerate(whole[:-1]):
            later = rows(read(harness.connect(), "activities", page.cursor))
            assert everything <= set(rows(whole[: number + 1])) | set(later)

    def test_an_incremental_read_returns_the_changed_record(self, harness: Harness, connector: Connector) -> None:
        needs_edits(harness)
        last = read(connector, "accounts")[-1].cursor
        harness.edit("accounts", "acme", "name", "Acme Bern")
        changed = rows(read(harness.connect(), "accounts", last))
        assert changed[harness.id_of("accounts", "acme")]["name"] == "Acme Bern"

    def test_with_nothing_changed_only_known_versions_come_back(self, connector: Connector) -> None:
        for stream in connector.capabilities.incremental:
            first = read(connector, stream)
            again = read(connector, stream, first[-1].cursor)
            known = rows(first)
            assert all(known[record] == row for record, row in rows(again).items()), stream
            assert set() == deleted(again), stream

    def test_a_deleted_record_is_reported(self, harness: Harness, connector: Connector) -> None:
        needs(harness, "opportunities")
        needs_edits(harness)
        last = read(connector, "opportunities")[-1].cursor
        victim = harness.id_of("opportunities", "deal_lost")
        harness.delete("opportunities", "deal_lost")
        pages = read(harness.connect(), "opportunities", last)
        full = read(harness.connect(), "opportunities")
        assert victim not in rows(full)
        if "opportunities" in connector.capabilities.incremental:
            assert victim in deleted(pages)
            assert victim not in rows(pages)

    def test_a_merged_account_is_reported_with_its_survivor(self, harness: Harness, connector: Connector) -> None:
        needs_merges(harness)
        last = read(connector, "accounts")[-1].cursor
        loser, survivor = harness.id_of("accounts", "twin"), harness.id_of("accounts", "solo")
        harness.merge("twin", "solo")
        pages = read(harness.connect(), "accounts", last)
        assert {loser: survivor} == merged(pages)
        assert loser not in rows(read(harness.connect(), "accounts"))

    def test_a_read_that_was_announced_gives_the_same(self, harness: Harness, connector: Connector) -> None:
        announced = harness.connect()
        if isinstance(announced, Expecting):
            streams = connector.capabilities.streams
            announced.expect(dict.fromkeys(streams))
            for stream in streams:
                assert rows(read(connector, stream)) == rows(read(announced, stream)), stream
