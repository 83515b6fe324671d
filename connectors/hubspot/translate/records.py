"""HubSpot records to canonical batches: pure functions of raw records, the mapping and the records' links.

Here the CRM streams; `translate_activities.py` has e-mails, calls, meetings and tasks, `values.py` the single values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import PropertySpec, Reject
from connectors.hubspot.config import KindMapping
from connectors.hubspot.links import Link, Links
from connectors.hubspot.translate import values
from connectors.hubspot.translate.stages import Stages
from connectors.hubspot.translate.values import Texts
from connectors.records import TIME, Stream, implausible, schema


class Record(TypedDict, total=False):
    """A record as the API gives it. A property that is set to nothing is null; one that does not exist is absent."""

    id: str
    properties: dict[str, str | None]
    createdAt: str
    updatedAt: str
    archived: bool
    archivedAt: str


PRIMARY_COMPANY = frozenset({1, 5, 26})
"""contact, deal and ticket to their one primary company."""
PARENT_OF_CHILD = 14
"""child company to its parent."""


@dataclass(slots=True)
class Sheet:
    """Some records of one kind, whose mapped properties can be asked for as columns."""

    stream: Stream
    mapping: KindMapping
    records: Sequence[Record]
    rejects: list[Reject] = field(default_factory=list)
    ids: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.ids = [record["id"] for record in self.records]

    def texts(self, name: str) -> Texts:
        """The strings of a mapped field, translated by the mapping; nulls where it is not mapped."""
        source = self.mapping.property_of(name)
        if source is None:
            return [None] * len(self.records)
        found = [record["properties"].get(source) or None for record in self.records]
        table = self.mapping.values.get(name)
        if not table:
            return found
        other = table.get("*")
        return [None if text is None else table.get(text, other if other is not None else text) for text in found]

    def column(self, name: str, kind: pa.DataType) -> pa.Array:
        """A mapped field as a typed column; what cannot be read is null and a reject."""
        if self.mapping.property_of(name) is None:
            return pa.nulls(len(self.records), kind)
        complain = self._complain(self.mapping.property_of(name) or name)
        made = values.column(kind, self.texts(name), complain)
        wrong = implausible(name, made)
        if wrong is None:
            return made
        for row, (value, odd) in enumerate(zip(made.to_pylist(), wrong.to_pylist(), strict=True)):
            if odd:
                complain(row, f"{value:%Y-%m-%d} cannot be meant as {name}")
        return pc.if_else(wrong, pa.scalar(None, kind), made)

    def held(self, spec: PropertySpec, kind: pa.DataType) -> pa.Array:
        """What the records hold of one of our own properties."""
        texts: Texts = [record["properties"].get(spec.name) for record in self.records]
        return values.column(kind, texts, self._complain(spec.name))

    def stamps(self, key: str) -> pa.Array:
        """`createdAt` or `updatedAt`."""
        texts: Texts = [record.get(key) for record in self.records]  # type: ignore[misc]
        return values.times(texts, self._complain(key))

    def _complain(self, name: str) -> values.Complain:
        def complain(row: int, message: str) -> None:
            self.rejects.append(Reject(self.stream, self.ids[row], name, message, self.mapping.object))

        return complain


def batch(
    sheet: Sheet, computed: Mapping[str, pa.Array | Sequence[Any]], owned: Iterable[PropertySpec] = ()
) -> pa.RecordBatch:
    """The canonical batch: `computed` columns as given, mapped ones from their properties, the rest null."""
    ours = {spec.name: spec for spec in owned if spec.stream == sheet.stream}
    target = schema(sheet.stream, ours.values())
    columns = []
    for wanted in target:
        given = computed.get(wanted.name)
        if isinstance(given, pa.Array):
            columns.append(given)
        elif given is not None:
            columns.append(pa.array(given, wanted.type))
        elif wanted.name == "id":
            columns.append(pa.array(sheet.ids, pa.string()))
        elif wanted.name in ("created_at", "modified_at"):
            columns.append(sheet.stamps("createdAt" if wanted.name == "created_at" else "updatedAt"))
        elif wanted.name in ours:
            columns.append(sheet.held(ours[wanted.name], wanted.type))
        else:
            columns.append(sheet.column(wanted.name, wanted.type))
    return pa.RecordBatch.from_arrays(columns, schema=target)


def merged(sheet: Sheet) -> dict[str, str]:
    """Losing id to surviving id, from the survivors' lists of the ids that went into them; of contacts there are
    two, and each may lack some."""
    found: dict[str, str] = {}
    for role in ("merged", "merged_vids"):
        if sheet.mapping.property_of(role) is not None:
            for survivor, text in zip(sheet.ids, sheet.texts(role), strict=True):
                losers = (entry.partition(":")[0] for entry in values.names(text) or ())
                found |= {loser: survivor for loser in losers if loser != survivor}
    return found


def company(links: Sequence[Link]) -> str | None:
    """The primary company among the links, else the one with the lowest id; a type id decides, never a label."""
    if not links:
        return None
    return min(links, key=lambda link: (not (link.types & PRIMARY_COMPANY), int(link.record_id))).record_id


def first(links: Sequence[Link]) -> str | None:
    """The link with the lowest id: the same one whatever the order of the answer."""
    if len(links) < 2:
        return links[0].record_id if links else None
    return min((link.record_id for link in links), key=int)


def accounts(sheet: Sheet, parents: Links, owned: Iterable[PropertySpec]) -> pa.RecordBatch:
    """Companies. The parent is a calculated property, which a search may leave null: then the association says."""
    linked = [
        next((link.record_id for link in parents.get(i, ()) if PARENT_OF_CHILD in link.types), None) for i in sheet.ids
    ]
    return batch(sheet, {"parent_id": [a or b for a, b in zip(sheet.texts("parent_id"), linked, strict=True)]}, owned)


def people(sheet: Sheet, companies: Links) -> pa.RecordBatch:
    """Contacts; the account is the primary company."""
    given, family = sheet.texts("first_name"), sheet.texts("last_name")
    whole = [" ".join(part for part in pair if part) or None for pair in zip(given, family, strict=True)]
    return batch(
        sheet,
        {
            "account_id": [company(companies.get(i, ())) for i in sheet.ids],
            **({} if sheet.mapping.property_of("name") else {"name": whole}),
        },
    )


def opportunities(
    sheet: Sheet, companies: Links, known: Stages, home: str | None, owned: Iterable[PropertySpec]
) -> pa.RecordBatch:
    """Deals. Money is in the home currency where HubSpot has converted it, else in the deal's own.

    Closed, won and probability are HubSpot's own where given; a search can leave calculated properties out, then the
    stage says. A deal that was imported is as old as its own create date says, which people may set.
    """
    found = [known.get(stage or "") for stage in sheet.texts("stage")]
    by_stage = {
        "is_closed": [s.closed if s else None for s in found],
        "is_won": [s.closed and s.probability == 1.0 if s else None for s in found],
        "probability": [s.probability if s else None for s in found],
    }
    computed: dict[str, pa.Array | Sequence[Any]] = {}
    for name, fallback in by_stage.items():
        kind = pa.float64() if name == "probability" else pa.bool_()
        computed[name] = pc.coalesce(sheet.column(name, kind), pa.array(fallback, kind))
    labels = [s.label if s else text for s, text in zip(found, sheet.texts("stage"), strict=True)]
    own, at_home = sheet.column("amount", pa.float64()), sheet.column("home_amount", pa.float64())
    currency = [code.upper() if code else None for code in sheet.texts("currency")]
    born, made = sheet.column("born", TIME), sheet.stamps("createdAt")
    money = [
        home if converted or not code else code
        for converted, code in zip(pc.is_valid(at_home).to_pylist(), currency, strict=True)
    ]
    return batch(
        sheet,
        {
            **computed,
            "account_id": [company(companies.get(i, ())) for i in sheet.ids],
            "created_at": pc.if_else(pc.fill_null(pc.less(born, made), False), born, made),
            "stage": labels,
            "amount": pc.coalesce(at_home, own),
            "currency": money,
        },
        owned,
    )


def opportunity_people(stream: Stream, contacts: Links) -> pa.RecordBatch:
    """One row for every pair of deal and contact; the role is the label that people gave the pair."""
    rows = [(deal, link) for deal, links in contacts.items() for link in links]
    target = schema(stream)
    given = {
        "id": [f"{deal}-{link.record_id}" for deal, link in rows],
        "opportunity_id": [deal for deal, _ in rows],
        "person_id": [link.record_id for _, link in rows],
        "role": [link.label for _, link in rows],
    }
    return pa.RecordBatch.from_arrays(
        [pa.array(given.get(f.name, [None] * len(rows)), f.type) for f in target], schema=target
    )


def line_items(sheet: Sheet, deals: Links, families: Mapping[str, str | None]) -> pa.RecordBatch:
    """Line items; the family is the item's own where it is mapped, else the product's. An item that is paid in parts is
    worth all of them: setting up for 5,000 is little beside 36 months of 1,000.
    """
    total = sheet.column("total", pa.float64())
    products = sheet.texts("product_id")
    own = sheet.texts("product_family")
    return batch(
        sheet,
        {
            "opportunity_id": [first(deals.get(i, ())) for i in sheet.ids],
            "product_family": [a or families.get(p or "") for a, p in zip(own, products, strict=True)],
            "amount": pc.coalesce(total, sheet.column("amount", pa.float64())),
        },
    )


def of_company(sheet: Sheet, companies: Links) -> pa.RecordBatch:
    """Contracts and assets: custom objects that hang on a company."""
    return batch(sheet, {"account_id": [company(companies.get(i, ())) for i in sheet.ids]})


class Owner(TypedDict, total=False):
    """An owner as the API gives it."""

    id: str
    email: str | None
    firstName: str | None
    lastName: str | None
    archived: bool
    createdAt: str
    updatedAt: str


class Rate(TypedDict, total=False):
    """An exchange rate as the API gives it: `conversionRate` units of `toCurrencyCode` for one of
    `fromCurrencyCode`.
    """

    id: str
    fromCurrencyCode: str
    toCurrencyCode: str
    conversionRate: float
    effectiveAt: str
    updatedAt: str


def users(owners: Sequence[Owner]) -> pa.RecordBatch:
    """Owners, also those who have left. HubSpot does not tell their time zone."""
    target = schema("users")
    sheet = Sheet("users", KindMapping(object="owners"), [_as_record(owner) for owner in owners])
    given = {
        "name": [" ".join(n for n in (o.get("firstName"), o.get("lastName")) if n) or o.get("email") for o in owners],
        "email": [o.get("email") or None for o in owners],
        "active": [not o.get("archived", False) for o in owners],
        "time_zone": pa.nulls(len(owners), target.field("time_zone").type),
    }
    return batch(sheet, given)


def _as_record(owner: Owner) -> Record:
    record: Record = {"id": str(owner["id"]), "properties": {}}
    for key in ("createdAt", "updatedAt"):
        if key in owner:
            record[key] = owner[key]
    return record
