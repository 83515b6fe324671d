"""Changes to records: create, update, delete, undelete and merge, with the rules and side effects of a real
organisation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.dates import stamp
from connectors.emulator.salesforce.store.errors import RowError
from connectors.emulator.salesforce.store.ids import to_18
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.schema import Field, Object
from connectors.emulator.salesforce.store.values import stored

_ASSIGNED = frozenset({"Case", "Lead", "Account"})
_PARENTS_LOCKED = {"Contact": "AccountId", "Opportunity": "AccountId", "Case": "AccountId", "Task": "AccountId"}


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """Headers and form of a write: `auto_assign` is Sforce-Auto-Assign, `csv` a Bulk row."""

    auto_assign: bool = True
    csv: bool = False


class Writer:
    """Row by row; each method raises RowError and then has changed nothing."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def create(self, thing: Object, values: Mapping[str, Any], rights: Rights, options: WriteOptions) -> str:
        """The new record's id."""
        if not rights.allows(thing, "create"):
            raise _no_access(f"cannot create {thing.name}")
        given = self._checked(thing, values, rights, options, creating=True)
        missing = [
            f.name
            for f in thing.fields.values()
            if f.required and f.createable and not f.defaulted and f.type != "boolean" and given.get(f.name) is None
        ]
        if missing:
            raise RowError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)
        self._refuse_duplicate(thing, given)
        row = {**self._defaults(thing, rights), **given}
        self._derive(thing, row)
        self._validate(thing, row)
        self._move_stage(thing, row, {})
        row["Id"] = self._org.serials.next(thing.prefix)
        self._stamp(thing, row, rights, creating=True)
        self._org.store.insert(thing.name, row)
        self._written(thing, list(given))
        return str(row["Id"])

    def update(
        self, thing: Object, record_id: str, values: Mapping[str, Any], rights: Rights, options: WriteOptions
    ) -> None:
        """Even values equal to those held bump the stamps."""
        row = self._existing(thing, record_id)
        if not rights.allows(thing, "edit"):
            raise _no_access("insufficient access rights on object id")
        if thing.name == "Contact" and row.get("IsPersonAccount"):
            raise RowError(
                "INVALID_FIELD_FOR_INSERT_UPDATE", "A person account's contact is updated through the account"
            )
        given = self._checked(thing, values, rights, options, creating=False)
        self._refuse_lock(thing, row)
        self._refuse_duplicate(thing, given, row["Id"])
        new = {**row, **given}
        self._derive(thing, new)
        self._validate(thing, new)
        self._move_stage(thing, new, row)
        changed = {name: value for name, value in new.items() if name in given or value != row.get(name)}
        owner = self._org.behaviours.assignment_owner
        if options.auto_assign and owner and thing.name in _ASSIGNED and row.get("OwnerId") != owner:
            changed["OwnerId"] = owner
            self._org.owner_changes += 1
        self._stamp(thing, changed, rights, creating=False)
        self._org.store.update(thing.name, row["Id"], changed)
        self._written(thing, list(given))

    def upsert(
        self, thing: Object, key: str, values: Mapping[str, Any], rights: Rights, options: WriteOptions
    ) -> tuple[str, bool]:
        """By the value of an external id field (or Id): the record's id, and whether it is new."""
        f = rights.fields(thing).get(key.lower())
        if f is None or not (f.external_id or f.id_lookup):
            raise RowError(
                "INVALID_FIELD", f"Field name provided, {key} is not an External ID or indexed field for {thing.name}"
            )
        by_name = {name.lower(): name for name in values}
        value = values.get(by_name.get(key.lower(), key))
        if value in (None, ""):
            if f.name == "Id":
                return self.create(thing, values, rights, options), True
            raise RowError("MISSING_ARGUMENT", f"{f.name} not specified")
        live = " AND IsDeleted = 0" if "IsDeleted" in thing.fields else ""
        found = self._org.store.tuples(f'SELECT Id FROM "{thing.name}" WHERE "{f.name}" = ?{live}', (value,))  # noqa: S608
        if len(found) > 1:
            ids = ", ".join(row[0] for row in found)
            raise RowError(
                "DUPLICATE_EXTERNAL_ID", f"{f.name}: more than one record found for external id field: [{ids}]"
            )
        if found:
            given = {name: item for name, item in values.items() if name.lower() != key.lower()}
            self.update(thing, found[0][0], given, rights, options)
            return str(found[0][0]), False
        return self.create(thing, values, rights, options), True

    def delete(self, thing: Object, record_id: str, rights: Rights) -> None:
        """To the recycle bin, or for good where the object has none."""
        row = self._existing(thing, record_id)
        if not rights.allows(thing, "delete"):
            raise _no_access("insufficient access rights on object id")
        self._refuse_lock(thing, row)
        if "IsDeleted" in thing.fields:
            changed: dict[str, Any] = {"IsDeleted": 1}
            self._stamp(thing, changed, rights, creating=False)
            self._org.store.update(thing.name, row["Id"], changed)
        else:
            self._org.store.delete(thing.name, row["Id"])
        self._written(thing, ["IsDeleted"])

    def undelete(self, thing: Object, record_id: str, rights: Rights) -> None:
        """Out of the recycle bin."""
        row = self._org.store.get(thing.name, record_id)
        if row is None or not row.get("IsDeleted"):
            raise RowError("UNDELETE_FAILED", "Entity is not in the recycle bin")
        changed: dict[str, Any] = {"IsDeleted": 0}
        self._stamp(thing, changed, rights, creating=False)
        self._org.store.update(thing.name, record_id, changed)

    def merge(self, thing: Object, winner: str, losers: Sequence[str], rights: Rights) -> None:
        """Losers go to the recycle bin with `MasterRecordId`; what pointed to them points to the winner."""
        self._existing(thing, winner)
        for loser in losers:
            self._existing(thing, loser)
            changed: dict[str, Any] = {"IsDeleted": 1, "MasterRecordId": winner}
            self._stamp(thing, changed, rights, creating=False)
            self._org.store.update(thing.name, loser, changed)
            for child, reference, _ in self._org.schema.children(thing.name):
                self._reparent(self._org.schema.objects[child], reference, loser, winner, rights)
        bumped: dict[str, Any] = {}
        self._stamp(thing, bumped, rights, creating=False)
        self._org.store.update(thing.name, winner, bumped)

    def _reparent(self, child: Object, reference: str, loser: str, winner: str, rights: Rights) -> None:
        if reference in ("MasterRecordId",):
            return
        bumped: dict[str, Any] = {reference: winner}
        self._stamp(child, bumped, rights, creating=False)
        sets = ", ".join(f'"{name}" = ?' for name in bumped)
        self._org.store.execute(f'UPDATE "{child.name}" SET {sets} WHERE "{reference}" = ?', (*bumped.values(), loser))  # noqa: S608

    # checks

    def _existing(self, thing: Object, record_id: str) -> dict[str, Any]:
        exact = to_18(record_id) if isinstance(record_id, str) else None
        if exact is None or self._org.schema.of_id(exact) != thing.name:
            raise RowError("MALFORMED_ID", f"{thing.label} ID: id value of incorrect type: {record_id}", ["Id"])
        row = self._org.store.get(thing.name, exact)
        if row is None:
            raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if row.get("IsDeleted"):
            raise RowError("ENTITY_IS_DELETED", "entity is deleted")
        return row

    def _checked(
        self, thing: Object, values: Mapping[str, Any], rights: Rights, options: WriteOptions, *, creating: bool
    ) -> dict[str, Any]:
        visible = rights.fields(thing)
        given: dict[str, Any] = {}
        for name, value in values.items():
            if name in ("attributes", "Id", "id"):
                continue
            f = visible.get(name.lower())
            if f is None:
                raise self._unknown(thing, name)
            self._refuse_readonly(thing, f, rights, creating=creating)
            given[f.name] = stored(self._org.schema, f, value, csv=options.csv)
        return given

    def _unknown(self, thing: Object, name: str) -> RowError:
        hidden = thing.field(name)
        if hidden is not None:
            return _not_writable(hidden)
        return RowError("INVALID_FIELD", f"No such column '{name}' on sobject of type {thing.name}", [])

    def _refuse_readonly(self, thing: Object, f: Field, rights: Rights, *, creating: bool) -> None:
        if not (f.createable if creating else f.updateable) or not rights.edits(thing, f):
            raise _not_writable(f)

    def _refuse_lock(self, thing: Object, row: Mapping[str, Any]) -> None:
        locks = self._org.behaviours.locked
        for record_id in (row["Id"], row.get(_PARENTS_LOCKED.get(thing.name, ""))):
            if record_id in locks:
                left = locks[record_id]
                if left is not None:
                    locks[record_id] = left - 1
                    if left <= 1:
                        del locks[record_id]
                message = f"unable to obtain exclusive access to this record or 1 records: {record_id}"
                raise RowError("UNABLE_TO_LOCK_ROW", message)

    def _refuse_duplicate(self, thing: Object, given: Mapping[str, Any], own_id: str = "") -> None:
        for name, value in given.items():
            if thing.fields[name].unique and value is not None:
                found = self._org.store.tuples(
                    f'SELECT Id FROM "{thing.name}" WHERE "{name}" = ? AND Id <> ?',  # noqa: S608
                    (value, own_id),
                )
                if found:
                    message = f"duplicate value found: {name} duplicates value on record with id: {found[0][0]}"
                    raise RowError("DUPLICATE_VALUE", message)

    def _validate(self, thing: Object, row: dict[str, Any]) -> None:
        for rule in self._org.behaviours.validation_rules.get(thing.name, ()):
            if rule.refuses(row):
                raise RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, rule.fields)

    # what the platform fills in

    def _defaults(self, thing: Object, rights: Rights) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for f in thing.fields.values():
            if f.type == "boolean":
                made[f.name] = 1 if f.default else 0
            elif f.name == "OwnerId":
                made["OwnerId"] = rights.user_id
            elif f.name == "CurrencyIsoCode":
                made["CurrencyIsoCode"] = self._org.corporate_currency
            elif f.defaulted and f.values and f.type == "picklist":
                made[f.name] = f.values[0]
        return made

    def _move_stage(self, thing: Object, row: dict[str, Any], before: Mapping[str, Any]) -> None:
        """When the stage changed (`before`: the row as it was, empty for a new one). Winning an open deal moves a close
        date in the future to today (UTC), after the validation rules; losing one leaves it, and so does creating one as
        won (Salesforce Help 004517774, "Validation Rule Does Not Trigger for System Updates").
        """
        if thing.name != "Opportunity" or row.get("StageName") == before.get("StageName"):
            return
        now = self._org.now()
        row["LastStageChangeDate"] = stamp(now)
        today = now.date().isoformat()
        if before and row.get("IsWon") and not before.get("IsClosed") and str(row.get("CloseDate") or "") > today:
            row["CloseDate"] = today

    def _derive(self, thing: Object, row: dict[str, Any]) -> None:
        """Fields computed from others: full names, closed flags, the account of an activity."""
        if "FirstName" in thing.fields and (thing.name != "Account" or row.get("IsPersonAccount")):
            row["Name"] = " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)
        if thing.name == "Opportunity":
            stages = self._org.store.rows("SELECT * FROM OpportunityStage WHERE ApiName = ?", (row.get("StageName"),))
            if stages:
                row["IsClosed"], row["IsWon"] = stages[0]["IsClosed"], stages[0]["IsWon"]
        if thing.name == "Task":
            row["IsClosed"] = int(row.get("Status") in self._org.closed_task_statuses)
        if thing.name == "Case":
            row["IsClosed"] = int(row.get("Status") == "Closed")
        if thing.name == "PermissionSetAssignment":
            row["IsActive"] = 1

    def _stamp(self, thing: Object, row: dict[str, Any], rights: Rights, *, creating: bool) -> None:
        now = self._org.write_stamp()
        stamps = {"LastModifiedDate": now, "SystemModstamp": now, "LastModifiedById": rights.user_id}
        if creating:
            stamps |= {"CreatedDate": now, "CreatedById": rights.user_id}
            if "IsDeleted" in thing.fields:
                stamps["IsDeleted"] = 0  # type: ignore[assignment]
        row.update({name: value for name, value in stamps.items() if name in thing.fields})

    def _written(self, thing: Object, fields: list[str]) -> None:
        self._org.count_write(thing.name, fields)
        self._org.changed(thing.name)


def _no_access(message: str) -> RowError:
    return RowError("INSUFFICIENT_ACCESS_OR_READONLY", message)


def _not_writable(f: Field) -> RowError:
    return RowError(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {f.name}. Please check the security settings of this field and "
        f"verify that it is "
        "read/write for your profile or permission set.",
        [f.name],
    )
