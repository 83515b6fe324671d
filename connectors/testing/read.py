"""Reading: every record, exactly, in the canonical schema."""

from __future__ import annotations

from connectors.base import Connector
from connectors.optional import ShowsFields
from connectors.records import schema
from connectors.testing import organisation
from connectors.testing.fixtures import Fixtures
from connectors.testing.harness import Harness
from connectors.testing.pages import expected, read, rows, seeded_streams


class ReadContract(Fixtures):
    def test_full_read_returns_every_record_exactly(self, harness: Harness, connector: Connector) -> None:
        for stream in seeded_streams(harness):
            columns = organisation.compared(stream, harness.unheld)
            pages = read(connector, stream)
            compared = {
                record: {column: row[column] for column in columns}
                for record, row in rows(pages).items()
                if record not in harness.own_records
            }
            assert expected(harness, stream) == compared, stream
            assert [reject for page in pages for reject in page.rejects] == [], stream

    def test_capabilities_name_the_streams_that_can_be_read(self, harness: Harness, connector: Connector) -> None:
        assert set(seeded_streams(harness)) <= set(connector.capabilities.streams)
        for stream in connector.capabilities.streams:
            assert read(connector, stream)

    def test_batches_have_exactly_the_canonical_schema(self, connector: Connector) -> None:
        for stream in connector.capabilities.streams:
            for page in read(connector, stream):
                assert stream == page.stream
                assert schema(stream).equals(page.batch.schema, check_metadata=False), stream
                page.batch.validate(full=True)
                assert page.batch.column("id").null_count == 0

    def test_the_batch_schema_carries_the_held_properties(self, harness: Harness, provisioned: Connector) -> None:
        for stream in ("accounts", "opportunities"):
            for page in read(provisioned, stream):
                assert schema(stream, harness.essential).equals(page.batch.schema, check_metadata=False)
                held = [spec.name for spec in harness.essential if spec.stream == stream]
                assert all(page.batch.num_rows == page.batch.column(name).null_count for name in held)

    def test_two_full_reads_are_equal(self, connector: Connector) -> None:
        for stream in connector.capabilities.streams:
            assert rows(read(connector, stream)) == rows(read(connector, stream)), stream

    def test_shown_fields_are_sorted_and_stay_the_same(self, harness: Harness, connector: Connector) -> None:
        if isinstance(connector, ShowsFields):
            for stream in connector.capabilities.streams:
                shown = connector.shown_fields(stream)
                assert sorted(set(shown)) == list(shown), stream
                other = harness.connect()
                assert isinstance(other, ShowsFields)
                assert shown == other.shown_fields(stream), stream
