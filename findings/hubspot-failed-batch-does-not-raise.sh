#!/usr/bin/env bash
# A batch update of which every record failed returns normally.
#
# Version: hubspot-api-client==12.0.0
# Guess: batch_api.update raises ApiException when records were not updated, as a single update does.
# Behaviour: HubSpot answers 207 when some or all inputs fail. That is a 2xx, so the client returns an object
#   of another class, ...WithErrors, with the same status "COMPLETE"; only num_errors and errors tell. Code
#   that waits for an exception counts these records as written.
# Source: developers.hubspot.com/changelog/simplifying-batch-update-response-codes-for-crm-v3-apis;
#   hubspot/crm/companies/api/batch_api.py (207 in the response types)
# Seen:
#   one record, 404     NotFoundException raised
#   a batch of it, 207  BatchResponseSimplePublicObjectWithErrors, COMPLETE, 0 results, 1 error
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check hubspot-api-client==12.0.0

venv/bin/python - <<'PY'
import json
import urllib3
from hubspot import HubSpot
from hubspot.crm.companies import (
    BatchInputSimplePublicObjectBatchInput, SimplePublicObjectBatchInput, SimplePublicObjectInput)
from hubspot.crm.companies.exceptions import ApiException

problem = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some COMPANY objects",
           "context": {"ids": ["1"]}, "links": {}, "errors": []}
batch = {"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [problem],
         "startedAt": "2025-01-06T09:00:00Z", "completedAt": "2025-01-06T09:00:01Z"}

def canned(pool, method, url, **_):
    """Answers every request from memory; nothing leaves the process."""
    status, body = (207, batch) if url.endswith("/batch/update") else (404, problem)
    return urllib3.HTTPResponse(json.dumps(body).encode(), {"Content-Type": "application/json"}, status, preload_content=True)

urllib3.PoolManager.request = canned
crm, properties = HubSpot(access_token="made-up").crm.companies, {"tier": "gold"}
try:
    crm.basic_api.update("1", SimplePublicObjectInput(properties=properties))
    single = "returned"
except ApiException as error:
    single = f"{type(error).__name__} raised"
inputs = [SimplePublicObjectBatchInput(id="1", properties=properties)]
answer = crm.batch_api.update(BatchInputSimplePublicObjectBatchInput(inputs=inputs))
print("one record, 404    ", single)
print("a batch of it, 207 ", f"{type(answer).__name__}, {answer.status}, {len(answer.results)} results, {answer.num_errors} error")
assert single.endswith("raised")
assert (type(answer).__name__, answer.status, answer.results, answer.num_errors) == (
    "BatchResponseSimplePublicObjectWithErrors", "COMPLETE", [], 1)
PY
