"""Addresses of records in the CRM that people use."""

from __future__ import annotations

from urllib.parse import quote

from config.settings import Settings
from connectors.records import Stream

_OBJECTS = {"accounts": "Account", "opportunities": "Opportunity"}


def link_form(settings: Settings, stream: Stream) -> str:
    """The address of a record with `{id}` where its id goes; empty where the CRM has none that is known from here."""
    crm = settings.crm
    if crm.kind == "salesforce" and crm.url.startswith("https://"):
        return f"{crm.url.rstrip('/')}/lightning/r/{_OBJECTS[stream]}/{{id}}/view"
    return ""


def record_link(form: str, identity: str) -> str:
    """The address of one record; empty without a form."""
    return form.replace("{id}", quote(identity, safe="")) if form else ""
