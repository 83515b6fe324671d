"""The hand-written part of the demo organisation: its own people, and one story for each kind of relationship."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from connectors.emulator.organisation.catalogue import PER_CORPORATE_UNIT
from connectors.emulator.organisation.stories.book import Book
from connectors.emulator.organisation.stories.distant import (
    bayliss_brewing,
    brennmark_steel,
    dunmore_packaging,
    pellworth_stores,
    silent_valley_mills,
    stroud_and_vane,
)
from connectors.emulator.organisation.stories.needed import (
    castell_pharma,
    ferrowell_rail,
    kestrel_freight,
    lindqvist_dairies,
    meridian_ports,
    quillon_assurance,
    tarnbrook_foods,
)
from connectors.emulator.organisation.stories.varied import (
    aurelio_group,
    corran_water,
    hexley_aerospace,
    mistral_wind,
    novaris_biotech,
    polder_integrators,
    tidewater_shipyards,
    wyndham_optics,
)
from connectors.records import Stream

_STAFF = ("Lena Hartwig", "Marco Bellini", "Sofie Claes", "Tobias Kern", "Ingrid Solberg", "Daniel Oyelaran")
_STORIES: tuple[Callable[[Book, tuple[str, ...]], None], ...] = (
    ferrowell_rail,
    brennmark_steel,
    castell_pharma,
    hexley_aerospace,
    quillon_assurance,
    lindqvist_dairies,
    kestrel_freight,
    tarnbrook_foods,
    meridian_ports,
    pellworth_stores,
    dunmore_packaging,
    stroud_and_vane,
    bayliss_brewing,
    silent_valley_mills,
    novaris_biotech,
    aurelio_group,
    corran_water,
    mistral_wind,
    wyndham_optics,
)
Merges = tuple[tuple[str, str], ...]
Deleted = tuple[tuple[Stream, str], ...]


def tell(book: Book) -> tuple[Merges, Deleted]:
    """Write every story into the book; returns the merges (loser, winner) and the deleted records (stream, id)."""
    staff = tuple(book.user(name, active=name != _STAFF[-1]) for name in _STAFF)[:-1]
    for story in _STORIES:
        story(book, staff)
    merges = tidewater_shipyards(book, staff)
    deleted = polder_integrators(book, staff)
    _currency_rates(book)
    return merges, cast("Deleted", deleted)


def _currency_rates(book: Book) -> None:
    """A rate for each half year, the first from long ago and the last still running."""
    for currency, quoted in PER_CORPORATE_UNIT.items():
        starts = [datetime(2000, 1, 1, tzinfo=UTC), *(book.day(182 * i) for i in range(len(quoted) - 1, 0, -1))]
        for start, end, per_unit in zip(starts, [*starts[1:], None], quoted, strict=True):
            created = min(start, book.now - timedelta(days=1))
            values = {
                "id": f"{currency}-{start:%Y-%m-%d}",
                "currency": currency,
                "rate": 1 / per_unit,
                "start_at": start,
                "end_at": end,
            }
            book.add("currency_rates", created, values)
