"""Salesforce rows of every stream but activities, as canonical batches. Pure: a page in, a page out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import PropertySpec, Reject
from connectors.records import SCHEMAS, TIME, Stream, schema
from connectors.salesforce.config import ObjectMapping
from connectors.salesforce.ids import USER
from connectors.salesforce.names import field_name
from connectors.salesforce.translate.columns import Array, Caster, Frame, as_ids, as_text, as_time, translated

ID, STAMP, DELETED, MASTER = "Id", "SystemModstamp", "IsDeleted", "MasterRecordId"


@dataclass(frozen=True, slots=True)
class Translated:
    """A page in canonical words. `gone` are ids that the page itself says are no records of the stream any more."""

    batch: pa.RecordBatch
    rejects: tuple[Reject, ...] = ()
    gone: tuple[str, ...] = ()


def records(
    stream: Stream,
    mapping: ObjectMapping,
    frame: Frame,
    owned: Sequence[PropertySpec] = (),
    percents: Collection[str] = frozenset(),
) -> Translated:
    """The page as a batch of `schema(stream, owned)`. `percents` are the paths that hold 0..100 where we keep 0..1."""
    ids = as_ids(frame.get(ID))
    caster = Caster(stream, mapping.object, ids.to_pylist())
    columns: dict[str, Array] = {"id": ids, "modified_at": as_time(frame.get(STAMP))}
    for field in SCHEMAS[stream]:
        if field.name in columns:
            continue
        path = mapping.fields.get(field.name)
        column = translated(frame.get(path), mapping.values.get(field.name, {}))
        column = _prepared(field, column)
        column = caster.cast(field.name, column, field.type)
        columns[field.name] = pc.divide(column, 100.0) if path in percents and field.type == pa.float64() else column
    if stream == "currency_rates":
        columns["rate"] = _corporate_units(columns["rate"])
    columns |= {spec.name: held(spec, frame, caster) for spec in owned if spec.stream == stream}
    wanted = schema(stream, owned)
    return Translated(pa.RecordBatch.from_arrays([columns[n] for n in wanted.names], schema=wanted), (*caster.rejects,))


def _prepared(field: pa.Field, column: Array) -> Array:
    """Ids in their 18-character form; only people own things here (a queue is nobody); a website's host is the
    domain.
    """
    target = (field.metadata or {}).get(b"ref", b"").decode()
    if target == "users":
        ids = as_ids(column)
        return pc.if_else(pc.starts_with(ids, USER), ids, pa.scalar(None, pa.string()))
    if target:
        return as_ids(column)
    if field.name == "domain":
        return pa.array([domain(site) for site in as_text(column).to_pylist()], pa.string())
    return column


def held(spec: PropertySpec, frame: Frame, caster: Caster) -> Array:
    """What the CRM holds of a property of ours, at the property's scale."""
    kind = {"number": pa.float64(), "integer": pa.int64(), "datetime": TIME}.get(spec.type, pa.string())
    column = caster.cast(spec.name, frame.get(field_name(spec.name)), kind)
    return pc.round(column, ndigits=spec.scale) if spec.type == "number" else column


def _corporate_units(rate: Array) -> Array:
    """Salesforce keeps units of the currency per corporate unit; a rate that is not above 0 is unknown."""
    usable = pc.if_else(pc.greater(rate, 0.0), rate, pa.scalar(None, pa.float64()))
    return pc.divide(1.0, usable)


def domain(site: str | None) -> str | None:
    """The host of a website as people type it, without `www.`; null when there is none in it."""
    if site is None:
        return None
    try:
        host = urlsplit(site if "://" in site else f"//{site}").hostname or ""
    except ValueError:
        return None
    host = host.strip(".").removeprefix("www.")
    return host if "." in host and " " not in host else None
