"""What must never be shown: the values of secrets, whatever form they take, and whatever stands where a secret stands.

Three nets, one behind the other: by value (each secret that was read, also as base64, percent-encoded and as JSON or
`repr` would write it), by key (`authorization: ...`, `"client_secret": "..."`, `//user:password@host`), and by pattern
(tokens of the CRMs, PEM keys, JSON web tokens, incoming webhooks). Imports nothing of ours and nothing slow.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

HIDDEN = "[secret]"
SHORTEST = 6
"""Characters: what is shorter is not looked for by value, since it would be found in ordinary words."""
LONGEST = 100_000
"""Characters of a message; the rest of a longer one is cut off."""
KEPT = 64
"""So many values are looked for: the ones that were read last."""
_LINE = 24
"""Characters: so long a line of a secret of several lines (a PEM key) is one by itself."""

_NAMES = (
    r"authorization|access[_-]?token|refresh[_-]?token|client[_-]?secret|private[_-]?key|assertion|password|passwd"
    r"|api[_-]?key|hapikey|session[_-]?id|webhook(?:[_-]?url)?|set-cookie|cookie"
)
_BY_KEY = re.compile(
    rf"""(?ix) (?P<key> \b(?:x-)?(?: (?:{_NAMES}) ["']? \s* [:=] \s* (?=["'])   # JSON, TOML, repr: a quoted value
                                  | (?:{_NAMES}) =                              # a form or query
                                  | (?:authorization|set-cookie|cookie|api-key) : \s* ) )  # a header
    (?P<open> ["']? ) (?! \[secret\] ) (?: (?<=["'])[^"'\n]+ | (?:(?:bearer|basic)\s+)? [^\s,;&"'<>)}}\]]+ )"""
)
_PATTERNS = re.compile(
    r"""(?x)
      pat-[a-z]{2,3}\d+-[0-9A-Fa-f-]{8,}                                  # HubSpot service keys and private apps
    | 00D[A-Za-z0-9]{9,15}(?:!|%21)[A-Za-z0-9._%~-]{10,}                  # Salesforce access tokens
    | \b5Aep[A-Za-z0-9._%~-]{20,}                                         # Salesforce refresh tokens
    | (?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?      # JSON web tokens
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
    | https://(?:hooks\.slack(?:-gov)?\.com|[\w.-]{1,200}\.webhook\.office\.com)/[^\s"'<>]+
    """,
    re.DOTALL,
)
_USER_INFO = re.compile(
    r"(?P<before>(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,40}://[^\s/:@]{0,200}:)(?P<value>[^\s/@]{1,500})(?=@)",
    re.IGNORECASE,
)


class _Known:
    """The values of secrets that were read in this process, and one expression that finds all their forms."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, None] = {}  # the last used at the end
        self._finder: re.Pattern[str] | None = None

    def add(self, value: str) -> None:
        with self._lock:
            known = self._values.pop(value, value)
            self._values[value] = None
            if known is None:
                return
            while len(self._values) > KEPT:  # access tokens of a long-lived process, expired long ago
                del self._values[next(iter(self._values))]
            forms = {form for secret in self._values for form in _forms(secret)}
            # Longest first: an expression takes the first alternative that fits.
            self._finder = re.compile("|".join(map(re.escape, sorted(forms, key=lambda form: (-len(form), form)))))

    def hide(self, text: str) -> str:
        return text if self._finder is None else self._finder.sub(HIDDEN, text)


_known = _Known()


def remember(value: str) -> None:
    """From now on `redact` hides this value in every form. Thread-safe."""
    value = value.strip()
    if len(value) >= SHORTEST:
        _known.add(value)


def redact_values(text: str) -> str:
    """The text without the values of secrets that were read; nothing else of it is touched. For data."""
    return _known.hide(text)


def redact(text: str) -> str:
    """The text without anything that is or looks like a secret, and no longer than LONGEST or so. For logs, messages
    and traces; not for data.
    """
    text = redact_values(text)
    if len(text) > LONGEST:
        text = text[:LONGEST] + f" ... ({len(text) - LONGEST} more characters)"
    text = _PATTERNS.sub(HIDDEN, text)
    text = _USER_INFO.sub(rf"\g<before>{HIDDEN}", text)
    return _BY_KEY.sub(lambda found: f"{found['key']}{found['open']}{HIDDEN}", text)


_SHOWN_HEADERS = frozenset(
    {
        "accept",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "retry-after",
    }
    | {"server", "sforce-limit-info", "sforce-locator", "sforce-numberofrecords", "transfer-encoding", "vary"}
    | {"x-hubspot-correlation-id", "x-hubspot-ratelimit-daily", "x-hubspot-ratelimit-daily-remaining"}
    | {"x-hubspot-ratelimit-interval-milliseconds", "x-hubspot-ratelimit-max", "x-hubspot-ratelimit-remaining"}
)


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that a debug log may show; of all others only the name. A list of the harmless, not of the
    dangerous.
    """
    return {
        name.lower(): redact(str(value)) if name.lower() in _SHOWN_HEADERS else "..." for name, value in headers.items()
    }


def _forms(secret: str) -> Iterator[str]:
    for text in (secret, *(line.strip() for line in secret.splitlines() if len(line.strip()) >= _LINE)):
        yield text
        yield from (quote(text, safe=""), quote(text), quote_plus(text), repr(text)[1:-1])
        yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    yield from _inside_base64(secret.encode("utf-8", "surrogatepass"))


def _inside_base64(data: bytes) -> Iterator[str]:
    """What base64 shows of the secret, alone or within a longer text such as `user:secret`: at each of the three
    alignments the characters that depend on the secret only."""
    for before in range(3):
        bits = 8 * (before + len(data))
        encoded = base64.b64encode(b"\0" * before + data).decode()
        core = encoded[-(-8 * before // 6) : bits // 6]
        if len(core) >= SHORTEST:
            yield from (core, core.replace("+", "-").replace("/", "_"))
