"""The record calls of the SOAP API (partner form): query, retrieve, create, update, upsert, delete, merge, describe and
their kin.

What REST has under another name is asked of the REST routes, as the same user; only the form of the answer is SOAP's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import orjson

from connectors.emulator.salesforce.call import Call
from connectors.emulator.salesforce.metadata.package import child_text
from connectors.emulator.salesforce.rest.query import Queries, batch_hint
from connectors.emulator.salesforce.soap.metadata import Verbatim
from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.dates import stamp
from connectors.emulator.salesforce.store.errors import ApiError, RowError
from connectors.emulator.salesforce.store.ids import to_18
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.schema import Object
from connectors.emulator.salesforce.store.writes import WriteOptions, Writer
from connectors.emulator.server.http import Request, Response

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_MOST = 200
Json = dict[str, Any]


class PartnerCalls:
    """The operations by name. `rest` answers a REST call."""

    def __init__(self, org: Org, writer: Writer, queries: Queries, rest: Callable[[Call], Response]) -> None:
        self._org = org
        self._writer = writer
        self._queries = queries
        self._rest = rest
        self._calls: dict[str, Callable[[_Asked], Any]] = {
            "create": lambda asked: self._each(asked, self._create),
            "update": lambda asked: self._each(asked, self._update),
            "upsert": lambda asked: self._each(asked, self._upsert),
            "delete": lambda asked: self._ids(asked, self._writer.delete),
            "undelete": lambda asked: self._ids(asked, self._undelete),
            "emptyRecycleBin": lambda asked: self._ids(asked, self._purge),
            "merge": self._merge,
            "query": self._query,
            "queryAll": self._query,
            "queryMore": self._more,
            "retrieve": self._retrieve,
            "search": self._search,
            "describeGlobal": lambda asked: self._get(asked, "sobjects"),
            "describeSObject": lambda asked: self._described(asked, asked.text("sObjectType")),
            "describeSObjects": lambda asked: [self._described(asked, name) for name in asked.texts("sObjectType")],
            "describeTabs": lambda _: [],
            "getUpdated": lambda asked: self._changes(asked, "updated"),
            "getDeleted": lambda asked: self._changes(asked, "deleted"),
            "getServerTimestamp": lambda _: {"timestamp": stamp(self._org.now()).removesuffix("+0000") + "Z"},
        }

    def serves(self, operation: str) -> bool:
        return operation in self._calls

    def call(self, call: ET.Element, envelope: ET.Element, rights: Rights, version: str, base: str) -> Any:
        """The result: a mapping, or a list of them. Raises ApiError."""
        return self._calls[call.tag](_Asked(call, envelope, rights, version, base))

    # reading

    def _query(self, asked: _Asked) -> Verbatim:
        everything = asked.call.tag == "queryAll"
        size = child_text(asked.envelope, "Header/QueryOptions/batchSize")
        batch = batch_hint(f"batchSize={size}") if size else None
        soql = asked.text("queryString")
        return _result(self._queries.query(soql, asked.rights, asked.version, everything=everything, batch=batch))

    def _more(self, asked: _Asked) -> Verbatim:
        return _result(self._queries.more(asked.text("queryLocator"), asked.rights, asked.version, None))

    def _retrieve(self, asked: _Asked) -> Verbatim:
        body = {"ids": asked.texts("ids"), "fields": [name.strip() for name in asked.text("fieldList").split(",")]}
        found = self._post(asked, f"composite/sobjects/{asked.text('sObjectType')}", body)
        return Verbatim("".join(_record("result", one) if one else '<result xsi:nil="true"/>' for one in found))

    def _search(self, asked: _Asked) -> Json:
        found = self._get(asked, "search", {"q": asked.text("searchString")})
        records = "".join(f"<searchRecords>{_record('record', one)}</searchRecords>" for one in found["searchRecords"])
        return {"": Verbatim(records)}

    def _described(self, asked: _Asked, name: str) -> Json:
        try:
            found: Json = self._get(asked, f"sobjects/{name}/describe")
        except ApiError as error:
            raise ApiError(500, "INVALID_TYPE", f"sObject type '{name}' is not supported.") from error
        kept = {key: value for key, value in found.items() if key not in ("urls", "sobjectDescribeOption")}
        if not found["layoutable"]:
            return kept
        prefix = found["keyPrefix"]  # DescribeSObjectResult has the pages of the user interface where REST has `urls`
        return {
            **kept,
            "urlDetail": f"{asked.base}/{{ID}}",
            "urlEdit": f"{asked.base}/{{ID}}/e",
            "urlNew": f"{asked.base}/{prefix}/e",
        }

    def _changes(self, asked: _Asked, what: str) -> Json:
        span = {"start": asked.text("startDate"), "end": asked.text("endDate")}
        found: Json = self._get(asked, f"sobjects/{asked.text('sObjectType')}/{what}", span)
        return found

    # writing

    def _each(self, asked: _Asked, one: Callable[[_Asked, Object, Json], Json]) -> list[Json]:
        items = asked.call.findall("sObjects")
        _refuse_many(len(items))
        return self._together(asked, items, lambda item: one(asked, self._thing(asked, item), _values(item)))

    def _ids(self, asked: _Asked, one: Callable[[Object, str, Rights], None]) -> list[Json]:
        ids = asked.texts("ids") or asked.texts("ID")
        _refuse_many(len(ids))

        def each(record_id: str) -> Json:
            name = self._org.schema.of_id(record_id)
            if to_18(record_id) is None or name is None:
                raise RowError("MALFORMED_ID", f"malformed id {record_id}", ["Id"])
            one(self._org.schema.objects[name], to_18(record_id) or record_id, asked.rights)
            return _saved(record_id)

        return self._together(asked, ids, each)

    def _together(self, asked: _Asked, items: Iterable[Any], one: Callable[[Any], Json]) -> list[Json]:
        """One result each; with AllOrNoneHeader all of them count, or none."""
        results: list[Json] = []
        with self._org.store.lock:
            self._org.store.execute("SAVEPOINT soap")
            for item in items:
                try:
                    results.append(one(item))
                except RowError as error:
                    wrong = {"fields": error.fields, "message": error.message, "statusCode": error.code}
                    results.append({"errors": wrong, "id": None, "success": False})
            if asked.header("AllOrNoneHeader/allOrNone") == "true" and not all(one["success"] for one in results):
                self._org.store.execute("ROLLBACK TO soap")
                self._org.access.forget()
            self._org.store.execute("RELEASE soap")
        return results

    def _create(self, asked: _Asked, thing: Object, values: Json) -> Json:
        return _saved(self._writer.create(thing, values, asked.rights, asked.options))

    def _update(self, asked: _Asked, thing: Object, values: Json) -> Json:
        record_id = str(values.pop("Id", "") or "")
        if not record_id:
            raise RowError("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
        self._writer.update(thing, record_id, values, asked.rights, asked.options)
        return _saved(record_id)

    def _upsert(self, asked: _Asked, thing: Object, values: Json) -> Json:
        key = asked.text("externalIDFieldName")
        record_id, created = self._writer.upsert(thing, key, values, asked.rights, asked.options)
        return {"created": created, **_saved(record_id)}

    def _undelete(self, thing: Object, record_id: str, rights: Rights) -> None:
        self._writer.undelete(thing, record_id, rights)

    def _purge(self, thing: Object, record_id: str, rights: Rights) -> None:
        row = self._org.store.get(thing.name, record_id)
        if row is None or not row.get("IsDeleted") or not rights.allows(thing, "delete"):
            raise RowError("INVALID_ID_FIELD", "the record is not in the recycle bin of this user", ["Id"])
        self._org.store.delete(thing.name, record_id)

    def _merge(self, asked: _Asked) -> list[Json]:
        results = []
        for request in asked.call.findall("request"):
            master = request.find("masterRecord")
            losers = [(one.text or "").strip() for one in request.findall("recordToMergeIds")]
            if master is None or not 1 <= len(losers) <= 2:
                raise ApiError(500, "INVALID_FIELD", "merge takes a masterRecord and one or two recordToMergeIds")
            results.append(self._merged(asked, master, losers))
        return results

    def _merged(self, asked: _Asked, master: ET.Element, losers: list[str]) -> Json:
        try:
            thing, values = self._thing(asked, master), _values(master)
            record_id = str(values.pop("Id", ""))
            if "merge" not in thing.flags or not asked.rights.allows(thing, "delete"):
                raise RowError("INVALID_OPERATION", f"{thing.name} cannot be merged")
            with self._org.store.lock:
                if values:
                    self._writer.update(thing, record_id, values, asked.rights, asked.options)
                self._writer.merge(thing, record_id, [to_18(one) or one for one in losers], asked.rights)
        except RowError as error:
            wrong = {"fields": error.fields, "message": error.message, "statusCode": error.code}
            return {"errors": wrong, "success": False}
        return {"id": record_id, "mergedRecordIds": losers, "success": True}

    def _thing(self, asked: _Asked, item: ET.Element) -> Object:
        name = child_text(item, "type")
        thing = self._org.schema.object(name)
        if thing is None or not asked.rights.allows(thing, "read"):
            raise ApiError(500, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
        return thing

    # through REST

    def _get(self, asked: _Asked, path: str, query: Json | None = None) -> Any:
        return self._asked("GET", asked, path, query or {}, b"")

    def _post(self, asked: _Asked, path: str, body: Json) -> Any:
        return self._asked("POST", asked, path, {}, orjson.dumps(body))

    def _asked(self, method: str, asked: _Asked, path: str, query: Json, body: bytes) -> Any:
        full = f"/services/data/v{asked.version}/{path}"
        request = Request(method, full, full, parse_qsl(urlencode(query)), {}, body)
        return orjson.loads(self._rest(Call(request, path, asked.version, asked.rights)).body)


class _Asked:
    """One call with what its envelope says about it."""

    def __init__(self, call: ET.Element, envelope: ET.Element, rights: Rights, version: str, base: str) -> None:
        self.call, self.envelope, self.rights, self.version, self.base = call, envelope, rights, version, base

    @property
    def options(self) -> WriteOptions:
        """By SOAP, assignment rules run only when they are asked for."""
        asked = self.header("AssignmentRuleHeader/useDefaultRule") == "true"
        return WriteOptions(auto_assign=asked or bool(self.header("AssignmentRuleHeader/assignmentRuleId")), csv=True)

    def header(self, path: str) -> str:
        return child_text(self.envelope, f"Header/{path}").lower()

    def text(self, name: str) -> str:
        return next((text for text in self.texts(name)), "")

    def texts(self, name: str) -> list[str]:
        """In any letter case, since some clients write `sobjectType`."""
        return [(child.text or "").strip() for child in self.call if child.tag.lower() == name.lower()]


def _values(item: ET.Element) -> Json:
    """The fields of an sObject; those of `fieldsToNull` are null."""
    values: Json = {child.tag: child.text or "" for child in item if child.get(_NIL) != "true" and not len(child)}
    empty = [(child.text or "").strip() for child in item.findall("fieldsToNull")]
    kept = {name: value for name, value in values.items() if name not in ("type", "fieldsToNull")}
    return {**kept, **dict.fromkeys(empty)}


def _saved(record_id: str) -> Json:
    return {"id": to_18(record_id) or record_id, "success": True}


def _refuse_many(count: int) -> None:
    if count > _MOST:
        raise ApiError(
            500, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {_MOST} records into this call"
        )


def _result(page: Json, name: str = "result") -> Verbatim:
    """A page of a query."""
    after = str(page.get("nextRecordsUrl", "")).rpartition("/")[2]
    locator = f"<queryLocator>{after}</queryLocator>" if after else '<queryLocator xsi:nil="true"/>'
    records = "".join(_record("records", one) for one in page["records"])
    done = str(page["done"]).lower()
    inside = f"<done>{done}</done>{locator}{records}<size>{page['totalSize']}</size>"
    return Verbatim(f'<{name} xsi:type="QueryResult">{inside}</{name}>')


def _record(name: str, record: Json) -> str:
    """An sObject: its type and id always come first, the id empty where it was not selected."""
    kind = record["attributes"]["type"]
    fields = [(key, value) for key, value in record.items() if key != "attributes"]
    head = f"<sf:type>{kind}</sf:type>{_value('Id', record.get('Id'))}"
    return f'<{name} xsi:type="sf:sObject">{head}{"".join(_value(key, value) for key, value in fields)}</{name}>'


def _value(name: str, value: Any) -> str:
    if value is None:
        return f'<sf:{name} xsi:nil="true"/>'
    if isinstance(value, dict) and "records" in value:
        return _result(value, f"sf:{name}").text
    if isinstance(value, dict) and "attributes" in value:
        return _record(f"sf:{name}", value)
    if isinstance(value, dict):
        inside = "".join(f"<{key}>{escape(str(one))}</{key}>" for key, one in value.items() if one is not None)
        return f'<sf:{name} xsi:type="address">{inside}</sf:{name}>'
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<sf:{name}>{escape(_zulu(text))}</sf:{name}>"


def _zulu(text: str) -> str:
    return text.removesuffix("+0000") + "Z" if text.endswith(".000+0000") else text
