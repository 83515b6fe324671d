"""The witness that looks at every request of every test notices what the program must never do."""

from __future__ import annotations

import json

import pytest
import witness

from connectors.emulator.server.http import Request

SF, HS = "/services/data/v67.0", "/crm/v3/objects"


def seen(method: str, path: str, body: object = None) -> list[str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return list(witness.offences(Request(method, path, path, [], {"user-agent": "python-requests/2"}, raw)))


def composite(url: str, body: object, method: str = "PATCH") -> dict[str, object]:
    return {"compositeRequest": [{"method": method, "url": url, "referenceId": "r0", "body": body}]}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{SF}/query", None),
        ("POST", f"{HS}/companies/search", {"filterGroups": []}),
        ("POST", f"{HS}/contacts/batch/read", {"inputs": [{"id": "1"}]}),
        ("PATCH", f"{SF}/composite/sobjects", {"records": [{"attributes": {}, "Id": "1", "Bothways_Stance__c": "x"}]}),
        ("POST", f"{HS}/deals/batch/update", {"inputs": [{"id": "1", "properties": {"bothways_deal_stance": "x"}}]}),
        ("PUT", f"{SF}/jobs/ingest/750/batches", b"Id,Bothways_Stance__c\n1,x\n"),
        ("POST", "/crm/v3/properties/companies/batch/create", {"inputs": []}),
    ],
)
def test_what_the_program_does_is_none(method, path, body):
    assert seen(method, path, body) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"{SF}/composite/sobjects", {"records": [{"Id": "1", "Bothways_Stance__c": "x", "Name": "y"}]}),
        ("POST", f"{SF}/composite", composite(f"{SF}/composite/sobjects", {"records": [{"Id": "1", "Name": "y"}]})),
        ("POST", f"{SF}/composite", composite(f"{SF}/sobjects/Account/1", {"Bothways_Stance__c": "x"})),
        ("PUT", f"{SF}/jobs/ingest/750/batches", b"Id,Name\n1,x\n"),
        ("POST", f"{SF}/sobjects/Account", {"Name": "new"}),
        ("DELETE", f"{SF}/sobjects/Account/1", None),
        ("POST", f"{HS}/deals/batch/update", {"inputs": [{"id": "1", "properties": {"dealname": "x"}}]}),
        ("POST", f"{HS}/companies/batch/create", {"inputs": []}),
        ("POST", f"{HS}/companies/batch/archive", {"inputs": []}),
        ("POST", f"{HS}/companies/merge", {}),
        ("PUT", "/crm/v4/objects/contacts/1/associations/companies/2", []),
        ("DELETE", f"{HS}/companies/1", None),
    ],
)
def test_anything_else_is_noticed(method, path, body):
    assert seen(method, path, body) != []
