"""Fields that the CRM began or ceased to show: their streams are read whole."""

from __future__ import annotations

from connectors.base import Connector
from connectors.optional import ShowsFields
from connectors.records import STREAMS
from sync.progress import Progress
from sync.pull.landing import Landing


def compare_fields(connector: Connector, landing: Landing, progress: Progress) -> None:
    """Makes the fields that the CRM shows part of what is landed, and says which came and went since the last whole
    read.
    """
    streams = connector.capabilities.streams
    if isinstance(connector, ShowsFields):
        landing.shown = {stream: connector.shown_fields(stream) for stream in streams}
    for stream in streams:
        new, lost = landing.field_changes(stream)
        for fields, verb, effect in (
            (new, "now shows", "is read whole, so that every record has it"),
            (lost, "no longer shows", "is read whole; what they held is unknown from now on"),
        ):
            if fields:
                names = ", ".join(field.partition(":")[0] for field in fields)
                progress.note(f"The CRM {verb} {names}: {stream} {effect}.")
    for stream in STREAMS:
        if stream not in streams and landing.drop(stream):
            progress.note(f"The CRM no longer has {stream} for us: what was read of it before is left out.")
