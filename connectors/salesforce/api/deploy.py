"""Metadata API deployments: an archive of components, in one transaction."""

from __future__ import annotations

import orjson

from connectors.errors import FatalError, SchemaError
from connectors.salesforce.api.bulk_jobs import wait
from connectors.salesforce.api.client import Client

_ENDED = ("Succeeded", "SucceededPartial", "Failed", "Canceled")


def deploy(client: Client, archive: bytes, seconds: float, remedy: str) -> None:
    """One transaction, within so many seconds. Raises SchemaError naming the components that the organisation refuses,
    with the remedy; AuthError or NotFound for a user who may not deploy.
    """
    one_transaction = {"singlePackage": True, "rollbackOnError": True, "checkOnly": False, "testLevel": "NoTestRun"}
    options = {"deployOptions": one_transaction}
    address = f"{client.root}/metadata/deployRequest"
    parts = {
        "entity_content": (None, orjson.dumps(options), "application/json"),
        "file": ("package.zip", archive, "application/zip"),
    }
    started = orjson.loads(client.raw("POST", address, files=parts, purpose="write", repeat=False).content)
    status = wait(
        client,
        f"{address}/{started['id']}?includeDetails=true",
        seconds,
        done=_ENDED,
        state=lambda job: str(job["deployResult"]["status"]),
    )
    result = status.get("deployResult")
    if not isinstance(result, dict):
        raise FatalError("Salesforce gave no result of the deployment.")
    if result["status"] != "Succeeded":
        failures = (result.get("details") or {}).get("componentFailures") or []
        listed = "; ".join(f"{f.get('fullName')}: {f.get('problem')}" for f in failures[:10])
        reason = listed or result.get("errorMessage") or "no reason given"
        raise SchemaError(f"Salesforce did not deploy ({result['status']}): {reason}.", remedy=remedy)
