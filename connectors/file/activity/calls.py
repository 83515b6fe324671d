"""Calls from the logs of Aircall, RingCentral, Zoom Phone and HubSpot: who called whom, how long, and whether it came
to talking.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers

from connectors.errors import ConfigError
from connectors.file.activity.acts import SHAPE, Acts
from connectors.file.activity.moments import day_first, formats, moment
from connectors.file.activity.settings import Calls
from connectors.file.understanding.vocabulary import VOCABULARY

# Headers of RingCentral: github.com/PacoVu/ringcentral-call-log; of Aircall: support.aircall.io, Analytics: Call
# attributes. No public document was found for Zoom Phone's CSV: its names follow the fields of Zoom's API.
_ROLES = {
    "id": ("call id", "callid", "call id internal", "call id uuid", "record id", "session id", "id", "uuid"),
    "start": (
        "datetime utc",
        "date time utc",
        "datetime",
        "date time",
        "start time",
        "starttime",
        "call start time",
        "started at",
        "activity date",
        "call time",
        "create date",
    ),
    "date": ("date", "call date", "date tz offset incl"),
    "time": ("time", "time tz offset incl"),
    "direction": ("call direction", "direction", "call direction type", "type"),
    "leg": ("leg",),
    "from": ("from", "from number", "caller number", "caller phone number", "caller"),
    "to": ("to", "to number", "callee number", "callee phone number", "callee"),
    "other": (
        "phone number",
        "external number",
        "external phone number",
        "contact number",
        "customer number",
        "contact phone number",
    ),
    "result": (
        "action result",
        "call outcome",
        "call result",
        "result",
        "answered",
        "call status",
        "status",
        "call type",
    ),
    "duration": (
        "duration in call",
        "talk time",
        "call duration",
        "duration",
        "duration seconds",
        "duration sec",
        "duration total",
        "call length",
        "duration hh mm ss",
    ),
    "user": ("user email", "agent email", "user", "user name", "agent", "activity assigned to", "extension", "owner"),
    "people": ("associated contact ids",),
    "account": ("associated company ids primary", "associated company ids"),
}
_HUBSPOT = ("record id", "call outcome", "call duration")
_AIRCALL = ("duration in call", "number timezone")
_MACHINES = ("ai call",)
"""Outcomes of calls that nobody of ours had part in."""
_NO_CALLS = ("fax", "sms", "text", "voicemail drop")
_WITHHELD = re.compile(
    r"(?i)(anonym\w*|unknown\w*|restricted|private|unavailable|withheld|blocked|unterdr.ckt|unbekannt|masqu.|inconnu|)"
)
_WORDS_OF_HEADERS = {
    "anruf id": "call id", "richtung": "direction", "von": "from", "an": "to", "startzeit": "start time",
        "beginn": "start time",
    "datum": "date", "uhrzeit": "time", "dauer": "duration", "ergebnis": "result", "rufnummer": "phone number",
        "benutzer": "user",
    "sens": "direction", "de": "from", "vers": "to", "heure": "time", "dur e": "duration", "r sultat": "result",
        "num ro": "phone number",
    "direcci n": "direction", "fecha": "date", "hora": "time", "duraci n": "duration", "resultado": "result",
        "n mero": "phone number",
}  # fmt: skip
_SPELT = re.compile(
    r"(?i)(?:pt)?(?:(\d+) ?(?:h|hours?|hrs?|std)\.?,? ?)?(?:(\d+) ?(?:m|min|mins|minutes?)\.?,? ?)?"
    r"(?:(\d+)(?:\.\d+)? ?(?:s|sec|secs|seconds?|sek)\.?)?"
)
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d\d)(?:\.\d+)?")
_UNITS = {"seconds": 60.0, "milliseconds": 60_000.0, "minutes": 1.0}
_WORDS = VOCABULARY["activities", "outcome"][1]
_SIDES = VOCABULARY["activities", "direction"][1]


def call_columns(header: Sequence[str]) -> dict[str, str]:
    """What each column of a call log is, by the names that the vendors use; empty when it is none that is known."""
    plain = {" ".join(re.sub(r"[^a-z]", " ", name.lower()).split()): name for name in header}
    plain = {_WORDS_OF_HEADERS.get(name, name): column for name, column in reversed(plain.items())}
    found = {role: plain[n] for role, names in _ROLES.items() if (n := next((n for n in names if n in plain), ""))}
    if "type" in plain and found.get("direction") not in ("", plain["type"]):
        found["kind"] = plain["type"]
    when = "start" in found or "date" in found
    whom = {"other", "people", "account"} & found.keys() or {"from", "to"} <= found.keys()
    known = when and whom and "direction" in found and "duration" in found
    if known and set(_HUBSPOT) <= plain.keys():
        found["unit"] = "milliseconds"
    elif known and set(_AIRCALL) <= plain.keys():
        found["unit"] = "seconds"
    return found if known else {}


def call_acts(
    rows: Iterable[Mapping[str, str | None]],
    roles: Mapping[str, str],
    settings: Calls,
    zone: ZoneInfo,
    file: str,
    acts: Acts,
) -> Acts:
    """Activities of the channel call. A number that is two, or none, finds nobody and is told; internal calls are left
    out.
    """
    unit = settings.unit or roles.get("unit")
    read = [{role: (row.get(role) or "").strip() for role in roles} for row in rows]
    first = day_first(_when(cell) for cell in read)
    if "utc" in roles.get("start", "").lower():
        zone = ZoneInfo("UTC")
    calls: dict[str, tuple[Any, ...]] = {}
    for number, cell in enumerate(read, 2):
        place = f"{file}:{number}"
        if cell.get("leg") and not cell.get("id"):  # where it was put through to: the call itself is listed above
            acts.leave_out("legs of calls that are listed themselves")
            continue
        direction = _side(cell["direction"].lower())
        if direction == "internal":
            acts.leave_out("calls among ourselves")
            continue
        if cell.get("kind", "").lower() in _NO_CALLS:
            acts.leave_out("faxes and texts")
            continue
        start = _start(cell, settings.timestamp_format, zone, first)
        if start is None or direction is None:
            column, text = ("occurred_at", _when(cell)) if start is None else ("direction", cell["direction"])
            acts.reject(
                cell.get("id", ""),
                column,
                f"{text!r} cannot be read; the call is left out{_remedy(column, text, roles)}",
                place,
            )
            continue
        people, phone = _people(cell, direction, settings.region)
        if not people and not cell.get("account") and _WITHHELD.fullmatch(phone.strip()):
            acts.leave_out("calls with a number that is withheld")
            continue
        if not people and not cell.get("account"):
            acts.reject(
                cell.get("id", ""),
                "person_ids",
                f"{phone!r} is not one phone number; set [calls] region, such as DE",
                place,
            )
        minutes = _minutes(cell["duration"], unit, file)
        if minutes is None and cell["duration"]:
            told = f"{cell['duration']!r} is no length of a call; read as unknown"
            acts.reject(cell.get("id", ""), "minutes", told, place)
        outcome = _outcome(cell.get("result", ""), minutes)
        if outcome is None and cell.get("result"):
            told = f"{cell['result']!r} is no outcome that is known; read as unknown"
            acts.reject(cell.get("id", ""), "outcome", told, place)
        key = cell.get("id") or f"{start.isoformat()} {phone}"
        user = cell.get("user", "")
        call: tuple[Any, ...] = (
            f"call {key}", "call", direction, outcome, cell.get("result", "").lower() in _MACHINES, start, False,
            minutes, people,
            [f"mailto:{user.lower()}" if "@" in user else f"name:{user.lower()}"] if user else [],
            cell.get("account", "").split(";")[0] or None, None, f"call {key}", start,
        )  # fmt: skip
        calls[key] = _legs(calls[key], call) if key in calls else call
    for call in calls.values():
        acts.add(*call)
    return acts


_OUTCOME, _START, _LENGTH, _PEOPLE, _USERS = (
    SHAPE.get_field_index(n) for n in ("outcome", "occurred_at", "minutes", "people", "users")
)


def _legs(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    """Two legs of one call: from the first ring, connected if one of them was, as long as the connected one."""
    answered = [leg for leg in (one, other) if leg[_OUTCOME] == "done"] or [one, other]
    best = max(answered, key=lambda leg: leg[_LENGTH] or 0.0)
    whole = list(best)
    whole[_START] = min(one[_START], other[_START])
    for place in (_PEOPLE, _USERS):
        whole[place] = list(dict.fromkeys([*one[place], *other[place]]))
    return tuple(whole)


def _side(text: str) -> str | None:
    """Who called, also where it is said with the outcome: `Inbound - Answered`."""
    return _SIDES.get(text) or _SIDES.get(text.split("-")[0].strip())


def _remedy(column: str, text: str, roles: Mapping[str, str]) -> str:
    if column != "occurred_at":
        lacking = roles["direction"].lower() == "type"
        return ": the log does not say who called; export it with its direction (detailed)" if lacking else ""
    known = formats(text)
    return f": set [calls] timestamp_format{f' = {known}' if known else ''}"


def phone_key(text: str, region: str | None) -> str:
    """A number as `+4930123456` or with `;ext=5`; "" for what is none, or is two: 030 123456 / 123457."""
    text = text.strip()
    if re.search(r"[/;,|]|\bor\b", text) or (
        re.search(r"[a-zA-Z]", text) and not re.search(r"(?i)\d\s*(x|ext\.?|extension)\s*\d+$", text)
    ):
        return ""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{plain};ext={number.extension}" if number.extension else plain


def _people(cell: Mapping[str, str], direction: str, region: str | None) -> tuple[list[str], str]:
    """(whom it was with, the number or id as written)."""
    if ids := [i.strip() for i in cell.get("people", "").split(";") if i.strip()]:
        return [f"id:{i}" for i in ids], ids[0]
    phone = cell.get("other") or cell.get("from" if direction == "inbound" else "to", "")
    key = phone_key(phone, region)
    return ([f"tel:{key}"] if key else []), phone


def _start(cell: Mapping[str, str], pattern: str | None, zone: ZoneInfo, first: bool | None) -> datetime | None:
    text = _when(cell)
    if pattern is None:
        return moment(text, zone, first)
    try:
        found = datetime.strptime(text, pattern)  # noqa: DTZ007  (the zone is added below)
    except ValueError:
        return None
    if not 1970 <= found.year <= 2100:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _when(cell: Mapping[str, str | None]) -> str:
    return (cell.get("start") or f"{cell.get('date') or ''} {cell.get('time') or ''}").strip()


def _minutes(text: str, unit: str | None, file: str) -> float | None:
    if text and (found := _CLOCK.fullmatch(text) or _SPELT.fullmatch(text)):  # 0:05:30, 5m 30s, PT5M30S
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return hours * 60 + minutes + seconds / 60
    try:
        amount = float(text)
    except ValueError:
        return None
    if unit is None and amount:
        raise ConfigError(
            f"{file} gives the length of calls as bare numbers, such as {text}.",
            remedy='Say what they are: unit = "seconds" (or "milliseconds", "minutes") in [calls].',
        )
    return amount / _UNITS[unit or "seconds"] if 0 <= amount / _UNITS[unit or "seconds"] <= 1440 else None


def _outcome(text: str, minutes: float | None) -> str | None:
    word = _WORDS.get(" ".join(re.sub(r"[\s_./-]+", " ", text.lower()).split()))
    if word is None and text == "" and minutes is not None:
        return "done" if minutes > 0 else "not_connected"
    return word if word in ("done", "not_connected") else None
