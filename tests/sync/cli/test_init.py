"""`init` as a person types it: through a pseudo-terminal against an emulated CRM, and with flags alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib

import pytest

from config.loading import load_mapping, load_model
from config.settings import load
from connectors.errors import ConfigError
from connectors.hubspot.config import HubSpotMapping
from sync.onboarding.demo import build_emulator, organisation_for
from sync.onboarding.wizard import Given, address_of, ask_kind, crm_settings, kind_of

MAIN = [sys.executable, "-c", "from sync.cli.app import main; main()"]


@pytest.fixture(scope="module")
def hubspot():
    with build_emulator("hubspot", organisation_for(None, 7, 24, 1.0, 1.0)) as server:
        yield server


def test_a_person_is_asked_little_forgiven_and_proposed_what_the_crm_shows(hubspot, typed, tmp_path):
    seen, code = typed(
        ["init"],
        [("Which CRM", "hub"), ("Which CRM", "HubSpot "), ("Service key", hubspot.app.token), ("own mail domains", ""),
         ("Corporate currency", "euro"), ("Corporate currency", " eur"), ("no customers", "sponsor"),
         ("no customers", "partner; prospect"), ("segment", "no_such_field"), ("segment", "country"),
         ("Rate your product families now?", "")],
        tmp_path,
        BOTHWAYS_CRM__URL=hubspot.url,
    )  # fmt: skip
    settings, model, mapping = (
        tomllib.loads((tmp_path / name).read_text()) for name in ("bothways.toml", "model.toml", "mapping.toml")
    )

    assert code == 0, seen
    assert "The credentials work." in seen
    assert "A currency is three letters" in seen
    assert "No account looked at is of type sponsor." in seen
    assert "No account looked at has anything in a field no_such_field." in seen
    assert "Later: bothways rate" in seen
    assert "Next: export BOTHWAYS_CRM_TOKEN=" in seen
    assert settings["organisation"]["own_domains"] == ["halden.example"]  # of the users' addresses
    assert settings["organisation"]["corporate_currency"] == "EUR"
    assert (settings["score"], settings["mapping"]) == ({"model": "model.toml"}, {"file": "mapping.toml"})
    assert model == {"accounts": {"excluded_types": ["partner", "prospect"]}}
    assert mapping == {"accounts": {"fields": {"industry": "country"}}}
    assert load_mapping(HubSpotMapping, load(tmp_path / "bothways.toml")).accounts.fields["industry"] == "country"
    assert hubspot.app.token not in seen + (tmp_path / "bothways.toml").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bothways.toml", "mapping.toml", "model.toml"]


def test_every_answer_is_a_flag(tmp_path):
    flags = ["--crm", "Salesforce", "--url", "acme.lightning.force.com/lightning/page/home", "--client-id", "3MVG9",
             "--own-domain", "acme.example", "--currency", "EUR", "--time-zone", "Europe/Berlin",
             "--exclude-type", "Partner", "--segment", "Segment__c", "--yes"]  # fmt: skip
    env = {k: v for k, v in os.environ.items() if not k.startswith("BOTHWAYS_")}
    done = subprocess.run([*MAIN, "init", *flags], cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    settings = tomllib.loads((tmp_path / "bothways.toml").read_text())

    assert settings["crm"]["url"] == "https://acme.my.salesforce.com"
    assert settings["crm"]["auth"]["method"] == "client_credentials"
    assert settings["organisation"] == {
        "own_domains": ["acme.example"], "time_zone": "Europe/Berlin", "corporate_currency": "EUR"
    }  # fmt: skip
    assert load_model(load(tmp_path / "bothways.toml")).accounts.excluded_types == ("Partner",)
    assert tomllib.loads((tmp_path / "mapping.toml").read_text())["accounts"]["fields"] == {"industry": "Segment__c"}
    assert "export BOTHWAYS_CRM_SECRET=" in done.stdout


def test_credentials_that_fail_are_said_and_the_file_is_written_all_the_same(hubspot, tmp_path, monkeypatch):
    monkeypatch.setenv("BOTHWAYS_CRM_TOKEN", "wrong")
    said: list[str] = []
    given = Given(url=hubspot.url, yes=True)
    draft = crm_settings("hubspot", given, tmp_path / "b.toml", lambda *_: "", said.append)

    assert not draft.works
    assert said[0].startswith("The credentials did not work: ")
    assert tomllib.loads(draft.text)["organisation"]["own_domains"] == []


def test_names_of_crms_and_addresses_are_taken_as_people_write_them():
    assert [kind_of(text) for text in ("SF", " Hub-Spot", "CSV", "sugar")] == ["salesforce", "hubspot", "files", None]
    assert address_of(" acme.my.salesforce.com/x ") == "https://acme.my.salesforce.com"
    with pytest.raises(ConfigError, match="'sugar' is not a CRM"):
        ask_kind(lambda *_: "", "sugar")


def test_files_are_named_from_where_the_person_is(tmp_path):
    (tmp_path / "exports").mkdir()
    (tmp_path / "deep").mkdir()
    env = {k: v for k, v in os.environ.items() if not k.startswith("BOTHWAYS_")}
    flags = ["--config", "deep/b.toml", "--crm", "files", "--url", "exports", "--own-domain", "a.example"]
    subprocess.run([*MAIN, "init", *flags], cwd=tmp_path, env=env, check=True, capture_output=True)

    assert tomllib.loads((tmp_path / "deep" / "b.toml").read_text())["crm"]["input"] == "../exports"


def test_with_yes_the_proposals_are_taken_and_said(hubspot, tmp_path, monkeypatch):
    monkeypatch.setenv("BOTHWAYS_CRM_TOKEN", hubspot.app.token)
    said: list[str] = []
    draft = crm_settings("hubspot", Given(url=hubspot.url, yes=True), tmp_path / "b.toml", lambda *_: "", said.append)

    assert draft.works
    assert tomllib.loads(draft.beside["model.toml"]) == {"accounts": {"excluded_types": ["partner"]}}
    assert [line for line in said if line.startswith("Not scored, as no customers by their type: partner (")]


def test_where_nobody_can_be_asked_nothing_is_asked_and_nothing_left_out(hubspot, tmp_path, monkeypatch):
    monkeypatch.setenv("BOTHWAYS_CRM_TOKEN", hubspot.app.token)
    given = Given(url=hubspot.url, domains=["halden.example"], asking=False)
    draft = crm_settings(
        "hubspot", given, tmp_path / "b.toml", lambda question, *_: pytest.fail(question), lambda _: None
    )

    assert (draft.works, draft.beside) == (True, {})
