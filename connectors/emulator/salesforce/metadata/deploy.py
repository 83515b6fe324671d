"""`/metadata/deployRequest`: a multipart upload, then polls until the deployment has ended."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors.emulator.salesforce.call import Call, answer
from connectors.emulator.salesforce.metadata.apply import Metadata
from connectors.emulator.salesforce.metadata.package import Unreadable, read_package
from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.dates import stamp
from connectors.emulator.salesforce.store.errors import ApiError, not_found
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.server.http import Response

Json = dict[str, Any]
_DEFAULTS: Json = {
    "allowMissingFiles": False,
    "autoUpdatePackage": False,
    "checkOnly": False,
    "ignoreWarnings": False,
    "performRetrieve": False,
    "purgeOnDelete": False,
    "rollbackOnError": False,
    "runTests": None,
    "singlePackage": False,
    "testLevel": "NoTestRun",
}


@dataclass(slots=True)
class Deployment:
    """One deployment; `polls` more status requests see it at work."""

    id: str
    user_id: str
    options: Json
    data: bytes
    polls: int
    created: str
    status: str = "Pending"
    started: str | None = None
    completed: str | None = None
    successes: list[Json] = field(default_factory=list)
    failures: list[Json] = field(default_factory=list)
    error: str | None = None

    @property
    def done(self) -> bool:
        return self.status in ("Succeeded", "SucceededPartial", "Failed", "Canceled")


class Deployments:
    """All deployments of one organisation."""

    def __init__(self, org: Org, *, polls: int = 2) -> None:
        self._org = org
        self._polls = polls
        self._jobs: dict[str, Deployment] = {}
        self.metadata = Metadata(org)

    def start(self, call: Call) -> Response:
        """`POST deployRequest`."""
        options, data = _parts(call)
        job = self.begin(data, options, call.rights)
        body = {
            "id": job.id,
            "deployOptions": job.options,
            "deployResult": self.result(job, details=False),
            "validatedDeployRequestId": None,
        }
        return answer(body, 201)

    def begin(self, data: bytes, options: Json, rights: Rights) -> Deployment:
        """Queues a deployment. Raises ApiError for a user who may not deploy."""
        refuse_without_metadata_rights(rights)
        given = {**_DEFAULTS, **{name: value for name, value in options.items() if value is not None}}
        job = Deployment(
            self._org.serials.next("0Af"), rights.user_id, given, data, self._polls, stamp(self._org.now())
        )
        self._jobs[job.id[:15]] = job
        return job

    def status(self, call: Call, job_id: str) -> Response:
        """`GET deployRequest/{id}`, and `PATCH` to cancel."""
        refuse_without_metadata_rights(call.rights)
        job = self.find(job_id)
        if call.request.method == "PATCH":
            if not job.done:
                job.status = "Canceled"
        else:
            self.advance(job)
        details = (call.request.param("includeDetails") or "false").lower() == "true"
        return answer(
            {
                "id": job.id,
                "deployOptions": job.options,
                "deployResult": self.result(job, details=details),
                "validatedDeployRequestId": None,
            }
        )

    def find(self, job_id: str) -> Deployment:
        job = self._jobs.get(job_id[:15])
        if job is None:
            raise not_found()
        return job

    def advance(self, job: Deployment) -> None:
        """One poll: Pending, then InProgress, then the end."""
        if job.done:
            return
        job.started = job.started or stamp(self._org.now())
        job.polls -= 1
        if job.polls > 0:
            job.status = "InProgress"
            return
        self._run(job)
        job.completed = stamp(self._org.now())

    def _run(self, job: Deployment) -> None:
        try:
            package = read_package(job.data)
        except Unreadable as error:
            job.status, job.error = "Failed", str(error)
            return
        rollback, check_only = bool(job.options["rollbackOnError"]), bool(job.options["checkOnly"])
        job.successes, job.failures = self.metadata.deploy(
            package, job.user_id, check_only=check_only, rollback=rollback
        )
        if not job.failures:
            job.status = "Succeeded"
        else:
            job.status = "Failed" if rollback or not job.successes else "SucceededPartial"

    def result(self, job: Deployment, *, details: bool) -> Json:
        """`deployResult`."""
        row = self._org.store.get("User", job.user_id) or {}
        made: Json = {
            "checkOnly": bool(job.options["checkOnly"]),
            "completedDate": job.completed,
            "createdBy": job.user_id,
            "createdByName": row.get("Name"),
            "createdDate": job.created,
            "done": job.done,
            "errorMessage": job.error,
            "errorStatusCode": "UNKNOWN_EXCEPTION" if job.error else None,
            "id": job.id,
            "ignoreWarnings": bool(job.options["ignoreWarnings"]),
            "lastModifiedDate": job.completed or job.started or job.created,
            "numberComponentErrors": len(job.failures),
            "numberComponentsDeployed": len(job.successes),
            "numberComponentsTotal": len(job.successes) + len(job.failures),
            "numberTestErrors": 0,
            "numberTestsCompleted": 0,
            "numberTestsTotal": 0,
            "rollbackOnError": bool(job.options["rollbackOnError"]),
            "runTestsEnabled": False,
            "startDate": job.started,
            "status": job.status,
            "success": job.status in ("Succeeded", "SucceededPartial"),
        }
        if details:
            tests = {
                "numFailures": 0,
                "numTestsRun": 0,
                "totalTime": 0.0,
                "failures": [],
                "successes": [],
                "codeCoverage": [],
            }
            made["details"] = {
                "componentFailures": job.failures,
                "componentSuccesses": job.successes,
                "retrieveResult": None,
                "runTestResult": tests,
            }
        return made


def refuse_without_metadata_rights(rights: Rights) -> None:
    """Deploying takes Modify Metadata or Modify All Data."""
    if not rights.system & {"ModifyMetadata", "ModifyAllData"}:
        message = "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"
        raise ApiError(403, "INSUFFICIENT_ACCESS", message)


def _parts(call: Call) -> tuple[Json, bytes]:
    """Options and zip of a multipart body."""
    match = re.search(r'boundary="?([^";]+)"?', call.header("Content-Type") or "")
    if match is None:
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "the deployment must be multipart/form-data")
    options: Json | None = None
    data = b""
    for part in call.request.body.split(b"--" + match.group(1).encode())[1:]:
        head, _, body = part.partition(b"\r\n\r\n")
        body = body.removesuffix(b"\r\n")
        if b"application/json" in head.lower() or b'"entity_content"' in head or b'name="json"' in head:
            options = _options(body)
        elif body.startswith(b"PK"):
            data = body
    if options is None or not data:
        raise ApiError(
            400, "INVALID_MULTIPART_REQUEST", "Multipart message must have a part with deployOptions and one with a zip"
        )
    return options, data


def _options(body: bytes) -> Json:
    try:
        value = orjson.loads(body)
    except ValueError:
        raise ApiError(400, "JSON_PARSER_ERROR", "deployOptions is not valid JSON") from None
    options = value.get("deployOptions") if isinstance(value, dict) else None
    if not isinstance(options, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "the JSON part must hold deployOptions")
    return options
