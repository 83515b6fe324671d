"""The corpus through the real connectors, over a socket, from both emulated CRMs: texts arrive as they were sent."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from corpus import texts

from config import settings as config_settings
from connectors.emulator.organisation.model import demo_organisation
from connectors.records import SCHEMAS
from enrichment.fields import fields
from sync.onboarding.demo import build_emulator, write_demo_settings
from sync.registry import connect

NOW = datetime(2026, 10, 15, tzinfo=UTC)
TOKEN = "BOTHWAYS_CRM_TOKEN"


def organisation(names):
    """Accounts with these names and nothing else."""
    rows = [
        {"id": f"A{n:06d}", "name": name, "type": "customer", "created_at": NOW, "modified_at": NOW}
        for n, name in enumerate(names)
    ]
    demo = demo_organisation(7, 24, now=NOW, opportunities_per_account=0, activities_per_account=0)
    tables = {stream: SCHEMAS[stream].empty_table() for stream in SCHEMAS} | {"users": demo.tables["users"]}
    tables["accounts"] = pa.Table.from_pylist(rows, schema=SCHEMAS["accounts"])
    return replace(demo, tables=tables, merges=(), deleted=())


WAYS = [("salesforce", ""), ("salesforce", "bulk_read_rows = 0"), ("hubspot", "")]


@pytest.mark.slow
@pytest.mark.parametrize(("crm", "toml"), WAYS, ids=["salesforce-rest", "salesforce-bulk", "hubspot"])
def test_names_arrive_as_they_were_sent(crm, toml, tmp_path, monkeypatch):
    # An empty name is no name; ids keep the two lists together.
    names = [text or "-" for text in texts(10_000)]
    book = organisation(names)
    with build_emulator(crm, book, limits=False) as server:
        monkeypatch.setitem(os.environ, TOKEN, server.app.token)
        path = write_demo_settings(crm, server.url, book, tmp_path)
        path.write_text(path.read_text().replace("\n\n[workspace]", f"\n{toml}\n\n[workspace]", 1))
        connector = connect(config_settings.load(path))
        connector.provision(fields("essential"))
        found = {}
        for page in connector.read("accounts", None):
            found |= dict(zip(page.batch.column("id").to_pylist(), page.batch.column("name").to_pylist(), strict=True))
            assert page.rejects == ()
        connector.close()
        app = server.app
        ids = {
            n: app.ids["accounts"][f"A{n:06d}"] if crm == "hubspot" else app.vendor_id("accounts", f"A{n:06d}")
            for n in range(len(names))
        }

    changed = {n: (names[n], found.get(str(ids[n]))) for n in range(len(names)) if found.get(str(ids[n])) != names[n]}
    assert list(changed.items())[:5] == []
    assert len(found) == len(names)
