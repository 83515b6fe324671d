"""What people do by mistake, and machines by misfortune: each is said with what to do, and none is called
unexpected.
"""

from __future__ import annotations

import io
import os
import socket
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from connectors.http import retry
from sync.cli.app import app
from sync.console.exit import ended
from sync.console.output import Output

CRM = '[crm]\nkind = "hubspot"\nurl = "http://127.0.0.1:9"\nauth = { method = "token", token = { env = "T" } }\n'
HUBSPOT = CRM.replace("http://127.0.0.1:9", "https://api.hubapi.com")
SALESFORCE = CRM.replace("hubspot", "salesforce").replace("http://127.0.0.1:9", "https://nobody.my.salesforce.com")
FILES = '[crm]\nkind = "files"\ninput = "in"\n'
DEEP = "x = " + "[" * 50_000 + "]" * 50_000


def secret(source: str) -> str:
    return CRM.replace('{ env = "T" }', source)


def canonical(folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "in" / "accounts.csv").write_text("id,name\nA,Acme\n")


def file(name: str, content: str | bytes, mode: int = 0o600):
    def make(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)

    return make


def folder(name: str):
    return lambda where: (where / name).mkdir()


def link(where: Path) -> None:
    (where / "out.html").symlink_to(where / "target")


# what was done | words of the command | settings | made before | environment | exit code | what must be said
MISUSES = [
    ("settings: a folder", ["status"], None, folder("bothways.toml"), {}, 2, "cannot be read"),
    ("settings: not UTF-8", ["status"], b"\xff\xfe", None, {}, 2, "Save it as UTF-8"),
    ("settings: NUL", ["status"], CRM + "\x00", None, {}, 2, "line 5"),
    ("settings: nested", ["status"], DEEP, None, {}, 2, "nested too deeply"),
    ("settings: huge", ["status"], "#" + "x" * 3_000_000, None, {}, 2, "larger than"),
    (
        "settings: infinite hours",
        ["status"],
        CRM + "[sync]\nfull_every_hours = inf\n",
        None,
        {},
        2,
        "sync.full_every_hours",
    ),
    ("settings: no number", ["status"], CRM + "[sync]\nfull_every_hours = nan\n", None, {}, 2, "sync.full_every_hours"),
    ("settings: infinite days", ["status"], CRM + "[sync]\nmax_age_days = inf\n", None, {}, 2, "sync.max_age_days"),
    ("settings: endless days", ["sync"], CRM + "[sync]\nmax_age_days = 1e12\n", None, {}, 2, "sync.max_age_days"),
    ("settings: infinite delta", ["status"], CRM + "[sync]\nmin_delta = inf\n", None, {}, 2, "sync.min_delta"),
    (
        "settings: infinite run",
        ["sync"],
        CRM + "[sync]\nmax_runtime_minutes = inf\n",
        None,
        {},
        2,
        "max_runtime_minutes",
    ),
    ("settings: infinite request", ["status"], CRM + "request_seconds = inf\n", None, {}, 2, "crm.request_seconds"),
    (
        "settings: infinite repeat",
        ["status"],
        CRM + "[notify]\nrepeat_hours = inf\n",
        None,
        {},
        2,
        "notify.repeat_hours",
    ),
    ("settings: time zone", ["status"], CRM + '[organisation]\ntime_zone = "../../x"\n', None, {}, 2, "time_zone"),
    ("environment: no number", ["status"], CRM, None, {"BOTHWAYS_SYNC__MIN_DELTA": "abc"}, 2, "sync.min_delta"),
    ("environment: no JSON", ["status"], CRM, None, {"BOTHWAYS_CRM": "{nope"}, 2, "crm"),
    ("environment: no section", ["status"], CRM, None, {"BOTHWAYS_SYNC": "3"}, 2, "sync"),
    ("workspace: a file", ["sync"], CRM + '[workspace]\ndir = "f"\n', file("f", "x"), {}, 2, "workspace.dir"),
    ("workspace: a file, read", ["status"], CRM + '[workspace]\ndir = "f"\n', file("f", "x"), {}, 2, "workspace.dir"),
    ("workspace: under a file", ["sync"], CRM + '[workspace]\ndir = "f/g"\n', file("f", "x"), {}, 2, "workspace.dir"),
    ("workspace: long", ["sync"], CRM + f'[workspace]\ndir = "{"x" * 300}"\n', None, {}, 1, "name too long"),
    ("workspace: NUL", ["sync"], CRM + '[workspace]\ndir = "a\\u0000b"\n', None, {}, 2, "workspace.dir"),
    ("workspace: /proc", ["sync"], CRM + '[workspace]\ndir = "/proc/no"\n', None, {}, 1, "/proc/no"),
    (
        "state: another database",
        ["status"],
        CRM + '[workspace]\nstate_url = "mysql://x/y"\n',
        None,
        {},
        2,
        "PostgreSQL",
    ),
    ("state: no address", ["status"], CRM + '[workspace]\nstate_url = "://"\n', None, {}, 2, "workspace.state_url"),
    (
        "state: no driver",
        ["status"],
        CRM + '[workspace]\nstate_url = "postgresql+asyncpg://u@127.0.0.1/x"\n',
        None,
        {},
        2,
        "bothways[postgres]",
    ),
    (
        "state: no server",
        ["status"],
        CRM + '[workspace]\nstate_url = "postgresql+psycopg://u@127.0.0.1:9/x"\n',
        None,
        {},
        8,
        "workspace.state_url",
    ),
    ("model: no TOML", ["plan"], CRM + '[score]\nmodel = "m"\n', file("m", "{{{"), {}, 2, "line 1"),
    ("model: a folder", ["plan"], CRM + '[score]\nmodel = "m"\n', folder("m"), {}, 2, "cannot be read"),
    ("model: nested", ["plan"], CRM + '[score]\nmodel = "m"\n', file("m", DEEP), {}, 2, "nested too deeply"),
    ("words: no phrases", ["plan"], CRM + '[score]\nwords = "w"\n', file("w", "x = 1"), {}, 2, "no such phrase"),
    ("secret: no file", ["check"], secret('{ file = "no" }'), None, {}, 4, "cannot be read"),
    ("secret: a folder", ["check"], secret('{ file = "." }'), None, {}, 4, "cannot be read"),
    ("secret: open to all", ["check"], secret('{ file = "s" }'), file("s", "x", 0o644), {}, 4, "chmod 600"),
    ("secret: bytes", ["check"], secret('{ file = "s" }'), file("s", b"\xff\xfe"), {}, 4, "is not text"),
    ("secret: no program", ["check"], secret('{ command = ["no-such-program"] }'), None, {}, 4, "could not be run"),
    ("secret: a program fails", ["check"], secret('{ command = ["false"] }'), None, {}, 4, "ended with code 1"),
    (
        "secret: a program prints bytes",
        ["check"],
        secret('{ command = ["printf", "\\\\377\\\\376"] }'),
        None,
        {},
        4,
        "not text",
    ),
    ("secret: not set", ["check"], secret('{ env = "NOT_SET" }'), None, {}, 4, "NOT_SET is not set"),
    ("secret: two lines", ["check"], CRM, None, {"T": "a\nb"}, 4, "is not a token"),
    ("secret: other letters", ["check"], CRM, None, {"T": "t\u00f6ken"}, 4, "is not a token"),
    ("network: nobody listens", ["check"], CRM, None, {}, 4, "refuses the connection"),
    ("network: no name, HubSpot", ["check"], HUBSPOT, None, {}, 4, "cannot be looked up (DNS)"),
    ("network: no name, Salesforce", ["check"], SALESFORCE, None, {}, 4, "cannot be looked up (DNS)"),
    ("network: no proxy, HubSpot", ["check"], HUBSPOT, None, {"HTTPS_PROXY": "http://127.0.0.1:9"}, 4, "HTTPS_PROXY"),
    (
        "network: no proxy, Salesforce",
        ["check"],
        SALESFORCE,
        None,
        {"HTTPS_PROXY": "http://127.0.0.1:9"},
        4,
        "HTTPS_PROXY",
    ),
    ("network: SOCKS, HubSpot", ["check"], HUBSPOT, None, {"HTTPS_PROXY": "socks5://127.0.0.1:9"}, 4, "HTTPS_PROXY"),
    (
        "network: SOCKS, Salesforce",
        ["check"],
        SALESFORCE,
        None,
        {"HTTPS_PROXY": "socks5://127.0.0.1:9"},
        2,
        "HTTPS_PROXY",
    ),
    (
        "network: a port of no proxy",
        ["check"],
        HUBSPOT,
        None,
        {"HTTPS_PROXY": "http://127.0.0.1:999999"},
        4,
        "HTTPS_PROXY",
    ),
    ("certificates: no file, HubSpot", ["check"], HUBSPOT + 'ca_file = "no"\n', None, {}, 2, "crm.ca_file"),
    ("certificates: no file, Salesforce", ["check"], SALESFORCE + 'ca_file = "no"\n', None, {}, 2, "crm.ca_file"),
    ("certificates: noise", ["check"], SALESFORCE + 'ca_file = "c"\n', file("c", "x"), {}, 2, "PEM"),
    ("as-of: words", ["plan", "--as-of", "yesterday"], CRM, None, {}, 2, "is not a date"),
    ("as-of: the year 1", ["plan", "--as-of", "0001-01-01T00:00:00+14:00"], CRM, None, {}, 2, "too long ago"),
    ("as-of: the year 9999", ["plan", "--as-of", "9999-12-31"], CRM, None, {}, 2, "too far ahead"),
    ("age: endless", ["status", "--max-age", "999999w"], CRM, None, {}, 2, "999999w"),
    ("retention: endless", ["purge", "--older-than", "999999w"], CRM, None, {}, 2, "999999w"),
    ("no workspace yet: explain", ["explain", "x"], CRM, None, {}, 2, "bothways sync"),
    ("no workspace yet: history", ["history", "x"], CRM, None, {}, 2, "bothways sync"),
    ("no workspace yet: report", ["report"], CRM, None, {}, 2, "bothways sync"),
    ("no workspace yet: state", ["state", "show"], CRM, None, {}, 2, "workspace.dir"),
    ("no workspace yet: purge", ["purge", "--account", "x"], CRM, None, {}, 2, "workspace.dir"),
    ("no workspace yet: letters", ["dead-letters", "drop", "x"], CRM, None, {}, 2, "bothways sync"),
    ("report: to a folder", ["report", "--out", "in"], FILES, canonical, {}, 2, "is a folder"),
    ("report: to a device", ["report", "--out", "/dev/null"], FILES, canonical, {}, 2, "is no ordinary file"),
    ("report: to a link", ["report", "--out", "out.html"], FILES, link, {}, 2, "is a link"),
    ("output: a folder", ["score", "--output", "o.csv"], FILES, folder("o.csv"), {}, 2, "is a folder"),
    ("output: of another kind", ["score", "--output", "o.xyz"], FILES, None, {}, 2, "neither .parquet nor .csv"),
    ("output: under a device", ["score", "--output", "/dev/full"], FILES, None, {}, 2, "/dev/full"),
    ("engine: another", ["score", "--engine", "no"], FILES, canonical, {}, 2, "no engine"),
    ("input: missing", ["score"], FILES, None, {}, 2, "crm.input"),
    ("input: a file", ["score"], FILES, file("in", "x"), {}, 2, "crm.input"),
    (
        "input: damaged Parquet",
        ["score"],
        FILES,
        file("in/accounts.parquet", b"PAR1" + b"x" * 99),
        {},
        2,
        "accounts.parquet",
    ),
    ("schedule: another", ["schedule", "no"], CRM, None, {}, 2, "Known"),
    ("schedule: no time", ["schedule", "cron", "--at", "25:99"], CRM, None, {}, 2, "time of day"),
    ("schedule: to a file", ["schedule", "cron", "--output", "f"], CRM, file("f", "x"), {}, 2, "not a folder"),
    ("schema: another", ["schema", "no"], None, None, {}, 2, "no schema"),
    ("daemon: no address", ["daemon", "--health", "no"], CRM, None, {}, 2, "loopback"),
    ("daemon: for all", ["daemon", "--health", "0.0.0.0:1"], CRM, None, {}, 2, "loopback"),
    ("daemon: no time", ["daemon", "--every", "0m"], CRM, None, {}, 2, "too often"),
    ("emulator: rules, no JSON", ["emulator", "hubspot", "--faults", "f"], None, file("f", "{no"), {}, 2, "not JSON"),
    ("emulator: rules, none", ["emulator", "hubspot", "--faults", "f"], None, None, {}, 2, "cannot be read"),
    (
        "emulator: rules, others",
        ["emulator", "hubspot", "--faults", "f"],
        None,
        file("f", '{"kind": "no"}'),
        {},
        2,
        "kind must be",
    ),
    ("emulator: no folder", ["emulator", "hubspot", "--load", "no"], None, None, {}, 2, "not a folder"),
    (
        "demo: to a file",
        ["demo", "--dir", "f", "--only", "hubspot", "--accounts", "24"],
        None,
        file("f", "x"),
        {},
        2,
        "not a folder",
    ),
    (
        "init: no folder",
        ["init", "-c", "no/x.toml", "--crm", "files", "--url", "in", "--own-domain", "a.example"],
        None,
        folder("in"),
        {},
        2,
        "cannot be written",
    ),
    (
        "init: files that are not there",
        ["init", "--crm", "files", "--url", "/nope", "--yes"],
        None,
        None,
        {},
        2,
        "/nope is not there",
    ),
    ("init: no files at all", ["init", "--crm", "files", "--yes"], None, None, {}, 2, "data is not there"),
    (
        "demo: under a device",
        ["demo", "--dir", "/proc/x", "--only", "hubspot", "--accounts", "24"],
        None,
        None,
        {},
        2,
        "cannot be made",
    ),
    ("explain: nothing", ["explain", " "], FILES, None, {}, 2, "Which account or deal?"),
    ("sync: a dry run", ["sync", "--dry-run"], CRM, None, {}, 2, "bothways plan shows what a sync would write"),
]


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """A folder of its own, no name server, no waiting, none of the caller's proxies."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T", "a-token")
    for name in [*os.environ]:
        if name.lower().endswith("_proxy") or name.startswith("BOTHWAYS_"):
            monkeypatch.delenv(name)
    real = socket.getaddrinfo

    def looked_up(host, *args, **kw):
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise socket.gaierror(-2, "Name or service not known")
        return real(host, *args, **kw)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    retry.without_waiting(on=True)
    yield
    retry.without_waiting(on=False)


@pytest.mark.parametrize(
    ("words", "settings", "make", "environment", "code", "said"), [m[1:] for m in MISUSES], ids=[m[0] for m in MISUSES]
)
def test_each_is_said_with_what_to_do(words, settings, make, environment, code, said, tmp_path, monkeypatch):
    if settings is not None:
        (tmp_path / "bothways.toml").write_bytes(settings if isinstance(settings, bytes) else settings.encode())
    if make is not None:
        make(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors):
        found = ended(lambda: app(words, standalone_mode=False) or 0, Output())
    text = out.getvalue() + errors.getvalue()
    assert "Unexpected" not in text
    assert said in text
    assert found == code
    assert not (tmp_path / "bothways-error.log").exists()


def test_none_of_them_shows_a_trace_or_the_token():
    assert len(MISUSES) > 80
    assert len({name for name, *_ in MISUSES}) == len(MISUSES)
