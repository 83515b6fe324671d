"""Currency rates: dated ones where the organisation has them, static ones for the currencies that have none."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from connectors.errors import BothwaysError
from connectors.records import SCHEMAS
from connectors.salesforce.api.client import Client
from connectors.salesforce.api.describe import Schema
from connectors.salesforce.config import ObjectMapping
from connectors.salesforce.read.cursor import Position
from connectors.salesforce.read.fetch import statement
from connectors.salesforce.translate.columns import from_json
from connectors.salesforce.translate.records import Translated, records

STATIC = ObjectMapping(object="CurrencyType", fields={"currency": "IsoCode", "rate": "ConversionRate"})


def rates(client: Client, schema: Schema, dated: ObjectMapping) -> Translated:
    """All rates in one page (an organisation has dozens, read in one call); none when there is one currency only."""
    selections = [s for s in (schema.select(m, "currency_rates") for m in (dated, STATIC)) if s is not None]
    if not selections:
        return Translated(pa.RecordBatch.from_pylist([], schema=SCHEMAS["currency_rates"]))
    start = Position("")
    answers = client.queries([statement(s, start, ordered=True) for s in selections])
    client.minimum += 1
    pages: list[Translated] = []
    for selection, answer in zip(selections, answers, strict=True):
        if isinstance(answer, BothwaysError):
            raise answer
        rows = list(answer.records)
        while answer.more is not None:
            answer = client.more(answer.more, answer)
            rows += answer.records
        pages.append(records("currency_rates", selection.mapping, from_json(rows, selection.paths)))
    return Translated(
        _without_doubles([page.batch for page in pages]), tuple(r for page in pages for r in page.rejects)
    )


def _without_doubles(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """A static rate would stand beside the dated ones of the same currency."""
    if len(batches) == 2:
        dated, static = batches
        keep = pc.invert(pc.is_in(static.column("currency"), value_set=dated.column("currency").drop_null()))
        batches = [dated, static.filter(keep)]
    return (
        pa.Table.from_batches(batches, schema=SCHEMAS["currency_rates"]).combine_chunks().to_batches()[0]
        if any(batch.num_rows for batch in batches)
        else batches[0]
    )
