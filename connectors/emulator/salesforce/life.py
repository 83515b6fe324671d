"""What happens in an emulated organisation without our help: edits by hand, merges, series of events, rules,
permissions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Literal

from connectors.emulator.salesforce.seed.organisation import Seeded
from connectors.emulator.salesforce.seed.setup import grant_fields
from connectors.emulator.salesforce.store import person_accounts as persons
from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.dates import parse_time, stamp
from connectors.emulator.salesforce.store.org import Automation, Org, ValidationRule
from connectors.emulator.salesforce.store.writes import WriteOptions, Writer


class Life:
    """The part of the emulator that tests and demos act through. Every method takes effect at once."""

    org: Org
    writer: Writer
    seeded: Seeded

    def change(self, object_name: str, record_id: str, values: dict[str, Any]) -> None:
        """An administrator edits a record by hand. Raises RowError."""
        self.writer.update(
            self.org.schema.objects[object_name], record_id, values, self._admin(), WriteOptions(auto_assign=False)
        )

    def delete(self, object_name: str, record_id: str) -> None:
        """Somebody puts a record into the recycle bin."""
        self.writer.delete(self.org.schema.objects[object_name], record_id, self._admin())

    def undelete(self, object_name: str, record_id: str) -> None:
        self.writer.undelete(self.org.schema.objects[object_name], record_id, self._admin())

    def purge(self, object_name: str, record_id: str) -> None:
        """A hard delete: nothing is left."""
        self.org.store.delete(object_name, record_id)

    def merge(self, object_name: str, winner: str, losers: list[str]) -> None:
        """Somebody merges records (Account, Contact, Lead or Case)."""
        self.writer.merge(self.org.schema.objects[object_name], winner, losers, self._admin())

    def make_person(self, account_id: str, contact_id: str) -> None:
        """An account and its only contact become a person account; needs `person_accounts`. Raises RowError."""
        persons.become(self.org, account_id, contact_id)

    def change_later(self, object_name: str, record_id: str, values: dict[str, Any], *, seconds: float) -> None:
        """An edit stamped now that becomes visible only `seconds` later, or at `commit()`: a long transaction."""
        self.org.delay(seconds, lambda: self.change(object_name, record_id, values))

    def commit(self) -> None:
        """All long transactions end now."""
        self.org.settle(everything=True)

    def add_validation_rule(
        self,
        object_name: str,
        refuses: Callable[[dict[str, Any]], bool],
        message: str,
        fields: tuple[str, ...] = (),
        name: str | None = None,
    ) -> None:
        """Writes that leave a row for which `refuses` is true fail with FIELD_CUSTOM_VALIDATION_EXCEPTION."""
        held = self.org.behaviours.validation_rules[object_name]
        held.append(
            ValidationRule(self.org.serials.next("03d"), name or f"Rule_{len(held) + 1}", refuses, message, fields)
        )

    def add_automation(
        self, kind: Literal["Flow", "ApexTrigger", "WorkflowRule"], object_name: str, name: str, *, active: bool = True
    ) -> None:
        """Something that runs when records of the object are saved, for others to find; it does nothing."""
        prefix = {"Flow": "301", "ApexTrigger": "01q", "WorkflowRule": "01Q"}[kind]
        made = Automation(self.org.serials.next(prefix), kind, object_name, name, active)
        self.org.behaviours.automations.append(made)

    def lock(self, record_id: str, times: int | None = 1) -> None:
        """The next `times` writes (None: all) of the record, or of a child that locks it, get UNABLE_TO_LOCK_ROW."""
        self.org.behaviours.locked[record_id] = times

    def grant(self, object_name: str, field: str) -> None:
        """An administrator gives everybody who has a permission set of the integration user read access to a field."""
        with self.org.store.lock:
            held = self.org.store.tuples(
                "SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = ?",
                (self.seeded.integration_user,),
            )
            for (permission_set,) in held:
                grant_fields(self.org, permission_set, [(object_name, field)], edit=False, now=stamp(self.org.now()))
            self.org.fields_changed()

    def remove_field(self, object_name: str, field: str) -> None:
        """An administrator deletes a custom field: its values are gone, and queries that name it are refused."""
        with self.org.store.lock:
            self.org.schema.objects[object_name].remove(field)
            self.org.fields_changed()

    def private_activities(self, *, on: bool = True) -> None:
        """The sharing default of activities is Private from now on: users without View All Data see their own only."""
        self.org.behaviours.private_activities = on

    def limit_whos(self, most: int | None = 100_000) -> None:
        """Queries of tasks or events about more people and records than `most` are refused with OPERATION_TOO_LARGE."""
        self.org.behaviours.most_whos = most

    def revoke(self, object_name: str, field: str) -> None:
        """An administrator takes a field away from everybody: it is then absent from describe, for the integration user
        too.
        """
        with self.org.store.lock:
            self.org.store.execute("DELETE FROM FieldPermissions WHERE Field = ?", (f"{object_name}.{field}",))
            self.org.fields_changed()

    def _admin(self) -> Rights:
        return self.org.access.of(self.seeded.admin_user)

    def add_series(
        self, event_id: str, *, occurrences: int = 9, every: timedelta = timedelta(days=7)
    ) -> tuple[str, list[str]]:
        """Makes an event the first occurrence of a Lightning series: the series record (`GroupEventType` 3,
        `IsRecurrence` false) beside it, and more occurrences before it. Returns the ids of the series record and of the
        new occurrences (Change Data Capture Developer Guide, "Recurring Activities").
        """
        first = self._row("Event", event_id)
        pattern = f"RRULE:FREQ=DAILY;INTERVAL={every.days};COUNT={occurrences + 1}"
        series = self._copied(
            "Event",
            first,
            {
                "GroupEventType": "3",
                "IsGroupEvent": 0,
                "IsRecurrence": 0,
                "Recurrence2PatternText": pattern,
                "Recurrence2PatternVersion": "1",
            },
        )
        made = []
        for number in range(1, occurrences + 1):
            shifted = {name: _earlier(first[name], number * every) for name in
                       ("StartDateTime", "EndDateTime", "ActivityDateTime", "ActivityDate", "EndDate")}  # fmt: skip
            made.append(self._copied("Event", first, {**shifted, "IsRecurrence2": 1}))
        return series, made

    def propose(self, event_id: str) -> str:
        """A meeting that was proposed at the time of an event and has not been agreed (`GroupEventType` 2); its id."""
        return self._copied("Event", self._row("Event", event_id), {"GroupEventType": "2", "IsGroupEvent": 1})

    def add_mail(self, message_id: str, values: Mapping[str, Any]) -> str:
        """Another e-mail like one that is there, to and from the same people, without a task beside it; its id."""
        row = {**self._row("EmailMessage", message_id), "ActivityId": None, "ThreadIdentifier": None}
        made = self._copied(
            "EmailMessage", row, {"MessageIdentifier": f"<{self.org.serials.next('02s')}@mail.invalid>", **values}
        )
        for tie in self.org.store.rows("SELECT * FROM EmailMessageRelation WHERE EmailMessageId = ?", (message_id,)):
            self._inserted("EmailMessageRelation", {**tie, "EmailMessageId": made})
        return made

    def respond(self, event_id: str, party: str, status: str) -> None:
        """An invited person answers, or is uninvited: only the EventRelation changes, not the event."""
        found = self.org.store.tuples(
            "SELECT Id FROM EventRelation WHERE EventId = ? AND RelationId = ? AND IsDeleted = 0", (event_id, party)
        )
        if not found:
            raise KeyError(f"{party} is not invited to {event_id}")
        self.change("EventRelation", found[0][0], {"Status": status})

    def set_currencies(
        self, corporate: str, rates: Mapping[str, float], dated: Mapping[str, list[tuple[str, float]]]
    ) -> None:
        """The organisation's currencies from now on: units of each per unit of `corporate`, and from which day on
        others hold (`dated`: code -> (start, rate), in order).
        """
        known = {**rates, corporate: 1.0}
        self.org.corporate_currency = corporate
        for thing in self.org.schema.objects.values():
            for name in ("CurrencyIsoCode", "IsoCode", "DefaultCurrencyIsoCode"):
                if name in thing.fields:
                    thing.fields[name].values = sorted({*thing.fields[name].values, *known})
        for name in ("CurrencyType", "DatedConversionRate"):
            self.org.store.execute(f'DELETE FROM "{name}"')  # noqa: S608
        for code, rate in known.items():
            self._inserted("CurrencyType", {"IsoCode": code, "ConversionRate": rate, "DecimalPlaces": 2, "IsActive": 1,
                                            "IsCorporate": int(code == corporate)})  # fmt: skip
        for code, spans in dated.items():
            ends = [start for start, _ in spans[1:]] + [None]
            for (start, rate), end in zip(spans, ends, strict=True):
                self._inserted("DatedConversionRate", {"IsoCode": code, "StartDate": start, "NextStartDate": end,
                                                       "ConversionRate": rate})  # fmt: skip
        self.org.fields_changed()

    def _row(self, object_name: str, record_id: str) -> dict[str, Any]:
        row = self.org.store.get(object_name, record_id)
        if row is None:
            raise KeyError(f"{object_name} {record_id}")
        return row

    def call_off(self, task_id: str, status: str = "Canceled") -> str:
        """A task like one that is there, closed undone by a status of the organisation's own; its id. Several statuses
        may stand for a closed task (Object Reference, TaskStatus).
        """
        self.org.schema.objects["Task"].fields["Status"].add_value(status)
        self.org.closed_task_statuses.add(status)
        return self._copied("Task", self._row("Task", task_id), {"Status": status, "IsClosed": 1})

    def _copied(self, object_name: str, row: Mapping[str, Any], values: Mapping[str, Any]) -> str:
        """A record like another one, with the people of it where it is an event."""
        made = self._inserted(object_name, {**row, **values})
        if object_name == "Event":
            for tie in self.org.store.rows("SELECT * FROM EventRelation WHERE EventId = ?", (row["Id"],)):
                self._inserted("EventRelation", {**tie, "EventId": made})
        return made

    def _inserted(self, object_name: str, values: Mapping[str, Any]) -> str:
        thing = self.org.schema.objects[object_name]
        now, admin = self.org.write_stamp(), self.seeded.admin_user
        flags = {f.name: 0 for f in thing.fields.values() if f.type == "boolean"}
        system = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), now)
        system |= dict.fromkeys(("CreatedById", "LastModifiedById"), admin)
        row = {**flags, **values, **system, "Id": self.org.serials.next(thing.prefix)}
        held = {
            name: value for name, value in row.items() if name in thing.fields and thing.fields[name].type != "address"
        }
        self.org.store.insert(object_name, held)
        return str(row["Id"])


def _earlier(text: str | None, by: timedelta) -> str | None:
    """A day or a moment, as the API shows it, moved back."""
    if text is None:
        return None
    if len(text) == 10:
        moved = parse_time(f"{text}T00:00:00.000+0000")
        return stamp(moved - by)[:10] if moved else None
    moment = parse_time(text)
    return stamp(moment - by) if moment else None
