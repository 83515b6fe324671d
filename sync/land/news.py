"""Whether a pull brought anything new since the run whose scores stand, so that a quiet run need not compute them
again.

The overlap of an incremental read brings the same records again, and our own writes come back as changed records. Both
are told from news by their content: a record counts as new when a column other than its stamp differs from the newest
version landed before.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from connectors.records import STREAMS, Stream
from sync.pull.landing import Landing
from sync.system import files as durable
from sync.system.duckdb import Session, identifier, parquet, session
from sync.system.times import parse_time

STANDS_FOR = timedelta(hours=1)
"""For so long scores stand when nothing new is read. Windows and deadlines are days, so as-of alone then crosses few of
them.
"""
_FILE = "standing.json"
_FACTS = """
WITH fresh AS (SELECT <columns>, _seq FROM <parts> WHERE _seq > <seq>),
older AS (SELECT <columns>, modified_at, _seq FROM <parts> WHERE _seq <= <seq> AND id IN (SELECT id FROM fresh)),
newest AS (
  SELECT <columns> FROM older
  QUALIFY row_number() OVER (PARTITION BY id ORDER BY modified_at DESC NULLS LAST, _seq DESC) = 1
)
SELECT count(*) FROM (SELECT <columns> FROM fresh EXCEPT SELECT <columns> FROM newest)
"""
_GONE = """
WITH fresh AS (SELECT * FROM <gone> WHERE _seq > <seq>),
known AS (
  SELECT id, max(_seq) AS _seq, arg_max(survivor, _seq) AS survivor FROM <gone> WHERE _seq <= <seq> GROUP BY id
),
lived AS (SELECT id, max(_seq) AS _seq FROM <parts> GROUP BY id)
SELECT count(*) FROM fresh LEFT JOIN known USING (id) LEFT JOIN lived USING (id)
WHERE fresh.survivor IS DISTINCT FROM fresh.id AND (
  known.id IS NULL OR known.survivor IS DISTINCT FROM fresh.survivor OR coalesce(lived._seq > known._seq, false)
)
"""


class News(enum.Enum):
    """What a pull brought: nothing, changes of our own properties only, or anything else."""

    NOTHING = enum.auto()
    OURS = enum.auto()
    FACTS = enum.auto()


@dataclass(frozen=True, slots=True)
class Standing:
    """A sync that ended with nothing left to send: what it read to, what it was made with, and its scores."""

    run_id: str
    as_of: str
    scores: str
    inputs: str
    landed: Mapping[Stream, Sequence[int]]
    """By stream: generation, last number landed, rejects."""


def landed(landing: Landing) -> dict[Stream, Sequence[int]]:
    """How far each stream has been landed."""
    current = {stream: landing.generation(stream, "current") for stream in STREAMS}
    return {stream: [g.number, g.seq, g.rejects] for stream, g in current.items() if g is not None}


def remember(workspace: Path, standing: Standing) -> None:
    """Keeps a run's standing for the next one."""
    text = json.dumps(asdict(standing), sort_keys=True)
    seal = hashlib.sha256(text.encode()).hexdigest()

    def write(path: Path) -> None:
        path.write_text(json.dumps({"seal": seal, "standing": text}))

    durable.put(workspace / _FILE, write)


def recall(workspace: Path) -> Standing | None:
    """The standing of the last sync; None when there is none, or it is damaged."""
    try:
        sealed = json.loads((workspace / _FILE).read_text())
        if hashlib.sha256(sealed["standing"].encode()).hexdigest() == sealed["seal"]:
            return Standing(**json.loads(sealed["standing"]))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def forget(workspace: Path) -> None:
    """From now on, until a sync ends well, every run computes its scores."""
    (workspace / _FILE).unlink(missing_ok=True)


def news(landing: Landing, standing: Standing, ours: Mapping[Stream, Sequence[str]], scratch: Path) -> News:
    """What was landed since. `ours` names, by stream, the columns that hold our own properties."""
    now = landed(landing)
    if set(now) != set(standing.landed):
        return News.FACTS
    grown = {s: standing.landed[s][1] for s in now if list(now[s]) != list(standing.landed[s])}
    if any(now[s][0] != standing.landed[s][0] or now[s][2] != standing.landed[s][2] for s in grown):
        return News.FACTS  # read whole again, or more rejects
    verdict = News.NOTHING
    with session(scratch) as database:
        for stream, seq in grown.items():
            of_stream = _of_stream(database, landing, stream, seq, ours.get(stream, ()))
            if of_stream is News.FACTS:
                return of_stream
            verdict = of_stream if of_stream is News.OURS else verdict
    return verdict


def _of_stream(database: Session, landing: Landing, stream: Stream, seq: int, ours: Sequence[str]) -> News:
    files = landing.files(stream)
    if not files.records:
        return News.FACTS
    names = {"<parts>": parquet(files.records), "<gone>": parquet(files.gone) if files.gone else "", "<seq>": str(seq)}
    columns = [name for name in landing.schema(stream).names if name != "modified_at"]

    def differs(query: str, wanted: Sequence[str] = ()) -> bool:
        for name, text in {**names, "<columns>": ", ".join(identifier(n) for n in wanted)}.items():
            query = query.replace(name, text)
        return int(database.execute(query).fetchall()[0][0]) > 0

    if files.gone and differs(_GONE):
        return News.FACTS
    if not differs(_FACTS, columns):
        return News.NOTHING
    facts = [name for name in columns if name not in ours]
    return News.FACTS if len(facts) == len(columns) or differs(_FACTS, facts) else News.OURS


def young(standing: Standing, as_of: datetime) -> bool:
    """Whether the scores still stand at `as_of`."""
    return timedelta(0) <= as_of - parse_time(standing.as_of) < STANDS_FOR
