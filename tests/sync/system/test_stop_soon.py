"""A run that is asked to stop ends, whatever it is at; each of these would go on for minutes otherwise."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace

import pytest
from fake_crm import FakeConnector
from scorer import SPECS

from connectors import stopping
from connectors.errors import RetriableError
from connectors.http.circuit_breaker import Governor
from connectors.http.retry import retrying, without_waiting
from connectors.salesforce.api.client import Client
from connectors.salesforce.config import SalesforceConfig
from enrichment.model import ScoringModel
from sync.errors import Stopped
from sync.options import RunContext
from sync.progress import NullProgress
from sync.run import run_sync
from sync.system import stop_soon
from sync.system.duckdb import session

LONG = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE hash(a.range, b.range) % 7 = 3"


@pytest.fixture
def stop():
    """An event that is set shortly after the test has begun."""
    event = threading.Event()
    timer = threading.Timer(0.3, event.set)
    timer.start()
    yield event
    timer.join()


def test_a_long_statement_is_interrupted(stop, tmp_path):
    with pytest.raises(Stopped), stop_soon.stopping_soon(stop), session(tmp_path) as database:
        database.execute(LONG)


def test_no_statement_begins_afterwards(tmp_path):
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped), stop_soon.stopping_soon(stop):
        _many_statements(tmp_path)


def _many_statements(folder):
    with session(folder) as database:
        while True:
            database.execute("SELECT 1").fetchall()


def test_a_long_wait_is_not_waited_out(stop):
    without_waiting(on=False)

    def fails():
        raise RetriableError("later", retry_after=50.0)

    with pytest.raises(Stopped), stop_soon.stopping_soon(stop):
        retrying(fails, on=RetriableError)


def test_a_pause_that_the_server_asked_for_is_not_waited_out(stop):
    governor = Governor()
    governor._braked_until = governor._clock() + 300
    with pytest.raises(Stopped), stop_soon.stopping_soon(stop), governor.call():
        pass


def test_a_call_without_an_answer_is_cut(stop, monkeypatch):
    monkeypatch.setenv("BOTHWAYS_TEST_TOKEN", "canary")
    monkeypatch.setattr(stop_soon, "GRACE", 0.2)
    auth = {"method": "token", "token": {"env": "BOTHWAYS_TEST_TOKEN"}}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = Client(SalesforceConfig.model_validate({"kind": "salesforce", "url": url, "auth": auth}))
        with pytest.raises(Stopped), stop_soon.stopping_soon(stop):
            client.limits()
        client.transport.close()


def test_a_pull_whose_pages_do_not_come_ends_and_the_next_run_resumes(crm, sync):
    """The run is noted as interrupted, not as failed, and nothing it had is lost."""
    stop, asked = threading.Event(), threading.Event()

    class Waiting(FakeConnector):
        def read(self, stream, since):
            if stream == "cases" and not asked.is_set():
                asked.set()
                stop.set()
                stopping.pause(300.0)
            yield from super().read(stream, since)

    with pytest.raises(Stopped):
        sync(Waiting(crm, SPECS), stop=stop)
    again = sync(FakeConnector(crm, SPECS))
    assert (again.resumed, again.exit_code) == (True, 0)
    assert not stopping.asked(), "the next run of a daemon starts as if nobody had asked"


@pytest.mark.parametrize("stage", ["land", "enrich", "diff", "write"])
def test_each_stage_ends_and_the_next_run_resumes(stage, crm, sync, workspace, options):
    stop = threading.Event()

    class Progress(NullProgress):
        def stage(self, name):
            if name == stage:
                stop.set()
                while not stopping.asked():
                    threading.Event().wait(0.01)

    asked = replace(options, stop=stop)
    with pytest.raises(Stopped):
        run_sync(RunContext(FakeConnector(crm, SPECS), workspace, ScoringModel(), SPECS, asked, Progress()))
    again = sync(FakeConnector(crm, SPECS))
    assert (again.resumed, again.exit_code) == (True, 0)
    assert sync(FakeConnector(crm, SPECS)).changed == 0
