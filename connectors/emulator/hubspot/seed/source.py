"""The organisation's tables as columns of plain values, and the numbers its records get as HubSpot ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from connectors.emulator.hubspot.store.columns import Texts
from connectors.emulator.hubspot.wire import number
from connectors.emulator.organisation.model import Organisation
from connectors.records import Stream

_HOMES: dict[Stream, str] = {
    "accounts": "companies",
    "people": "contacts",
    "opportunities": "deals",
    "line_items": "line_items",
    "cases": "tickets",
    "contracts": "contracts",
    "assets": "assets",
}


class Source:
    """Reads an organisation. Streams are numbered in the order of their rows."""

    def __init__(self, organisation: Organisation, *, associates_more: bool = False) -> None:
        self.associates_more = associates_more
        """Whether activities lead to more companies and deals than they are about."""
        self._tables = organisation.tables
        self.gone = {loser for loser, _ in organisation.merges} | {record for _, record in organisation.deleted}
        """Records that are merged away or deleted: nothing leads to them."""
        self._first: dict[Stream, int] = {}
        self._numbers: dict[Stream, dict[str, int]] = {}
        self._scattered: dict[Stream, dict[str, tuple[str, int]]] = {}
        self._identifiers: dict[Stream, dict[str, str]] = {}

    @property
    def numbered(self) -> list[Stream]:
        return [*self._numbers, *self._scattered]

    def column(self, stream: Stream, name: str, rows: list[int] | None = None) -> list[Any]:
        """Plain values, equal texts shared; `rows` picks some."""
        column = self._picked(stream, name, rows)
        if not pa.types.is_string(column.type):
            return cast(list[Any], column.to_pylist())
        encoded = column.combine_chunks().dictionary_encode()
        words = [*encoded.dictionary.to_pylist(), None]
        return [words[at] for at in encoded.indices.fill_null(-1).to_pylist()]

    def rows(self, stream: Stream) -> list[dict[str, Any]]:
        return cast(list[dict[str, Any]], self._tables[stream].to_pylist())

    def instants(
        self, stream: Stream, name: str, rows: list[int] | None = None, default: int | None = None
    ) -> list[int | None]:
        """Epoch milliseconds; `rows` picks some, `default` stands in for null."""
        column = pc.cast(self._picked(stream, name, rows), pa.timestamp("ms", tz="UTC"), safe=False)
        numbers = pc.cast(column, pa.int64())
        return cast(list[int | None], (numbers if default is None else numbers.fill_null(default)).to_pylist())

    def _picked(self, stream: Stream, name: str, rows: list[int] | None) -> Any:
        column = self._tables[stream][name]
        return column if rows is None else column.take(pa.array(rows, pa.int64()))

    def number(self, stream: Stream, first: int) -> None:
        """Gives the records of a stream consecutive ids."""
        self._first[stream] = first
        self._numbers[stream] = {key: first + row for row, key in enumerate(self.column(stream, "id"))}

    def scatter(self, stream: Stream, homes: dict[str, tuple[str, int]]) -> None:
        """Says for each record of a stream which object type it is, and its id there."""
        self._scattered[stream] = homes

    def first(self, stream: Stream) -> int:
        return self._first[stream]

    def refs(self, stream: Stream, name: str, target: Stream, rows: list[int] | None = None) -> list[int | None]:
        """HubSpot ids that a column refers to; None for null and for what does not exist."""
        numbers = self._numbers[target]
        return [numbers.get(key) for key in self.column(stream, name, rows)]

    def numbers(self, stream: Stream) -> dict[str, int]:
        """HubSpot id, as a number, by the organisation's id."""
        return self._numbers[stream]

    def refs_of(self, stream: Stream, key: str) -> int:
        return self._numbers[stream][key]

    def identifiers(self, stream: Stream) -> dict[str, str]:
        """HubSpot id by the organisation's id."""
        if stream not in self._identifiers:
            scattered = {key: number for key, (_, number) in self._scattered.get(stream, {}).items()}
            numbers = self._numbers.get(stream, scattered)
            self._identifiers[stream] = {key: str(number) for key, number in numbers.items()}
        return self._identifiers[stream]

    def home(self, stream: Stream, key: str) -> str | None:
        """The object type of a record."""
        if stream in self._scattered:
            return self._scattered[stream][key][0]
        return _HOMES.get(stream)

    def rates(self) -> list[tuple[str, float, int | None]]:
        """Dated exchange rates: (currency, rate, from when)."""
        rows = zip(
            self.column("currency_rates", "currency"),
            self.column("currency_rates", "rate"),
            self.instants("currency_rates", "start_at"),
            strict=True,
        )
        return [(currency, rate, start) for currency, rate, start in rows if currency and rate]

    def competitors(self) -> list[str | None]:
        """Names of rivals by deal, from the deals and from the rivals seen on them."""
        seen: dict[str, dict[str, None]] = defaultdict(dict)
        for deal, names in zip(self.column("opportunities", "id"), self.column("opportunities", "rivals"), strict=True):
            seen[deal].update(dict.fromkeys(names or ()))
        for deal, name in zip(self.column("rivals", "opportunity_id"), self.column("rivals", "name"), strict=True):
            if deal is not None and name:
                seen[deal][name] = None
        return [";".join(seen[deal]) or None for deal in self.column("opportunities", "id")]


def texts(values: Iterable[Any]) -> Texts:
    """Numbers, ids and flags in HubSpot's normal form; all of one type."""
    made: dict[Any, str | None] = {None: None}
    shown: list[str | None] = []
    for value in values:
        if value not in made:
            made[value] = _text(value)
        shown.append(made[value])
    return Texts(shown)


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else number(repr(value))
