"""Our properties' names in Salesforce: the stem `bothways_deal_stance` is the field `Bothways_Deal_Stance__c`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectors.base import PropertySpec
from connectors.errors import ConfigError
from connectors.records import Stream

_OURS = re.compile(r"^([A-Za-z][A-Za-z0-9]{0,14}__)?Bothways_[A-Za-z0-9_]+__c$")
OBJECTS: dict[Stream, str] = {"accounts": "Account", "opportunities": "Opportunity"}
"""What we write to; nothing else is ever written."""


def field_name(stem: str) -> str:
    """The API name of a property. Raises ConfigError for a stem that is not one of ours."""
    name = "_".join(word.capitalize() for word in stem.split("_")) + "__c"
    if not stem.startswith("bothways_") or not _OURS.match(name) or "__" in name[:-3] or len(name) > 43:
        raise ConfigError(f"{stem!r} is not a property of ours: only bothways_* may be written.")
    return name


def is_ours(field: str) -> bool:
    """Whether a field's API name (with or without a package's namespace) is one that we may write."""
    return _OURS.match(field) is not None


def columns(owned: Sequence[PropertySpec], stream: Stream) -> dict[str, str]:
    """Stem -> field of the stream's properties."""
    return {spec.name: field_name(spec.name) for spec in owned if spec.stream == stream}
