"""What the jobs of Bulk API 2.0 have in common: ids, states that take a few polls, refusals of another version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connectors.emulator.salesforce.store.dates import stamp
from connectors.emulator.salesforce.store.errors import ApiError, not_found
from connectors.emulator.salesforce.store.org import Org

Json = dict[str, Any]
DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}


@dataclass(slots=True)
class Job:
    """One job; `polls` is how many more status requests see it at work."""

    id: str
    object: str
    operation: str
    user_id: str
    version: str
    line_ending: str
    delimiter: str
    created: str
    changed: str
    state: str
    polls: int = 0
    error: str | None = None
    processed: int = 0
    failed: int = 0
    extra: Json = field(default_factory=dict)

    def head(self) -> Json:
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": self.user_id,
            "createdDate": self.created,
            "systemModstamp": self.changed,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
        }


def new_job(org: Org, body: object, user_id: str, version: str, *, state: str, name: str = "") -> Job:
    """A job as described by the body of its creation. Raises ApiError."""
    if not isinstance(body, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "The HTTP entity body is required, and must be a JSON object")
    ending, delimiter = str(body.get("lineEnding", "LF")), str(body.get("columnDelimiter", "COMMA"))
    if ending not in LINE_ENDS:
        raise ApiError(400, "INVALIDJOB", f"InvalidJob : lineEnding {ending} is not one of LF, CRLF")
    if delimiter not in DELIMITERS:
        raise ApiError(400, "INVALIDJOB", f"InvalidJob : columnDelimiter {delimiter} is unknown")
    if body.get("contentType", "CSV") != "CSV":
        raise ApiError(400, "INVALIDJOB", "InvalidJob : contentType must be CSV")
    now = stamp(org.now())
    operation = str(body.get("operation", ""))
    return Job(org.serials.next("750"), name, operation, user_id, version, ending, delimiter, now, now, state)


def find(jobs: dict[str, Any], job_id: str, user_id: str, version: str | None) -> Any:
    """A job of this user; raises 404, or 409 when asked for in another version than it was made in."""
    job = jobs.get(job_id[:15]) if len(job_id) in (15, 18) else None
    if job is None or job.user_id != user_id:
        raise not_found()
    if version is not None and job.version != version:
        raise ApiError(
            409, "API_VERSION_MISMATCH", f"The job was created in API version {job.version}; use that version"
        )
    return job
