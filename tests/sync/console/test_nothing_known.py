"""A moment before the first record scores nothing: the person is told which moment would do."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.records import TIME
from sync.console.results import nothing_known


def test_the_first_record_says_which_moment_would_do(tmp_path):
    times = pa.array([datetime(2019, 5, 3, tzinfo=UTC), None, datetime(2018, 11, 29, tzinfo=UTC)], TIME)
    pq.write_table(pa.table({"created_at": times}), tmp_path / "accounts.parquet")
    early, late = datetime(1990, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)

    assert nothing_known(tmp_path, early) == (
        "No account was known on 1990-01-01: the first was recorded on 2018-11-29. Give a later moment: "
        "--as-of 2019-01-01"
    )
    assert nothing_known(tmp_path, late).startswith("No account was read")
    assert nothing_known(tmp_path / "nowhere", early).startswith("No account was read")
