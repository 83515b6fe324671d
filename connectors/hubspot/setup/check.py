"""What `bothways check` says about a portal: each finding with its remedy, none of them raised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from connectors.base import Finding, Organisation, PropertySpec
from connectors.errors import AuthError, BothwaysError
from connectors.hubspot.api.client import Client
from connectors.hubspot.api.failures import Refused
from connectors.hubspot.config import KINDS, HubSpotMapping, Kind, KindMapping
from connectors.hubspot.read.properties import PROVISION, Properties
from connectors.hubspot.read.reference_data import Portal
from connectors.hubspot.setup import usage
from connectors.hubspot.setup.provision import Provisioner, definition
from connectors.hubspot.translate import values

RATES_SCOPE = "settings.currencies.read"
_QUIET_DAYS = 30
_CHANNELS: tuple[Kind, ...] = ("emails", "calls", "meetings")


def diagnose(
    client: Client,
    mapping: HubSpotMapping,
    owned: Sequence[PropertySpec],
    organisation: Organisation,
    properties: Properties,
    portal: Portal,
    provisioner: Provisioner,
) -> Iterator[Finding]:
    """All findings, in the order of the pipeline. Stops after the credentials when they are refused."""
    try:
        account = client.account()
    except BothwaysError as error:
        yield Finding("fail", "credentials", str(error), error.remedy or "Check crm.url and crm.auth.")
        return
    yield Finding("ok", "credentials", f"Signed in to portal {account.get('portalId')}.")
    yield from _currency(str(account.get("companyCurrency") or ""), organisation)
    yield from _rates(portal)
    if not organisation.own_domains:
        yield Finding(
            "warn",
            "activity",
            "No own domains are set, so the side of an e-mail is taken from its owner and HubSpot's hint.",
            "Set the domains of your own addresses in the settings.",
        )
    for kind in KINDS:
        if mapping.of(kind).object:
            yield from _object(client, kind, mapping.of(kind), properties)
    yield from _owners(client)
    yield from _writable(client, mapping)
    yield from _ours(mapping, owned, properties)
    yield from _room(provisioner)
    yield from _usage(client, owned)
    for kind in _CHANNELS:
        if mapping.of(kind).object:
            yield from _coverage(client, kind, mapping.of(kind))


def _currency(home: str, organisation: Organisation) -> Iterator[Finding]:
    corporate = (organisation.corporate_currency or "").upper()
    if home and not corporate:
        yield Finding(
            "warn",
            "limits",
            f"No corporate currency is set; the portal's is {home}, and amounts in the scoring model's own would count as {home}.",
            f'Set organisation.corporate_currency = "{home}".',
        )
    if corporate and home and corporate != home:
        yield Finding(
            "warn",
            "limits",
            f"The portal's currency is {home} and the corporate one is {corporate}: amounts stay in {home}.",
            f"Set the corporate currency to {home}, or give a rate.",
        )


def _rates(portal: Portal) -> Iterator[Finding]:
    """Deals are converted by HubSpot itself; revenues, line items and prices of assets are not."""
    try:
        portal.exchange_rates()
    except BothwaysError as error:
        yield Finding(
            "warn",
            "scopes",
            f"The exchange rates cannot be read, so amounts in other currencies than the portal's own are left out, "
            f"except on deals: {error}",
            f"Add the scope {RATES_SCOPE} to the service key or app, or leave this as it is.",
        )


def _object(client: Client, kind: Kind, mapping: KindMapping, properties: Properties) -> Iterator[Finding]:
    try:
        client.call(client.paths.listing(mapping.object), query=[("limit", "1")])
        known = properties.fetch(mapping.object, fresh=True)
    except AuthError as error:
        yield Finding("fail", "scopes", str(error), error.remedy)
        return
    except BothwaysError as error:
        yield Finding("fail", "objects", f"{kind}: {error}", error.remedy or f"Check {kind}.object in the mapping.")
        return
    yield Finding("ok", "objects", f"{mapping.object} can be read ({kind}).")
    for field, name in mapping.fields.items():
        if name and name not in known:
            yield Finding(
                "fail" if field in mapping.required else "warn",
                "fields",
                f"{mapping.object} have no property {name}; {kind}.{field} is left empty.",
                f"Name another property for {kind}.fields.{field} in the mapping, or give the key access to this one.",
            )


def _owners(client: Client) -> Iterator[Finding]:
    try:
        client.call(client.paths.owners(), query=[("limit", "1")])
    except AuthError as error:
        yield Finding("fail", "scopes", str(error), error.remedy)
    except BothwaysError as error:
        yield Finding("warn", "objects", f"owners: {error}", error.remedy)


def _writable(client: Client, mapping: HubSpotMapping) -> Iterator[Finding]:
    """An update of no records changes nothing, and is refused without the scope to write."""
    for name in (mapping.accounts.object, mapping.opportunities.object):
        try:
            client.call(client.paths.batch_update(name), body={"inputs": []})
        except AuthError as error:
            yield Finding("fail", "scopes", str(error), error.remedy)
        except Refused:
            continue  # an empty batch may be refused for being empty: then the scope is there
        except BothwaysError as error:
            yield Finding("warn", "objects", f"{name}: {error}", error.remedy)


def _ours(mapping: HubSpotMapping, owned: Sequence[PropertySpec], properties: Properties) -> Iterator[Finding]:
    for spec in owned:
        name = mapping.of(spec.stream).object  # type: ignore[arg-type]
        held = (properties.known(name) or {}).get(spec.name)
        if held is None:
            yield Finding("fail", "properties", f"{name} have no property {spec.name}.", PROVISION)
            continue
        if held.get("type") != definition(spec)["type"]:
            message = f"{name}.{spec.name} is of type {held.get('type')}, not {definition(spec)['type']}."
            yield Finding("fail", "properties", message, "Archive it in HubSpot, then provision again.")
        if (held.get("modificationMetadata") or {}).get("readOnlyValue"):
            yield Finding("fail", "properties", f"{name}.{spec.name} cannot be written.", "Ask an admin of the portal.")


def _room(provisioner: Provisioner) -> Iterator[Finding]:
    try:
        room = provisioner.room()
    except BothwaysError as error:
        yield Finding("warn", "limits", f"The property limits cannot be read: {error}", error.remedy)
        return
    for name in ("companies", "deals"):
        if name in room:
            yield Finding("ok", "limits", f"{name} have room for {room[name]} more custom properties.")


def _usage(client: Client, owned: Sequence[PropertySpec]) -> Iterator[Finding]:
    """What an admin should know before a score changes what a list or workflow does."""
    for found in usage.uses(client, {spec.name for spec in owned}):
        if isinstance(found, usage.Use):
            yield Finding("ok", "rules", f"The {found} uses {', '.join(found.properties)}.")
        else:
            why = f"the scope {found.scope} is missing." if found.scope else found.why
            remedy = (
                f"Add the scope {found.scope} to the service key or app, or leave this as it is." if found.scope else ""
            )
            yield Finding("warn", "rules", f"Which {found.kind}s use our properties cannot be told: {why}", remedy)


def _coverage(client: Client, kind: Kind, mapping: KindMapping) -> Iterator[Finding]:
    """A channel that nobody logs is absent, which is not the same as silent customers."""
    stamp = mapping.property_of("occurred_at")
    if stamp is None:
        return
    low = values.milliseconds(client.now() - timedelta(days=_QUIET_DAYS))
    query = {
        "filterGroups": [{"filters": [{"propertyName": stamp, "operator": "GTE", "value": str(low)}]}],
        "limit": 1,
    }
    try:
        found = client.call(client.paths.search(mapping.object), body=query).body.get("results")
    except BothwaysError as error:
        yield Finding("warn", "activity", f"{kind} cannot be searched: {error}", error.remedy)
        return
    if not found:
        yield Finding(
            "warn",
            "activity",
            f"No {kind} in the last {_QUIET_DAYS} days: the channel is not logged, which is not silence.",
            "Connect the inbox, calendar or phone of the sellers to HubSpot.",
        )
