"""Claims about tokens, versions, describes, limits, field access and deployments."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

FORM = {"Content_Type": "application/x-www-form-urlencoded", "Authorization": ""}
KEY, SECRET = "3MVG9emulatedConsumerKey", "emulated-consumer-secret"


def token(running, body):
    return running.call("POST", "/services/oauth2/token", body.encode(), **FORM)


def jwt(**claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256'})}.{part(claims)}.c2lnbmF0dXJl"


def test_client_credentials_give_a_session_of_the_run_as_user(start):
    running = start()
    answer = token(running, f"grant_type=client_credentials&client_id={KEY}&client_secret={SECRET}")
    body = answer.json()
    assert {"access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"} == set(body)
    assert running.server.url == body["instance_url"]
    info = running.as_user(body["access_token"])("GET", "/services/oauth2/userinfo").json()
    assert running.app.seeded.integration_user == info["user_id"]
    assert running.app.org.org_id == info["organization_id"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (f"grant_type=client_credentials&client_id={KEY}&client_secret=wrong", "invalid_client"),
        ("grant_type=client_credentials&client_id=wrong&client_secret=x", "invalid_client_id"),
        ("grant_type=password&username=a&password=b", "unsupported_grant_type"),
        (f"grant_type=refresh_token&client_id={KEY}&client_secret={SECRET}&refresh_token=old", "invalid_grant"),
        ("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=nonsense", "invalid_grant"),
    ],
)
def test_token_errors(org, body, error):
    answer = token(org, body)
    assert (400, error) == (answer.status, answer.json()["error"])
    assert answer.json()["error_description"]


def test_jwt_claims_are_checked(start):
    running = start()
    user = next(name for name, i in running.app.seeded.usernames.items() if i == running.app.seeded.integration_user)
    soon = datetime.now(UTC).timestamp() + 120
    good = {"iss": KEY, "sub": user, "aud": "https://login.salesforce.com", "exp": soon}

    def ask(**changed):
        claims = jwt(**{**good, **changed})
        return token(running, f"grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={claims}")

    session = ask().json()
    assert {"access_token", "scope", "instance_url", "id", "token_type"} == set(session)
    assert running.as_user(session["access_token"])("GET", "limits").status == 200
    assert ask(exp=str(int(soon))).status == 200, "exp as a string is taken too"
    assert ask(aud="https://evil.example").json()["error_description"] == "audience is invalid"
    assert ask(iss="other").json()["error"] == "invalid_client_id"
    assert ask(sub="nobody@x.example").json()["error_description"] == "user hasn't approved this consumer"
    assert ask(exp=soon - 600).json()["error"] == "invalid_grant"
    assert ask(exp=soon + 600).json()["error"] == "invalid_grant"


def test_rotated_refresh_tokens_work_once_and_reuse_revokes(start):
    running = start(rotate_refresh_tokens=True)

    def refresh(value):
        return token(running, f"grant_type=refresh_token&client_id={KEY}&client_secret={SECRET}&refresh_token={value}")

    first = refresh(running.app.refresh_token).json()
    second = refresh(first["refresh_token"]).json()
    assert first["refresh_token"] != second["refresh_token"]
    assert refresh(running.app.refresh_token).status == 400
    assert refresh(second["refresh_token"]).status == 400, "the whole grant is gone"


def test_a_session_ends(start):
    moment = [datetime(2026, 11, 20, tzinfo=UTC)]
    running = start(session_lifetime=timedelta(hours=2), clock=lambda: moment[0])
    session = token(running, f"grant_type=client_credentials&client_id={KEY}&client_secret={SECRET}").json()[
        "access_token"
    ]
    assert running.as_user(session)("GET", "limits").status == 200
    moment[0] += timedelta(hours=2)
    expired = running.as_user(session)("GET", "limits")
    assert (
        expired.status,
        expired.json(),
    ) == (401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])


def test_versions_are_listed_without_a_session(org):
    versions = org.call("GET", "/services/data", Authorization="").json()
    assert versions[-1] == {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"}
    assert next(v["label"] for v in versions if v["version"] == "66.0") == "Spring '26"
    gone = org.call("GET", "/services/data/v30.0/limits")
    assert (gone.status, gone.json()[0]["errorCode"]) == (410, "UNSUPPORTED_API_VERSION")
    assert org.call("GET", "/services/data/v99.0/limits").status == 404


def test_a_describe_is_not_sent_again_when_unchanged(start, kit):
    moment = [datetime(2026, 11, 20, tzinfo=UTC)]
    running = start(clock=lambda: moment[0])
    first = running.call("GET", "sobjects/Account/describe")
    moment[0] += timedelta(minutes=1)
    since = {"If_Modified_Since": "Fri, 20 Nov 2026 00:00:30 GMT"}
    unchanged = running.call("GET", "sobjects/Account/describe", **since)
    assert (unchanged.status, unchanged.raw) == (304, b"")
    kit.deploy(running.admin, kit.score_package())
    assert running.call("GET", "sobjects/Account/describe", **since).status == 200
    assert first.headers["last-modified"]


def test_limits_count_down_and_end(start):
    running = start(daily_limit=5)
    used = [running.call("GET", "limits").headers["sforce-limit-info"] for _ in range(5)]
    assert [f"api-usage={n}/5" for n in range(1, 6)] == used
    over = running.call("GET", "limits")
    assert (over.status, over.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert over.json()[0]["message"] == "TotalRequests Limit exceeded."


def test_record_counts_equal_count(org):
    counts = {
        c["name"]: c["count"] for c in org.call("GET", "limits/recordCount?sObjects=Account,Contact").json()["sObjects"]
    }
    assert {"Account", "Contact"} == set(counts)
    assert org.call.query("SELECT COUNT() FROM Account").json()["totalSize"] == counts["Account"]


def test_a_deployed_field_exists_for_nobody_until_access_is_given(start, kit):
    running = start()
    result = kit.deploy(running.admin, kit.score_package())
    assert (result["status"], result["success"], result["numberComponentsDeployed"]) == ("Succeeded", True, 5)
    assert {"CustomField", "PermissionSet"} == {c["componentType"] for c in result["details"]["componentSuccesses"]}
    for client in (running.call, running.admin):
        assert client.query("SELECT Bw_Score__c FROM Account").json()[0]["errorCode"] == "INVALID_FIELD"
    permission_set = running.admin.one("SELECT Id FROM PermissionSet WHERE Name = 'Bw'")["Id"]
    given = {"AssigneeId": running.app.seeded.integration_user, "PermissionSetId": permission_set}
    assigned = running.admin("POST", "sobjects/PermissionSetAssignment", given).json()["id"]
    fields = {f["name"]: f for f in running.call("GET", "sobjects/Account/describe").json()["fields"]}
    score, stance = fields["Bw_Score__c"], fields["Bw_Stance__c"]
    assert tuple(score[k] for k in ("type", "precision", "scale", "updateable", "custom")) == (
        "double",
        5,
        2,
        True,
        True,
    )
    assert (stance["restrictedPicklist"], [v["value"] for v in stance["picklistValues"]]) == (True, ["protect"])
    assert not fields["Industry"]["updateable"]
    assert running.call.query("SELECT Bw_Score__c FROM Account").status == 200
    assert running.admin("DELETE", f"sobjects/PermissionSetAssignment/{assigned}").status == 204
    assert running.call.query("SELECT Bw_Score__c FROM Account").status == 400


def test_a_deployment_is_not_done_at_once(start, kit):
    running = start()
    started = kit.start_deploy(running.admin, kit.score_package()).json()
    assert (started["deployResult"]["status"], started["deployResult"]["done"]) == ("Pending", False)
    path = f"metadata/deployRequest/{started['id']}?includeDetails=true"
    states = [running.admin("GET", path).json()["deployResult"]["status"] for _ in range(3)]
    assert states == ["InProgress", "Succeeded", "Succeeded"]


def test_the_integration_user_may_not_deploy(org, kit):
    answer = kit.start_deploy(org.call, kit.score_package())
    assert (answer.status, answer.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")


def test_check_only_changes_nothing(start, kit):
    running = start()
    assert kit.deploy(running.admin, kit.score_package(), checkOnly=True)["status"] == "Succeeded"
    assert running.admin.rows("SELECT Id FROM PermissionSet WHERE Name = 'Bw'") == []


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("objects/Account.object", "<precision>5</precision>", "<precision>19</precision>", "precision"),
        ("objects/Account.object", "<label>Score</label>", "", "MasterLabel"),
        ("objects/Account.object", "<length>20</length>", "<length>256</length>", "Text length"),
        ("objects/Account.object", ">Text<", ">Bacon<", "Bacon"),
        ("objects/Account.object", "Bw_Score__c", "Bw__Score__c", "not valid"),
        ("permissionsets/Bw.permissionset", "Account.Bw_Score__c", "Account.Bw_Missing__c", "Bw_Missing__c"),
        (
            "permissionsets/Bw.permissionset",
            "<allowRead>true",
            "<allowRead>false",
            "depends on permission(s): Read Account",
        ),
        ("permissionsets/Bw.permissionset", "Account.Bw_Score__c", "Account.Name", "required field"),
    ],
)
def test_a_bad_component_fails_the_deployment_whole(start, kit, file, old, new, problem):
    import io
    import zipfile

    running = start()
    with zipfile.ZipFile(io.BytesIO(kit.score_package())) as archive:
        text = archive.read(file).decode()
    assert old in text
    result = kit.deploy(running.admin, kit.score_package(**{file: text.replace(old, new)}))
    assert (result["status"], result["success"]) == ("Failed", False)
    assert any(problem in failure["problem"] for failure in result["details"]["componentFailures"])
    assert running.admin.rows("SELECT Id FROM PermissionSet WHERE Name = 'Bw'") == []


def test_a_member_that_the_zip_lacks_is_named(start, kit):
    running = start()
    data = kit.package({"package.xml": kit.manifest(CustomField=("Account.Bw_Score__c",))})
    (failure,) = kit.deploy(running.admin, data)["details"]["componentFailures"]
    assert failure["problem"] == "Entity of type 'CustomField' named 'Account.Bw_Score__c' cannot be found"


def test_activity_fields_live_on_activity(start, kit):
    running = start()

    def field_on(owner):
        xml = (
            "<CustomObject><fields><fullName>Bw_X__c</fullName><label>X</label><type>Date</type></fields>"
            "</CustomObject>"
        )
        files = {"package.xml": kit.manifest(CustomField=(f"{owner}.Bw_X__c",)), f"objects/{owner}.object": xml}
        return kit.deploy(running.admin, kit.package(files))["status"]

    assert (field_on("Task"), field_on("Activity")) == ("Failed", "Succeeded")


def test_destructive_changes_take_fields_away(scored, kit):
    running = scored()

    def destroy(**types):
        files = {"package.xml": kit.manifest(), "destructiveChangesPost.xml": kit.manifest(**types)}
        return kit.deploy(running.admin, kit.package(files))

    refused = destroy(PermissionSet=("Bw",), CustomField=("Account.Bw_Score__c",))
    assert "assigned to users" in refused["details"]["componentFailures"][0]["problem"]
    held = running.admin.one("SELECT Id FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Bw'")["Id"]
    running.admin("DELETE", f"sobjects/PermissionSetAssignment/{held}")
    assert destroy(PermissionSet=("Bw",), CustomField=tuple(f"Account.{n}" for n in kit.names))["status"] == "Succeeded"
    found = running.admin("GET", "tooling/query?q=SELECT+Id+FROM+CustomField+WHERE+DeveloperName+LIKE+'Bw_%25'").json()
    assert found["totalSize"] == 0
    assert destroy(CustomField=("Account.Bw_Score__c",))["status"] == "Failed"


def test_tooling_makes_and_finds_fields(start):
    running = start()
    metadata = {"type": "Number", "precision": 5, "scale": 2, "label": "X"}
    created = running.admin("POST", "tooling/sobjects/CustomField", {"FullName": "Account.X__c", "Metadata": metadata})
    assert created.status == 201
    found = running.admin(
        "GET",
        "tooling/query?q=SELECT+Id,DeveloperName+FROM+CustomField+WHERE+TableEnumOrId='Account'+AND+DeveloperName='X'",
    ).json()
    assert [created.json()["id"]] == [record["Id"] for record in found["records"]]
    assert running.call("GET", "tooling/query?q=SELECT+Id+FROM+CustomField").status == 403


def test_composite_runs_parts_and_fills_references(org):
    parts = [
        {"method": "GET", "referenceId": "a", "url": "/services/data/v68.0/query?q=SELECT Id FROM Account LIMIT 1"},
        {
            "method": "GET",
            "referenceId": "b",
            "url": "/services/data/v68.0/sobjects/Account/@{a.records[0].Id}?fields=Name",
        },
        {"method": "GET", "referenceId": "c", "url": "/services/data/v68.0/sobjects/Foo"},
        {"method": "GET", "referenceId": "d", "url": "/services/data/v68.0/sobjects/Account/@{c.id}"},
    ]
    results = {
        r["referenceId"]: r
        for r in org.call("POST", "composite", {"compositeRequest": parts}).json()["compositeResponse"]
    }
    assert [results[name]["httpStatusCode"] for name in "abcd"] == [200, 200, 404, 400]
    assert results["a"]["body"]["records"][0]["Id"] == results["b"]["body"]["Id"]
    assert results["d"]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_composite_refuses_too_many_parts(org):
    def parts(url, count):
        return {"compositeRequest": [{"method": "GET", "referenceId": f"r{n}", "url": url} for n in range(count)]}

    url = "/services/data/v68.0/limits"
    assert org.call("POST", "composite", parts(url, 25)).status == 200
    assert org.call("POST", "composite", parts(url, 26)).status == 400
    assert org.call("POST", "composite", parts("/services/data/v68.0/query?q=SELECT Id FROM Account", 6)).status == 400


def test_composite_counts_as_one_call(start):
    running = start()
    parts = [{"method": "GET", "referenceId": f"r{n}", "url": "/services/data/v68.0/limits"} for n in range(3)]
    running.call("POST", "composite", {"compositeRequest": parts})
    assert running.app.quota.used == 1
