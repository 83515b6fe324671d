"""A secret that was read is not in what `redact` returns, whatever form it took; and what looks like one is not
either.
"""

from __future__ import annotations

import base64
import json
import string
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import redaction
from connectors.base import WriteError
from connectors.errors import ConfigError
from connectors.redaction import HIDDEN, redact, redact_values, remember, shown_headers

secrets = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=8, max_size=60)
around = st.text(string.ascii_letters + " :/\n\"'", max_size=8)
PEM = (
    "-----BEGIN RSA PRIVATE "
    "KEY-----\nMIIEowIBAAKCAQEA7canaryLine0123456789abcdef\nqq/+canaryLineTwo0123456789abcdefxy\n-----END RSA "
    "PRIVATE KEY-----"
)
FORMS = {
    "plain": str,
    "percent": lambda s: quote(s, safe=""),
    "form": quote_plus,
    "json": json.dumps,
    "json in UTF-8": lambda s: json.dumps(s, ensure_ascii=False),
    "repr": repr,
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 of user:secret": lambda s: base64.b64encode(b"user:" + s.encode()).decode(),
    "base64 of one more": lambda s: base64.urlsafe_b64encode(b"x" + s.encode() + b"tail").decode(),
}


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(redaction, "_known", redaction._Known())


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40)
@given(secret=secrets, before=around, after=around)
def test_no_form_of_a_secret_is_left(form, secret, before, after):
    redaction._known = redaction._Known()
    remember(secret)

    shown = redact(before + FORMS[form](secret) + after)

    assert HIDDEN in shown
    assert secret not in shown
    # However it was encoded, nobody can decode it from what is left.
    assert all(secret.encode() not in _decoded(word) for word in shown.split())


def _decoded(word: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
    except ValueError:
        return b""


@pytest.mark.parametrize("written", [str, repr, json.dumps, lambda s: "\n".join(s.splitlines()[1:2])])
def test_a_key_of_several_lines_is_hidden_line_by_line(written):
    remember(PEM)

    assert "canaryLine" not in redact(f"key: {written(PEM)} end")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer CANARY",
        "{'Authorization': 'Bearer CANARY'}",
        '{"client_secret": "CANARY", "x": 1}',
        "grant_type=refresh_token&refresh_token=CANARY&client_id=x",
        "https://login.example/token?access_token=CANARY",
        "postgresql+psycopg://bothways:CANARY@db/bothways",
        "Cookie: sid=CANARY; path=/",
        'password = "CANARY"',
        "the token pat-na1-CANARY".replace("CANARY", "0c0ffee0-1234-4abc-9def-0123456789ab"),
        "00D000000000062!AQ0AQCANARY0123456789abcdefgh",
        "00D000000000062%21AQ0A-CANARY0123456789abcdefgh",
        "post to https://hooks.slack.com/services/T000/B000/CANARY failed",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJDQU5BUlkifQ.CANARYCANARY",
        "-----BEGIN PRIVATE KEY-----\nCANARY",
    ],
)
def test_what_was_never_read_is_known_by_its_key_or_its_look(text):
    shown = redact(text)

    assert "CANARY" not in shown
    assert "0c0ffee0" not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    "text",
    [
        "crm.auth.client_secret: missing; add it",
        "The token of the fault tests is good.",
        "Environment variable BOTHWAYS_CRM_TOKEN is not set.",
        "https://example.my.salesforce.com/services/data/v68.0/query",
        "password reset by ann@example.com at 10:30",
    ],
)
def test_ordinary_words_are_left_alone(text):
    assert redact(text) == text


def test_data_loses_the_values_of_secrets_only():
    remember("canary-of-data-91")

    assert (
        redact_values('{"password": "theirs", "a": "canary-of-data-91"}')
        == f'{{"password": "theirs", "a": "{HIDDEN}"}}'
    )


def test_a_long_life_does_not_make_it_slow_and_what_is_in_use_stays_known():
    for number in range(3 * redaction.KEPT):
        remember("canary-of-the-client-secret")
        remember(f"access-token-{number:04d}")

    assert redact("canary-of-the-client-secret access-token-0191") == f"{HIDDEN} {HIDDEN}"
    assert len(redaction._known._values) == redaction.KEPT


def test_a_word_of_a_few_letters_is_not_hunted():
    remember("abc")

    assert redact("abcdef") == "abcdef"


def test_errors_are_born_without_secrets():
    remember("canary-of-errors-17")
    error = ConfigError("the CRM said canary-of-errors-17", remedy="not canary-of-errors-17")

    assert "canary" not in f"{error} {error!r} {error.remedy} {error.args}"
    assert "canary" not in repr(WriteError("rejected", "X", "canary-of-errors-17"))


def test_a_header_that_is_not_on_the_list_is_only_named():
    shown = shown_headers({"Authorization": "Bearer x", "X-New-Secret": "y", "Date": "today", "Retry-After": "3"})

    assert shown == {"authorization": "...", "x-new-secret": "...", "date": "today", "retry-after": "3"}


@pytest.mark.parametrize("part", ["a", "://a", "eyJ-", "https://a.webhook.", "x://a:"])
def test_a_text_made_to_keep_the_search_busy_is_cut_and_done_with(part):
    """Were an expression of quadratic time, this would not end within a day."""
    shown = redact(part * 2_000_000)

    assert len(shown) < redaction.LONGEST + 100
    assert shown.endswith("more characters)")
