"""`/services/Soap`: the Metadata API, the old login and the record calls, for clients that know nothing else."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from connectors.emulator.salesforce.auth.identity import soap_user
from connectors.emulator.salesforce.auth.oauth import Tokens
from connectors.emulator.salesforce.metadata.deploy import Deployments
from connectors.emulator.salesforce.metadata.package import Unreadable, parse_xml
from connectors.emulator.salesforce.soap.metadata import MetadataCalls, Verbatim
from connectors.emulator.salesforce.soap.partner import PartnerCalls
from connectors.emulator.salesforce.store.errors import ApiError
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.server.http import Request, Response

_PATH = re.compile(r"/services/Soap/([muc])/(\d+)\.0(?:/.*)?\Z")
_NAMESPACES = {
    "m": "http://soap.sforce.com/2006/04/metadata",
    "u": "urn:partner.soap.sforce.com",
    "c": "urn:enterprise.soap.sforce.com",
}
_NO_LOGIN_FROM = 65
_FLAGS = (
    "allowMissingFiles",
    "autoUpdatePackage",
    "checkOnly",
    "ignoreWarnings",
    "purgeOnDelete",
    "rollbackOnError",
    "singlePackage",
)
Json = dict[str, Any]


class Soap:
    """Both SOAP endpoints. `password` is that of every seeded user; None: nobody can log in this way."""

    def __init__(
        self, org: Org, tokens: Tokens, deployments: Deployments, partner: PartnerCalls, password: str | None
    ) -> None:
        self._org = org
        self._access = org.access
        self._calls = MetadataCalls(org, deployments)
        self._partner = partner
        self._tokens = tokens
        self._deployments = deployments
        self._password = password

    def serves(self, path: str) -> bool:
        return _PATH.match(path) is not None

    def handle(self, request: Request, base: str) -> Response:
        """Answers a call, or a fault with status 500."""
        match = _PATH.match(request.path)
        api, version = (match.group(1), int(match.group(2))) if match else ("m", 0)
        try:
            envelope = parse_xml(request.body, "request")
            body = envelope.find("Body")
            call = body[0] if body is not None and len(body) else None
            if call is None:
                raise ApiError(500, "INVALID_OPERATION", "No operation in the SOAP body")
            result = (
                self._login(call, version, base)
                if call.tag == "login"
                else self._called(api, call, version, envelope, base)
            )
        except Unreadable as error:
            return _fault("UNKNOWN_EXCEPTION", str(error))
        except ApiError as error:
            return _fault(error.code, error.message)
        inside = f'<{call.tag}Response xmlns="{_NAMESPACES[api]}">{_xml("result", result)}</{call.tag}Response>'
        return _envelope(200, inside)

    def _login(self, call: ET.Element, version: int, base: str) -> Json:
        if version >= _NO_LOGIN_FROM:
            raise ApiError(
                500, "UNSUPPORTED_API_VERSION", "login() is not available in API version 65.0 and later; use OAuth"
            )
        name, password = _text(call, "username"), _text(call, "password")
        user_id = self._tokens.client.users.get(name)
        if user_id is None or self._password is None or not password.startswith(self._password):
            message = "INVALID_LOGIN: Invalid username, password, security token; or user locked out."
            raise ApiError(500, "INVALID_LOGIN", message)
        return {
            "metadataServerUrl": f"{base}/services/Soap/m/{version}.0",
            "passwordExpired": False,
            "serverUrl": f"{base}/services/Soap/u/{version}.0",
            "sandbox": False,
            "sessionId": self._tokens.open(user_id),
            "userId": user_id,
            "userInfo": self._user(user_id),
        }

    def _user(self, user_id: str) -> Json:
        """Every element is there, as the WSDL has it: one without a value is nil."""
        found = soap_user(self._org, user_id)
        return {k: Verbatim(f'<{k} xsi:nil="true"/>') if v is None else v for k, v in found.items()}

    def _called(self, api: str, call: ET.Element, version: int, envelope: ET.Element, base: str) -> Any:
        user_id = self._tokens.user_of((envelope.findtext("Header/SessionHeader/sessionId") or "").strip())
        if user_id is None:
            raise ApiError(500, "INVALID_SESSION_ID", "INVALID_SESSION_ID: Invalid Session ID found in SessionHeader")
        if call.tag == "getUserInfo":
            return self._user(user_id)
        if call.tag in ("logout", "invalidateSessions"):
            self._tokens.revoke((envelope.findtext("Header/SessionHeader/sessionId") or "").strip())
            return None
        rights = self._access.of(user_id)
        if "ApiEnabled" not in rights.system:
            raise ApiError(500, "API_DISABLED_FOR_ORG", "The SOAP API is not enabled for this user")
        if api != "m" and self._partner.serves(call.tag):
            return self._partner.call(call, envelope, rights, f"{version}.0", base)
        if call.tag == "deploy":
            job = self._deployments.begin(_zip(call), _options(call), rights)
            return {"done": False, "id": job.id, "state": "Queued"}
        if call.tag == "checkDeployStatus":
            job = self._deployments.find(_text(call, "asyncProcessId"))
            self._deployments.advance(job)
            return self._deployments.result(job, details=_text(call, "includeDetails").lower() == "true")
        if call.tag == "checkStatus" and self._calls.retrieved(_text(call, "asyncProcessId")):
            return {"done": True, "id": _text(call, "asyncProcessId"), "state": "Completed"}
        if call.tag == "checkStatus":
            job = self._deployments.find(_text(call, "asyncProcessId"))
            self._deployments.advance(job)
            return {"done": job.done, "id": job.id, "state": "Completed" if job.done else "InProgress"}
        if self._calls.serves(call.tag):
            return self._calls.call(call, rights, f"{version}.0")
        raise ApiError(500, "INVALID_OPERATION", f"Operation {call.tag} is not known here")


def _text(call: ET.Element, name: str) -> str:
    return (call.findtext(name) or "").strip()


def _zip(call: ET.Element) -> bytes:
    encoded = next((child.text for child in call if child.tag.lower() == "zipfile"), None) or ""
    try:
        return base64.b64decode(encoded)
    except binascii.Error:
        raise ApiError(500, "INVALID_TYPE", "ZipFile is not base64") from None


def _options(call: ET.Element) -> Json:
    """Flags in any letter case, as some clients capitalise them; what is no flag is passed over."""
    given = next((child for child in call if child.tag.lower() == "deployoptions"), None)
    if given is None:
        return {}
    return {name: _text(given, name).lower() == "true" for name in _FLAGS if _text(given, name)}


def _xml(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Verbatim):
        return value.text
    if isinstance(value, list):
        return "".join(_xml(name, item) for item in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_xml(key, item) for key, item in value.items())}</{name}>"
    return f"<{name}>{str(value).lower() if isinstance(value, bool) else escape(str(value))}</{name}>"


def _envelope(status: int, inside: str) -> Response:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns:sf="urn:sobject.partner.soap.sforce.com"><soapenv:Body>{inside}</soapenv:Body></soapenv:Envelope>'
    )
    return Response(status, text.encode(), "text/xml;charset=UTF-8", compress=True)


def _fault(code: str, message: str) -> Response:
    inside = f"<faultcode>sf:{code}</faultcode><faultstring>{escape(message)}</faultstring>"
    return _envelope(500, f'<soapenv:Fault xmlns:sf="urn:fault.sforce.com">{inside}</soapenv:Fault>')
