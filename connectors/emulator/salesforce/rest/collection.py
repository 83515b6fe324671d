"""`/composite/sobjects`: up to 200 records a call, one result each, in the order of the request."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from connectors.emulator.salesforce.call import Call, answer
from connectors.emulator.salesforce.rest.records import whole_record
from connectors.emulator.salesforce.store.errors import ApiError, RowError, not_found
from connectors.emulator.salesforce.store.ids import to_18
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.schema import Object
from connectors.emulator.salesforce.store.writes import Writer
from connectors.emulator.server.http import Response

_MOST = 200
_MOST_CHUNKS = 10
_MOST_RETRIEVED = 2000
_ROLLED_BACK = RowError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
Json = dict[str, Any]


class Collections:
    """Handlers of `/composite/sobjects`."""

    def __init__(self, org: Org, writer: Writer) -> None:
        self._org = org
        self._writer = writer

    def change(self, call: Call) -> Response:
        """POST creates, PATCH updates, DELETE deletes `?ids=`."""
        if call.request.method == "DELETE":
            ids = call.request.params("ids")
            self._refuse_size(len(ids))
            all_or_none = (call.request.param("allOrNone") or "false").lower() == "true"
            return self._each(ids, all_or_none, lambda record_id: self._delete(call, record_id))
        records, all_or_none = self._records(call)
        options = call.write_options()

        def create(record: Json) -> Json:
            return _ok(self._writer.create(self._thing(call, record), _values(record), call.rights, options))

        def update(record: Json) -> Json:
            record_id = record.get("id") or record.get("Id")
            if not isinstance(record_id, str):
                raise RowError("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
            thing = self._thing(call, record)
            self._writer.update(thing, record_id, _values(record), call.rights, options)
            return _ok(to_18(record_id) or record_id)

        return self._each(records, all_or_none, create if call.request.method == "POST" else update)

    def upsert(self, call: Call, name: str, key: str) -> Response:
        records, all_or_none = self._records(call)
        thing = self._org.schema.object(name)
        if thing is None or not call.rights.allows(thing, "read"):
            raise not_found()

        def one(record: Json) -> Json:
            values = {n: v for n, v in record.items() if n != "attributes"}
            record_id, created = self._writer.upsert(thing, key, values, call.rights, call.write_options())
            return {**_ok(record_id), "created": created}

        return self._each(records, all_or_none, one)

    def retrieve(self, call: Call, name: str) -> Response:
        """Records by id: `POST` with ids and fields in the body, or `GET ?ids=&fields=`; null for what is not there."""
        thing = self._org.schema.object(name)
        if thing is None or not call.rights.allows(thing, "read"):
            raise not_found()
        if call.request.method == "POST":
            body = call.json()
            if not isinstance(body, dict):
                raise ApiError(400, "JSON_PARSER_ERROR", "The HTTP entity body must be a JSON object")
            ids, wanted = body.get("ids", []), body.get("fields", [])
            if not isinstance(ids, list) or not isinstance(wanted, list):
                raise ApiError(400, "JSON_PARSER_ERROR", "ids and fields must be lists")
        else:
            ids, wanted = call.request.params("ids"), call.request.params("fields")
        if len(ids) > _MOST_RETRIEVED:
            raise ApiError(
                400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {_MOST_RETRIEVED} records"
            )
        visible = call.rights.fields(thing)
        names = ["Id"]
        for item in wanted:
            f = visible.get(str(item).lower())
            if f is None:
                raise ApiError(400, "INVALID_FIELD", f"No such column '{item}' on sobject of type {thing.name}")
            if f.name not in names:
                names.append(f.name)
        self._org.reading()
        found = []
        for record_id in ids:
            row = self._org.store.get(thing.name, to_18(str(record_id)) or "")
            found.append(None if row is None or row.get("IsDeleted") else whole_record(thing, row, call.version, names))
        return answer(found)

    def _records(self, call: Call) -> tuple[list[Json], bool]:
        body = call.json()
        records = body.get("records") if isinstance(body, dict) else None
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise ApiError(400, "JSON_PARSER_ERROR", "the body must be an object with a list `records`")
        unknown = set(body) - {"records", "allOrNone"}
        if unknown:
            raise ApiError(400, "JSON_PARSER_ERROR", f'Unrecognized field "{sorted(unknown)[0]}"')
        self._refuse_size(len(records))
        types = [str(_type(record)) for record in records]
        if sum(1 for _ in groupby(types)) > _MOST_CHUNKS:
            raise ApiError(400, "LIMIT_EXCEEDED", f"Cannot have more than {_MOST_CHUNKS} chunks in a single operation")
        return records, bool(body.get("allOrNone", False))

    def _refuse_size(self, size: int) -> None:
        if size > _MOST:
            message = f"record limit reached. cannot submit more than {_MOST} records into this call"
            raise ApiError(400, "EXCEEDED_ID_LIMIT", message)
        if not size:
            raise ApiError(400, "REQUIRED_FIELD_MISSING", "no records were given")

    def _thing(self, call: Call, record: Json) -> Object:
        name = _type(record)
        thing = self._org.schema.object(name) if isinstance(name, str) else None
        if thing is None or not call.rights.allows(thing, "read"):
            raise RowError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
        return thing

    def _delete(self, call: Call, record_id: str) -> Json:
        exact = to_18(record_id)
        name = self._org.schema.of_id(exact) if exact else None
        if name is None:
            raise RowError("MALFORMED_ID", f"malformed id {record_id}")
        self._writer.delete(self._org.schema.objects[name], record_id, call.rights)
        return _ok(exact or record_id)

    def _each(self, items: list[Any], all_or_none: bool, one: Callable[[Any], Json]) -> Response:
        results: list[Json] = []
        with self._org.store.lock:
            self._org.store.execute("SAVEPOINT collection")
            failed = False
            for item in items:
                try:
                    results.append(one(item))
                except RowError as error:
                    failed = True
                    results.append(_failed(item, error))
            if failed and all_or_none:
                self._org.store.execute("ROLLBACK TO collection")
                self._org.access.forget()
                results = [
                    _failed(item, _ROLLED_BACK) if r["success"] else r for item, r in zip(items, results, strict=True)
                ]
            self._org.store.execute("RELEASE collection")
        return answer(results)


def _type(record: Json) -> Any:
    attributes = record.get("attributes")
    return attributes.get("type") if isinstance(attributes, dict) else None


def _values(record: Json) -> Json:
    return {name: value for name, value in record.items() if name not in ("attributes", "id", "Id")}


def _ok(record_id: str) -> Json:
    return {"id": record_id, "success": True, "errors": []}


def _failed(item: Any, error: RowError) -> Json:
    result: Json = {"success": False, "errors": [error.body()]}
    if error.code in ("STRING_TOO_LONG", "UNABLE_TO_LOCK_ROW", "FIELD_CUSTOM_VALIDATION_EXCEPTION") and isinstance(
        item, dict
    ):
        record_id = item.get("id") or item.get("Id")
        return {**({"id": record_id} if record_id else {}), **result}
    return result
