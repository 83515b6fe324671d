"""Addresses of records in the CRM that people use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from config.settings import Settings
from connectors.records import Stream

_OBJECTS = {"accounts": "Account", "opportunities": "Opportunity"}


def link_form(settings: Settings, stream: Stream, told: Mapping[str, str] = MappingProxyType({})) -> str:
    """The address of a record with `{id}` where its id goes; empty where the CRM has none that is known from here.

    `told` is what the run that read the records was told of their addresses.
    """
    crm = settings.crm
    if told.get(stream, "").startswith("https://"):
        return told[stream]
    if crm.kind == "salesforce" and crm.url.startswith("https://"):
        return f"{crm.url.rstrip('/')}/lightning/r/{_OBJECTS[stream]}/{{id}}/view"
    return ""


def record_link(form: str, identity: str) -> str:
    """The address of one record; empty without a form."""
    return form.replace("{id}", quote(identity, safe="")) if form else ""
