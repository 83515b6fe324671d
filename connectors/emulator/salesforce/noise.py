"""Records that every organisation has and that are nobody's effort: whoever counts one of them reads Salesforce
wrongly.
"""

from __future__ import annotations

from typing import Any

from connectors.emulator.salesforce.life import Life

_REPLIES = ("Automatic reply: {}", "Automatische Antwort: {}", "Réponse automatique : {}", "Out of office: {}")
_EACH = 3


def add_noise(organisation: Life) -> dict[str, list[str]]:
    """Adds a few of each kind; returns their ids by kind."""
    store = organisation.org.store
    past = "IsDeleted = 0 AND IsChild = 0 AND StartDateTime IS NOT NULL"
    events = [row["Id"] for row in store.rows(f"SELECT Id FROM Event WHERE {past} ORDER BY Id LIMIT {_EACH}")]  # noqa: S608
    mails = store.rows(f"SELECT * FROM EmailMessage WHERE IsDeleted = 0 ORDER BY Id LIMIT {_EACH}")  # noqa: S608
    spoken = "TaskSubtype = 'Call' AND IsClosed = 1 AND IsDeleted = 0 AND CallDurationInSeconds > 0"
    calls = [row["Id"] for row in store.rows(f"SELECT Id FROM Task WHERE {spoken} ORDER BY Id LIMIT {_EACH}")]  # noqa: S608
    made: dict[str, list[str]] = {
        "called off": [organisation.call_off(call) for call in calls],
        "series": [organisation.add_series(event, occurrences=0)[0] for event in events],
        "proposals": [organisation.propose(event) for event in events],
    }
    kinds: dict[str, dict[str, Any]] = {
        "drafts": {"Status": "5"},
        "sent by AI": {"AutomationType": "AiAutomated", "Incoming": 0},
        **{f"reply {number}": {"Subject": text, "Incoming": 1} for number, text in enumerate(_REPLIES)},
    }
    for kind, values in kinds.items():
        subject = str(values.get("Subject", "{}"))
        made[kind] = [
            organisation.add_mail(mail["Id"], {**values, "Subject": subject.format(mail["Subject"])}) for mail in mails
        ]
    return made
