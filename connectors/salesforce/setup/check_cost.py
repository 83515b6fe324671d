"""How many API calls a run will take, from the sizes of the objects: what `check` holds against the day's limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.salesforce.api.client import QUERIES_A_CALL
from connectors.salesforce.config import SalesforceConfig
from connectors.salesforce.names import OBJECTS
from connectors.salesforce.read.lookups import RELATION_OBJECTS

_PAGE = 2_000
_FILLED = 0.92
"""How full the pages of related rows come, asked by id."""
_BULK_OVERHEAD = 5
"""A job: its creation and a few looks at it."""
_INGEST_CALLS = 8
_RECORDS_A_WRITE = 1_000
_START = 2
"""Descriptions and sizes."""
_DESCRIBED, _RATES, _RELATED = 1, 1, 1


@dataclass(frozen=True, slots=True)
class Cost:
    """Calls of the first run and of one in which nothing has changed."""

    first: int
    unchanged: int


def estimate(sizes: Mapping[str, int], streams: Sequence[Sequence[str]], config: SalesforceConfig) -> Cost:
    """`sizes` by object (what is not in it counts as empty); `streams` are the objects that each stream is read
    from.
    """
    objects = [name for stream in streams for name in stream]
    reads = sum(_read(sizes.get(name, 0), config) for name in objects)
    related = sum(_related(sizes.get(name, 0), config) for name in RELATION_OBJECTS)
    writes = sum(_write(sizes.get(name, 0), config) for name in OBJECTS.values())
    changes = -(-len(objects) // QUERIES_A_CALL)
    return Cost(_START + reads + related + writes, _DESCRIBED + changes + _RATES + _RELATED)


def _read(rows: int, config: SalesforceConfig) -> int:
    if rows > config.bulk_read_rows:
        return _BULK_OVERHEAD + -(-rows // config.bulk_page_rows)
    return max(1, -(-rows // config.page_rows))


def _related(rows: int, config: SalesforceConfig) -> int:
    by_id = -(-rows // int(_PAGE * QUERIES_A_CALL * _FILLED))
    return by_id if rows < config.bulk_read_rows else min(by_id, _BULK_OVERHEAD + -(-rows // config.bulk_page_rows))


def _write(rows: int, config: SalesforceConfig) -> int:
    if config.bulk_write_rows is not None and rows >= config.bulk_write_rows:
        return _INGEST_CALLS
    return -(-rows // _RECORDS_A_WRITE)
