"""Every credential there is carries a word of its own. Runs that go well, are refused by a CRM that repeats what it was
sent, or break with a trace leave none of these words anywhere: output, logs, state, WAL, reports, process list."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.emulator.hubspot.access import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN

pytestmark = pytest.mark.slow

CRASH = """
import sys
import sync.stages

def broken(self, *a, **k):
    raise RuntimeError("a defect that shows " + " ".join(words))

words = sys.stdin.read().split("\\0")
sync.stages.Stages.{stage} = broken
from sync.cli.app import main
main()
"""


@dataclass
class Scene:
    """A settings file, the environment and the words that must not be seen."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    kept: set[Path] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def variable(self, name: str, word: str) -> str:
        self.environment[name] = word
        self.words.add(word)
        return f'{{ env = "{name}" }}'

    def file(self, name: str, word: str) -> str:
        path = self.folder.parent / f"{self.folder.name}-{name}"
        path.write_text(word)
        path.chmod(0o600)
        self.words.add(word)
        return f'{{ file = "{path}" }}'

    def bothways(self, *arguments: str, code: str = "from sync.cli.app import main; main()", feed: str = "") -> int:
        command = [
            sys.executable,
            "-c",
            textwrap.dedent(code),
            *arguments,
            "--config",
            str(self.folder / "bothways.toml"),
        ]
        environment = {**os.environ, **self.environment, "BOTHWAYS_LOG_LEVEL": "debug", "BOTHWAYS_LOG_FORMAT": "json"}
        with subprocess.Popen(
            command, env=environment, cwd=self.folder, stdin=-1, stdout=-1, stderr=-1, text=True
        ) as running:
            seen = Path(f"/proc/{running.pid}/cmdline").read_bytes().decode()
            out, errors = running.communicate(feed, timeout=120)
        self.said += [seen, out, errors]
        return running.returncode

    def check(self) -> None:
        places = {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        places |= {f"output {number}": text.encode() for number, text in enumerate(self.said)}
        assert any(name.endswith((".sqlite", "error.log")) for name in places)
        for word in self.words:
            for line in (word, *(line for line in word.splitlines() if len(line) > 40)):
                for form in forms(line):
                    found = [name for name, text in places.items() if form in text]
                    assert found == [], f"{line[:6]}... is in {found}"


def forms(word):
    data = word.encode()
    yield from {data, quote(word, safe="").encode(), quote_plus(word).encode(), json.dumps(word)[1:-1].encode()}
    yield base64.b64encode(data).rstrip(b"=")[:-1]
    yield base64.urlsafe_b64encode(data).rstrip(b"=")[:-1]


@pytest.fixture
def scene(emulated):
    def make(crm, auth, more=""):
        case = emulated(crm)
        made = Scene(case.folder)
        path = case.folder / "bothways.toml"
        text = path.read_text()
        old = next(line for line in text.splitlines() if line.startswith("auth = "))
        hook = made.variable("A_HOOK", "http://127.0.0.1:9/canary-of-the-webhook-5501")
        beat = made.file("beat", "http://127.0.0.1:9/canary-of-the-heartbeat-5502")
        path.write_text(
            text.replace(old, f"auth = {auth(case, made)}")
            + f"\n[notify]\nwebhook = {hook}\nheartbeat = {beat}\n{more}"
        )
        return case, made

    return make


def token(case, made):
    return f'{{ method = "token", token = {made.variable("A_TOKEN", case.app.token)} }}'


def client_credentials(case, made):
    case.app.tokens.client.secret = "canary/of+the client&secret=9"
    case.app.tokens.client.run_as = case.app.seeded.admin_user
    secret = made.file("secret", case.app.tokens.client.secret)
    return f'{{ method = "client_credentials", client_id = "{case.app.tokens.client.key}", client_secret = {secret} }}'


def refresh(case, made):
    case.app.tokens._rotate = True
    case.app.tokens.client.secret = "canary-client-secret-77"
    first = case.app.tokens.grant(case.app.seeded.admin_user)
    secret, kept = made.variable("A_SECRET", "canary-client-secret-77"), made.file("refresh", first)
    return (
        f'{{ method = "refresh", client_id = "{case.app.tokens.client.key}", client_secret = {secret}, '
        f"refresh_token = {kept} }}"
    )


def jwt(case, made):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    case.app.tokens.client.users["canary@example.com"] = case.app.seeded.admin_user
    return (
        f'{{ method = "jwt", client_id = "{case.app.tokens.client.key}", username = "canary@example.com", '
        f"private_key = {made.file('key.pem', pem.decode())} }}"
    )


def oauth(case, made):
    secret, kept = made.variable("A_SECRET", CLIENT_SECRET), made.variable("A_REFRESH", REFRESH_TOKEN)
    return f'{{ method = "oauth", client_id = "{CLIENT_ID}", client_secret = {secret}, refresh_token = {kept} }}'


def issued(case):
    """Access and refresh tokens that the emulator has given out."""
    held = getattr(case.app, "tokens", None)
    return {*held._tokens, *held._refresh} if held is not None else set()


WAYS = [
    ("salesforce", token), ("salesforce", client_credentials), ("salesforce", refresh), ("salesforce", jwt),
    ("hubspot", token), ("hubspot", oauth),
]  # fmt: skip


@pytest.mark.parametrize(("crm", "auth"), WAYS, ids=[f"{crm}-{auth.__name__}" for crm, auth in WAYS])
def test_no_canary_is_anywhere(scene, crm, auth):
    case, made = scene(crm, auth)
    before = issued(case)
    assert made.bothways("sync", "--json") in (0, 4), made.said[-1][-2000:]
    made.words |= issued(case) - before
    echo = " ".join(quote(word) + " " + word.splitlines()[0] for word in made.words)
    body = {
        "salesforce": [{"message": f"no {echo}", "errorCode": "API_ERROR"}],
        "hubspot": {"status": "error", "message": f"no {echo}", "category": "X"},
    }
    case.fault(
        kind="status", status=400, times=None, body=json.dumps(body[crm]), match={"path": "services/data|crm|account"}
    )
    assert made.bothways("sync", "--full") not in (0, 2)
    made.words |= issued(case) - before
    case.server.faults.clear()
    code = made.bothways("sync", code=CRASH.format(stage="land"), feed="\0".join(made.words))
    assert code == 1
    assert "incident" in (made.folder / "bothways-error.log").read_text()
    for words in (("status", "--json"), ("report",), ("dead-letters", "list", "--json"), ("check", "--json")):
        made.bothways(*words)
    made.check()


def test_the_password_of_the_state_database_is_nowhere(scene):
    word = "canary p@ss/of:the+database"
    _, made = scene("hubspot", token)
    path = made.folder / "bothways.toml"
    secret = made.variable("A_PASSWORD", word)
    url = 'state_url = "postgresql+psycopg://someone@127.0.0.1:9/bothways"'
    path.write_text(path.read_text().replace("[workspace]", f"[workspace]\n{url}\nstate_password = {secret}"))

    assert made.bothways("sync", "--json") == 8
    made.environment["BOTHWAYS_WORKSPACE__STATE_URL"] = (
        f"postgresql+psycopg://someone:{quote(word)}@127.0.0.1:9/bothways"
    )
    path.write_text(path.read_text().replace(url, "").replace(f"state_password = {secret}", ""))
    assert made.bothways("sync") == 8
    (made.folder / "bothways-error.log").touch()
    made.check()
