"""The records inside the page: columns of numbers and texts, deflated, in blocks that the page unpacks when it needs
them.

Numbers are tenths as integers, null is unknown. A block is base64 of a raw deflate stream of JSON: base64 holds no "<",
so nothing in it can end its element.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from enrichment.fields import DEAL_STANCES, STANCES
from sync.report.data import ReportData
from sync.report.details import Detail

BLOCK = 250
"""Details in one block: enough to compress well, little enough to unpack at a click."""


def packed(value: Any) -> str:
    """A block."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = squeeze.compress(text.encode("utf-8", "replace")) + squeeze.flush()
    return base64.b64encode(data).decode()


def account_columns(data: ReportData) -> dict[str, Any]:
    """The table of accounts by column; `moved` is the stance before of those that moved, else -1."""
    codes = [code for code, _ in STANCES]
    moved = {m.id: codes.index(m.before) if m.before in codes else -1 for m in data.movers}
    rows = data.accounts
    segments, regions = _index(row.segment for row in rows), _index(row.region for row in rows)
    return {
        "id": [row.id for row in rows],
        "name": [row.name for row in rows] if any(row.name != row.id for row in rows) else [],
        "stance": [_place(codes, row.stance) for row in rows],
        "need": [_tenths(row.customer_dependence) for row in rows],
        "seller": [_tenths(row.seller_dependence) for row in rows],
        "balance": [_tenths(row.balance) for row in rows],
        "hours": [_tenths(row.reclaimable) for row in rows],
        "ours": [_tenths(row.seller_hours) for row in rows],
        "theirs": [_tenths(row.customer_hours) for row in rows],
        "sure": [None if row.confidence is None else round(row.confidence) for row in rows],
        "moved": [moved.get(row.id, -2) for row in rows] if moved else [],
        "segment": [segments.index(row.segment) for row in rows] if len(segments) < 500 else [],
        "region": [regions.index(row.region) for row in rows] if len(regions) < 500 else [],
        "segments": segments if len(segments) < 500 else [],
        "regions": regions if len(regions) < 500 else [],
    }


def deal_columns(data: ReportData) -> dict[str, Any]:
    """The table of open deals by column; `account` is the place of its account among the accounts, or -1."""
    codes = [code for code, _ in DEAL_STANCES]
    places = {row.id: place for place, row in enumerate(data.accounts)}
    rows = data.deals
    stages, currencies = _index(row.stage for row in rows), _index(row.currency for row in rows)
    return {
        "id": [row.id for row in rows],
        "name": [row.name for row in rows] if any(row.name != row.id for row in rows) else [],
        "account": [places.get(row.account_id, -1) for row in rows],
        "stance": [_place(codes, row.stance) for row in rows],
        "need": [_tenths(row.customer_dependence) for row in rows],
        "balance": [_tenths(row.balance) for row in rows],
        "ours": [_tenths(row.seller_hours) for row in rows],
        "theirs": [_tenths(row.customer_hours) for row in rows],
        "quiet": [row.quiet_days for row in rows],
        "sure": [None if row.confidence is None else round(row.confidence) for row in rows],
        "amount": [None if row.amount is None else round(row.amount) for row in rows],
        "stage": [stages.index(row.stage) for row in rows],
        "currency": [currencies.index(row.currency) for row in rows],
        "stages": stages,
        "currencies": currencies,
    }


def detail_blocks(details: Iterable[Detail]) -> list[str]:
    """Blocks of BLOCK details each, in the order of the table."""
    blocks, rows = [], []
    for detail in details:
        rows.append(detail)
        if len(rows) == BLOCK:
            blocks.append(packed(_columns(rows)))
            rows = []
    return [*blocks, packed(_columns(rows))] if rows else blocks


def _columns(rows: Sequence[Detail]) -> dict[str, Any]:
    return {
        "why": [row.why for row in rows],
        "advice": [row.advice for row in rows],
        "parts": [row.parts for row in rows],
        "acts": [row.acts for row in rows],
        "history": [
            [(day, _whole(need), _whole(balance), stance) for day, need, balance, stance in row.history] for row in rows
        ],
        "changes": [row.changes for row in rows],
    }


def _index(values: Iterable[str]) -> list[str]:
    return sorted(set(values))


def _place(codes: Sequence[str], stance: str) -> int:
    return codes.index(stance) if stance in codes else len(codes) - 1


def _tenths(value: float | None) -> int | None:
    return None if value is None else round(10 * value)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
