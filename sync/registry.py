"""Builds the connector that the settings ask for. The SDKs are imported only here, only when needed."""

from __future__ import annotations

from config.loading import load_mapping
from config.settings import Settings
from connectors.base import Connector
from connectors.errors import ConfigError
from connectors.file.config import FilesConfig
from connectors.hubspot.config import HubSpotConfig
from connectors.webhooks import Webhooks
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


def connect_webhooks(settings: Settings) -> Webhooks:
    """What reads the deliveries of `settings.crm`. Raises ConfigError when the CRM has none or a setting is missing."""
    asked = settings.webhooks
    if not isinstance(settings.crm, HubSpotConfig):
        raise ConfigError(
            f"Webhooks are understood from HubSpot only, not from {settings.crm.kind}.", remedy="Leave --webhooks away."
        )
    if asked.public_url is None or asked.client_secret is None:
        missing = "public_url" if asked.public_url is None else "client_secret"
        raise ConfigError(
            f"webhooks.{missing} is not set.", remedy="Set it in [webhooks]; see docs/install-hubspot.md."
        )
    asked.client_secret.read()  # now rather than at the first delivery
    from connectors.hubspot.config import HubSpotMapping
    from connectors.hubspot.webhooks.reader import HubSpotWebhooks

    mapping = load_mapping(HubSpotMapping, settings)
    return HubSpotWebhooks(asked.client_secret, asked.public_url, mapping, asked.portal_id)
