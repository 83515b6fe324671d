"""Activities as Salesforce keeps them: calls and tasks as Task, meetings as Event, emails as EmailMessage with a Task
beside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from connectors.emulator.salesforce.seed.acts import Act, acts
from connectors.emulator.salesforce.seed.shapes import COLUMNS
from connectors.emulator.salesforce.seed.tools import Filling
from connectors.emulator.salesforce.store.dates import parse_time, stamp

_ARCHIVE_AFTER = timedelta(days=365)
_SPLIT = 50_000
_CALL_TYPES = {"inbound": "Inbound", "outbound": "Outbound", "internal": "Internal"}
_DISPOSITIONS = {"done": "Connected", "not_connected": "No answer"}
_MEETINGS = {"done": "Held", "no_show": "No show", "cancelled": "Cancelled", "scheduled": "Scheduled"}
_EMAILS = ("email", "case_reply")


@dataclass(slots=True)
class Activities:
    """Writes the activities of a filling, chunk by chunk."""

    filling: Filling
    account_of: dict[str, str | None] = field(default_factory=dict)
    """Contact, opportunity or account -> the account that Salesforce computes for an activity about it."""
    address_of: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    """Contact or user -> name, address."""
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    archive_day: str = ""

    def fill(self) -> None:
        self._learn()
        filling = self.filling
        self.archive_day = (date.fromisoformat(filling.now[:10]) - _ARCHIVE_AFTER).isoformat()
        filling.ids["activities"] = made = {}
        for index, (canonical, act) in enumerate(acts(filling)):
            made[canonical] = self._add(act)
            if index % _SPLIT == _SPLIT - 1:
                self._flush()
        self._flush()

    def _learn(self) -> None:
        store = self.filling.org.store
        for record, account in store.tuples(
            "SELECT Id, AccountId FROM Contact UNION ALL SELECT Id, AccountId FROM Opportunity"
        ):
            self.account_of[record] = account
        for (record,) in store.tuples("SELECT Id FROM Account"):
            self.account_of[record] = record
        for record, name, address in store.tuples(
            "SELECT Id, Name, Email FROM Contact UNION ALL SELECT Id, Name, Email FROM User"
        ):
            self.address_of[record] = (name, address)

    def _add(self, act: Act) -> str:
        if act.channel in _EMAILS and act.direction is not None:
            return self._email(act)
        return self._meeting(act) if act.channel == "meeting" else self._task(act)

    def _put(self, name: str, row: tuple[Any, ...]) -> None:
        self.rows.setdefault(name, []).append(row)

    def _new(self, prefix: str) -> str:
        return self.filling.org.serials.next(prefix)

    def _account(self, act: Act) -> str | None:
        """As Salesforce computes it: from an account or opportunity the activity is about, else from its contact."""
        about = act.opportunity or (act.account if act.what == act.account else None)
        if about is not None:
            return self.account_of.get(about)
        return self.account_of.get(act.people[0]) if act.people else None

    def _owner(self, act: Act) -> str:
        return act.users[0] if act.users else self.filling.admin

    def _task(self, act: Act) -> str:
        record = self._new("00T")
        kind = {"call": "Call", "email": "Email", "case_reply": "Email"}.get(act.channel, "Task")
        is_open = act.outcome == "scheduled"
        call = act.channel == "call"
        kept_time = None if act.date_only or is_open else act.at
        row = (
            record,
            act.people[0] if act.people else None,
            act.what,
            {"call": "Call", "email": "Email: (logged by hand)", "note": "Note"}.get(act.channel, "Task"),
            act.at[:10] if act.at else None,
            "Not Started" if is_open else "Deferred" if act.outcome == "cancelled" else "Completed",
            "Normal",
            self._owner(act),
            {"call": "Call", "email": "Email", "note": "Note"}.get(act.channel),
            self._account(act),
            int(not is_open),
            int(not is_open and bool(act.at) and str(act.at)[:10] < self.archive_day),
            None if act.minutes is None else round(act.minutes * 60),
            _CALL_TYPES.get(act.direction or "") if call else None,
            _DISPOSITIONS.get(act.outcome or "", act.outcome) if call and not is_open else None,
            kept_time,
            kind,
            len(act.people),
            int(act.what is not None),
            act.automated,
            act.mandated,
            *act.audit,
        )
        self._put("Task", row)
        if len(act.people) > 1:
            self._task_relations(record, act)
        return record

    def _task_relations(self, task: str, act: Act) -> None:
        for person in act.people:
            account = self.account_of.get(person)
            self._put("TaskRelation", (self._new("0RT"), task, person, account, 0, *act.audit))
            self._put("TaskWhoRelation", (self._new("0RX"), task, person, account, "Contact", *act.audit))
        if act.what:
            self._put("TaskRelation", (self._new("0RT"), task, act.what, self.account_of.get(act.what), 1, *act.audit))

    def _meeting(self, act: Act) -> str:
        record = self._new("00U")
        self._put("Event", self._event(record, act, self._owner(act), child=False))
        for invited in act.users[1:]:
            self._put("Event", self._event(self._new("00U"), act, invited, child=True))
        inbound = act.direction == "inbound"
        for index, person in enumerate(act.people):
            host = int(inbound and index == 0)
            account = self.account_of.get(person)
            self._put("EventRelation", self._relation(act, record, person, account, 0, int(index == 0), 1, host))
            if len(act.people) > 1:
                self._put("EventWhoRelation", (self._new("0RY"), record, person, account, "Contact", *act.audit))
        for index, user in enumerate(act.users):
            host = int(index == 0 and act.direction in ("outbound", "internal"))
            if index or host:
                self._put("EventRelation", self._relation(act, record, user, None, 0, 0, int(index > 0), host))
        if act.what:
            self._put("EventRelation", self._relation(act, record, act.what, self.account_of.get(act.what), 1, 1, 0, 0))
        return record

    def _relation(
        self, act: Act, event: str, party: str, account: str | None, what: int, parent: int, invitee: int, host: int
    ) -> tuple[Any, ...]:
        status = "Accepted" if invitee else None
        return (self._new("0RE"), event, party, account, what, parent, invitee, host, status, *act.audit)

    def _event(self, record: str, act: Act, owner: str, *, child: bool) -> tuple[Any, ...]:
        start = parse_time(act.at) if act.at else None
        minutes = 1440 if act.date_only else act.minutes
        end = stamp(start + timedelta(minutes=minutes)) if start and minutes is not None else act.at
        day = act.at[:10] if act.at else None
        return (
            record,
            act.people[0] if act.people else None,
            act.what,
            "Meeting",
            int(act.date_only),
            None if act.date_only else act.at,
            day,
            None if minutes is None else round(minutes),
            act.at,
            end,
            end[:10] if end else None,
            self._account(act),
            owner,
            "Busy",
            int(child),
            int(len(act.people) + len(act.users) > 1),
            "1" if len(act.people) + len(act.users) > 1 else "0",
            int(bool(day) and str(day) < self.archive_day),
            "Event",
            len(act.people),
            int(act.what is not None),
            act.automated,
            act.mandated,
            _MEETINGS.get(act.outcome or ""),
            *act.audit,
        )

    def _email(self, act: Act) -> str:
        record, task = self._new("02s"), self._new("00T")
        inbound = act.direction == "inbound"
        senders, receivers = (act.people, act.users) if inbound else (act.users, act.people)
        copied = [*senders[1:]] if receivers else []
        receivers = receivers or senders[1:]
        sender = senders[0] if senders else None
        name, address = self.address_of.get(sender or "", (None, None))
        row = (
            record,
            act.case,
            task,
            "Re: your request" if act.thread else "Your request",
            "(text)",
            name,
            address,
            self._addresses(receivers),
            self._addresses(copied),
            int(inbound),
            "1" if inbound else "3",
            act.at,
            act.message,
            act.thread,
            act.what,
            int(act.outcome == "bounced"),
            act.automated,
            act.mandated,
            *act.audit,
        )
        self._put("EmailMessage", row)
        kinds = [("FromAddress", [sender] if sender else []), ("ToAddress", receivers), ("CcAddress", copied)]
        for kind, parties in kinds:
            for party in parties:
                who = "User" if party.startswith("005") else "Contact"
                held = (self._new("0EM"), record, party, kind, self.address_of.get(party, (None, None))[1], who)
                self._put("EmailMessageRelation", (*held, *act.audit))
        self._twin(task, act)
        return record

    def _addresses(self, parties: list[str]) -> str | None:
        found = [self.address_of.get(party, (None, None))[1] for party in parties]
        return "; ".join(address for address in found if address) or None

    def _twin(self, task: str, act: Act) -> None:
        """The Task that Enhanced Email shows in the timeline."""
        row = (
            task,
            act.people[0] if act.people else None,
            act.what,
            "Email: your request",
            act.at[:10] if act.at else None,
            "Completed",
            "Normal",
            self._owner(act),
            "Email",
            self._account(act),
            1,
            int(bool(act.at) and str(act.at)[:10] < self.archive_day),
            None,
            None,
            None,
            act.at,
            "ListEmail" if act.automated else "Email",
            len(act.people),
            int(act.what is not None),
            act.automated,
            act.mandated,
            *act.audit,
        )
        self._put("Task", row)

    def _flush(self) -> None:
        store = self.filling.org.store
        for name, rows in self.rows.items():
            store.load(name, COLUMNS[name], rows)
        if self.filling.org.schema.multi_currency:
            for name in ("Task", "Event"):
                store.execute(
                    f'UPDATE "{name}" SET CurrencyIsoCode = ? WHERE CurrencyIsoCode IS NULL',  # noqa: S608
                    (self.filling.corporate_currency,),
                )
        self.rows = {}
