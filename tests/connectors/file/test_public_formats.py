"""Exports as public documents describe them. Each test names its source; the values are our own."""

from __future__ import annotations

import gzip
import tomllib

import pytest

from connectors.errors import ConfigError
from connectors.file.presets.draft import draft

PEOPLE = "id,name,email,account_id,phone\np1,Ann,ann@zelkova.example,1,+49301234567\n"


def _calls(folder, log: str, **settings: str) -> tuple[list[tuple[object, ...]], list[str], str]:
    """(direction, outcome, automated, minute, minutes) of each call; rejects; what `check` says."""
    folder.put("accounts.csv", "id,name\n1,Zelkova\n")
    folder.put("people.csv", PEOPLE)
    folder.put("log.csv", log)
    mapping = {
        "accounts": {"from": "accounts.csv", "columns": {"id": "id", "name": "name"}},
        "people": {"from": "people.csv", "columns": {c: c for c in PEOPLE.splitlines()[0].split(",") if c != "name"}},
        "calls": {"file": "log.csv", **settings},
    }
    connector = folder.connect(mapping, own=("ours.example",))
    rows, rejects = [], []
    for page in connector.read("activities", None):
        rows += page.batch.to_pylist()
        rejects += [r.message for r in page.rejects]
    told = "\n".join(f.message for f in connector.check().findings)
    return (
        [(r["direction"], r["outcome"], r["automated"], f"{r['occurred_at']:%m-%d %H:%M}", r["minutes"]) for r in rows],
        rejects,
        told,
    )


def test_ringcentral_detailed_log_lists_legs_below_each_call(folder) -> None:
    """The legs of a call follow it with neither id nor numbers, and are no calls of their own.

    github.com/PacoVu/ringcentral-call-log, detailedCSVFormat.
    """
    head = (
        "Type,CallId,SessionId,Leg,Direction,From,To,Extension,Forwarded To,Name,Date,Time,Action,Action Result,"
        "Result Description,Duration,Included,Purchased,Site,Attachment\n"
    )
    log = head + (
        'Voice,Ab1,901,Leg-master,Incoming,+49301234567,+4930999,Rep,,"Ann",Tue 1/13/2026,9:17:00 AM,Phone Call,'
        "Accepted,,0:05:30,0,0,Main,-\n"
        ',,,Leg-1,Outgoing,,,Rep,+4930998,"Rep",Tue 1/13/2026,9:17:05 AM,VoIP Call,Call connected,,0:05:25,0,0,Main,\n'
    )
    rows, rejects, told = _calls(folder, log)
    assert rows == [("inbound", "done", False, "01-13 09:17", 5.5)]
    assert rejects == []
    assert "1 legs of calls that are listed themselves" in told


def test_ringcentral_simple_log_does_not_say_who_called(folder) -> None:
    """It has one number and no direction. github.com/PacoVu/ringcentral-call-log, simpleCSVFormat."""
    log = (
        "Type,Phone Number,Name,Date,Time,Action,Action Result,Result Description,Duration,Attachment\n"
        "Voice,+49301234567,Ann,Tue 1/13/2026,9:17:00 AM,Phone Call,Accepted,,0:05:30,-\n"
    )
    rows, rejects, _ = _calls(folder, log)
    assert rows == []
    assert "'Voice' cannot be read" in rejects[0]
    assert "export it with its direction" in rejects[0]


IVOZ = (
    "callid,startTime,duration,caller,callee,price,direction\n"
    "x1,2026-01-13 09:17:00,330,+49301234567,+4930999,,inbound\n"
)


def test_ivozprovider_gives_bare_seconds(folder) -> None:
    """A call is 330 long, and only the handbook says that these are seconds.

    irontec.github.io/ivozprovider, Call CSV schedulers.
    """
    with pytest.raises(ConfigError, match="bare numbers") as refused:
        _calls(folder, IVOZ)
    assert 'unit = "seconds"' in refused.value.remedy
    assert _calls(folder, IVOZ, unit="seconds")[0] == [("inbound", "done", False, "01-13 09:17", 5.5)]


@pytest.mark.parametrize(
    ("written", "minutes"), [("PT5M30S", 5.5), ("5m 30s", 5.5), ("1 h 2 min", 62.0), ("soon", None)]
)
def test_lengths_in_words_and_in_iso_8601_are_read_and_others_named(
    folder, written: str, minutes: float | None
) -> None:
    """PT5M30S is a duration of ISO 8601: RFC 3339, appendix A."""
    rows, rejects, _ = _calls(folder, IVOZ.replace(",330,", f",{written},"))
    assert [row[4] for row in rows] == [minutes]
    assert [r for r in rejects if "is no length of a call" in r] == (
        [] if minutes else ["'soon' is no length of a call; read as unknown"]
    )


def test_aircall_says_side_and_outcome_in_one_cell_and_has_calls_with_a_machine(folder) -> None:
    """`Call direction - Type` holds `Inbound - Answered`; an AI Call is one that no person of ours took.

    support.aircall.io, Analytics: Call attributes.
    """
    log = (
        "Call ID (UUID),Call direction - Type,Call type,From,To,Start time,Duration (in call),Number timezone\n"
        "CA1,Inbound - Answered,Answered,+49301234567,+4930999,2026-01-13 09:17:00,330,Europe/Berlin\n"
        "CA2,Outbound,Outbound,+4930999,+49301234567,2026-01-14 09:17:00,60,Europe/Berlin\n"
        "CA3,Inbound - AI Call,AI Call,+49301234567,+4930999,2026-01-15 09:17:00,60,Europe/Berlin\n"
    )
    assert [row[:3] for row in _calls(folder, log)[0]] == [
        ("inbound", "done", False),
        ("outbound", None, False),
        ("inbound", "done", True),
    ]


def test_calls_that_belong_to_nobody_are_said_and_a_phone_column_keeps_its_plus(folder) -> None:
    """Numbers in E.164, such as +4930999, all digits: irontec.github.io/ivozprovider, Call CSV schedulers."""
    rows, _, told = _calls(folder, IVOZ.replace("+49301234567", "+4930555"), unit="seconds")
    assert rows == []
    assert "No mail, meeting or call could be given to an account." in told
    assert "domains whose account is not known (tel 1)" in told


@pytest.mark.parametrize(
    "written",
    ["2026-01-13 09:17:00.123450+00:00", "2026-01-13T09:17:00+00:00", "2026-01-13 09:17:00 AM"],
    ids=["original", "iso8601", "excel"],
)
def test_close_writes_times_in_three_ways(folder, written: str) -> None:
    """developer.close.com, Exports: date_format original (the default), iso8601 or excel; files may be packed."""
    folder.put("leads.csv.gz", gzip.compress(b"id,display_name,status_label\nlead_1,Zelkova,Customer\n"))
    folder.put(
        "opportunities.csv",
        "id,lead_id,status_type,status_label,value,value_currency,date_created,date_won\n"
        f"oppo_1,lead_1,won,Won,2400050,EUR,{written},2026-01-20\n",
    )
    rows, rejects = folder.read("opportunities", tomllib.loads(draft(folder.input).text({})))
    assert [(r["account_id"], r["amount"], f"{r['created_at']:%Y-%m-%d %H:%M}") for r in rows] == [
        ("lead_1", 24000.5, "2026-01-13 09:17")
    ]
    assert rejects == []
