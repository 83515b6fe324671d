"""Settings are read, or refused with the key, the line and the remedy; a secret is never echoed."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import make_url

from config.settings import Settings, load
from connectors.errors import ConfigError
from connectors.redaction import redact
from sync.errors import exit_code

MINIMUM = """\
[crm]
kind = "salesforce"
url = "http://127.0.0.1:8801"
auth = { method = "token", token = { env = "BOTHWAYS_CRM_TOKEN" } }

[workspace]
dir = ".bothways"
"""


@pytest.fixture
def write(tmp_path: Path):
    def _write(text: str) -> Path:
        path = tmp_path / "bothways.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return str(caught.value)


def test_the_least_configuration_is_enough(write):
    settings = load(write(MINIMUM))

    assert settings.crm.kind == "salesforce"
    assert settings.score.profile == "essential"


def test_relative_paths_are_relative_to_the_file(write, tmp_path):
    assert load(write(MINIMUM)).workspace.dir == tmp_path / ".bothways"


def test_the_environment_wins_over_the_file(write, monkeypatch):
    monkeypatch.setenv("BOTHWAYS_SYNC__MIN_DELTA", "2")

    assert load(write(MINIMUM + "[sync]\nmin_delta = 1\n")).sync.min_delta == 2.0


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_one(write):
    text = refusal(write(MINIMUM + '[score]\nprofil = "full"\n'))

    assert "bothways.toml:9" in text
    assert "score.profil" in text
    assert "'profile'" in text


def test_an_unknown_section_is_refused(write):
    assert "extras" in refusal(write(MINIMUM + "[extras]\na = 1\n"))


def test_a_wrong_type_is_named_with_its_line(write):
    text = refusal(write(MINIMUM + '[sync]\nmin_delta = "much"\n'))

    assert "bothways.toml:9: sync.min_delta" in text


def test_an_impossible_value_is_refused(write):
    assert "sync.min_delta" in refusal(write(MINIMUM + "[sync]\nmin_delta = -1\n"))


def test_every_fault_is_listed_at_once(write):
    text = refusal(
        write(MINIMUM + '[sync]\nmin_delta = -1\nmax_age_days = 0\n[organisation]\ntime_zone = "Mars/Olympus"\n')
    )

    assert all(key in text for key in ("sync.min_delta", "sync.max_age_days", "organisation.time_zone"))


def test_a_secret_in_the_file_is_refused_and_never_shown(write):
    canary = "00Dxx0000001gER!AQ0AQcanary"
    text = refusal(write(MINIMUM.replace('{ env = "BOTHWAYS_CRM_TOKEN" }', f'"{canary}"')))

    assert canary not in text
    assert "env" in text


CANARY = "canary-4711-of-settings"
WRONG_PLACES = {
    "token as text": MINIMUM.replace('{ env = "BOTHWAYS_CRM_TOKEN" }', f'"{CANARY}"'),
    "token as value": MINIMUM.replace('env = "BOTHWAYS_CRM_TOKEN"', f'value = "{CANARY}"'),
    "token as name": MINIMUM.replace("BOTHWAYS_CRM_TOKEN", CANARY),
    "client secret": MINIMUM.replace(
        'method = "token", token = { env = "BOTHWAYS_CRM_TOKEN" }',
        f'method = "client_credentials", client_id = "x", client_secret = "{CANARY}"',
    ),
    "private key": MINIMUM.replace(
        'method = "token", token = { env = "BOTHWAYS_CRM_TOKEN" }',
        f'method = "jwt", client_id = "x", username = "y", private_key = "{CANARY}"',
    ),
    "webhook": MINIMUM + f'[notify]\nwebhook = "https://hooks.example/{CANARY}"\n',
    "heartbeat": MINIMUM + f'[notify]\nheartbeat = "https://beats.example/{CANARY}"\n',
    "state url": MINIMUM + f'state_url = "postgresql+psycopg://someone:{CANARY}@db/x"\n',
    "state password": MINIMUM + f'state_url = "postgresql+psycopg://someone@db/x"\nstate_password = "{CANARY}"\n',
    "a key of its own": MINIMUM + f'[crm.secrets]\ntoken = "{CANARY}"\n',
}


@pytest.mark.parametrize("place", WRONG_PLACES)
def test_a_secret_anywhere_in_the_file_is_refused_by_its_key_and_never_shown(write, place):
    with pytest.raises(ConfigError) as caught:
        load(write(WRONG_PLACES[place]))

    assert CANARY not in f"{caught.value} {caught.value!r}"
    assert "bothways.toml:" in str(caught.value)
    assert exit_code(caught.value) == 2


def test_a_token_as_an_argument_is_refused_and_not_repeated(tmp_path):
    token = "pat-na1-0c0ffee0-1234-4abc-9def-0123456789ab"
    for words in (["sync", "--token", token], ["sync", f"--token={token}"], ["sync", token]):
        done = subprocess.run(
            [sys.executable, "-c", "from sync.cli.app import main; main()", *words],
            capture_output=True, text=True, cwd=tmp_path, check=False,
        )  # fmt: skip
        assert done.returncode == 2
        assert token not in done.stdout + done.stderr


def test_the_password_of_the_state_is_put_into_its_address_and_shown_nowhere(write, monkeypatch):
    monkeypatch.setenv("A_PASSWORD", "p@ss/w:rd+canary")
    text = (
        'state_url = "postgresql+psycopg://someone@db:5432/x?sslmode=require"\nstate_password = { env = '
        '"A_PASSWORD" }\n'
    )
    settings = load(write(MINIMUM + text))

    address = make_url(settings.workspace.state_address())
    assert (address.username, address.password, address.host, address.port) == (
        "someone",
        "p@ss/w:rd+canary",
        "db",
        5432,
    )
    assert address.query == {"sslmode": "require"}
    assert "canary" not in repr(settings)
    assert "canary" not in redact(str(settings.workspace.state_address()))


def test_a_password_without_an_address_is_refused(write):
    assert "state_url" in refusal(write(MINIMUM + 'state_password = { env = "A_PASSWORD" }\n'))


def test_plain_http_to_a_host_that_is_not_loopback_is_refused(write):
    assert "crm.url" in refusal(write(MINIMUM.replace("http://127.0.0.1:8801", "http://crm.example.com")))


@pytest.mark.parametrize("text", ["[crm\n", 'a = "\n'])
def test_what_is_not_toml_is_refused(write, text):
    assert "not valid TOML" in refusal(write(text))


def test_a_missing_file_names_the_remedy(tmp_path):
    assert "bothways init" in refusal(tmp_path / "none.toml")


def test_an_own_domain_is_a_domain(write):
    assert "own_domains" in refusal(write(MINIMUM + '[organisation]\nown_domains = ["me@example.com"]\n'))


def test_the_reference_loads_and_names_every_setting():
    reference = Path(__file__).parents[2] / "config" / "bothways.toml"
    text = reference.read_text(encoding="utf-8")

    load(reference)
    assert set(tomllib.loads(text)) == set(Settings.model_fields)
    for section, field in Settings.model_fields.items():
        if section != "crm":
            missing = [key for key in field.annotation.model_fields if f"{key} = " not in text]
            assert missing == [], f"[{section}] lacks {missing}"


def test_a_domain_is_ours_in_either_spelling(write):
    """RFC 5890, 2.3.2.1: "müller.example" and "xn--mller-kva.example" are the same domain; mail programs send either,
    and our own mail in the other one counted as the customer's.
    """
    given = '[organisation]\nown_domains = ["Müller.example", "xn--strae-oqa.example", "plain.example"]\n'
    domains = load(write(MINIMUM + given)).as_organisation().own_domains
    assert domains == (
        "müller.example",
        "xn--mller-kva.example",
        "xn--strae-oqa.example",
        "straße.example",
        "plain.example",
    )
