"""The first run with another major version of the model: which stances it changes, and why, said before it writes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.records import Stream
from enrichment.fields import DEAL_STANCES, STANCES
from sync.errors import BrakeReached

_SHOWN = 6
_STANCE: Mapping[str, str] = {"accounts": "bothways_stance", "opportunities": "bothways_deal_stance"}
_LABELS: Mapping[str, Mapping[str, str]] = {"accounts": dict(STANCES), "opportunities": dict(DEAL_STANCES)}
_EFFORT = "reading and opening are charged to the side that did them"
_TO = {
    "prospect": "who has not bought yet has a stance of its own",
    "lapsed": "who has stopped buying has a stance of its own",
    "respond": "threads and cases of theirs that nobody answered count",
    "protect": "a large share of revenue alone makes us need them",
}
_FROM = {
    "insufficient_evidence": "silence that is known counts, and families are judged together",
    "respond": "answers on any channel count, and reading only where it shows",
    "protect": "only customers far larger than the usual one are protected",
}


def model_change(plan: Path, held: Mapping[Stream, Path], before: str | None, now: str) -> dict[str, Any]:
    """What the change of the model's major version does to the stances that the CRM holds; empty where it is the same.

    `before`: the version of the last plan that was committed; None without one: then what the records hold says it, if
    they hold it. Keys: `from`, `to`, `stances` (how many change) and `moves`, the largest first, each with `stream`,
    `old`, `new`, `count`, `why`. Facts that are new since then are counted too: the two cannot be told apart.
    """
    before = before or _held_version(held)
    known = before is not None and re.match(r"\d{1,6}\.\d{1,6}\.\d{1,6}", before)
    if before is None or not known or before.split(".")[0] == now.split(".")[0]:
        return {}
    counts: Counter[tuple[str, str, str]] = Counter()
    with pq.ParquetFile(plan) as file:
        for batch in file.iter_batches(10_000, columns=["stream", "old", "new"]):
            for row in batch.to_pylist():
                name = _STANCE[row["stream"]]
                old, new = (json.loads(row[side]).get(name) for side in ("old", "new"))
                if old and new and old != new:
                    counts[row["stream"], old, new] += 1
    moves = [
        {"stream": stream, "old": old, "new": new, "count": count, "why": _why(stream, old, new)}
        for (stream, old, new), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    change = {"from": before.partition("+")[0], "to": now.partition("+")[0]}
    return {**change, "stances": counts.total(), "moves": moves}


def announced(change: Mapping[str, Any]) -> str:
    """The change in a sentence with its main reason; "" where there is none."""
    if not change:
        return ""
    reasons: Counter[str] = Counter()
    for move in change["moves"]:
        reasons[move["why"]] += move["count"]
    count = change["stances"]
    because = f", mostly because {reasons.most_common(1)[0][0]}" if reasons else ""
    changes = f"{count:,} stance changes" if count == 1 else f"{count:,} stances change"
    return f"Model {_short(change['to'])} instead of {_short(change['from'])}: {changes}{because}"


def moves_in_words(change: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(how many from which stance to which, why) for the largest moves, and a last line for what is left."""
    moves = change.get("moves", ())
    lines = []
    for move in moves[:_SHOWN]:
        labels = _LABELS[move["stream"]]
        old, new = (labels.get(move[side], move[side]) for side in ("old", "new"))
        kind = " (deals)" if move["stream"] == "opportunities" else ""
        lines.append((f"{move['count']:,}{kind}: {old} → {new}", move["why"]))
    left = sum(move["count"] for move in moves[_SHOWN:])
    return [*lines, (f"{left:,}: others", "")] if left else lines


def check_model(change: Mapping[str, Any]) -> None:
    """Raises BrakeReached when stances that the CRM holds would change with the model; a person accepts that once."""
    if change.get("stances"):
        listed = "; ".join(line for line, _ in moves_in_words(change))
        raise BrakeReached(
            f"{announced(change)} ({listed}). Nothing was written.",
            remedy="Look at `bothways plan`; if it is right, run once with --accept. Later runs do not ask again.",
        )


def _why(stream: str, old: str, new: str) -> str:
    if stream != "accounts":
        return _EFFORT
    if new == "insufficient_evidence":
        return "a stance needs confidence in the effort itself"
    return _TO.get(new) or _FROM.get(old) or _EFFORT


def _short(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _held_version(held: Mapping[Stream, Path]) -> str | None:
    path = held["accounts"]
    if "bothways_model_version" not in pq.read_schema(path).names:
        return None
    column = pq.read_table(path, columns=["bothways_model_version"]).column(0).drop_null()
    common = pc.mode(pc.dictionary_encode(column).combine_chunks().indices) if len(column) else []
    return str(column.unique()[common[0]["mode"].as_py()].as_py()) if len(common) else None
