"""Claims about the SOAP endpoints."""

from __future__ import annotations

import base64
import re

import pytest


def envelope(session, body):
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:met="http://soap.sforce.com/2006/04/metadata">'
        f"<e:Header><met:SessionHeader><met:sessionId>{session}</met:sessionId></met:SessionHeader></e:Header>"
        f"<e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


def soap(running, path, session, body):
    answer = running.call("POST", f"/services/Soap/{path}", envelope(session, body), Content_Type="text/xml")
    return answer.status, answer.body.decode()


def test_a_deployment_over_soap_tolerates_capital_flags_and_stray_text(start, kit):
    running = start()
    data = base64.b64encode(kit.score_package()).decode()
    body = (
        f"<met:deploy><met:ZipFile>{data}</met:ZipFile><met:DeployOptions><met:checkOnly>False</met:checkOnly>"
        "<met:rollbackOnError>True</met:rollbackOnError><met:singlePackage>True</met:singlePackage>None "
        "None</met:DeployOptions></met:deploy>"
    )
    status, text = soap(running, "m/59.0/deployRequest", running.app.token, body)
    assert status == 200
    job = re.search(r"<id>(0Af\w{15})</id>", text).group(1)
    check = (
        f"<met:checkDeployStatus><met:asyncProcessId>{job}</met:asyncProcessId>"
        f"<met:includeDetails>true</met:includeDetails></met:checkDeployStatus>"
    )
    states = [
        re.search(
            r"<status>(\w+)</status>", soap(running, f"m/59.0/deployRequest/{job}", running.app.token, check)[1]
        ).group(1)
        for _ in range(2)
    ]
    assert states == ["InProgress", "Succeeded"]
    assert running.admin.rows("SELECT Id FROM PermissionSet WHERE Name = 'Bw'")


@pytest.mark.parametrize(("session", "code"), [("stale", "INVALID_SESSION_ID"), (None, "INSUFFICIENT_ACCESS")])
def test_a_deployment_needs_a_session_with_the_right(start, kit, session, code):
    running = start()
    data = base64.b64encode(kit.score_package()).decode()
    body = f"<met:deploy><met:ZipFile>{data}</met:ZipFile></met:deploy>"
    status, text = soap(running, "m/59.0", session or running.app.runtime_token, body)
    assert status == 500
    assert f"<faultcode>sf:{code}</faultcode>" in text


def test_login_exists_only_in_old_versions_and_for_the_right_password(start):
    running = start(user_password="secret")
    name = next(iter(running.app.seeded.usernames))

    def login(version, password):
        body = (
            f'<login xmlns="urn:partner.soap.sforce.com"><username>{name}</username>'
            f"<password>{password}</password></login>"
        )
        return soap(running, f"u/{version}", "", body)

    status, text = login("59.0", "secretTOKEN")
    assert status == 200
    session = re.search(r"<sessionId>([^<]+)</sessionId>", text).group(1)
    assert running.as_user(session)("GET", "/services/oauth2/userinfo").status == 200
    assert "INVALID_LOGIN" in login("59.0", "wrong")[1]
    assert "UNSUPPORTED_API_VERSION" in login("65.0", "secret")[1]
