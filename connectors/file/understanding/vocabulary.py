"""The words that channel, direction and outcome may hold, the synonyms that exports use, and SQL that turns one
into the other.
"""

from __future__ import annotations

from connectors.file.readers.casts import literal
from connectors.records import Stream

CHANNELS = ("email", "call", "meeting", "message", "case_reply", "task", "note")
DIRECTIONS = ("outbound", "inbound", "internal")
OUTCOMES = ("done", "not_connected", "no_show", "scheduled", "cancelled", "bounced")

_CHANNEL = {
    "email": ("e mail", "mail", "emails", "email message", "emailmessage", "incoming email", "outgoing email",
        "gmail", "outlook"),
    "call": ("phone", "phone call", "telephone", "voice", "calls", "anruf", "telefon", "telefonat", "appel",
        "llamada", "logged call", "voip"),
    "meeting": ("event", "appointment", "meetings", "demo", "visit", "lunch", "termin", "besuch", "conference",
        "rendez vous", "reunion"),
    "message": (
        "sms", "text", "text message", "chat", "whatsapp", "whats app", "linkedin", "linkedin message",
            "messenger", "imessage",
        "conversation", "slack", "teams", "communication", "live chat", "telegram", "wechat", "mms",
    ),
    "case_reply": ("case reply", "ticket reply", "case comment", "ticket comment"),
    "task": ("to do", "todo", "tasks", "aufgabe", "deadline", "tâche", "tarea"),
    "note": ("notes", "comment", "notiz", "nota"),
}  # fmt: skip
_DIRECTION = {
    "outbound": ("outgoing", "out", "sent", "originating", "made", "placed", "ausgehend", "sortant", "saliente",
        "outgoing email", "outbound call", "outgoing call", "ausgehender anruf", "appel sortant",
            "llamada saliente", "uitgaand", "2"),
    "inbound": ("incoming", "in", "received", "eingehend", "entrant", "entrante", "incoming email",
        "inbound call", "incoming call", "eingehender anruf", "appel entrant", "llamada entrante", "inkomend", "1"),
    "internal": ("intern", "intraorg", "intra org", "extension"),
}  # fmt: skip
_OUTCOME = {
    "done": (
        "connected", "call connected", "answered", "accepted", "completed", "complete", "held", "sent",
            "delivered", "received",
        "finished", "closed", "success", "successful", "call accepted", "yes", "verbunden", "angenommen",
            "erledigt", "replied",
        "opened", "deliver", "left live message", "auto recorded", "recorded", "talked", "ai call",
    ),
    "not_connected": (
        "no answer", "not answered", "unanswered", "missed", "missed call", "busy", "line busy", "left voicemail",
            "voicemail",
        "voice mail", "left message", "wrong number", "rejected", "declined", "hang up", "hung up", "abandoned",
            "call failed",
        "failed call", "no", "nicht erreicht", "besetzt", "verpasst", "unreachable", "not connected", "call canceled",
        "call cancelled", "out of business hours", "ring timeout", "disconnected", "no contact",
    ),
    "no_show": ("no show", "noshow", "nicht erschienen", "did not attend"),
    "scheduled": ("planned", "open", "not started", "upcoming", "geplant", "in progress", "rescheduled", "pending"),
    "cancelled": ("canceled", "cancelled", "abgesagt", "annule", "annulé", "deferred", "deleted", "uninvited"),
    "bounced": ("bounce", "failed", "undelivered", "undeliverable", "fail", "rejected by server"),
}  # fmt: skip


def _all(words: tuple[str, ...], synonyms: dict[str, tuple[str, ...]]) -> dict[str, str]:
    known = {word.replace("_", " "): word for word in words}
    return known | {other: word for word, others in synonyms.items() for other in others if other not in known}


VOCABULARY: dict[tuple[Stream, str], tuple[tuple[str, ...], dict[str, str]]] = {
    ("activities", "channel"): (CHANNELS, _all(CHANNELS, _CHANNEL)),
    ("activities", "direction"): (DIRECTIONS, _all(DIRECTIONS, _DIRECTION)),
    ("activities", "outcome"): (OUTCOMES, _all(OUTCOMES, _OUTCOME)),
}
"""(stream, column) -> (words, every word that is understood -> its meaning). Words are compared without case or
marks.
"""


def word(stream: Stream, column: str, text: str) -> str | None:
    """SQL: the canonical word for `text`, null where none is known. None for a column without a vocabulary."""
    if (stream, column) not in VOCABULARY:
        return None
    known = VOCABULARY[stream, column][1]
    pairs = ", ".join(f"{literal(other)}: {literal(meaning)}" for other, meaning in known.items())
    return f"(MAP {{{pairs}}})[trim(regexp_replace(lower({text}), '[\\s_./-]+', ' ', 'g'))]"


def allowed(stream: Stream, column: str) -> str:
    """The words, for people."""
    return ", ".join(VOCABULARY[stream, column][0])
