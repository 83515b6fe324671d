"""What older clients, and clients of other habits, ask for: SOAP record calls, searches, forms of the first Bulk
API.
"""

from __future__ import annotations

import http.client
import json
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

import pytest

ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<s:Header><SessionHeader><sessionId>{token}</sessionId></SessionHeader>{header}</s:Header>"
    '<s:Body><{name} xmlns="urn:partner.soap.sforce.com">{inside}</{name}></s:Body></s:Envelope>'
)


class Soap:
    def __init__(self, running):
        self.running = running

    def __call__(self, name, inside="", header="", version=62):
        body = ENVELOPE.format(token=self.running.app.token, name=name, inside=inside, header=header).encode()
        path = f"/services/Soap/u/{version}.0"
        answer = self.running.admin("POST", path, body, Content_Type="text/xml", SOAPAction='""', Authorization="")
        root = ET.fromstring(answer.body)
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        return root

    def results(self, *args, **kwargs):
        return self(*args, **kwargs).findall(".//result")


@pytest.fixture
def soap(start):
    return Soap(start(user_password="letmein"))


def test_soap_creates_queries_updates_and_deletes(soap):
    (made,) = soap.results("create", "<sObjects><type>Account</type><Name>By SOAP</Name><Fax>1</Fax></sObjects>")
    record = made.findtext("id")
    assert made.findtext("success") == "true"
    (done,) = soap.results(
        "update",
        f"<sObjects><type>Account</type><fieldsToNull>Fax</fieldsToNull><Id>{record}</Id><Site>x</Site></sObjects>",
    )
    assert done.findtext("success") == "true"
    (page,) = soap.results(
        "query", f"<queryString>SELECT Id, Fax, Site, Owner.Name FROM Account WHERE Id = '{record}'</queryString>"
    )
    row = page.find("records")
    assert (row.findtext("type"), row.findtext("Site"), page.findtext("done")) == ("Account", "x", "true")
    assert row.find("Fax").get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"
    assert row.findtext("Owner/type") == "User"
    (gone,) = soap.results("delete", f"<ids>{record}</ids>")
    assert gone.findtext("success") == "true"
    (again,) = soap.results("delete", f"<ids>{record}</ids>")
    assert (again.findtext("success"), again.findtext("errors/statusCode")) == ("false", "ENTITY_IS_DELETED")
    assert [r.findtext("success") for r in soap.results("undelete", f"<ids>{record}</ids>")] == ["true"]


def test_soap_query_pages_and_retrieve(soap):
    (page,) = soap.results(
        "query",
        "<queryString>SELECT Id FROM Task</queryString>",
        "<QueryOptions><batchSize>200</batchSize></QueryOptions>",
    )
    seen = [row.findtext("Id") for row in page.findall("records")]
    while page.findtext("done") == "false":
        (page,) = soap.results("queryMore", f"<queryLocator>{page.findtext('queryLocator')}</queryLocator>")
        seen += [row.findtext("Id") for row in page.findall("records")]
    assert int(page.findtext("size")) == len(set(seen)) > 200
    wanted = f"<fieldList>Id,Subject</fieldList><sObjectType>Task</sObjectType><ids>{seen[0]}</ids><ids>{seen[1]}</ids>"
    assert [r.findtext("Id") for r in soap.results("retrieve", wanted)] == seen[:2]


def test_soap_describes_and_merges(soap):
    names = [one.findtext("name") for one in soap("describeGlobal").findall(".//sobjects")]
    assert "Account" in names
    described = soap.results("describeSObjects", "<sObjectType>Account</sObjectType><sObjectType>Contact</sObjectType>")
    assert [one.findtext("name") for one in described] == ["Account", "Contact"]
    assert "Industry" in [f.findtext("name") for f in described[0].findall("fields")]
    winner, loser = (
        soap.results("create", f"<sObjects><type>Account</type><Name>{n}</Name></sObjects>")[0].findtext("id")
        for n in "ab"
    )
    master = f"<masterRecord><type>Account</type><Id>{winner}</Id></masterRecord>"
    (merged,) = soap.results("merge", f"<request>{master}<recordToMergeIds>{loser}</recordToMergeIds></request>")
    assert ("true", loser) == (merged.findtext("success"), merged.findtext("mergedRecordIds"))
    held = soap.running.admin.rows(f"SELECT MasterRecordId FROM Account WHERE Id = '{loser}'", "queryAll")
    assert winner == held[0]["MasterRecordId"]


def test_all_or_none_by_soap_undoes_what_had_worked(soap):
    before = soap.running.admin.query("SELECT COUNT() FROM Account").json()["totalSize"]
    results = soap.results(
        "create",
        "<sObjects><type>Account</type><Name>good</Name></sObjects><sObjects><type>Account</type></sObjects>",
        "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>",
    )
    assert [r.findtext("success") for r in results] == ["true", "false"]
    assert before == soap.running.admin.query("SELECT COUNT() FROM Account").json()["totalSize"]


def test_the_old_login_says_who_logged_in(soap):
    name = next(iter(soap.running.app.tokens.client.users))
    (result,) = soap.results("login", f"<username>{name}</username><password>letmein</password>")
    assert soap.running.app.org.org_id == result.findtext("userInfo/organizationId")
    assert (
        soap("login", f"<username>{name}</username><password>letmein</password>", version=65).find(".//Fault")
        is not None
    )


def test_search_takes_conditions_limits_and_prefixes(org):
    name = org.call.one("SELECT Name FROM Account LIMIT 1")["Name"]
    word = name.split()[0]
    found = org.call(
        "GET",
        f"search?q=FIND%20%7B{word[:4]}*%7D%20IN%20NAME%20FIELDS%20RETURNING%20Account(Id,"
        f"Name%20ORDER%20BY%20Name%20LIMIT%201),Contact",
    ).json()
    assert [word[:4].lower()] == [
        r["Name"][:4].lower() for r in found["searchRecords"] if r["attributes"]["type"] == "Account"
    ]
    whole = org.call("GET", f"search?q=FIND%20%7B{word[:-1]}%7D%20RETURNING%20Account(Name)").json()["searchRecords"]
    assert word not in [r["Name"].split()[0] for r in whole], "a word is a whole word unless it ends in an asterisk"
    by_form = org.call(
        "GET", f"parameterizedSearch?q={word}&sobject=Account&Account.fields=Id,Name&Account.limit=5"
    ).json()
    body = {"q": word, "fields": ["Id", "Name"], "sobjects": [{"name": "Account", "limit": 5}]}
    assert by_form == org.call("POST", "parameterizedSearch", body).json()
    assert name in [r["Name"] for r in by_form["searchRecords"]]
    assert org.call("GET", "search?q=FIND%20%7Ba%7D").json()[0]["errorCode"] == "MALFORMED_SEARCH"


def test_a_composite_of_all_or_none_is_undone_whole(start):
    running = start()
    parts = [
        {
            "method": "POST",
            "url": "/services/data/v62.0/sobjects/Account",
            "referenceId": "good",
            "body": {"Name": "good"},
        },
        {"method": "POST", "url": "/services/data/v62.0/sobjects/Account", "referenceId": "bad", "body": {}},
    ]
    answers = running.admin("POST", "composite", {"allOrNone": True, "compositeRequest": parts}).json()[
        "compositeResponse"
    ]
    assert [one["body"][0]["errorCode"] for one in answers] == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert running.admin.query("SELECT COUNT() FROM Account WHERE Name = 'good'").json()["totalSize"] == 0
    kept = running.admin("POST", "composite", {"compositeRequest": parts}).json()["compositeResponse"]
    assert [one["httpStatusCode"] for one in kept] == [201, 400]


def test_what_is_known_is_not_described_again(start):
    running = start()
    first = running.admin("GET", "sobjects/Account/describe")
    since = first.headers["last-modified"]
    assert (
        (again := running.admin("GET", "sobjects/Account/describe", If_Modified_Since=since)).status,
        again.body,
    ) == (304, b"")
    running.app.org.fields_changed()
    assert running.admin("GET", "sobjects/Account/describe", If_Modified_Since=since).status == 200
    record = running.admin.one("SELECT Id FROM Account LIMIT 1")["Id"]
    row = running.admin("GET", f"sobjects/Account/{record}")
    assert parsedate_to_datetime(row.headers["last-modified"])
    assert (
        running.admin("GET", f"sobjects/Account/{record}", If_Modified_Since=row.headers["last-modified"]).status == 304
    )


def test_an_address_with_a_doubled_slash_is_the_same_address(org):
    """The Salesforce CLI keeps the slash at the end of an instance's address."""
    connection = http.client.HTTPConnection("127.0.0.1", org.server.port)
    connection.request("GET", "//services/data/v62.0/limits", headers={"Authorization": f"Bearer {org.app.token}"})
    assert connection.getresponse().status == 200
    connection.close()


def test_through_a_proxy_the_instance_is_where_the_client_found_it(org):
    form = "grant_type=client_credentials&client_id={client_id}&client_secret={client_secret}"
    body = form.format(**org.app.ways_in()).encode()
    asked = {"Content_Type": "application/x-www-form-urlencoded", "Authorization": ""}
    there = org.call("POST", "/services/oauth2/token", body, Host="my.salesforce.example", **asked).json()
    here = org.call("POST", "/services/oauth2/token", body, **asked).json()
    assert ["https://my.salesforce.example", f"http://127.0.0.1:{org.server.port}"] == [
        there["instance_url"],
        here["instance_url"],
    ]


def test_the_first_bulk_api_names_its_forms_barely(start):
    """salesforce-bulk compares content types as they stand."""
    running = start()
    job = running.admin(
        "POST",
        "/services/async/62.0/job",
        {"operation": "query", "object": "Account", "contentType": "JSON"},
        X_SFDC_Session=running.app.token,
    )
    assert job.headers["content-type"] == "application/json"
    batch = running.admin(
        "POST",
        f"/services/async/62.0/job/{job.json()['id']}/batch",
        b"SELECT Id FROM Account",
        X_SFDC_Session=running.app.token,
    )
    assert batch.headers["content-type"] == "application/json"
    wrong = running.admin("GET", "/services/async/62.0/job/750000000000000", X_SFDC_Session="nobody", Content_Type="")
    assert wrong.headers["content-type"] == "application/xml"


def test_every_way_in_is_told(org):
    connection = http.client.HTTPConnection("127.0.0.1", org.server.port)
    connection.request("GET", "/__emulator__/access")
    told = json.loads(connection.getresponse().read())
    connection.close()
    assert {"token", "runtime_token", "client_id", "client_secret", "refresh_token", "usernames", "password"} <= set(
        told
    )
    assert org.as_user(told["runtime_token"])("GET", "limits").status == 200


def test_what_the_address_names_may_not_be_in_the_body(start):
    """aiosalesforce takes it out before it sends."""
    running = start()
    record = running.admin.one("SELECT Id FROM Account LIMIT 1")["Id"]
    refused = running.admin("PATCH", f"sobjects/Account/{record}", {"Id": record, "Phone": "1"})
    assert (refused.status, refused.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
    body = {"Email": "new@people.example", "LastName": "New"}
    assert running.admin("PATCH", "sobjects/Contact/Email/new@people.example", body).status == 400
    made = running.admin("PATCH", "sobjects/Contact/Email/new@people.example", {"LastName": "New"})
    assert (made.status, made.json()["created"]) == (201, True)
