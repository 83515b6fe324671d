"""Claims about Bulk API 2.0."""

from __future__ import annotations

import csv
import io

import pytest

CSV = {"Content_Type": "text/csv; charset=UTF-8"}


def query_job(call, soql, operation="query", **body):
    created = call("POST", "jobs/query", {"operation": operation, "query": soql, **body})
    assert created.status == 200, created.body
    return finished(call, f"jobs/query/{created.json()['id']}")


def finished(call, path):
    job = call("GET", path).json()
    while job["state"] in ("UploadComplete", "InProgress"):
        job = call("GET", path).json()
    return job


def ingest(call, data, operation="update", ending="LF", upload=True, **body):
    settings = {"object": "Account", "operation": operation, "contentType": "CSV", "lineEnding": ending, **body}
    job = call("POST", "jobs/ingest", settings).json()
    assert job["contentUrl"] == f"services/data/v68.0/jobs/ingest/{job['id']}/batches"
    put = call("PUT", f"jobs/ingest/{job['id']}/batches", data, **CSV)
    assert (put.status, put.body) == (201, b"")
    if upload:
        assert call("PATCH", f"jobs/ingest/{job['id']}", {"state": "UploadComplete"}).status == 200
    return finished(call, f"jobs/ingest/{job['id']}")


def table(answer):
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


def test_every_page_begins_with_the_header_and_the_last_says_null(org):
    job = query_job(org.call, "SELECT Id, Subject, Who.Name, IsClosed, SystemModstamp FROM Task", "queryAll")
    rows, locator, pages = [], None, 0
    while locator != "null":
        path = f"jobs/query/{job['id']}/results?maxRecords=1000" + (f"&locator={locator}" if locator else "")
        page = org.call("GET", path, Accept="text/csv")
        assert page.body.startswith(b'"Id","Subject","Who.Name","IsClosed","SystemModstamp"\n')
        found = table(page)
        assert str(len(found)) == page.headers["sforce-numberofrecords"]
        assert page.body == org.call("GET", path).body, "a page can be read again"
        rows += found
        locator, pages = page.headers["sforce-locator"], pages + 1
    assert pages > 1
    assert job["numberRecordsProcessed"] == len({row["Id"] for row in rows}) == len(rows)
    assert {"true", "false"} >= {row["IsClosed"] for row in rows}
    rest = {row["Id"]: row for row in org.call.rows("SELECT Id, SystemModstamp, Who.Name FROM Task", "queryAll")}
    assert all(rest[row["Id"]]["SystemModstamp"].replace("+0000", "Z") == row["SystemModstamp"] for row in rows)
    assert all((rest[row["Id"]]["Who"] or {"Name": ""})["Name"] == row["Who.Name"] for row in rows)


def test_results_are_compressed_whenever_the_client_accepts_it(org):
    job = query_job(org.call, "SELECT Id FROM Pricebook2")
    page = org.call("GET", f"jobs/query/{job['id']}/results", Accept_Encoding="gzip")
    assert page.headers["content-encoding"] == "gzip"
    assert page.body[:5] == b'"Id"\n'


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT COUNT(Id) FROM Account", "FEATURENOTENABLED"),
        ("SELECT Industry, COUNT(Id) FROM Account GROUP BY Industry", "FEATURENOTENABLED"),
        ("SELECT Id FROM Account LIMIT 5 OFFSET 5", "FEATURENOTENABLED"),
        ("SELECT Id, BillingAddress FROM Account", "FEATURENOTENABLED"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "FEATURENOTENABLED"),
        ("SELECT Id FROM TaskWhoRelation", "INVALIDENTITY"),
        ("SELECT Bacon FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Bacon", "INVALID_TYPE"),
    ],
)
def test_what_bulk_cannot_do_is_refused_at_once(org, soql, code):
    answer = org.call("POST", "jobs/query", {"operation": "query", "query": soql})
    assert (400, code) == (answer.status, answer.json()[0]["errorCode"])


def test_another_version_than_the_jobs_is_a_conflict(org):
    job = query_job(org.call, "SELECT Id FROM Account")
    assert org.call("GET", f"/services/data/v67.0/jobs/query/{job['id']}/results").status == 409
    assert org.admin("GET", f"jobs/query/{job['id']}").status == 404, "a job is its owner's"


def test_a_query_job_can_be_aborted_and_deleted(org):
    job = org.call("POST", "jobs/query", {"operation": "query", "query": "SELECT Id FROM Account"}).json()
    aborted = org.call("PATCH", f"jobs/query/{job['id']}", {"state": "Aborted"})
    assert aborted.json()["state"] == "Aborted"
    assert not {"jobType", "lineEnding", "columnDelimiter"} & set(aborted.json())
    deleted = org.call("DELETE", f"jobs/query/{job['id']}")
    assert (deleted.status, deleted.body) == (204, b"")
    assert org.call("GET", f"jobs/query/{job['id']}").status == 404


def test_result_pages_cover_the_result(start):
    """https://developer.salesforce.com/docs/platform/api-asynch/guide/query-get-parallel-job-results.html"""
    running = start(bulk_page_rows=100)
    job = query_job(running.call, "SELECT Id FROM Task", "queryAll")
    listing: str | None = f"jobs/query/{job['id']}/resultPages"
    ids, listings = [], 0
    while listing:
        pages = running.call("GET", listing).json()
        listings += 1
        assert len(pages["resultPages"]) <= 5
        assert pages["done"] == ("nextRecordsUrl" not in pages)
        for page in pages["resultPages"]:
            ids += [row["Id"] for row in table(running.call("GET", page["resultUrl"]))]
        listing = pages.get("nextRecordsUrl")
    assert job["numberRecordsProcessed"] == len(ids) == len(set(ids))
    assert listings > 1, "the result is long enough to need two lists of pages"


def test_result_pages_exist_since_version_58_and_once_the_job_is_done(org):
    job = org.call("POST", "jobs/query", {"operation": "query", "query": "SELECT Id FROM Account"}).json()
    assert org.call("GET", f"jobs/query/{job['id']}/resultPages").status == 400
    old = org.call("GET", f"/services/data/v57.0/jobs/query/{job['id']}/resultPages")
    assert old.status == 404


def ids_of(running, count=4):
    return [row["Id"] for row in running.call.rows(f"SELECT Id FROM Account ORDER BY Id LIMIT {count}")]


def test_an_ingest_with_failures_completes_and_tells_each_row(scored):
    running = scored()
    one, two, three, four = ids_of(running)
    data = f"Id,Bw_Score__c,Bw_Stance__c\n{one},12.345,protect\n{two},1,nonsense\n{three},99999,\n{four},,#N/A\n"
    job = ingest(running.call, data.encode())
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 4, 2)
    good = table(running.call("GET", f"jobs/ingest/{job['id']}/successfulResults"))
    bad = {row["Id"]: row["sf__Error"] for row in table(running.call("GET", f"jobs/ingest/{job['id']}/failedResults"))}
    assert {one, four} == {row["sf__Id"] for row in good}
    assert list(good[0]) == ["sf__Id", "sf__Created", "Id", "Bw_Score__c", "Bw_Stance__c"]
    assert bad[two].startswith("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:")
    assert bad[two].endswith(":Bw_Stance__c--")
    assert bad[three].startswith("NUMBER_OUTSIDE_VALID_RANGE:")
    assert running.call.one(f"SELECT Bw_Score__c FROM Account WHERE Id = '{one}'")["Bw_Score__c"] == 12.35


def test_results_come_in_another_order_than_the_rows(scored):
    running = scored()
    ids = [row["Id"] for row in running.call.rows("SELECT Id FROM Account")]
    job = ingest(running.call, ("Id,Bw_Score__c\n" + "".join(f"{i},nope\n" for i in ids)).encode())
    failed = [row["Id"] for row in table(running.call("GET", f"jobs/ingest/{job['id']}/failedResults"))]
    assert sorted(ids) == sorted(failed)
    assert ids != failed


def test_an_empty_cell_leaves_a_field_alone_and_na_clears_it(scored):
    running = scored()
    (one,) = ids_of(running, 1)
    ingest(running.call, f"Id,Bw_Score__c,Bw_Reason__c\n{one},5,because\n".encode())
    ingest(running.call, f"Id,Bw_Score__c,Bw_Reason__c\n{one},,#N/A\n".encode())
    row = running.call.one(f"SELECT Bw_Score__c, Bw_Reason__c FROM Account WHERE Id = '{one}'")
    assert (row["Bw_Score__c"], row["Bw_Reason__c"]) == (5.0, None)


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        ("Id,Bw_Score__c\r\n{id},1\r\n", "LF"),
        ("Id,Bw_Score__c\n{id},1\n", "CRLF"),
        ('Id,Bw_Reason__c\n{id},"two\nlines"\n', "LF"),
    ],
)
def test_a_wrong_line_ending_fails_the_whole_job(scored, data, ending):
    running = scored()
    (one,) = ids_of(running, 1)
    job = ingest(running.call, data.replace("{id}", one).encode(), ending=ending)
    assert job["state"] == "Failed"
    assert job["errorMessage"].startswith("ClientInputError : LineEnding is invalid on user data.")
    assert running.call.one(f"SELECT Bw_Score__c FROM Account WHERE Id = '{one}'")["Bw_Score__c"] is None


def test_an_unknown_or_hidden_column_fails_the_job(start, kit):
    running = start()
    kit.deploy(running.admin, kit.score_package())
    (one,) = ids_of(running, 1)
    answer = running.call("POST", "jobs/ingest", {"object": "Account", "operation": "update"})
    assert answer.json()[0]["errorCode"] == "INSUFFICIENT_ACCESS", "no edit right yet"
    job = ingest(running.admin, f"Id,Bw_Score__c\n{one},1\n".encode())
    assert (job["state"], job["errorMessage"]) == ("Failed", "InvalidBatch : Field name not found : Bw_Score__c")


def test_one_upload_a_job_and_an_aborted_job_keeps_its_rows_unprocessed(scored):
    running = scored()
    (one,) = ids_of(running, 1)
    job = ingest(running.call, f"Id,Bw_Score__c\n{one},1\n".encode(), upload=False)
    again = running.call("PUT", f"jobs/ingest/{job['id']}/batches", b"Id\n", **CSV)
    assert again.status == 400
    running.call("PATCH", f"jobs/ingest/{job['id']}", {"state": "Aborted"})
    unprocessed = table(running.call("GET", f"jobs/ingest/{job['id']}/unprocessedrecords"))
    assert [{"Id": one, "Bw_Score__c": "1"}] == unprocessed
    assert running.call("DELETE", f"jobs/ingest/{job['id']}").status == 204
