"""The archetypes: canonical streams as CSV files, read into the tables that scoring reads."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from enrichment.inputs import INPUTS
from enrichment.model import ScoringModel

Row = dict[str, Any]
FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "archetypes"
NUMBERS = ("amount", "probability", "minutes", "price", "quantity")
FLAGS = ("is_closed", "is_won", "automated", "active", "is_rival", "by_customer")


def read(folder: Path, name: str) -> list[Row]:
    with (folder / "in" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [{k: _value(k, v) for k, v in row.items()} for row in csv.DictReader(file)]


def _value(column: str, text: str) -> Any:
    if not text:
        return None
    if column in NUMBERS:
        return float(text)
    if column in FLAGS:
        return text == "true"
    return datetime.fromisoformat(text) if column.endswith("_at") else text


def tables(folder: Path = FOLDER) -> dict[str, list[Row]]:
    """Rows of `INPUTS`. Every id becomes its place in its file; an offset is left unknown (UTC)."""
    rows: dict[str, list[Row]] = {name: [] for name in INPUTS}
    streams = {n: read(folder, n) for n in ("accounts", "people", "users", "opportunities", "activities", "cases")}
    key = {name: {r["id"]: n for n, r in enumerate(stream)} for name, stream in streams.items()}
    thread = {t: n for n, t in enumerate(sorted({r["thread_id"] for r in streams["activities"] if r["thread_id"]}))}
    parents = {r["id"]: r["parent_id"] for r in streams["accounts"]}
    for r in streams["accounts"]:
        family = r["id"]
        while parents[family]:
            family = parents[family]
        parent = key["accounts"].get(r["parent_id"])
        account = {"account": key["accounts"][r["id"]], "parent": parent, "family": key["accounts"][family]}
        rows["accounts"].append(r | account)
    for r in streams["people"]:
        rows["people"].append({"person": key["people"][r["id"]], "account": key["accounts"][r["account_id"]]})
    for r in streams["opportunities"]:
        deal, account = key["opportunities"][r["id"]], key["accounts"][r["account_id"]]
        owner = key["users"].get(r["owner_id"])
        rows["opportunities"].append(r | {"opportunity": deal, "account": account, "owner": owner})
        for name in (r["rivals"] or "").split(";"):
            if name:
                seen = {"seen_at": r["created_at"], "created_at": r["created_at"]}
                rows["rivals"].append({"account": account, "opportunity": deal, "name": name} | seen)
        if r["product_family"]:
            rows["families"].append({"opportunity": deal, "account": account, "family": r["product_family"]})
    accounts = {r["opportunity"]: r["account"] for r in rows["opportunities"]}
    for r in read(folder, "line_items"):
        deal = key["opportunities"][r["opportunity_id"]]
        link = {"opportunity": deal, "account": accounts[deal], "family": r["product_family"]}
        rows["families"].append(link | {"created_at": r["created_at"]})
    for r in streams["activities"]:
        people, users = _keys(r["person_ids"], key["people"]), _keys(r["user_ids"], key["users"])
        number = key["activities"][r["id"]]
        facts = {"activity": number, "account": key["accounts"][r["account_id"]], "thread": thread.get(r["thread_id"])}
        facts |= {"customer_people": max(1, len(people)), "seller_people": max(1, len(users))}
        facts |= {"person": people[0] if people else None, "seller_user": users[0] if users else None}
        facts |= {"opportunity": key["opportunities"].get(r["opportunity_id"])}
        rows["activities"].append(r | facts)
        rows["activity_people"] += [{"activity": number, "person": p} for p in people]
    for r in streams["cases"]:
        facts = {"case": key["cases"][r["id"]], "account": key["accounts"][r["account_id"]]}
        rows["cases"].append(r | facts | {"person": key["people"].get(r["person_id"])})
    for name in ("contracts", "assets"):
        for r in read(folder, name):
            facts = {"account": key["accounts"][r["account_id"]], "family": r.get("product_family")}
            rows[name].append(r | facts)
    return {n: [{c: r.get(c) for c in INPUTS[n].names} for r in found] for n, found in rows.items()}


def typed(rows: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The rows as the schemas of `INPUTS` hold them: every column, times in UTC."""
    return {name: pa.Table.from_pylist(rows[name], schema=s).to_pylist() for name, s in INPUTS.items()}


def _keys(ids: str | None, keys: dict[str, int]) -> list[int]:
    found: Iterable[str] = (ids or "").split(";")
    return [keys[i] for i in found if i]


def model(folder: Path = FOLDER) -> ScoringModel:
    """The shipped model with the archetypes' own settings."""
    settings = tomllib.loads((folder / "model.toml").read_text("utf-8"))
    return ScoringModel.model_validate(settings | {"corporate_currency": "EUR"})
