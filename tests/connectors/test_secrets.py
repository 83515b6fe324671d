"""Where secrets come from, and that a refusal names the source and never the value."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest
from pydantic import ValidationError

from connectors import redaction
from connectors.errors import ConfigError
from connectors.secrets import Secret

VALUE = "canary-5512-value"


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(redaction, "_known", redaction._Known())


def test_a_file_that_others_can_read_is_refused_with_the_command_that_mends_it(tmp_path):
    path = tmp_path / "token"
    path.write_text(VALUE + "\n")
    for mode in (0o644, 0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(ConfigError, match=f"chmod 600 {path}") as caught:
            Secret(file=path).read()
        assert VALUE not in str(caught.value)
    for mode in (0o600, 0o400):
        path.chmod(mode)
        assert Secret(file=path).read() == VALUE


def test_a_credential_of_systemd_is_found_where_systemd_says(tmp_path, monkeypatch):
    secret = Secret(credential="crm")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ConfigError, match="LoadCredential=crm"):
        secret.read()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(ConfigError, match="cannot be read"):
        secret.read()
    (tmp_path / "crm").write_text(VALUE)
    (tmp_path / "crm").chmod(0o440)  # an access rule for the unit's user shows as the group's rights

    assert secret.read() == VALUE


def test_a_command_is_run_anew_each_time_without_a_shell(tmp_path):
    count = tmp_path / "n"
    script = (
        f"import pathlib; p = pathlib.Path({str(count)!r}); p.write_text((p.read_text() if p.exists() else "
        f"'') + 'x'); print(p.read_text() + ' ; echo $HOME')"
    )
    secret = Secret(command=(sys.executable, "-c", script))

    assert [secret.read(), secret.read()] == ["x ; echo $HOME", "xx ; echo $HOME"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("/nonexistent/op",), "could not be run"),
        ((sys.executable, "-c", f"print('{VALUE}'); raise SystemExit(3)"), "code 3"),
    ],
)
def test_a_command_that_fails_is_named_by_its_first_word_only(command, said):
    with pytest.raises(ConfigError, match=said) as caught:
        Secret(command=command).read()
    assert VALUE not in str(caught.value)


@pytest.fixture
def desktop(monkeypatch):
    """A keyring module with one entry; `fails` makes it raise as one without a desktop does."""
    module, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (RuntimeError,), {})
    module.errors, module.fails = errors, False

    def get_password(service, user):
        if module.fails:
            raise errors.KeyringError("no backend")
        return {("bothways/crm", "prod"): VALUE}.get((service, user))

    module.get_password = get_password
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return module


def test_the_keyring_is_asked_for_service_and_user(desktop):
    assert Secret(keyring="bothways/crm/prod").read() == VALUE
    with pytest.raises(ConfigError, match="keyring set other prod"):
        Secret(keyring="other/prod").read()
    desktop.fails = True
    with pytest.raises(ConfigError, match="without a desktop"):
        Secret(keyring="bothways/crm/prod").read()


def test_without_the_extra_the_keyring_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(ConfigError, match=r"bothways\[keyring\]"):
        Secret(keyring="a/b").read()


@pytest.mark.slow
def test_the_real_keyring_on_a_machine_without_a_desktop_is_a_clear_error():
    code = "from connectors.secrets import Secret; Secret(keyring='a/b').read()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PATH": ""}, check=False)

    assert "ConfigError: The keyring cannot be asked" in done.stderr


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"env": "A", "file": "b"},
        {"env": VALUE},
        {"command": []},
        {"keyring": VALUE},
        {"credential": "../" + VALUE},
        {"value": VALUE},
    ],
)
def test_a_reference_that_is_none_is_refused_without_its_value(given):
    with pytest.raises(ValidationError) as caught:
        Secret(**given)
    assert VALUE not in "".join(fault["msg"] for fault in caught.value.errors())


def test_nothing_shows_the_value_of_a_secret(monkeypatch):
    monkeypatch.setenv("A_VARIABLE", VALUE)
    secret = Secret(env="A_VARIABLE")
    secret.read()

    assert VALUE not in f"{secret!r} {secret} {secret.model_dump()} {vars(secret)}"
