"""`/sobjects/...`: describes, single records, updated and deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from connectors.emulator.salesforce.call import Call, answer, no_content
from connectors.emulator.salesforce.rest import describe
from connectors.emulator.salesforce.rest.records import whole_record
from connectors.emulator.salesforce.store.dates import parse_time, stamp
from connectors.emulator.salesforce.store.errors import ApiError, RowError, not_found
from connectors.emulator.salesforce.store.ids import to_18
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.schema import Object
from connectors.emulator.salesforce.store.writes import Writer
from connectors.emulator.server.http import Response

_NOT_FOUND_CODES = {
    "ENTITY_IS_DELETED": 404,
    "INSUFFICIENT_ACCESS_OR_READONLY": 403,
    "INVALID_CROSS_REFERENCE_KEY": 404,
}
_MASTER = "012000000000000AAA"


class Rows:
    """Handlers of `/sobjects`."""

    def __init__(self, org: Org, writer: Writer) -> None:
        self._org = org
        self._writer = writer

    def thing(self, call: Call, name: str) -> Object:
        """The object of a path. Raises 404 when it does not exist for the user."""
        found = self._org.schema.object(name)
        if found is None or not call.rights.allows(found, "read"):
            raise not_found()
        return found

    def listing(self, call: Call) -> Response:
        return self._conditional(call, lambda: describe.global_describe(self._org.schema, call.rights, call.version))

    def basic(self, call: Call, name: str) -> Response:
        """`GET /sobjects/X` and `POST /sobjects/X` (create)."""
        thing = self.thing(call, name)
        if call.request.method == "POST":
            try:
                with self._org.store.lock:
                    record_id = self._writer.create(thing, _object(call.json()), call.rights, call.write_options())
            except RowError as error:
                raise _whole(error) from None
            return answer({"id": record_id, "success": True, "errors": []}, 201)
        return answer({"objectDescribe": describe.summary(thing, call.rights, call.version), "recentItems": []})

    def describe(self, call: Call, name: str) -> Response:
        thing = self.thing(call, name)
        return self._conditional(
            call,
            lambda: describe.describe(
                self._org.schema, thing, call.rights, call.version, self._record_types(call, thing)
            ),
        )

    def _conditional(self, call: Call, make: Callable[[], object]) -> Response:
        return _unless_known(call, self._org.schema_changed, make)

    def _record_types(self, call: Call, thing: Object) -> list[dict[str, object]]:
        rows = self._org.store.rows("SELECT * FROM RecordType WHERE SobjectType = ?", (thing.name,))
        master = {"Id": _MASTER, "Name": "Master", "DeveloperName": "Master", "IsActive": 1}
        base = f"/services/data/v{call.version}/sobjects/{thing.name}/describe/layouts"
        return [
            {
                "active": bool(row["IsActive"]),
                "available": True,
                "defaultRecordTypeMapping": row is master,
                "developerName": row["DeveloperName"],
                "master": row is master,
                "name": row["Name"],
                "recordTypeId": row["Id"],
                "urls": {"layout": f"{base}/{row['Id']}"},
            }
            for row in [*rows, master]
        ]

    def one(self, call: Call, name: str, record_id: str) -> Response:
        """`/sobjects/X/{id}`: GET, PATCH, DELETE."""
        thing = self.thing(call, name)
        method = call.request.method
        if method == "GET":
            return self._get(call, thing, record_id)
        try:
            with self._org.store.lock:
                if method == "PATCH":
                    self._if_unmodified(call, thing, record_id)
                    values = _without(_object(call.json()), "Id")
                    self._writer.update(thing, record_id, values, call.rights, call.write_options())
                elif method == "DELETE":
                    self._writer.delete(thing, record_id, call.rights)
                else:
                    raise ApiError(
                        405,
                        "METHOD_NOT_ALLOWED",
                        f"HTTP Method '{method}' not allowed. Allowed are GET,PATCH,DELETE,HEAD",
                    )
        except RowError as error:
            raise _whole(error) from None
        return no_content()

    def _get(self, call: Call, thing: Object, record_id: str) -> Response:
        exact = to_18(record_id)
        if exact is None:
            raise ApiError(400, "MALFORMED_ID", f"{thing.label} ID: id value of incorrect type: {record_id}")
        row = self._org.store.get(thing.name, exact)
        if row is None or self._org.schema.of_id(exact) != thing.name:
            raise not_found("The requested resource does not exist")
        if row.get("IsDeleted"):
            raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted")
        self._org.reading()
        visible = call.rights.fields(thing)
        names = [f.name for f in visible.values()]
        if wanted := call.request.params("fields"):
            names = []
            for item in wanted:
                f = visible.get(item.strip().lower())
                if f is None:
                    raise ApiError(400, "INVALID_FIELD", f"No such column '{item}' on sobject of type {thing.name}")
                names.append(f.name)
            names = [*names, *([] if "Id" in names else ["Id"])]
        stamps = row.get("LastModifiedDate") or row.get("SystemModstamp")
        moment = parse_time(stamps) if stamps else None
        if moment is None:
            return answer(whole_record(thing, row, call.version, names))
        return _unless_known(call, moment, lambda: whole_record(thing, row, call.version, names))

    def _if_unmodified(self, call: Call, thing: Object, record_id: str) -> None:
        header = call.header("If-Unmodified-Since")
        row = self._org.store.get(thing.name, to_18(record_id) or "") if header else None
        if header and row is not None:
            moment = parse_time(row["LastModifiedDate"])
            if moment is not None and moment > parsedate_to_datetime(header):
                raise ApiError(412, "PRECONDITION_FAILED", "The record has been modified since the time given")

    def by_key(self, call: Call, name: str, key: str, value: str) -> Response:
        """`/sobjects/X/{external id field}/{value}`: GET, PATCH (upsert)."""
        thing = self.thing(call, name)
        f = call.rights.fields(thing).get(key.lower())
        if f is None or not (f.external_id or f.id_lookup):
            raise not_found(f"Provided external ID field does not exist or is not accessible: {key}")
        if call.request.method == "GET":
            rows = self._org.store.tuples(f'SELECT Id FROM "{thing.name}" WHERE "{f.name}" = ?', (value,))  # noqa: S608
            if not rows:
                raise not_found()
            return self._get(call, thing, rows[0][0])
        try:
            values = {**_without(_object(call.json()), f.name), f.name: value}
            with self._org.store.lock:
                record_id, created = self._writer.upsert(thing, f.name, values, call.rights, call.write_options())
        except RowError as error:
            raise _whole(error) from None
        return answer({"id": record_id, "success": True, "errors": [], "created": created}, 201 if created else 200)

    def updated(self, call: Call, name: str) -> Response:
        thing, start, end = self._range(call, name)
        rows = self._org.store.tuples(
            f'SELECT Id FROM "{thing.name}" WHERE SystemModstamp >= ? AND SystemModstamp <= ? '  # noqa: S608
            + ("AND IsDeleted = 0" if "IsDeleted" in thing.fields else ""),
            (stamp(start), stamp(end)),
        )
        if len(rows) > 600_000:
            raise ApiError(400, "EXCEEDED_ID_LIMIT", "too many ids; use a shorter range")
        return answer({"ids": [row[0] for row in rows], "latestDateCovered": stamp(end)})

    def deleted(self, call: Call, name: str) -> Response:
        thing, start, end = self._range(call, name)
        rows = self._org.store.tuples(
            f'SELECT Id, SystemModstamp FROM "{thing.name}" WHERE SystemModstamp >= ? AND SystemModstamp <= ? '  # noqa: S608
            f"AND IsDeleted = 1",
            (stamp(start), stamp(end)),
        )
        return answer(
            {
                "deletedRecords": [{"id": row[0], "deletedDate": row[1]} for row in rows],
                "earliestDateAvailable": stamp(self._org.now() - timedelta(days=30)),
                "latestDateCovered": stamp(end),
            }
        )

    def _range(self, call: Call, name: str) -> tuple[Object, datetime, datetime]:
        thing = self.thing(call, name)
        if not thing.replicateable or "IsDeleted" not in thing.fields:
            raise ApiError(400, "INVALID_TYPE", f"object type {thing.name} is not replicable")
        start, end = (parse_time((call.request.param(side) or "").replace(" ", "+")) for side in ("start", "end"))
        if start is None or end is None:
            raise ApiError(400, "INVALID_REPLICATION_DATE", "start and end must be ISO times with a zone")
        start, end = start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)
        if end - start < timedelta(minutes=1):
            raise ApiError(
                400, "INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than startDate"
            )
        if start < self._org.now() - timedelta(days=30):
            raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate cannot be more than 30 days ago")
        self._org.reading()
        return thing, start, end


def _unless_known(call: Call, changed: datetime, make: Callable[[], object]) -> Response:
    """The answer, or 304 for who says to know it as of `changed` (whole seconds) or later."""
    headers = {"Last-Modified": format_datetime(changed.astimezone(UTC), usegmt=True)}
    since = call.header("If-Modified-Since")
    try:
        known = parsedate_to_datetime(since) if since else None
    except ValueError:
        known = None
    if known is not None and known.tzinfo is not None and known >= changed:
        return Response(304, headers=headers)
    return answer(make(), headers=headers)


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "The HTTP entity body must be a JSON object")
    return body


def _without(values: dict[str, Any], name: str) -> dict[str, Any]:
    """The values, which must not name the field that the address already does. Raises ApiError."""
    if any(key.lower() == name.lower() for key in values):
        message = f"The {name} field should not be specified in the sobject data."
        raise ApiError(400, "INVALID_FIELD", message, [name])
    return values


def _whole(error: RowError) -> ApiError:
    return ApiError(_NOT_FOUND_CODES.get(error.code, 400), error.code, error.message, error.fields)
