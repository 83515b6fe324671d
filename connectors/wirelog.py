"""One debug line for each exchange with a CRM: method, path, status, seconds and the harmless headers; never a query
(SOQL and filters hold data), a body or a token."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from connectors.redaction import redact, shown_headers

_log = logging.getLogger(__name__)


class Exchange:
    """One request under way."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str] | None) -> None:
        self._what = f"{method} {redact(url.partition('?')[0])}"
        self._sent = dict(headers or {})
        self._begun = time.monotonic()

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Writes the line, when debug logs are wanted."""
        if _log.isEnabledFor(logging.DEBUG):
            took = time.monotonic() - self._begun
            sent, got = shown_headers(self._sent), shown_headers(dict(headers))
            _log.debug("%s -> %d in %.3f s; sent %s; got %s", self._what, status, took, sent, got)
