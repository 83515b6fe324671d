"""The mapping of docs/spark.md reads tables as a replication tool lands them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.base import Organisation
from connectors.file.config import FilesConfig, load_mapping
from connectors.file.connector import FileConnector

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
TABLES = {
    "account": {
        "id": ["001A", "001B"],
        "name": ["Acme", "Gone"],
        "parent_id": [None, None],
        "type": ["Customer", None],
        "industry": ["Steel", None],
        "annual_revenue": [1e6, None],
        "number_of_employees": [10, None],
        "billing_country": ["DE", None],
    },
    "contact": {"id": ["003A", "003B"], "account_id": ["001A", "001A"], "email": ["a@acme.example", "b@acme.example"]},
    "opportunity": {
        "id": ["006A", "006B"],
        "account_id": ["001A", "001A"],
        "name": ["Deal", "Gone"],
        "amount": [500.0, 1.0],
        "is_closed": [True, True],
        "is_won": [True, True],
        "stage_name": ["Won", "Won"],
        "probability": [100.0, 100.0],
        "close_date": [AT, AT],
        "owner_id": ["005A", "005A"],
    },
    "task": {
        "id": ["00TA", "00TB"],
        "task_subtype": ["Call", "Call"],
        "is_closed": [True, True],
        "call_type": ["Inbound", "Inbound"],
        "completed_date_time": [AT, AT],
        "activity_date": [AT, AT],
        "call_duration_in_seconds": [600, 60],
        "account_id": ["001A", "001A"],
        "what_id": ["006A", None],
        "who_id": ["003A", "003B"],
        "owner_id": ["005A", "005A"],
    },
}


def test_replicated_tables_are_read_by_mapping_alone(tmp_path: Path) -> None:
    for name, columns in TABLES.items():
        (tmp_path / name).mkdir()
        table = pa.table({**columns, "created_date": [AT, AT], "_fivetran_deleted": [False, True]})
        pq.write_table(table, tmp_path / name / "part-0.parquet")
    mapping = load_mapping(ROOT / "examples" / "warehouse" / "mapping.toml")
    connector = FileConnector(FilesConfig(input=str(tmp_path)), mapping, (), Organisation((), "USD"))
    found = {}
    for stream in ("accounts", "people", "opportunities", "activities"):
        pages = list(connector.read(stream, None))
        assert [reject for page in pages for reject in page.rejects] == []
        found[stream] = [row for page in pages for row in page.batch.to_pylist()]
    connector.close()
    assert {stream: [row["id"] for row in rows] for stream, rows in found.items()} == {
        "accounts": ["001A"],
        "people": ["003A"],
        "opportunities": ["006A"],
        "activities": ["00TA"],
    }
    act, deal = found["activities"][0], found["opportunities"][0]
    assert (act["channel"], act["direction"], act["minutes"], act["person_ids"]) == ("call", "inbound", 10.0, ["003A"])
    assert (act["opportunity_id"], deal["probability"], deal["is_won"]) == ("006A", 1.0, True)
