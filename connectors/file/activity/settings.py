"""Settings of the activity readers: `[mailbox]`, `[calendar]` and `[calls]` of a mapping."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

SOURCES = ("mailbox", "calendar", "calls")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]


class Mailbox(Strict):
    """Mail: .mbox files, Maildir folders, .eml files, Exchange message traces (.csv). Headers only are read."""

    file: Names
    """Names, folders or globs inside the input folder."""
    automatic: tuple[str, ...] = ()
    """More senders whose mail nobody wrote: addresses, or `@domain`."""


class Calendar(Strict):
    """Meetings: .ics files, or the CSV that Outlook exports."""

    file: Names
    since: date = date(2000, 1, 1)
    """Occurrences of series before that day are left out."""
    date_format: str | None = None
    """Of Outlook's CSV, which writes dates as the computer does that made it; as the dates themselves show unless
    given.
    """


class Calls(Strict):
    """Call logs as CSV or .xlsx: Aircall, RingCentral, Zoom Phone, HubSpot; the header says which."""

    file: Names
    region: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    """The country, such as DE, whose numbers are written without +49."""
    unit: Literal["seconds", "milliseconds", "minutes"] | None = None
    """Of durations that are bare numbers, where the log is not one whose unit is known."""
    timestamp_format: str | None = None
