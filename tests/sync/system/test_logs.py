"""stderr: lines for people on a terminal, JSON elsewhere; nobody outside can add a line, and no secret gets through."""

from __future__ import annotations

import io
import json
import logging
import resource
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import redaction
from connectors.redaction import remember
from sync.console.output import Output
from sync.system import logs

CANARY = "canary-of-logs-4471"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(redaction, "_known", redaction._Known())


@pytest.fixture
def stderr(monkeypatch):
    """Captures stderr; `stderr(tty=True)` is a terminal."""

    def capture(*, tty=False):
        stream = Terminal() if tty else io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return capture


@pytest.fixture
def installed(monkeypatch):
    """The hooks and handlers in place; afterwards everything is as it was."""
    for hook in ("excepthook", "unraisablehook"):
        monkeypatch.setattr(sys, hook, getattr(sys, hook))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    root, level = logging.getLogger(), logging.getLogger("connectors").level
    handlers, core = list(root.handlers), resource.getrlimit(resource.RLIMIT_CORE)
    logs.install()
    yield
    root.handlers[:] = handlers
    logging.getLogger("connectors").setLevel(level)
    resource.setrlimit(resource.RLIMIT_CORE, core)


def test_a_terminal_gets_words_and_a_pipe_gets_json(stderr, monkeypatch):
    terminal = stderr(tty=True)
    logs.write("info", "pull ...")
    assert terminal.getvalue() == "pull ...\n"

    pipe = stderr()
    logs.write("info", "pull ...")
    line = json.loads(pipe.getvalue())
    assert (line["level"], line["message"]) == ("info", "pull ...")

    monkeypatch.setenv("BOTHWAYS_LOG_FORMAT", "text")
    plain = stderr()
    logs.write("info", "pull ...")
    assert plain.getvalue() == "pull ...\n"


def test_an_error_is_a_line_for_people_unless_json_was_asked_for(stderr, monkeypatch):
    pipe = stderr()
    Output().error("No.", "Do this.", 2)
    assert pipe.getvalue() == "bothways: No.\nDo this.\n"

    monkeypatch.setenv("BOTHWAYS_LOG_FORMAT", "json")
    pipe = stderr()
    Output().error("No.", "Do this.", 2)
    line = json.loads(pipe.getvalue())
    assert (line["message"], line["remedy"], line["exit_code"]) == ("No.", "Do this.", 2)


@settings(max_examples=60)
@given(text=st.text(st.characters(), max_size=200))
def test_no_text_makes_a_second_line_of_the_log(text):
    before, sys.stderr = sys.stderr, io.StringIO()
    try:
        logs.write("info", text)
        written = sys.stderr.getvalue()
    finally:
        sys.stderr = before

    assert written.isascii()
    assert written.count("\n") == 1
    assert len(written.splitlines()) == 1
    json.loads(written)


def test_a_line_names_its_run(stderr, monkeypatch):
    monkeypatch.setattr(logs, "_context", {})
    logs.about("20261015T000000-abc123")
    pipe = stderr()
    logs.write("info", "x")

    assert json.loads(pipe.getvalue())["run_id"] == "20261015T000000-abc123"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_no_way_out_shows_a_secret(stderr, installed):
    remember(CANARY)
    pipe = stderr()
    logging.getLogger("urllib3").warning("retry with %s", CANARY)
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        logging.getLogger("sync").exception("it broke")
        sys.excepthook(type(error), error, error.__traceback__)

    def breaks():
        raise RuntimeError(CANARY)

    thread = threading.Thread(target=breaks)
    thread.start()
    thread.join()

    assert CANARY not in pipe.getvalue()
    assert pipe.getvalue().count("[secret]") >= 4
    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0


def test_debug_tells_requests_without_their_query_body_or_token(stderr, monkeypatch, installed):
    from connectors.http.traffic import Exchange

    logging.getLogger("connectors").setLevel("DEBUG")
    pipe = stderr()
    sent = {"Authorization": f"Bearer {CANARY}", "Content-Type": "application/json"}
    Exchange("GET", f"/services/data/v68.0/query?q=SELECT+{CANARY}", sent).answered(
        200, {"Set-Cookie": CANARY, "Date": "today"}
    )

    line = json.loads(pipe.getvalue())
    assert CANARY not in pipe.getvalue()
    assert "GET /services/data/v68.0/query -> 200" in line["message"]
    assert "today" in line["message"]
