"""An address is taken apart once: what one parser could read otherwise than another is refused, and no token leaves."""

from __future__ import annotations

import http.server
import re
import threading
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import requests
import urllib3
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.daemon import WebhookSettings
from connectors.errors import BothwaysError
from connectors.http.addresses import LOOPBACK, address, path
from connectors.hubspot.config import HubSpotConfig
from connectors.salesforce.api.client import Client
from connectors.salesforce.config import SalesforceConfig

GOOD = {"salesforce": "example.my.salesforce.com", "hubspot": "api.hubapi.com"}
AUTH = {"method": "token", "token": {"env": "BOTHWAYS_TEST_TOKEN"}}
CONFIGS = {"salesforce": SalesforceConfig, "hubspot": HubSpotConfig}
GLUE = [
    "\\",
    "@",
    "#",
    "?",
    ";",
    "%2f",
    "%5c",
    "\t",
    "\n",
    " ",
    "/",
    "//",
    ".",
    ":",
    "&",
    "%00",
    "\x00",
    "\u3002",
    "\uff0e",
    "\u2044",
]
"""What stands between two hosts so that parsers disagree about which of them is meant."""
PIECES = st.sampled_from(
    [
        *GLUE,
        "https:",
        "http:",
        "HTTPS://",
        "//",
        "127.0.0.1",
        "[::1]",
        "localhost",
        "0x7f.1",
        "2130706433",
        "user",
        ":443",
        ":80",
        ":0",
        "evil.example",
        "xn--",
        *GOOD.values(),
        ".salesforce.com",
        ".hubapi.com",
    ]
)


def accepted(kind: str, url: str) -> str | None:
    try:
        return str(CONFIGS[kind].model_validate({"kind": kind, "url": url, "auth": AUTH}).url)
    except ValidationError:
        return None


def readings(url: str) -> set[tuple[object, ...]]:
    """Scheme, host and port as each parser on the way reads them."""
    prepared = requests.Request("GET", url).prepare().url
    parsed = [urlsplit(url), urllib3.util.parse_url(url), urlsplit(prepared), urllib3.util.parse_url(prepared)]
    return {(p.scheme, (p.hostname or "").strip("[]"), p.port or (443 if p.scheme == "https" else 80)) for p in parsed}


@pytest.mark.parametrize("kind", CONFIGS)
@given(pieces=st.lists(PIECES, min_size=1, max_size=7), front=st.sampled_from(["https://", "http://", ""]))
@example(pieces=["127.0.0.1", "\\", "@example.my", ".salesforce.com"], front="https://")
@example(pieces=["evil.example", "#", ".salesforce.com"], front="https://")
def test_whatever_is_accepted_means_one_allowed_host_to_every_parser(kind, pieces, front):
    url = accepted(kind, front + "".join(pieces))
    if url is None:
        return
    allowed = r"([a-z0-9-]+\.)+salesforce\.com" if kind == "salesforce" else re.escape(GOOD["hubspot"])
    ((scheme, host, port),) = readings(url)
    assert host in LOOPBACK or (scheme == "https" and port == 443 and re.fullmatch(allowed, host))


@pytest.fixture(scope="module")
def listener():
    """A server on loopback that notes what it is sent."""
    heard = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append((self.headers["Host"], self.headers["Authorization"]))
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, heard
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("glue", [*GLUE, "@user:", ":pw@", "\\@", "#@", "?@"])
def test_no_spelling_of_settings_with_two_hosts_is_taken(kind, glue, listener):
    port, _ = listener
    for first, second in ((f"127.0.0.1:{port}", GOOD[kind]), (GOOD[kind], f"127.0.0.1:{port}")):
        for scheme in ("http", "https"):
            url = accepted(kind, f"{scheme}://{first}{glue}{second}")
            # Where one host is only the path of the other, the path decides nothing: HubSpot's loopback may have one.
            assert url is None or (kind == "hubspot" and glue in "//" and urlsplit(url).hostname == "127.0.0.1")


@pytest.mark.parametrize("glue", [*GLUE, "@", "\\@", ":80@", ".evil", "%40"])
def test_no_address_of_an_answer_leads_elsewhere(glue, listener, monkeypatch):
    """`nextRecordsUrl` and the links of Bulk pages are only ever paths behind the organisation's own host."""
    port, heard = listener
    monkeypatch.setenv("BOTHWAYS_TEST_TOKEN", "canary-token")
    config = SalesforceConfig.model_validate({"kind": "salesforce", "url": f"http://localhost:{port}", "auth": AUTH})
    client, heard[:] = Client(config), []
    for link in (f"{glue}127.0.0.1:{port}/services", f"//127.0.0.1:{port}{glue}", f"http://127.0.0.1:{port}/{glue}"):
        for asked in (config.url + link, link):
            with suppress(BothwaysError):
                client.transport.request("GET", asked, repeat=False)
    assert {host for host, _ in heard} <= {f"localhost:{port}"}


def test_what_is_not_of_the_organisation_has_no_way_out(listener, monkeypatch):
    """Should the check ever be passed by, the session knows no other host."""
    port, heard = listener
    monkeypatch.setenv("BOTHWAYS_TEST_TOKEN", "canary-token")
    config = SalesforceConfig.model_validate({"kind": "salesforce", "url": f"http://localhost:{port}", "auth": AUTH})
    transport, heard[:] = Client(config).transport, []
    with pytest.raises(requests.exceptions.InvalidSchema):
        requests.Session.request(transport, "GET", f"http://127.0.0.1:{port}/services/data")
    assert heard == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("https://Example.my.Salesforce.com", ("https", "example.my.salesforce.com", 443, "")),
        ("https://example.my.salesforce.com:443/", ("https", "example.my.salesforce.com", 443, "/")),
        ("http://127.0.0.1:8801/p", ("http", "127.0.0.1", 8801, "/p")),
        ("http://[::1]:9", ("http", "::1", 9, "")),
        ("https://hooks.example.com/a?b=c", ("https", "hooks.example.com", 443, "/a?b=c")),
        ("https://10.0.0.5/hook", ("https", "10.0.0.5", 443, "/hook")),
    ],
)
def test_parts(text, parts):
    found = address(text)
    assert (found.scheme, found.host, found.port, found.path) == parts
    assert address(str(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "https:///x",
        "https://a..b",
        "https://-a.example",
        "https://a.example.",
        "https://0177.0.0.1",
        "https://1.2.3",
        "https://2130706433",
        "https://[::1",
        "https://[1.2.3.4]",
        "https://a.example:0",
        "https://a.example:99999",
        "https://a.example/#x",
        "https://u@a.example",
        "https://a.example\r\nHost: b",
        "https://\u0430.example",
        "ftp://a.example",
        "http://a.example",
        "https://a_b.example",
        "https://a.example/\u00e9",
        "https://a.1",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"must|has|is of|At least|Expected|Octet|zeros|permitted|Only"):
        address(text)
    with pytest.raises(ValidationError):
        WebhookSettings(public_url=text)


@given(st.text(alphabet=st.sampled_from("/\\@:#?a.%5cé\n\t ;"), max_size=12))
def test_a_path_never_changes_the_host(text):
    try:
        found = path(text)
    except ValueError:
        return
    assert {r[1:] for r in readings("https://api.hubapi.com" + found)} == {("api.hubapi.com", 443)}
