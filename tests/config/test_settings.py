"""Settings are read, or refused with the key, the line and the remedy; a secret is never echoed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from config.settings import Settings, load
from connectors.errors import ConfigError

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
