"""Builds the connector that the settings ask for. The SDKs are imported only here, only when needed."""

from __future__ import annotations

from config.loading import load_mapping
from config.settings import Settings
from connectors.base import Connector
from connectors.file.config import FilesConfig
from connectors.hubspot.config import HubSpotConfig
from enrichment.fields import fields


def connect(settings: Settings) -> Connector:
    """A connector for `settings.crm`, which holds the properties of the chosen profile. Raises ConfigError."""
    owned, organisation, crm = fields(settings.score.profile), settings.as_organisation(), settings.crm
    if isinstance(crm, FilesConfig):
        from connectors.file.config import FilesMapping
        from connectors.file.connector import FileConnector

        return FileConnector(crm, load_mapping(FilesMapping, settings), owned, organisation)
    if isinstance(crm, HubSpotConfig):
        from connectors.hubspot.config import HubSpotMapping
        from connectors.hubspot.connector import HubSpotConnector

        return HubSpotConnector(crm, load_mapping(HubSpotMapping, settings), owned, organisation)
    from connectors.salesforce.config import SalesforceMapping
    from connectors.salesforce.connector import SalesforceConnector

    return SalesforceConnector(crm, load_mapping(SalesforceMapping, settings), owned, organisation)
