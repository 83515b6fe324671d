"""The embedded database gets memory as its statements need it."""

from __future__ import annotations

import threading

import duckdb
import pytest

from connectors.duckdb_memory import AMPLE, answer_spill, roomy, within_memory
from connectors.errors import FatalError

SORTED = "CREATE OR REPLACE TABLE sorted AS SELECT list(i) AS numbers FROM range(1000000) r(i)"


@pytest.fixture
def database(tmp_path):
    with duckdb.connect(config={"memory_limit": "2MB", "temp_directory": str(tmp_path)}) as connection:
        yield connection


def limit(connection):
    return connection.execute("SELECT parse_formatted_bytes(current_setting('memory_limit'))").fetchall()[0][0]


def test_a_statement_that_does_not_fit_gets_twice_the_memory_until_it_does(database):
    with pytest.raises(duckdb.OutOfMemoryException):
        database.execute(SORTED)
    within_memory(database, lambda: database.execute(SORTED))
    assert database.execute("SELECT len(numbers) FROM sorted").fetchall() == [(1_000_000,)]
    assert 4_000_000 <= limit(database) <= 512_000_000


def test_what_fits_changes_nothing(database):
    before = limit(database)
    assert within_memory(database, lambda: 7) == 7
    assert limit(database) == before


def test_what_does_not_fit_in_the_machine_is_told(database):
    tried = []

    def hopeless():
        tried.append(limit(database))
        raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate\nmore")

    with pytest.raises(FatalError, match=r"could not allocate\. Run it on a machine"):
        within_memory(database, hopeless)
    with duckdb.connect() as untouched:
        assert tried[-1] == pytest.approx(limit(untouched), rel=0.05)
    assert tried == sorted(set(tried))


def test_what_spills_gets_twice_the_memory_up_to_what_is_ample_and_only_for_more_of_it(tmp_path):
    with duckdb.connect(config={"memory_limit": "20MB", "temp_directory": str(tmp_path)}) as connection:
        assert answer_spill(connection, AMPLE, 0) == 0
        assert limit(connection) == pytest.approx(20e6, rel=0.1)
        connection.execute(
            "CREATE TEMP TABLE large AS SELECT hash(i) AS a, hash(i + 1) AS b FROM range(8_000_000) r(i)"
        )
        answered = answer_spill(connection, AMPLE, 0)
        assert answered > 50e6
        assert limit(connection) == pytest.approx(40e6, rel=0.1)
        assert answer_spill(connection, AMPLE, answered) == answered
        assert limit(connection) == pytest.approx(40e6, rel=0.1)
        answer_spill(connection, 50_000_000, 0)
        assert limit(connection) == pytest.approx(50e6, rel=0.1)
        answer_spill(connection, 50_000_000, 0)
        assert limit(connection) == pytest.approx(50e6, rel=0.1)


def test_the_watch_ends_with_its_block_and_leaves_the_connection_usable(database):
    before = threading.active_count()
    with roomy(database):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    assert database.execute("SELECT 1").fetchall() == [(1,)]
