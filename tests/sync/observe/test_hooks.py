"""What a sync tells the outside, over real sockets; and that nothing out there can fail or hold up a run."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from config.settings import Settings
from connectors import redaction
from connectors.errors import AuthError, ConfigError, QuotaReached, RetriableError
from enrichment.model import ScoringModel
from sync.errors import BrakeReached, LockHeld, OutOfTime, Stopped, exit_code
from sync.observe import alerts as notify
from sync.observe import last_outcome as outcome
from sync.observe.hooks import observed
from sync.options import RunContext
from sync.progress import NullProgress
from sync.result import RunResult
from sync.run import run_sync
from sync.system.time_limit import within_time
from sync.system.times import duration_argument

SECRET = "canary-hook-7731"


class Receiver:
    """Takes what is posted. `answer` is the status, or a function of the handler."""

    def __init__(self):
        self.got, self.answer = [], 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                receiver.got.append((self.path, json.loads(body) if body else None))
                if callable(receiver.answer):
                    receiver.answer(self)
                    return
                self.send_response(receiver.answer)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/{SECRET}"

    def texts(self):
        return [body["text"] for path, body in self.got if body]

    def beats(self):
        return [path.removeprefix(f"/{SECRET}") for path, body in self.got if body is None]


@pytest.fixture
def receiver(monkeypatch):
    monkeypatch.setattr(redaction, "_known", redaction._Known())
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def settings(tmp_path, monkeypatch, receiver):
    def make(**notify):
        monkeypatch.setenv("A_HOOK", receiver.url)
        told = {"webhook": {"env": "A_HOOK"}, "heartbeat": {"env": "A_HOOK"}} | notify
        return Settings(
            crm={"kind": "files", "input": str(tmp_path)}, workspace={"dir": str(tmp_path / "ws")}, notify=told
        )

    return make


def result(code=0, **counts):
    return RunResult("20261015T000000-abcdef", "files", "", "m1", exit_code=code, **counts)


def run(settings, ending):
    """A sync that ends with an exit code, or with an error."""
    if isinstance(ending, BaseException):
        with pytest.raises(type(ending)), observed(settings):
            raise ending
    else:
        with observed(settings) as seen:
            seen.result = result(ending, written=3, changed=3)


@pytest.mark.parametrize(
    ("ending", "beats", "told"),
    [
        (0, ["/start", ""], None),
        (3, ["/start", ""], "exit code 3"),
        (AuthError("the CRM says Ann Example may not"), ["/start", "/fail"], "exit code 4"),
        (BrakeReached("Acme Ltd"), ["/start", "/fail"], "a person must decide (exit code 5)"),
        (LockHeld("x"), ["/start"], None),
        (QuotaReached("x"), ["/start"], None),
        (RetriableError("x"), ["/start", "/fail"], "exit code 8"),
        (Stopped("x"), ["/start"], None),
        (SystemExit(143), ["/start"], None),
        (ValueError("a defect"), ["/start", "/fail"], "exit code 1"),
    ],
    ids=repr,
)
def test_each_ending_is_told_to_whom_it_concerns(settings, receiver, ending, beats, told):
    run(settings(), ending)

    assert receiver.beats() == beats
    assert [told] * (told is not None) == [told for text in receiver.texts() if told and told in text]
    assert len(receiver.texts()) == (told is not None)
    assert not any("Ann" in text or "Acme" in text for text in receiver.texts())


def test_a_recovery_is_told_once_and_a_failure_not_every_time(settings, receiver):
    asked = settings()
    for ending in (AuthError("x"), AuthError("x"), RetriableError("y"), QuotaReached("z"), 0, 0):
        run(asked, ending)

    assert [text.split("(exit code ")[-1][0] if "exit" in text else "recovered" for text in receiver.texts()] == [
        "4",
        "8",
    ]
    run(asked, AuthError("x"))
    run(asked, 0)
    assert "recovered" in receiver.texts()[-1]
    assert "3 written" in receiver.texts()[-1]


def test_the_same_failure_is_told_again_after_the_hours_asked_for(settings, receiver):
    for _ in range(2):
        run(settings(repeat_hours=0), AuthError("x"))

    assert len(receiver.texts()) == 2


def test_only_the_events_asked_for_are_told(settings, receiver):
    run(settings(on=["brake"]), AuthError("x"))
    run(settings(on=["brake"]), BrakeReached("x"))

    assert len(receiver.texts()) == 1


def hang_up(handler):
    handler.connection.close()


def drip(handler):
    try:
        for _ in range(100):
            handler.wfile.write(b"H")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass


@pytest.mark.parametrize("answer", [500, 302, 404, hang_up, drip], ids=["500", "302", "404", "hangs up", "drips"])
def test_a_receiver_that_misbehaves_costs_a_warning_and_no_secret(settings, receiver, answer, capsys, monkeypatch):
    monkeypatch.setattr(notify, "SECONDS", 0.3)
    receiver.answer = answer

    run(settings(), AuthError("x"))

    said = capsys.readouterr().err
    assert "could not be told" in said
    assert SECRET not in said
    assert [path for path, _ in receiver.got if "elsewhere" in path] == []
    assert outcome.last(settings().workspace.dir).alerted_at == ""


@pytest.mark.parametrize("address", ["http://example.com/hook", "ftp://x", "not an address", ""])
def test_an_address_that_is_not_safe_is_not_asked(settings, monkeypatch, address, capsys):
    asked = settings()
    monkeypatch.setenv("A_HOOK", address)

    run(asked, AuthError("x"))

    assert "The run is not affected" in capsys.readouterr().err


def test_the_outcome_counts_runs_that_found_the_lock_held_and_keeps_the_last_real_one(settings):
    asked = settings(webhook=None, heartbeat=None)
    run(asked, 0)
    for _ in range(3):
        run(asked, LockHeld("x"))

    assert outcome.waits(asked.workspace.dir) == 3
    assert outcome.last(asked.workspace.dir).exit_code == 0


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"at": "", "exit_code": 0}', '{"at": 1, "exit_code": 0}', '{"x": 1}', "null"]
)
def test_an_outcome_that_cannot_be_understood_is_none(tmp_path, text):
    (tmp_path / "outcome.json").write_text(text)

    assert outcome.last(tmp_path) is None


def test_a_workspace_that_cannot_be_written_fails_no_run(settings, capsys, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outcome, "keep", full)
    run(settings(), 0)

    assert "No space left" in capsys.readouterr().err


def test_a_run_that_is_over_its_time_is_deferred_and_a_signal_stays_a_signal():
    def reading(limit, stop):
        with within_time(stop, limit):
            assert stop.wait(10)
            raise Stopped("Asked to stop while reading.")

    with pytest.raises(OutOfTime) as caught:
        reading(timedelta(milliseconds=1), threading.Event())
    assert exit_code(caught.value) == 7
    for limit in (timedelta(hours=1), None):
        asked = threading.Event()
        asked.set()
        with pytest.raises(Stopped):
            reading(limit, asked)


def test_a_run_that_runs_out_of_time_while_writing_keeps_its_plan(connector, crm, workspace, options, monkeypatch):
    timers = []

    class Clock:
        daemon = False

        def __init__(self, seconds, act):
            timers.append(act)

        def start(self):
            pass

        cancel = join = start

    class Progress(NullProgress):
        def advance(self, stream, rows):
            if connector.writes_begun and timers:
                timers.pop()()

    monkeypatch.setattr("sync.system.time_limit.threading.Timer", Clock)
    connector.write_workers, connector.writes_begun, write = 1, False, connector.write

    def writing(changes):
        connector.writes_begun = True
        return write(changes)

    connector.write = writing

    def sync(limit=None):
        with within_time(options.stop, limit):
            return run_sync(RunContext(connector, workspace, ScoringModel(), connector.specs, options, Progress()))

    with pytest.raises(OutOfTime, match="same plan"):
        sync(timedelta(minutes=1))
    part = sum(
        bool(values.get("bothways_customer_dependence"))
        for values in crm.held(["bothways_customer_dependence"]).values()
    )
    assert 0 < part < 36
    options.stop.clear()
    told = sync()
    assert (told.resumed, told.written, told.exit_code) == (True, 36, 0)


def test_no_timer_is_left_behind():
    before = threading.active_count()
    with within_time(threading.Event(), timedelta(hours=1)):
        pass

    assert threading.active_count() == before


@pytest.mark.parametrize("text", ["", "h", "1", "-1h", "1y", "1.5h", "h1", "9999999h"])
def test_a_length_of_time_that_is_none_is_refused(text):
    with pytest.raises(ConfigError, match="26h"):
        duration_argument(text)
