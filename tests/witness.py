"""Looks at every request that the program sends to an emulated CRM, in whatever test: it may read, add and take away
its own properties, and update them on records that exist. Anything else is noted in `SEEN`.

What it reads is the request as it came over the wire, before the emulator makes anything of it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from connectors.emulator.server.faults import Fault
from connectors.emulator.server.http import EmulatorServer, Request, Response

SEEN: set[str] = set()
COUNTED: dict[str, int] = {"requests": 0, "updates": 0}

PROGRAM = re.compile(r"OpenAPI-Generator|hubspot-api-client|python-requests|bothways", re.IGNORECASE)
"""Of the libraries that the connectors speak through; tests that act as somebody else use the emulator itself or plain
HTTP.
"""
READS = re.compile(r".*(/search|/batch/read|/oauth2?/.*|/query|/queryAll|/jobs/query.*)")
UPDATES = re.compile(
    r"(PATCH .*/composite/sobjects|POST .*/composite|PUT .*/jobs/ingest/\w+/batches|POST .*/batch/update)"
)
OWN_JOBS = re.compile(r"(POST|PATCH|DELETE) .*/jobs/(ingest|query)(/\w+)?/?")
PROVISIONING = re.compile(
    r"(POST|PATCH|DELETE) .*(/metadata/deployRequest(/\w+)?|/sobjects/PermissionSetAssignment(/\w+)?|/properties/.*)"
)
OWN_FIELD = re.compile(r"PATCH .*/tooling/sobjects/CustomField/\w+")
"""Values are added to a picklist of ours; the body names the field."""
KEYS = {"Id", "id", "attributes"}
"""What names a record, not a value of it."""


def begin() -> None:
    """From now on requests to every emulator of this process are looked at."""
    answer = EmulatorServer.answer

    def looked_at(self: EmulatorServer, request: Request) -> tuple[Response, Fault | None]:
        if PROGRAM.search(request.headers.get("user-agent", "")):
            SEEN.update(offences(request))
        return answer(self, request)

    EmulatorServer.answer = looked_at  # type: ignore[method-assign]


def offences(request: Request) -> Iterator[str]:
    """What in a request the program must never do."""
    COUNTED["requests"] += 1
    call = f"{request.method} {request.path}"
    if request.method in ("GET", "HEAD") or (request.method == "POST" and READS.fullmatch(request.path)):
        return
    if UPDATES.fullmatch(call):
        COUNTED["updates"] += 1
        yield from (f"{call} sets {name}" for name in _names(request) if not name.lower().startswith("bothways_"))
    elif OWN_FIELD.fullmatch(call):
        if not re.fullmatch(r"(Account|Opportunity)\.Bothways_\w+__c", str(request.json().get("FullName"))):
            yield f"{call} changes a field that is not ours"
    elif not OWN_JOBS.fullmatch(call) and not PROVISIONING.fullmatch(call):
        yield f"{call} is none of the program's calls"


def _names(request: Request) -> Iterator[str]:
    """Names of the values that an update sets."""
    if request.method == "PUT":
        yield from (name for name in next(csv.reader(io.StringIO(request.body.decode())), []) if name not in KEYS)
    else:
        yield from _set_by(request.json())


def _set_by(body: Any) -> Iterator[str]:
    for part in body.get("compositeRequest", ()):
        if part["method"] != "GET":
            yield from _set_by(part["body"]) if "/composite/sobjects" in part["url"] else [part["url"]]
    for record in body.get("records", ()):
        yield from (name for name in record if name not in KEYS)
    for row in body.get("inputs", ()):
        yield from row["properties"]
