"""Landing: a cursor is worth no more than the pages on disk before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_crm import FakeConnector, at
from scorer import SPECS

from connectors.base import Page, Reject
from connectors.errors import AuthError, QuotaReached, RetriableError, SchemaError, Unreachable
from connectors.records import schema
from sync.errors import PullIncomplete
from sync.progress import NullProgress
from sync.pull.landing import Landing
from sync.pull.parts import Batch
from sync.pull.pull import PullPolicy, pull
from sync.state.database import open_state
from sync.state.tables import generations
from sync.system import files as durable


@pytest.fixture
def state(tmp_path):
    state = open_state(tmp_path)
    yield state
    state.close()


@pytest.fixture
def landing(tmp_path, state):
    return Landing(tmp_path, "fake", state, SPECS)


def page(*ids: str, cursor: str = "1", **rest) -> Page:
    rows = [{"id": i, "modified_at": at(1)} for i in ids]
    return Page("users", pa.RecordBatch.from_pylist(rows, schema=schema("users")), cursor, **rest)


def batch(*pages: Page) -> Batch:
    made = Batch()
    for one in pages:
        made.add(one)
    return made


def landed(landing: Landing) -> list[str]:
    return [i for path in landing.files("users").records for i in pq.read_table(path).column("id").to_pylist()]


def test_a_cursor_is_committed_only_after_its_part_is_on_disk(landing, monkeypatch):
    generation = landing.begin("users")
    generation = landing.land(generation, batch(page("U1", cursor="one")), "run", complete=False)

    def full_disk(path, write):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, "put", full_disk)
    with pytest.raises(OSError, match="No space"):
        landing.land(generation, batch(page("U2", cursor="two")), "run", complete=False)
    assert landing.generation("users", "filling").cursor == "one"


def test_a_part_that_was_never_committed_is_not_read_and_is_overwritten(landing):
    generation = landing.land(landing.begin("users"), batch(page("U1")), "run", complete=True)
    stray = landing.files("users").records[0].with_name(f"part-{generation.next_part:06d}.parquet")
    stray.write_bytes(b"half a pa")
    assert landed(landing) == ["U1"]
    landing.land(generation, batch(page("U2")), "run", complete=True)
    assert landed(landing) == ["U1", "U2"]


def test_a_full_read_replaces_the_old_generation_only_when_it_is_complete(landing):
    landing.land(landing.begin("users"), batch(page("U1", "U2")), "run", complete=True)
    old = landing.files("users").records[0]
    fresh = landing.land(landing.begin("users"), batch(page("U2")), "run", complete=False)
    assert landed(landing) == ["U1", "U2"]
    landing.land(fresh, batch(page("U3")), "run", complete=True)
    assert landed(landing) == ["U2", "U3"]
    assert not old.exists()


def test_seq_grows_over_parts_tombstones_and_generations(landing):
    generation = landing.land(
        landing.begin("users"), batch(page("U1", "U2", deleted=("U9",), merged={"U8": "U1"})), "run", complete=True
    )
    landing.land(generation, batch(page("U3")), "run", complete=True)
    files = landing.files("users")
    rows = [n for p in files.records for n in pq.read_table(p).column("_seq").to_pylist()]
    gone = pq.read_table(files.gone[0]).to_pylist()
    assert rows == [1, 2, 5]
    assert gone == [{"id": "U9", "survivor": None, "_seq": 3}, {"id": "U8", "survivor": "U1", "_seq": 4}]
    assert landing.begin("users").seq == 5


def test_a_generation_with_a_missing_or_shortened_part_does_not_count(landing):
    landing.land(landing.begin("users"), batch(page("U1")), "run", complete=True)
    part = landing.files("users").records[0]
    part.write_bytes(part.read_bytes()[:-7])
    assert landing.generation("users", "current") is None


def test_compaction_keeps_every_record_and_its_number(landing):
    generation = landing.begin("users")
    for n in range(6):
        generation = landing.land(generation, batch(page(f"U{n}")), "run", complete=n == 5)
    before = [row for p in landing.files("users").records for row in pq.read_table(p).to_pylist()]
    landing.compact("users", above=5)
    (only,) = landing.files("users").records
    assert pq.read_table(only).to_pylist() == before
    after = landing.land(landing.generation("users", "current"), batch(page("U6")), "run", complete=True)
    assert (after.seq, len(landing.files("users").records)) == (7, 2)


def test_rejects_are_landed_and_counted(landing):
    reject = Reject("users", "U1", "email", "not an address", "users.csv:4")
    generation = landing.land(landing.begin("users"), batch(page("U1", rejects=(reject,))), "run", complete=True)
    (path,) = landing.files("users").rejects
    assert generation.rejects == 1
    assert pq.read_table(path).to_pylist()[0]["source"] == "users.csv:4"


def test_a_page_without_a_column_is_refused_by_name(landing):
    lame = Page("users", pa.RecordBatch.from_pylist([{"id": "U1"}]), "1")
    with pytest.raises(SchemaError, match="users lacks the columns name, email"):
        landing.land(landing.begin("users"), batch(lame), "run", complete=True)


def pulled(connector, landing, state, run_id="run", **policy):
    return pull(connector, landing, state, run_id, PullPolicy(**policy), NullProgress())


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (Unreachable("nobody there"), PullIncomplete),
        (QuotaReached("used up"), QuotaReached),
        (AuthError("revoked"), AuthError),
    ],
)
def test_a_broken_stream_makes_the_pull_incomplete_and_is_taken_up_at_its_cursor(crm, landing, state, fault, raised):
    connector = FakeConnector(crm, SPECS, break_read={"activities": (3, fault)})
    with pytest.raises(raised, match=str(fault)):
        pulled(connector, landing, state)
    kept = landing.generation("activities", "filling")
    done = pulled(connector, landing, state)
    again = [since for stream, since in connector.reads if stream == "activities"]
    assert again == [None, kept.cursor]
    complete = {s for s, records in crm.records.items() if len(records) <= done.rows[s]}
    assert complete == set(crm.records)


def test_only_what_changed_is_read_again(connector, crm, landing, state):
    pulled(connector, landing, state, "one")
    crm.put("accounts", "A001", name="Renamed")
    again = pulled(connector, landing, state, "two")
    assert again.rows["accounts"] == 2  # the changed one, and the last one seen: cursors are inclusive
    assert landing.generation("accounts", "current").number == 1


@pytest.mark.parametrize("why", ["asked", "old", "not incremental", "other columns", "other mapping"])
def test_a_stream_is_read_whole_when_it_must_be(why, connector, crm, tmp_path, landing, state):
    pulled(connector, landing, state, "one")
    specs, policy = SPECS, {}
    if why == "asked":
        policy = {"full": True}
    elif why == "old":
        policy = {"full_every": timedelta(0)}
    elif why == "not incremental":
        connector.incremental = False
    elif why == "other columns":
        specs = SPECS[:-1]
        connector.specs = specs
    landing = Landing(tmp_path, "fake", state, specs, "new mapping" if why == "other mapping" else "")
    pulled(connector, landing, state, "two", **policy)
    whole = {stream for stream, since in connector.reads[-6:] if since is None}
    expected = {"opportunities"} if why == "other columns" else set(crm.records) | {"cases"}
    assert whole == expected


def test_a_record_that_a_full_read_does_not_see_is_gone(connector, crm, landing, state):
    pulled(connector, landing, state, "one")
    crm.delete("users", "U1")
    crm.log.clear()
    pulled(connector, landing, state, "two", full=True)
    assert landed(landing) == []


def test_a_defect_in_a_connector_is_not_taken_for_a_broken_connection(connector, landing, state, monkeypatch):
    def broken(stream, since):
        raise ZeroDivisionError
        yield

    monkeypatch.setattr(connector, "read", broken)
    with pytest.raises(ZeroDivisionError):
        pulled(connector, landing, state)


def test_a_damaged_cursor_is_not_trusted(landing, state):
    landing.land(landing.begin("users"), batch(page("U1", cursor="100")), "run", complete=True)
    with state.engine.begin() as connection:
        connection.execute(generations.update().values(cursor="900"))
    assert landing.generation("users", "current") is None


def test_a_read_that_breaks_off_is_gone_on_with_at_its_cursor_in_the_same_run(crm, landing, state):
    connector = FakeConnector(crm, SPECS, break_read={"activities": (3, RetriableError("reset by peer"))})
    done = pulled(connector, landing, state)
    again = [since for stream, since in connector.reads if stream == "activities"]
    assert again[0] is None
    assert len(again) == 2
    assert again[1] is not None
    assert all(len(records) <= done.rows[stream] for stream, records in crm.records.items())


@pytest.mark.parametrize("incremental", [True, False])
def test_what_an_attempt_has_read_is_not_read_again_unless_it_is_files(crm, landing, state, incremental):
    connector = FakeConnector(crm, SPECS, read_workers=1, incremental=incremental)
    connector.break_read = {"cases": (0, Unreachable("nobody there"))}
    with pytest.raises(PullIncomplete):
        pulled(connector, landing, state)
    first = len(connector.reads)
    crm.put("accounts", "A000", name="Mended")
    done = pulled(connector, landing, state)
    again = {stream for stream, _ in connector.reads[first:]}
    assert again == (
        {"cases"} if incremental else {"accounts", "people", "users", "opportunities", "activities", "cases"}
    )
    assert done.rows["accounts"] == 12


class ShowingConnector(FakeConnector):
    """Says which fields it shows, and which streams it has."""

    shown = ("Email:email", "Name:string")
    streams: tuple[str, ...] = ()

    def shown_fields(self, stream: str) -> tuple[str, ...]:
        return self.shown if stream == "users" else ()

    @property
    def capabilities(self):
        kept = super().capabilities
        return replace(kept, streams=tuple(s for s in kept.streams if s in self.streams)) if self.streams else kept


class Notes(NullProgress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def showing(crm):
    return ShowingConnector(crm, SPECS)


def pulled_users(connector, landing, state, run: str) -> tuple[list[str | None], list[str]]:
    """From where the users were read, and what was said."""
    before, notes = len(connector.reads), Notes()
    pull(connector, landing, state, run, PullPolicy(), notes)
    return [since for stream, since in connector.reads[before:] if stream == "users"], notes.said


def test_a_field_that_appears_or_goes_means_a_whole_read_of_its_stream_and_is_said(showing, landing, state):
    """A field granted after the first read was null until the next whole read (estuary/connectors#3493)."""
    pulled_users(showing, landing, state, "one")
    [since], said = pulled_users(showing, landing, state, "two")
    assert since is not None
    assert not said
    showing.shown = ("Email:email", "Name:string", "Zone:picklist")
    [since], said = pulled_users(showing, landing, state, "three")
    assert since is None
    assert said == ["The CRM now shows Zone: users is read whole, so that every record has it."]
    assert [since for stream, since in showing.reads[-6:] if stream == "people"] != [None], "other streams are not"
    showing.shown = ("Name:string",)
    [since], [said_of_lost] = pulled_users(showing, landing, state, "four")
    assert since is None
    assert said_of_lost.startswith("The CRM no longer shows Email, Zone: users is read whole")
    showing.shown = ("Name:textarea",)
    [since], said = pulled_users(showing, landing, state, "five")
    assert since is None, "a field of another type is another field"
    assert len(said) == 2


def test_a_stream_that_is_gone_leaves_nothing_behind_that_is_scored(showing, landing, state):
    """Access to an object is taken away: its last records are not those of today."""
    pulled_users(showing, landing, state, "one")
    assert landing.files("users").records
    showing.streams = ("accounts", "people", "opportunities", "activities", "cases")
    reads, said = pulled_users(showing, landing, state, "two")
    assert not reads
    assert said == ["The CRM no longer has users for us: what was read of it before is left out."]
    assert not landing.files("users").records
    assert pulled_users(showing, landing, state, "three")[1] == []
