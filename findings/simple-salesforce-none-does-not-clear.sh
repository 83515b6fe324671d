#!/usr/bin/env bash
# None empties a field through one method of the client and leaves it alone through another.
#
# Version: simple-salesforce==1.12.10
# Guess: update(records=[{'Id': ..., 'Phone': None}]) clears Phone, by REST and by bulk alike.
# Behaviour: REST sends null, which clears. bulk2 writes CSV, where None becomes an empty cell, and Salesforce
#   ignores empty cells in an update; to clear it wants #N/A. The job then reports the record as
#   processed, none failed, and the old number stays.
# Source: Salesforce Bulk API guide, Valid CSV Record Rows ("Empty field values are ignored when you update
#   records. To set a field value to null, use a field value of #N/A"); simple_salesforce/bulk2.py
# Seen: (bodies as sent; the order of the columns varies)
#   REST    {"Phone": null}
#   bulk 2  Id,Phone / 001000000000001AAA,
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check simple-salesforce==1.12.10

venv/bin/python - <<'PY'
import json
import requests
from requests.adapters import BaseAdapter
from simple_salesforce import Salesforce

class Canned(BaseAdapter):
    """Answers every request from memory; nothing leaves the process."""
    sent = []

    def send(self, request, **_):
        self.sent.append((request.method, request.body))
        job = {"id": "750", "state": "Open" if request.method == "POST" else "JobComplete",
               "numberRecordsProcessed": 1, "numberRecordsFailed": 0}
        response = requests.Response()
        response.status_code = 201 if request.method == "PUT" else 200
        response.request, response.url = request, request.url
        response._content = json.dumps(job).encode()
        return response

    def close(self):
        pass

session = requests.Session()
session.mount("https://", Canned())
crm = Salesforce(instance="crm.example.com", session_id="made-up", session=session)
change = {"Id": "001000000000001AAA", "Phone": None}
crm.Account.update(change["Id"], {"Phone": change["Phone"]})
result = crm.bulk2.Account.update(records=[change], wait=1)

text = lambda body: body.decode() if isinstance(body, bytes) else body
rest = next(text(body) for method, body in Canned.sent if method == "PATCH" and "Phone" in text(body))
bulk = next(text(body) for method, body in Canned.sent if method == "PUT")
print("REST   ", rest)
print("bulk 2 ", bulk.strip().replace("\n", " / "))
assert json.loads(rest) == {"Phone": None}
assert bulk in ("Id,Phone\n001000000000001AAA,\n", "Phone,Id\n,001000000000001AAA\n"), bulk
assert result[0]["numberRecordsFailed"] == 0
PY
