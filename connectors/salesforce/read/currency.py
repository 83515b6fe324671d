"""Currency rates: the static one of every currency, and dated ones where the organisation has them.

Salesforce converts opportunities and their lines by the dated rate of the close date, everything else by the static one
(SOQL guide, "Querying Currency Fields in Multicurrency Orgs"): a row without dates is the static rate. The corporate
currency is among them, at 1.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa

from connectors.base import Cursor
from connectors.errors import BothwaysError
from connectors.records import SCHEMAS
from connectors.salesforce.api.answers import Found
from connectors.salesforce.api.client import Client
from connectors.salesforce.api.describe import Schema, Selection
from connectors.salesforce.config import ObjectMapping
from connectors.salesforce.read.cursor import Position
from connectors.salesforce.read.statement import statement
from connectors.salesforce.translate.columns import from_json
from connectors.salesforce.translate.records import Translated, records

STATIC = ObjectMapping(object="CurrencyType", fields={"currency": "IsoCode", "rate": "ConversionRate"})


def statements(schema: Schema, dated: ObjectMapping) -> list[str]:
    """What to ask; nothing where there is one currency only."""
    return [statement(each, Position(""), ordered=True) for each in _selections(schema, dated)]


def rates(
    client: Client, schema: Schema, dated: ObjectMapping, answers: Sequence[Found | BothwaysError] | None = None
) -> Translated:
    """All rates in one page (an organisation has dozens, read in one call). `answers`: to `statements`, if already
    asked.
    """
    selections = _selections(schema, dated)
    if not selections:
        return Translated(pa.RecordBatch.from_pylist([], schema=SCHEMAS["currency_rates"]))
    if answers is None:
        answers = client.queries(statements(schema, dated))
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
    table = pa.Table.from_batches([page.batch for page in pages], schema=SCHEMAS["currency_rates"])
    whole = table.combine_chunks().to_batches() or [pages[0].batch]
    return Translated(whole[0], tuple(r for page in pages for r in page.rejects))


def cursor(ids: Sequence[str]) -> Cursor:
    """Which rates there are."""
    return json.dumps({"rates": sorted(ids)})


def known(since: Cursor | None) -> set[str]:
    """Which rates there were; none for a cursor of another kind, or for none."""
    try:
        found = json.loads(since or "{}")["rates"]
        return {str(each) for each in found}
    except (ValueError, KeyError, TypeError):
        return set()


def _selections(schema: Schema, dated: ObjectMapping) -> list[Selection]:
    return [s for s in (schema.select(m, "currency_rates") for m in (dated, STATIC)) if s is not None]
