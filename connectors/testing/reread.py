"""Reading single records by id, for connectors that are a `Rereader`. Skipped for the others."""

from __future__ import annotations

import pytest

from connectors.base import Connector
from connectors.optional import Rereader
from connectors.records import schema
from connectors.testing.fixtures import Fixtures, needs_edits, needs_merges
from connectors.testing.harness import Harness
from connectors.testing.pages import deleted, merged, read, rows


class RereadContract(Fixtures):
    @pytest.fixture
    def rereader(self, connector: Connector) -> Rereader:
        if not connector.capabilities.rereadable:
            pytest.skip(f"{connector.name} does not read single records by id")
        assert isinstance(connector, Rereader)
        assert connector.capabilities.rereadable <= set(connector.capabilities.streams)
        return connector

    def test_a_record_read_again_is_the_record_of_a_full_read(self, rereader: Rereader, connector: Connector) -> None:
        for stream in connector.capabilities.rereadable:
            whole = rows(read(connector, stream))
            some = sorted(whole)[::2]
            pages = list(rereader.reread(stream, some))
            assert {record: whole[record] for record in some} == {r: row for r, row in rows(pages).items() if r in some}
            assert set() == deleted(pages), stream
            for page in pages:
                assert schema(stream).equals(page.batch.schema, check_metadata=False), stream

    def test_a_record_that_is_not_there_is_answered_as_deleted(
        self, harness: Harness, rereader: Rereader, connector: Connector
    ) -> None:
        needs_edits(harness)
        harness.delete("opportunities", "deal_lost")
        victim, alive = harness.id_of("opportunities", "deal_lost"), harness.id_of("opportunities", "deal_open")
        pages = list(rereader.reread("opportunities", [victim, alive, "999999999"]))
        assert {alive} == set(rows(pages))
        assert {victim, "999999999"} == deleted(pages)
        for stream in connector.capabilities.rereadable:
            pages = list(rereader.reread(stream, ["no such id"]))
            assert ({"no such id"}, {}) == (deleted(pages), rows(pages)), stream

    def test_a_survivor_read_again_names_who_was_merged_into_it(self, harness: Harness, rereader: Rereader) -> None:
        needs_merges(harness)
        loser, survivor = harness.id_of("accounts", "twin"), harness.id_of("accounts", "solo")
        harness.merge("twin", "solo")
        pages = list(rereader.reread("accounts", [loser, survivor]))
        assert {survivor} == set(rows(pages))
        assert {loser: survivor} == merged(pages)
        assert set() == deleted(pages)
