"""Which channels are logged, how far each reaches, and whether mail comes in at all."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import Finding
from connectors.salesforce.api.answers import Found
from connectors.salesforce.api.client import Client, soql
from connectors.salesforce.api.describe import Schema
from connectors.salesforce.config import ActivityMapping, SalesforceMapping


def mail(client: Client, mapping: ActivityMapping, schema: Schema) -> Iterator[Finding]:
    """Whether e-mail is here, and comes in."""
    email = mapping.email
    if email is None or schema.object(email.object) is None:
        yield Finding(
            "warn", "activity", "E-mail is not in this organisation: reciprocity rests on calls and meetings."
        )
        return
    template = "SELECT COUNT() FROM {:literal}"
    statements = [soql(template, email.object)]
    incoming, sent_at = email.fields.get("incoming"), email.fields.get("occurred_at")
    if incoming and sent_at:
        recent = template + " WHERE {:literal} = true AND {:literal} = LAST_N_DAYS:30"
        statements.append(soql(recent, email.object, incoming, sent_at))
    counts = [answer.total for answer in client.queries(statements) if isinstance(answer, Found)]
    if counts and 0 in counts:
        how = "is empty" if counts[0] == 0 else "has had no incoming message for 30 days"
        yield Finding(
            "warn",
            "activity",
            f"{email.object} {how}: e-mail is either not logged, or captured outside the organisation.",
            "With Einstein Activity Capture, turn on 'Sync Email as Salesforce Activity'.",
        )


def silent(client: Client, mapping: ActivityMapping, schema: Schema) -> Iterator[Finding]:
    """Calls and meetings: a channel without a record in 90 days is not logged here, rather than not used."""
    asked: list[tuple[str, str]] = []
    recent = "SELECT COUNT() FROM {:literal} WHERE {:literal} = LAST_N_DAYS:90"
    for channel, each, column in (("meeting", mapping.meeting, "starts_at"), ("call", mapping.call, "occurred_at")):
        path = each.fields.get(column) if each is not None else None
        if each is None or not path or schema.find(each.object, path) is None:
            continue
        text = soql(recent, each.object, path)
        subtype = each.fields.get("subtype")
        if channel == "call" and subtype and schema.find(each.object, subtype) is not None:
            text += soql(" AND {:literal} = 'Call'", subtype)
        asked.append((channel, text))
    for (channel, _), answer in zip(asked, client.queries([text for _, text in asked]), strict=True):
        if isinstance(answer, Found) and answer.total == 0:
            yield Finding(
                "warn",
                "activity",
                f"No {channel} has been logged for 90 days: the channel is absent here, not silent.",
                f"Have {channel}s logged in Salesforce, or score without them knowingly.",
            )


_FEWEST_CALLS, _LONGEST = 20, 14_400
"""Of fewer calls nothing is said; seconds that half of the calls of no organisation last."""


def lengths(client: Client, mapping: ActivityMapping, schema: Schema) -> Iterator[Finding]:
    """Whether calls last as long as calls do: programs send milliseconds where Salesforce takes seconds."""
    path = mapping.call.fields.get("seconds") if mapping.call is not None else None
    if mapping.call is None or not path or schema.find(mapping.call.object, path) is None:
        return
    template = "SELECT COUNT() FROM {:literal} WHERE {:literal} > {:literal}"
    asked = [soql(template, mapping.call.object, path, str(least)) for least in (0, _LONGEST)]
    counts = [answer.total for answer in client.queries(asked) if isinstance(answer, Found)]
    if len(counts) == len(asked) and counts[0] >= _FEWEST_CALLS and 2 * counts[1] > counts[0]:
        yield Finding(
            "warn",
            "activity",
            f"{counts[1]} of {counts[0]} calls last over {_LONGEST // 3_600} hours: {mapping.call.object}.{path} "
            "probably holds milliseconds where seconds are meant.",
            "Have the phone system send seconds, and correct the calls that are there; until then hours are wrong.",
        )


def coverage(client: Client, mapping: SalesforceMapping, schema: Schema) -> Iterator[Finding]:
    """How many accounts each channel has reached in 90 days: what the scores of the others cannot rest on."""
    kinds = mapping.activities
    asked: list[tuple[str, str]] = []
    reached = "SELECT COUNT_DISTINCT({:literal}) n FROM {:literal} WHERE {:literal} = LAST_N_DAYS:90"
    for plural, each, column in (("meetings", kinds.meeting, "starts_at"), ("calls", kinds.call, "occurred_at")):
        account = each.fields.get("account_id") if each is not None else None
        path = each.fields.get(column) if each is not None else None
        if each is None or not account or not path or not all(schema.find(each.object, p) for p in (account, path)):
            continue
        text = soql(reached, account, each.object, path)
        subtype = each.fields.get("subtype")
        if plural == "calls" and subtype and schema.find(each.object, subtype) is not None:
            text += soql(" AND {:literal} = 'Call'", subtype)
        asked.append((plural, text))
    total, *answers = client.queries(
        [soql("SELECT COUNT() FROM {:literal}", mapping.accounts.object), *(t for _, t in asked)]
    )
    said = [
        f"{plural} with {int(answer.records[0].get('n') or 0)}"
        for (plural, _), answer in zip(asked, answers, strict=True)
        if isinstance(answer, Found) and answer.records
    ]
    if said and isinstance(total, Found):
        yield Finding("ok", "activity", f"Of {total.total} accounts in 90 days: {', '.join(said)}.")


_UNREAD = ("MessagingSession", "LiveChatTranscript", "VoiceCall", "SocialPost")
"""Objects of conversations that no mapping reads."""


def unread(client: Client, mapping: ActivityMapping, schema: Schema) -> Iterator[Finding]:
    """Conversations that are in the organisation and not read: silence there would be no silence."""
    mapped = {each.object for each in (mapping.email, mapping.meeting, mapping.call, mapping.task) if each is not None}
    there = [name for name in _UNREAD if name not in mapped and schema.object(name) is not None]
    counts = {name: number for name, number in client.counts(there).items() if number}
    if counts:
        listed = ", ".join(f"{name} ({number})" for name, number in counts.items())
        yield Finding(
            "warn",
            "activity",
            f"Conversations that are not read: {listed}. Customers who write or ring there look more silent "
            f"than they are.",
            "Have them logged as tasks or e-mails, or score without them knowingly.",
        )
