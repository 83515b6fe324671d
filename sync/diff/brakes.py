"""The brakes: a run that would change far more than usual stops and asks a person."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.records import Stream
from sync.diff.diff import Plan
from sync.errors import BrakeReached, OtherOwner
from sync.options import Brakes
from sync.privacy.suppression import Out
from sync.state import flags as holds

_FOREIGN = (5, 0.10)
"""At least so many records, and this share of those we know, hold a later score than ours: that is another install."""


def check_owner(plan: Plan) -> None:
    """Raises OtherOwner when records hold later scores than the last that we wrote. Costs no call: they were read
    anyway.
    """
    least, share = _FOREIGN
    if plan.foreign >= least and plan.foreign > share * plan.known:
        raise OtherOwner(
            f"{plan.foreign:,} of {plan.known:,} records hold a later score than the last one written from here:"
            " another install of bothways writes to this CRM, or this state is an old copy. Nothing was written.",
            remedy="Stop the other install (or restore the newer state), then run again with --take-over.",
        )


def check_brakes(
    plan: Plan,
    previous: Path | None,
    held: Mapping[Stream, Path],
    brakes: Brakes,
    out: Out | None = None,
    *,
    stances: bool = True,
) -> None:
    """Raises BrakeReached, which says what is unusual, when a share is above its limit.

    Shares are of what was there before: stances held, numbers held, records scored by the last finished run. Records
    that were purged here (`out`) are not gone from the CRM. Without `stances`, changed stances are not looked at: the
    change of the model that explains them was announced instead.
    """
    before, gone = _gone(previous, held, out or {})
    exceeded = []
    if plan.records_held >= brakes.from_records:
        if stances:
            exceeded.append(
                _above("stances would change", plan.stances_changed, plan.stances_held, brakes.stance_share)
            )
        exceeded += [
            _above("scores would be cleared", plan.numbers_cleared, plan.numbers_held, brakes.cleared_share),
        ]
    if before >= brakes.from_records:
        exceeded.append(_above("records scored before are gone", gone, before, brakes.gone_share))
    reasons = [reason for reason in exceeded if reason]
    if reasons:
        raise BrakeReached(
            f"This run would change far more than usual: {'; '.join(reasons)}. Nothing was written.",
            remedy="Look at `bothways plan`; if it is right, run again with --accept.",
        )


def _above(what: str, part: int, whole: int, limit: float) -> str:
    share = part / whole if whole else 0.0
    return f"{share:.0%} ({part:,} of {whole:,}) {what}, the limit is {limit:.0%}" if share > limit else ""


def _gone(previous: Path | None, held: Mapping[Stream, Path], out: Out) -> tuple[int, int]:
    before = gone = 0
    for stream, path in held.items():
        old = previous / f"{stream}.parquet" if previous is not None else None
        if old is None or not old.exists():
            continue
        ids = pq.read_table(old, columns=["id"]).column("id")
        if stream in out:
            ids = ids.filter(pa.array([holds.digest(i) not in out[stream] for i in ids.to_pylist()], pa.bool_()))
        there = pc.is_in(ids, value_set=pq.read_table(path, columns=["id"]).column("id"))
        before += len(ids)
        gone += len(ids) - (pc.sum(there).as_py() or 0)
    return before, gone
