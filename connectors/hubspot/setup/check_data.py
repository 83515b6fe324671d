"""How the portal is used: channels that nobody logs, replies without what they answer, deals entered late."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import Finding
from connectors.hubspot.api.client import Client
from connectors.hubspot.config import HubSpotMapping, Kind, KindMapping
from connectors.hubspot.setup.samples import count, days_ago, found
from connectors.hubspot.translate import values

_QUIET_DAYS, _DAYS = 30, 90
_CHANNELS: tuple[Kind, ...] = ("emails", "calls", "meetings")
_FEWEST_THREADS, _THREADS, _RARE = 20, 60, 0.02
"""Where customers began less than this share of so many threads, their new ones are not logged."""
_LATE_DAYS, _FEWEST_DEALS = 30, 20
_NOTES = "notes"
_FEWEST_CALLS, _SHORTEST_MEDIAN, _LONGEST_MEDIAN = 20, 1_000.0, 14_400_000.0
"""Of fewer calls nothing is said; milliseconds between which half of the calls of any organisation lie."""


def channels(client: Client, mapping: HubSpotMapping) -> Iterator[Finding]:
    """A channel that nobody logs is absent, which is not the same as silent customers."""
    silent: list[str] = []
    for kind in _CHANNELS:
        stamp = mapping.of(kind).property_of("occurred_at")
        if mapping.of(kind).object and stamp is not None:
            recent = [(stamp, "GTE", days_ago(client, _QUIET_DAYS))]
            silent += [] if count(client, mapping.of(kind).object, recent) else [kind]
    if silent:
        yield Finding(
            "warn",
            "activity",
            f"No {' and no '.join(silent)} in the last {_QUIET_DAYS} days: not logged here, which is not silence.",
            "Connect the inbox, calendar or phone of the sellers to HubSpot.",
        )


def notes(client: Client) -> Iterator[Finding]:
    """A note says that something happened, not who did what: it is counted here and never scored."""
    number = count(client, _NOTES, [("hs_timestamp", "GTE", days_ago(client, _DAYS))])
    if number:
        yield Finding(
            "ok",
            "activity",
            f"{number} notes of the last {_DAYS} days are not scored: a note does not say who did what.",
        )


def meetings(client: Client, mapping: KindMapping) -> Iterator[Finding]:
    """Meetings that are over and whose outcome nobody has set."""
    outcome, ends = mapping.property_of("status"), mapping.property_of("ends_at")
    if not mapping.object or outcome is None or ends is None:
        return
    over = [(ends, "GTE", days_ago(client, _DAYS)), (ends, "LT", days_ago(client, 0))]
    number = count(client, mapping.object, [(outcome, "EQ", "SCHEDULED"), *over])
    if number:
        yield Finding(
            "warn",
            "activity",
            f"{number} meetings of the last {_DAYS} days are over and still SCHEDULED: they count as held.",
            "Have the outcome set in HubSpot where a meeting did not take place: No Show or Canceled.",
        )


def lengths(client: Client, mapping: KindMapping) -> Iterator[Finding]:
    """Whether calls last as long as calls do: programs send seconds where HubSpot takes milliseconds."""
    length, at = mapping.property_of("milliseconds"), mapping.property_of("occurred_at")
    if not mapping.object or not length or not at:
        return
    lasting = [(length, "GT", "0"), (at, "GTE", days_ago(client, _DAYS))]
    spent = sorted(
        values.number(row.get(length) or "0") for row in found(client, mapping.object, lasting, [length], newest=at)
    )
    if len(spent) < _FEWEST_CALLS or _SHORTEST_MEDIAN <= (median := spent[len(spent) // 2]) <= _LONGEST_MEDIAN:
        return
    unit = "seconds where milliseconds are meant" if median < _SHORTEST_MEDIAN else "another unit than milliseconds"
    yield Finding(
        "warn",
        "activity",
        f"Half of the last {len(spent)} calls last {'less' if median < _SHORTEST_MEDIAN else 'more'} than "
        f"{median / 60_000:.3g} minutes: {mapping.object}.{length} probably holds {unit}.",
        "Have the phone system send milliseconds, and correct the calls that are there; until then hours are wrong.",
    )


def replies_only(client: Client, mapping: KindMapping) -> Iterator[Finding]:
    """Whether customers' mails are logged only where they answer one of ours."""
    direction, at, thread = (mapping.property_of(f) for f in ("direction", "occurred_at", "thread_id"))
    if not mapping.object or not direction or not at or not thread:
        return
    recent = [(direction, "EQ", "INCOMING_EMAIL"), (at, "GTE", days_ago(client, _DAYS))]
    incoming = found(client, mapping.object, recent, [thread], newest=at)
    threads = list(dict.fromkeys(text for row in incoming if (text := row.get(thread))))[:_THREADS]
    if len(threads) < _FEWEST_THREADS:
        return
    began: dict[str, str | None] = {}
    asked = [(thread, "IN", threads)]
    for row in found(client, mapping.object, asked, [thread, direction], first=at):
        began.setdefault(str(row.get(thread)), row.get(direction))
    theirs = sum(first == "INCOMING_EMAIL" for first in began.values())
    if began and theirs < _RARE * len(began):
        yield Finding(
            "warn",
            "activity",
            f"Of the last {len(began)} e-mail threads in which a customer wrote, {theirs} were begun by one: "
            f"the account "
            "probably logs replies only, so customers' own messages are missing and the balance leans to us.",
            "In HubSpot: Settings > Data Management > Objects > Activities > Contact email logging rules > "
            "Log all emails.",
        )


def late_deals(client: Client, mapping: KindMapping) -> Iterator[Finding]:
    """Deals that are recorded long after they were won: a customer's silence is then no sign of anything."""
    closes, won = mapping.property_of("close_at"), mapping.property_of("is_won")
    if closes is None or won is None:
        return
    oldest = next(iter(found(client, mapping.object, [], ["createdate"], first="createdate")), {}).get("createdate")
    recent = [(won, "EQ", "true"), (closes, "GTE", days_ago(client, 365)), (closes, "LTE", days_ago(client, 0))]
    lags = sorted(
        (values.parse_time(made) - values.parse_time(closed)).days
        for row in found(client, mapping.object, recent, [closes, "createdate"], newest=closes)
        if (made := row.get("createdate")) and (closed := row.get(closes)) and oldest and closed > oldest
    )
    if len(lags) >= _FEWEST_DEALS and (late := lags[int(0.9 * (len(lags) - 1))]) > _LATE_DAYS:
        yield Finding(
            "warn",
            "money",
            f"Deals are entered late: of {len(lags)} won in a year, one in ten is recorded {late} days or "
            f"more after its "
            "close date. A customer that seems to have stopped buying may have a deal that nobody has entered yet.",
            "Have deals entered while they are open.",
        )
