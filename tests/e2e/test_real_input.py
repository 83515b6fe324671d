"""The examples, loaded into each emulator and read back through its API, score as they do from their files, field by
field.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from config import settings as config_settings
from connectors.emulator.organisation.tables.folder import load_tables
from connectors.records import STREAMS, schema
from enrichment.fields import ACCOUNT_FIELDS, OPPORTUNITY_FIELDS
from sync.registry import connect

ROOT = Path(__file__).parents[2]
EXAMPLES = {"retail": datetime(2010, 9, 1, tzinfo=UTC), "maven": datetime(2017, 9, 1, tzinfo=UTC)}
# CloseDate is a date, and required: an admin's own field keeps the hour of an invoice, and that an open deal has no
# date yet
HOURS = (
    '\n[opportunities.fields]\nclose_at = "Closed_At__c"\nproduct_family = "Product_Family__c"\nrivals = '
    '"Competitors__c"\n'
)


def tables_of(settings, as_of, folder):
    """What the file connector reads, as a folder of canonical tables to load into an emulator."""
    folder.mkdir()
    connector = connect(settings)
    for stream in STREAMS:
        if stream in connector.capabilities.streams:
            batches = [page.batch for page in connector.read(stream, None)]
            table = pa.Table.from_batches(batches, schema=batches[0].schema).select(schema(stream).names)
            pq.write_table(table, folder / f"{stream}.parquet")
    connector.close()
    currency = settings.organisation.corporate_currency
    (folder / "organisation.toml").write_text(
        f'own_domains = []\ncorporate_currency = "{currency}"\ntime_zone = '
        f'"{settings.organisation.time_zone}"\nnow = {as_of.isoformat()}\n'
    )
    return load_tables(folder)


def rows(folder, stream):
    return {row["id"]: row for row in pq.read_table(folder / f"{stream}.parquet").to_pylist()}


def differences(expected_dir, actual_dir, vendor_id):
    found = []
    for stream, catalogue in (("accounts", ACCOUNT_FIELDS), ("opportunities", OPPORTUNITY_FIELDS)):
        expected, actual = rows(expected_dir, stream), rows(actual_dir, stream)
        assert {vendor_id(stream, identity) for identity in expected} == set(actual)
        for identity, row in expected.items():
            other = actual[vendor_id(stream, identity)]
            for field in catalogue:
                ours, theirs = row[field.name], other[field.name]
                near = (
                    isinstance(ours, float)
                    and isinstance(theirs, float)
                    and abs(ours - theirs) <= 10**-field.scale + 1e-9
                )
                if ours != theirs and not near:
                    found.append((stream, identity, field.name, ours, theirs))
    return found


@pytest.fixture
def compared(line, tmp_path, monkeypatch):
    """The fields in which an example's scores from a CRM differ from those from its files."""

    def compare(data, example, crm):
        monkeypatch.setenv("BOTHWAYS_DATA", str(data))
        monkeypatch.setenv("BOTHWAYS_WORKSPACE__DIR", str(tmp_path / "files"))
        settings, as_of = config_settings.load(ROOT / "examples" / example / "bothways.toml"), EXAMPLES[example]
        org = tables_of(settings, as_of, tmp_path / "tables")
        expected = line.of(settings).score(as_of)
        monkeypatch.delenv("BOTHWAYS_WORKSPACE__DIR")
        there = line(
            crm,
            org=org,
            model=(settings.score.model or ROOT / "config" / "model.toml").read_text(),
            mapping=HOURS if crm == "salesforce" else "",
        )
        return differences(expected, there.score(as_of), there.vendor_id)

    return compare


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
@pytest.mark.parametrize("example", EXAMPLES)
def test_the_sample_of_an_example_scores_alike_everywhere(compared, example, crm):
    assert compared(ROOT / "tests" / "data", example, crm) == []


@pytest.mark.slow
@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
@pytest.mark.parametrize("example", EXAMPLES)
def test_the_real_data_of_an_example_scores_alike_everywhere(compared, shared_data, example, crm):
    assert compared(shared_data, example, crm) == []
