"""Settling, first half: of all that was landed, the newest version of each record that is still there, and its integer
key.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from connectors.base import Reject
from connectors.records import SCHEMAS, Stream
from sync.land.cycles import ends
from sync.pull.landing import Files
from sync.pull.parts import GONE, landed
from sync.system.duckdb import Session, fill, load, number, parquet

KEYED: tuple[Stream, ...] = ("accounts", "people", "users", "opportunities", "cases")
"""Streams that others refer to."""

# The newest version wins by the server's stamp, then by arrival. Only records that came more than once pay for the
# sort.
_NEWEST = """
CREATE OR REPLACE TABLE @newest AS
WITH often AS (SELECT id FROM @raw GROUP BY id HAVING count(*) > 1),
last AS (
  SELECT r.id, max({'m': coalesce(r.modified_at, TIMESTAMPTZ '0001-01-01 00:00:00+00'), 's': r._seq}).s AS _seq
  FROM @raw r SEMI JOIN often USING (id) GROUP BY r.id
)
SELECT id, _seq, modified_at FROM @raw ANTI JOIN often USING (id)
UNION ALL
SELECT r.id, r._seq, r.modified_at FROM @raw r JOIN last USING (id, _seq)
"""
# A tombstone kills what came before it. What comes after it lives again, unless it is only an old version come twice
# (the overlap of two reads, or an index that lags): that has no newer stamp than what the tombstone killed.
_DEAD = """
CREATE OR REPLACE TABLE @dead AS
WITH lives AS (SELECT id, max(_seq) AS seq FROM @gone WHERE survivor = id GROUP BY id),
tomb AS (
  SELECT g.id, max(g._seq) AS seq FROM @gone g LEFT JOIN lives l ON l.id = g.id
  WHERE g.survivor IS NULL AND (l.id IS NULL OR g._seq > l.seq) GROUP BY g.id
),
killed AS (
  SELECT r.id, max(r.modified_at) AS modified_at FROM @raw r JOIN tomb USING (id) WHERE r._seq < tomb.seq GROUP BY r.id
)
SELECT tomb.id FROM tomb JOIN @newest n USING (id) LEFT JOIN killed k USING (id)
WHERE NOT (n._seq > tomb.seq AND (k.id IS NULL OR coalesce(n.modified_at > k.modified_at, false)))
UNION
SELECT id FROM @merged
"""
_LIVE = """
CREATE OR REPLACE TABLE @live AS
SELECT r.* FROM @raw r JOIN @newest n ON r._seq = n._seq AND r.id = n.id WHERE r.id NOT IN (SELECT id FROM @dead)
"""
_KEYS = """
CREATE OR REPLACE TABLE @ref AS
WITH keyed AS (SELECT id, row_number() OVER (ORDER BY id) AS key FROM @live)
SELECT id, key FROM keyed UNION ALL
SELECT m.id, k.key FROM @merged m JOIN keyed k ON m.survivor = k.id
"""


def make_live(
    connection: Session, files: Mapping[Stream, Files], columns: Mapping[Stream, pa.Schema]
) -> tuple[dict[str, int], list[Reject]]:
    """Makes `live_<stream>` for every canonical stream and `ref_<stream>` (any id, live or merged away -> key) for
    KEYED.

    Returns how many records were deleted or merged away, and a Reject for every circle of merges.
    """
    counts: dict[str, int] = {}
    rejects: list[Reject] = []
    for stream in SCHEMAS:
        names = {n: f"{n}_{stream}" for n in ("raw", "gone", "newest", "dead", "merged", "live", "ref")}
        stream_files = files.get(stream, Files())
        _view(connection, names["raw"], stream_files.records, landed(columns[stream]))
        _view(connection, names["gone"], stream_files.gone, GONE)
        rejects += _merges(connection, stream, names)
        for step in (_NEWEST, _DEAD, _LIVE):
            connection.execute(fill(step, **names))
        connection.execute(fill("DROP TABLE @newest", **names))
        if stream in KEYED:
            connection.execute(fill(_KEYS, **names))
        counts[f"gone_{stream}"] = number(connection, fill("SELECT count(*) FROM @dead", **names))
    return counts, rejects


def _view(connection: Session, name: str, paths: tuple[object, ...], columns: pa.Schema) -> None:
    if paths:
        connection.execute(fill("CREATE VIEW @name AS SELECT * FROM ", name=name) + parquet(paths))  # type: ignore[arg-type]
    else:
        load(connection, name, columns.empty_table())


def _merges(connection: Session, stream: Stream, names: dict[str, str]) -> list[Reject]:
    merges = connection.execute(
        fill("SELECT id, survivor FROM @gone WHERE survivor IS NOT NULL ORDER BY _seq", **names)
    )
    links = {str(loser): str(survivor) for loser, survivor in merges.fetchall() if loser != survivor}
    final, circles = ends(links)
    circular = {member for circle in circles for member in circle}
    pairs = [(loser, survivor) for loser, survivor in sorted(final.items()) if loser not in circular]
    table = pa.table(
        [pa.array([p[0] for p in pairs], pa.string()), pa.array([p[1] for p in pairs], pa.string())],
        names=["id", "survivor"],
    )
    load(connection, names["merged"], table)
    return [
        Reject(stream, circle[0], "id", f"Merged in a circle ({' -> '.join(circle)}); none of them is taken away.")
        for circle in circles
    ]
