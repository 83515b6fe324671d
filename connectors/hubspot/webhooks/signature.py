"""Whether a delivery comes from HubSpot: signature version 3 of developers.hubspot.com, "Validating requests".

base64(HMAC-SHA256(client secret, method + URI + body + timestamp)), where the URI is the full one that HubSpot called,
some of its escapes undone, and the timestamp (milliseconds) is no more than five minutes from now, in either direction.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

from connectors.hubspot.translate.values import milliseconds
from connectors.webhooks import NotSigned

WINDOW_MS = 300_000
_DECODED = {
    "%3A": ":",
    "%2F": "/",
    "%3F": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%3B": ";",
}
_ESCAPES = re.compile("|".join(_DECODED), re.IGNORECASE)


def decoded(uri: str) -> str:
    """The URI as HubSpot signs it: these twelve escapes undone, once, and no others."""
    return _ESCAPES.sub(lambda found: _DECODED[found[0].upper()], uri)


def sign(secret: str, method: str, uri: str, body: bytes, timestamp: str) -> str:
    """The signature of a request."""
    text = method.encode() + decoded(uri).encode() + body + timestamp.encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


def verify(secret: str, method: str, uri: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raises NotSigned; what is wrong is told in general only, so that nobody can learn from it. Header names are lower
    case.
    """
    timestamp = headers.get("x-hubspot-request-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 15):
        raise NotSigned("The delivery has no timestamp.")
    if abs(milliseconds(now) - int(timestamp)) > WINDOW_MS:
        raise NotSigned(
            "The delivery's timestamp is more than five minutes from this machine's clock.",
            remedy="Set this machine's clock if HubSpot's own deliveries are refused.",
        )
    given = headers.get("x-hubspot-signature-v3", "").encode("utf-8", "replace")
    if not hmac.compare_digest(sign(secret, method, uri, body, timestamp).encode(), given):
        raise NotSigned(
            "The delivery's signature is not ours.",
            remedy="If it is HubSpot's own: set webhooks.client_secret and webhooks.public_url as in the app.",
        )
