"""Paths: every version's spelling of an endpoint is brought to one form before anything looks at it.

/crm/v3/objects/companies/search            area objects, rest [companies, search], version v3
/crm/objects/2026-03/companies/search       the same, version 2026-03
/crm/v4/associations/deals/companies/...    area associations, version v4
"""

from __future__ import annotations

from dataclasses import dataclass

DATED = ("2026-03", "2026-09")
NUMBERED = ("v1", "v2", "v3", "v4")


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint without its version: `rest` is what follows the area. `enforces_rules`: writes obey validation
    rules.
    """

    area: str
    version: str
    rest: tuple[str, ...]

    @property
    def enforces_rules(self) -> bool:
        return self.version == "2026-09"

    @property
    def linked_as_v3(self) -> bool:
        """Whether associations of one record come in the old shape, by type name instead of type id."""
        return self.version == "v3"


_ROOT_AREAS = {"automation", "account-info", "oauth", "properties", "calling"}

LEGACY_AREAS = {
    "crm-objects",
    "companies",
    "contacts",
    "deals",
    "owners",
    "crm-pipelines",
    "engagements",
    "email",
    "forms",
}
"""First segments of the APIs before v3."""


def route(path: str) -> Route | None:
    """The route of a path, or None where no version has such a path."""
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "crm":
        if parts[1] in ("v3", "v4"):
            return Route(parts[2], parts[1], tuple(parts[3:]))
        if parts[2] in (*DATED, "v3", "v4"):
            return Route(parts[1], parts[2], tuple(parts[3:]))
        return None
    if len(parts) >= 3 and parts[0] == "settings":
        version, name = (parts[2], parts[1]) if parts[2] in DATED else (parts[1], parts[2])
        if name == "currencies" and version in ("v3", *DATED):
            return Route(name, version, tuple(parts[3:]))
    if len(parts) >= 3 and parts[0] == "crm-object-schemas":
        return Route("schemas", parts[1], tuple(parts[3:]))
    if len(parts) >= 3 and parts[0] in LEGACY_AREAS and parts[1] in ("v1", "v2"):
        return Route(f"{parts[0]}-{parts[1]}", parts[1], tuple(parts[2:]))
    if len(parts) >= 2 and parts[0] in _ROOT_AREAS and parts[1] in NUMBERED + DATED:
        return Route(parts[0], parts[1], tuple(parts[2:]))
    return None
