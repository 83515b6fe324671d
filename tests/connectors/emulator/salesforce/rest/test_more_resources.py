"""Claims about Tooling, the Metadata API's single calls, composite's kin, search and person accounts."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from urllib.parse import quote

import pytest

from connectors.emulator.salesforce.store.errors import RowError

MET = 'xmlns="http://soap.sforce.com/2006/04/metadata" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def metadata(running, body, token=None):
    text = (
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><SessionHeader {MET}><sessionId>'
        f"{token or running.app.token}</sessionId></SessionHeader></e:Header><e:Body>{body}</e:Body></e:Envelope>"
    )
    return running.call("POST", "/services/Soap/m/62.0", text.encode(), Content_Type="text/xml").body.decode()


def tooling(client, soql):
    return client("GET", f"tooling/query?q={quote(soql)}")


def test_tooling_tells_what_runs_on_an_object(start):
    running = start()
    running.app.add_validation_rule("Account", lambda row: False, "No", ("Fax",), name="Fax_needed")
    running.app.add_automation("ApexTrigger", "Account", "On", active=True)
    running.app.add_automation("ApexTrigger", "Account", "Off", active=False)
    running.app.add_automation("WorkflowRule", "Opportunity", "Mail")
    running.app.add_automation("Flow", "Account", "Score")
    where = "WHERE EntityDefinition.QualifiedApiName IN ('Account', 'Opportunity') AND Active = true"
    [rule] = tooling(
        running.admin, f"SELECT ValidationName, EntityDefinition.QualifiedApiName FROM ValidationRule {where}"
    ).json()["records"]
    assert (rule["ValidationName"], rule["EntityDefinition"]["QualifiedApiName"]) == ("Fax_needed", "Account")
    names = tooling(running.admin, "SELECT Name, Status FROM ApexTrigger ORDER BY Name DESC").json()["records"]
    assert [(row["Name"], row["Status"]) for row in names] == [("On", "Active"), ("Off", "Inactive")]
    [flow] = running.admin.rows("SELECT ApiName, TriggerObjectOrEvent.QualifiedApiName FROM FlowDefinitionView")
    assert (flow["ApiName"], flow["TriggerObjectOrEvent"]["QualifiedApiName"]) == ("Score", "Account")
    assert tooling(running.call, "SELECT Id FROM ValidationRule").status == 403
    one = "SELECT Metadata FROM WorkflowRule WHERE Name = 'Mail'"
    assert tooling(running.admin, one).json()["records"][0]["Metadata"]["active"] is True
    many = tooling(running.admin, "SELECT FullName FROM ApexTrigger")
    assert many.status == 400  # no such column
    assert "no more than one row" in tooling(running.admin, "SELECT FullName FROM CustomField").body.decode()
    columns = {f["name"] for f in running.admin("GET", "tooling/sobjects/ApexTrigger/describe").json()["fields"]}
    assert {"Id", "Name", "TableEnumOrId", "UsageAfterUpdate"} <= columns


def test_single_components_are_made_read_and_deleted(start):
    running = start()
    made = (
        f'<upsertMetadata {MET}><metadata xsi:type="CustomField"><fullName>Account.Made__c</fullName>'
        f"<label>Made</label>"
        "<length>40</length><type>Text</type></metadata></upsertMetadata>"
    )
    assert "<created>true</created>" in metadata(running, made)
    assert "<created>false</created>" in metadata(running, made)
    assert "sf:INSUFFICIENT_ACCESS" in metadata(running, made, running.app.runtime_token)
    read = f"<readMetadata {MET}><type>CustomField</type><fullNames>Account.Made__c</fullNames></readMetadata>"
    assert "<length>40</length>" in metadata(running, read)
    listed = metadata(running, f"<listMetadata {MET}><queries><type>CustomField</type></queries></listMetadata>")
    assert "<fullName>Account.Made__c</fullName>" in listed
    gone = f"<deleteMetadata {MET}><type>CustomField</type><fullNames>Account.Made__c</fullNames></deleteMetadata>"
    assert "<success>true</success>" in metadata(running, gone)
    assert "<success>false</success>" in metadata(running, gone)
    bad = made.replace("<length>40</length>", "")
    assert "<success>false</success>" in metadata(running, bad)


def test_what_is_retrieved_can_be_deployed_again(scored, kit):
    running = scored()
    types = "".join(f"<types><members>*</members><name>{n}</name></types>" for n in ("CustomField", "PermissionSet"))
    asked = metadata(
        running, f"<retrieve {MET}><retrieveRequest><unpackaged>{types}</unpackaged></retrieveRequest></retrieve>"
    )
    job = re.search(r"<id>(09S\w{15})</id>", asked).group(1)
    status = metadata(
        running, f"<checkRetrieveStatus {MET}><asyncProcessId>{job}</asyncProcessId></checkRetrieveStatus>"
    )
    data = base64.b64decode(re.search(r"<zipFile>([^<]+)</zipFile>", status).group(1))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {"unpackaged/package.xml", "unpackaged/permissionsets/Bw.permissionset"} <= set(archive.namelist())
    before = {name: set(thing.fields) for name, thing in running.app.org.schema.objects.items()}
    assert kit.deploy(running.admin, data)["status"] == "Succeeded"
    assert {name: set(thing.fields) for name, thing in running.app.org.schema.objects.items()} == before


def test_a_batch_answers_each_part_and_may_halt(org):
    parts = [{"method": "GET", "url": f"v68.0/{path}"} for path in ("limits", "nowhere", "sobjects/Account")]
    answer = org.call("POST", "composite/batch", {"batchRequests": parts}).json()
    assert [result["statusCode"] for result in answer["results"]] == [200, 404, 200]
    halted = org.call("POST", "composite/batch", {"batchRequests": parts, "haltOnError": True}).json()
    assert [result["statusCode"] for result in halted["results"]] == [200, 404, 412]
    assert org.call("POST", "composite/batch", {"batchRequests": parts * 9}).status == 400


def _tree(name):
    contact = {"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": name}
    account = {"attributes": {"type": "Account", "referenceId": "a"}, "Name": "A", "Contacts": {"records": [contact]}}
    return {"records": [account]}


def test_a_tree_is_created_whole_or_not_at_all(start):
    running = start()
    before = len(running.admin.rows("SELECT Id FROM Account"))
    made = running.admin("POST", "composite/tree/Account", _tree("Root"))
    assert made.status == 201
    ids = {result["referenceId"]: result["id"] for result in made.json()["results"]}
    contact = running.admin.one("SELECT AccountId FROM Contact WHERE LastName = 'Root'")
    assert contact["AccountId"] == ids["a"]
    refused = running.admin("POST", "composite/tree/Account", _tree(None))
    assert (refused.status, refused.json()["results"][0]["referenceId"]) == (400, "c")
    assert len(running.admin.rows("SELECT Id FROM Account")) == before + 1


def test_a_graph_is_one_transaction(start):
    running = start()
    before = len(running.admin.rows("SELECT Id FROM Account"))
    url = "/services/data/v68.0/sobjects/Account"
    good = {"method": "POST", "url": url, "referenceId": "one", "body": {"Name": "One"}}
    bad = {"method": "POST", "url": url, "referenceId": "two", "body": {"Nome": "Two"}}
    graphs = [{"graphId": "1", "compositeRequest": [good]}, {"graphId": "2", "compositeRequest": [good, bad]}]
    answer = running.admin("POST", "composite/graph", {"graphs": graphs}).json()["graphs"]
    assert [graph["isSuccessful"] for graph in answer] == [True, False]
    assert len(running.admin.rows("SELECT Id FROM Account")) == before + 1


@pytest.mark.parametrize("path", ["", "recent", "sobjects/Account/listviews", "sobjects/Account/describe/layouts"])
def test_resources_that_clients_look_at_in_passing(org, path):
    assert org.call("GET", path).status == 200


def test_search_finds_names(org):
    name = org.call.rows("SELECT Name FROM Account LIMIT 1")[0]["Name"]
    found = org.call("GET", f"search?q={quote(f'FIND {{{name}}} IN NAME FIELDS RETURNING Account(Id, Name), Contact')}")
    assert name in {record.get("Name") for record in found.json()["searchRecords"]}
    assert org.call("GET", f"search?q={quote('FIND nothing')}").status == 400


def test_a_person_account_is_an_account_and_its_contact(start):
    running = start(person_accounts=True)
    account = running.admin("POST", "sobjects/Account", {"Name": "Placeholder"}).json()["id"]
    person = {"LastName": "Ada", "Email": "ada@example.com", "AccountId": account}
    contact = running.admin("POST", "sobjects/Contact", person).json()["id"]
    running.app.make_person(account, contact)
    row = running.admin.one(
        "SELECT Name, IsPersonAccount, PersonContactId, PersonEmail FROM Account WHERE IsPersonAccount = true"
    )
    assert (row["Name"], row["IsPersonAccount"], row["PersonContactId"]) == ("Ada", True, contact)
    assert row["PersonEmail"] == "ada@example.com"
    assert running.admin("PATCH", f"sobjects/Contact/{contact}", {"Title": "Countess"}).status == 400
    assert running.admin("PATCH", f"sobjects/Account/{account}", {"Fax": "1"}).status == 204
    with pytest.raises(RowError):
        start().app.make_person(account, contact)


def test_too_many_long_requests_are_refused_for_a_while(start):
    running = start()
    running.app.quota.busy = 1
    refused = running.call("GET", "limits")
    assert (refused.status, refused.json()[0]["message"]) == (403, "ConcurrentPerOrgLongTxn Limit exceeded")
    assert running.call("GET", "limits").status == 200


def test_old_flows_of_identity(start):
    running = start(user_password="secret")
    app = running.app
    name = next(name for name, user in app.seeded.usernames.items() if user == app.seeded.admin_user)
    form = (
        f"grant_type=password&client_id={app.tokens.client.key}&client_secret={app.tokens.client.secret}&"
        f"username={name}"
    )
    kind = {"Content_Type": "application/x-www-form-urlencoded", "Authorization": ""}
    answer = running.call("POST", "/services/oauth2/token", f"{form}&password=secretTOKEN".encode(), **kind).json()
    session = running.as_user(answer["access_token"])
    assert session("GET", "").json()["identity"].endswith(answer["id"].partition("/id/")[2])
    found = metadata(running, f"<getUserInfo {MET}/>", answer["access_token"])
    assert f"<userName>{name}</userName>" in found
    assert running.call("POST", "/services/oauth2/token", f"{form}&password=wrong".encode(), **kind).status == 400
    revoked = f"token={quote(answer['access_token'])}".encode()
    assert running.call("POST", "/services/oauth2/revoke", revoked, **kind).status == 200
    assert session("GET", "limits").status == 401
