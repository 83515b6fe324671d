"""What `bothways check` says about a portal: each finding with its remedy, none of them raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from connectors.base import Finding, Organisation, PropertySpec
from connectors.errors import AuthError, BothwaysError
from connectors.hubspot.api.client import Client
from connectors.hubspot.api.failures import Refused
from connectors.hubspot.config import KINDS, HubSpotMapping, Kind, KindMapping
from connectors.hubspot.read.properties import PROVISION, Properties
from connectors.hubspot.read.reference_data import Portal
from connectors.hubspot.setup import check_data, check_words, usage
from connectors.hubspot.setup.provision import Provisioner

RATES_SCOPE = "settings.currencies.read"
ENDS = {
    "v3": date(2027, 3, 30),  # its associations are v4, which ends first
    "2026-03": date(2027, 9, 8),
    "2026-09": date(2028, 3, 8),
}
"""When each API version ends."""
_SUCCESSOR = 'Set crm.api_version = "2026-09" before; validation rules of your admins then apply to our writes too.'
_NAMED = 5


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
    yield from _ending(client, client.paths.version)
    yield from _currency(account, organisation)
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
    yield from _ours(mapping, owned, properties, provisioner)
    yield from _room(provisioner)
    yield from _usage(client, owned)
    for topic, more in (
        ("activity", lambda: check_data.channels(client, mapping)),
        ("activity", lambda: check_data.notes(client)),
        ("activity", lambda: check_data.meetings(client, mapping.meetings)),
        ("activity", lambda: check_data.lengths(client, mapping.calls)),
        ("activity", lambda: check_data.replies_only(client, mapping.emails)),
        ("money", lambda: check_data.late_deals(client, mapping.opportunities)),
        ("activity", lambda: check_words.senders(client, mapping, organisation, portal)),
        ("fields", lambda: check_words.unmapped(client, mapping, properties)),
    ):
        yield from _guarded(topic, more)


def _guarded(topic: str, checked: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What cannot be looked at is no fault of what it is about; that a scope is missing was said with the object."""
    try:
        yield from checked()
    except AuthError:
        return
    except BothwaysError as error:
        yield Finding("warn", topic, f"Not checked: {error}", error.remedy)


def _ending(client: Client, version: str) -> Iterator[Finding]:
    """HubSpot supports a dated version for 18 months (developers.hubspot.com/changelog, date-based versioning)."""
    ends = ENDS[version]
    if (ends - client.now().date()).days < 365:
        remedy = _SUCCESSOR if version != "2026-09" else "Install a newer bothways."
        yield Finding("warn", "limits", f"API version {version} ends about {ends:%B %Y}.", remedy)


def _currency(account: Mapping[str, Any], organisation: Organisation) -> Iterator[Finding]:
    """Amounts are counted in the portal's own currency, whatever the settings call it."""
    home, corporate = str(account.get("companyCurrency") or ""), (organisation.corporate_currency or "").upper()
    others = len(account.get("additionalCurrencies") or ())
    if not home:
        yield Finding(
            "warn",
            "money",
            "The portal does not tell its currency.",
            "Set organisation.corporate_currency." if not corporate else "",
        )
    elif corporate and corporate != home:
        yield Finding(
            "warn",
            "money",
            f"The settings call {corporate} the corporate currency, the portal {home}: amounts are counted in {home}.",
            f'Set organisation.corporate_currency = "{home}", or leave it out.',
        )
    else:
        kinds = f"{others} others, by their rates at each date" if others else "no other"
        yield Finding("ok", "money", f"Corporate currency {home} (the portal's company currency; {kinds}).")


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


def _ours(
    mapping: HubSpotMapping, owned: Sequence[PropertySpec], properties: Properties, provisioner: Provisioner
) -> Iterator[Finding]:
    """Our properties against what `provision --plan` would do: nothing there yet is to be done, a difference is a
    fault.
    """
    if not owned:
        return
    plan = provisioner.plan(owned)
    of_ours = [item for item in plan.items if item.kind == "property"]
    missing = [item.name for item in of_ours if item.step == "create"]
    if len(missing) == len(owned):
        yield Finding("todo", "properties", f"{len(missing)} properties to install.", PROVISION)
        return
    if missing:
        yield Finding("fail", "properties", f"{len(missing)} properties are missing: {_some(missing)}.", PROVISION)
    for item in plan.conflicts:
        yield Finding(
            "fail", "properties", f"{item.name}: {item.detail}.", "Archive it in HubSpot, then provision again."
        )
    changed = [f"{item.name} ({item.detail})" for item in of_ours if item.step == "update"]
    options = [text for text in changed if "options" in text]
    if options:
        yield Finding(
            "fail", "properties", f"Options that we write were removed by somebody: {_some(options)}.", PROVISION
        )
    if len(changed) > len(options):
        others = [text for text in changed if text not in options]
        yield Finding("warn", "properties", f"Changed by somebody: {_some(others)}.", PROVISION)
    for spec in owned:
        name = mapping.of(spec.stream).object  # type: ignore[arg-type]
        held = (properties.known(name) or {}).get(spec.name) or {}
        if (held.get("modificationMetadata") or {}).get("readOnlyValue"):
            yield Finding("fail", "properties", f"{name}.{spec.name} cannot be written.", "Ask an admin of the portal.")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


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
