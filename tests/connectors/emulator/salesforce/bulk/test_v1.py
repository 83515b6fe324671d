"""Claims about the first Bulk API, by plain requests."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

ASYNC = "/services/async/62.0/job"
XMLNS = 'xmlns="http://www.force.com/2009/06/asyncapi/dataload"'


class Bulk:
    """One user's requests to the old API."""

    def __init__(self, client):
        self.client = client

    def __call__(self, method, path, body=None, kind="application/json"):
        session = {"X_SFDC_Session": self.client.token, "Content_Type": kind}
        return self.client(method, ASYNC + path, body, **session)

    def job(self, **settings):
        answer = self("POST", "", settings)
        assert answer.status == 201, answer.body
        return answer.json()["id"]

    def wait(self, job, batch):
        """Until the batch has ended: its last description, as text."""
        while True:
            text = self("GET", f"/{job}/batch/{batch}").body.decode()
            if re.search(r'state"?[>:]"?(Completed|Failed)', text):
                return text


def ids(running):
    return [row["Id"] for row in running.admin.rows("SELECT Id FROM User ORDER BY Id")]


def test_a_csv_job_made_in_json_has_batches_in_xml(scored):
    running = scored()
    bulk = Bulk(running.admin)
    job = bulk.job(operation="insert", object="Account", contentType="CSV")
    added = bulk("POST", f"/{job}/batch", b'Name,Fax\n"A ""q""\nB",1\nC,\n', "text/csv; charset=UTF-8")
    assert added.status == 201
    assert added.headers["content-type"].startswith("application/xml")
    batch = re.search(rb"<id>(751\w{15})</id>", added.body).group(1).decode()
    assert "<numberRecordsProcessed>2<" in bulk.wait(job, batch)
    rows = list(csv.DictReader(io.StringIO(bulk("GET", f"/{job}/batch/{batch}/result").body.decode())))
    assert [(row["Success"], row["Created"], row["Error"]) for row in rows] == [("true", "true", "")] * 2
    names = {row["Id"]: row["Name"] for row in running.admin.rows("SELECT Id, Name FROM Account")}
    assert [names[row["Id"]] for row in rows] == ['A "q"\nB', "C"]
    closed = bulk("POST", f"/{job}", {"state": "Closed"}).json()
    assert (closed["state"], closed["numberBatchesTotal"], closed["numberRecordsProcessed"]) == ("Closed", 1, 2)
    assert b"InvalidJobState" in bulk("POST", f"/{job}/batch", b"Name\nD\n", "text/csv").body


def test_json_results_are_in_the_order_of_the_rows(scored):
    running = scored()
    bulk = Bulk(running.admin)
    job = bulk.job(operation="insert", object="Account", contentType="JSON")
    batch = bulk("POST", f"/{job}/batch", [{"Name": "A"}, {"Nome": "B"}, {"Name": "C"}]).json()["id"]
    assert json.loads(bulk.wait(job, batch))["numberRecordsFailed"] == 1
    results = bulk("GET", f"/{job}/batch/{batch}/result").json()
    assert [result["success"] for result in results] == [True, False, True]
    assert results[1]["errors"][0]["statusCode"] == "INVALID_FIELD"


def test_xml_jobs_and_batches(scored):
    running = scored()
    bulk = Bulk(running.admin)
    info = (
        f"<jobInfo {XMLNS}><operation>insert</operation><object>Account</object>"
        f"<contentType>XML</contentType></jobInfo>"
    )
    job = re.search(rb"<id>(750\w{15})<", bulk("POST", "", info.encode(), "application/xml").body).group(1).decode()
    rows = f"<sObjects {XMLNS}><sObject><Name>A &amp; B</Name></sObject><sObject><Fax>1</Fax></sObject></sObjects>"
    added = bulk("POST", f"/{job}/batch", rows.encode(), "application/xml")
    batch = re.search(rb"<id>(751\w{15})<", added.body).group(1).decode()
    bulk.wait(job, batch)
    text = bulk("GET", f"/{job}/batch/{batch}/result").body.decode()
    assert re.findall(r"<success>(\w+)</success>", text) == ["true", "false"]
    assert "REQUIRED_FIELD_MISSING" in text
    assert running.admin.rows("SELECT Id FROM Account WHERE Name = 'A & B'")


@pytest.mark.parametrize("kind", ["CSV", "JSON"])
def test_a_query_and_its_chunks_give_every_row_once(scored, kind):
    running = scored()
    job_settings = {"operation": "query", "object": "FieldPermissions", "contentType": kind}
    client = running.admin
    headers = {"X_SFDC_Session": client.token, "Sforce_Enable_PKChunking": "chunkSize=100"}
    job = client("POST", ASYNC, job_settings, **headers).json()["id"]
    bulk = Bulk(client)
    content = "text/csv" if kind == "CSV" else "application/json"
    bulk("POST", f"/{job}/batch", b"SELECT Id FROM FieldPermissions", content)
    found = []
    listed = bulk("GET", f"/{job}/batch").body.decode()
    batches = re.findall(r"(751\w{15})", listed)
    assert len(batches) > 3
    assert listed.count("NotProcessed") == 1
    for batch in batches[1:]:
        bulk.wait(job, batch)
        [result] = re.findall(r"(752\w{15})", bulk("GET", f"/{job}/batch/{batch}/result").body.decode())
        body = bulk("GET", f"/{job}/batch/{batch}/result/{result}").body.decode()
        rows = csv.DictReader(io.StringIO(body)) if kind == "CSV" else json.loads(body)
        found += [row["Id"] for row in rows]
    everything = {row["Id"] for row in client.rows("SELECT Id FROM FieldPermissions")}
    assert len(found) == len(everything)
    assert set(found) == everything


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"operation": "insert", "object": "Bacon"}, "InvalidJob"),
        ({"operation": "fry", "object": "Account"}, "InvalidJob"),
        ({"operation": "upsert", "object": "Account"}, "InvalidJob"),
        ({"operation": "query", "object": "EventWhoRelation"}, "InvalidEntity"),
        ([], "InvalidJob"),
    ],
)
def test_bad_jobs_are_refused(org, settings, code):
    answer = Bulk(org.admin)("POST", "", settings)
    assert answer.status == 400
    assert answer.json()["exceptionCode"] == code


def test_a_bad_query_fails_its_batch_and_a_stale_session_everything(start):
    running = start()
    bulk = Bulk(running.admin)
    job = bulk.job(operation="query", object="Account", contentType="CSV")
    added = bulk("POST", f"/{job}/batch", b"SELECT Bacon FROM Account", "text/csv")
    batch = re.search(rb"<id>(751\w{15})<", added.body).group(1).decode()
    assert "No such column" in bulk.wait(job, batch)
    stale = running.as_user("stale")("GET", f"{ASYNC}/{job}", X_SFDC_Session="stale", Content_Type="application/xml")
    assert stale.status == 400
    assert b"<exceptionCode>InvalidSessionId</exceptionCode>" in stale.body
    assert bulk("GET", f"/{job}x/nonsense").status == 404
