"""What travels in the first Bulk API: job and batch descriptions, rows and results, each as CSV, JSON or XML."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

import orjson

from connectors.emulator.salesforce.metadata.package import Unreadable, parse_xml
from connectors.emulator.salesforce.store.errors import RowError
from connectors.emulator.server.http import Request, Response

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
XML = "application/xml"
JSON = "application/json"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")
_NULL = "#N/A"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
Json = dict[str, Any]
Row = dict[str, Any]


class BulkError(Exception):
    """A refusal: `exceptionCode` and `exceptionMessage`."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status

    def answer(self, *, as_json: bool) -> Response:
        body = {"exceptionCode": self.code, "exceptionMessage": self.message}
        if as_json:
            return Response(self.status, orjson.dumps(body), JSON)
        inside = "".join(_element(name, value) for name, value in body.items())
        text = f'<?xml version="1.0" encoding="UTF-8"?><error xmlns="{NAMESPACE}">{inside}</error>'
        return Response(self.status, text.encode(), XML)


def read_info(request: Request, tag: str) -> Json:
    """A job description. Raises BulkError."""
    if "json" in request.headers.get("content-type", ""):
        try:
            value = request.json()
        except ValueError as error:
            raise BulkError("InvalidJob", f"Failed to parse the request: {error}") from None
        if not isinstance(value, dict):
            raise BulkError("InvalidJob", "The request must be an object")
        return value
    root = _xml(request.body, "InvalidJob")
    if root.tag != tag:
        raise BulkError("InvalidJob", f"Element {root.tag} where {tag} was expected")
    return {child.tag: (child.text or "").strip() for child in root}


def read_rows(kind: str, body: bytes) -> list[Row]:
    """Rows of a batch; a null is None, a cell left empty is left out. Raises BulkError."""
    if kind == "JSON":
        try:
            rows = orjson.loads(body)
        except ValueError:
            raise BulkError("InvalidBatch", "Failed to parse the JSON of the batch") from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BulkError("InvalidBatch", "The batch must be a list of records")
        return rows
    if kind == "XML":
        objects = _xml(body, "InvalidBatch").findall("sObject")
        return [
            {
                child.tag: None if child.get(_NIL) == "true" else (child.text or "")
                for child in item
                if child.tag != "type"
            }
            for item in objects
        ]
    try:
        text = body.decode("utf-8-sig")
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BulkError("InvalidBatch", f"Failed to parse the CSV of the batch: {error}") from None
    if not lines:
        raise BulkError("InvalidBatch", "The CSV of the batch is empty")
    header = lines[0]
    return [
        {name: None if cell == _NULL else cell for name, cell in zip(header, line, strict=False) if cell != ""}
        for line in lines[1:]
    ]


def info_answer(tag: str, value: Any, *, as_json: bool, status: int = 200) -> Response:
    """A job's or a batch's description."""
    if as_json:
        return Response(status, orjson.dumps(value), JSON)
    text = tagged(tag, value).replace(f"<{tag}>", f'<{tag} xmlns="{NAMESPACE}">', 1)
    return Response(status, f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode(), XML)


def results_answer(kind: str, results: list[Json]) -> Response:
    """What became of each row, in the order of the batch."""
    if kind == "JSON":
        made = [{**result, "errors": [_json_error(error) for error in result["errors"]]} for result in results]
        return Response(200, orjson.dumps(made), JSON)
    if kind == "XML":
        inside = "".join(tagged("result", _xml_result(result)) for result in results)
        return Response(
            200, f'<?xml version="1.0" encoding="UTF-8"?><results xmlns="{NAMESPACE}">{inside}</results>'.encode(), XML
        )
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["Id", "Success", "Created", "Error"])
    for result in results:
        error = result["errors"][0].bulk() if result["errors"] else ""
        writer.writerow([result["id"] or "", _flag(result["success"]), _flag(result["created"]), error])
    return Response(200, out.getvalue().encode(), "text/csv")


def rows_answer(kind: str, records: list[Json]) -> Response:
    """Rows of a query as JSON or XML."""
    if kind == "JSON":
        return Response(200, orjson.dumps(records), JSON, compress=True)
    inside = "".join(tagged("records", {"type": r["attributes"]["type"], **_plain(r)}) for r in records)
    start = f'<queryResult xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    return Response(
        200, f'<?xml version="1.0" encoding="UTF-8"?>{start}{inside}</queryResult>'.encode(), XML, compress=True
    )


def tagged(name: str, value: Any) -> str:
    """A value as XML; a list repeats its tag, None is an empty nil element."""
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(tagged(key, inner) for key, inner in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(tagged(name, item) for item in value)
    return _element(name, value)


def _element(name: str, value: Any) -> str:
    if value is None:
        return f'<{name} xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>'
    if isinstance(value, str) and _TIME.fullmatch(value):
        value = value.removesuffix("+0000") + "Z"
    return f"<{name}>{escape(_flag(value) if isinstance(value, bool) else str(value))}</{name}>"


def _plain(record: Json) -> Json:
    return {
        name: _plain(value) if isinstance(value, dict) else value
        for name, value in record.items()
        if name != "attributes"
    }


def _json_error(error: RowError) -> Json:
    return {**error.body(), "extendedErrorDetails": None}


def _xml_result(result: Json) -> Json:
    errors = [{"fields": e.fields, "message": e.message, "statusCode": e.code} for e in result["errors"]]
    made = {"errors": errors, "id": result["id"], "success": result["success"], "created": result["created"]}
    return {name: value for name, value in made.items() if value is not None}


def _flag(value: bool) -> str:
    return str(value).lower()


def _xml(body: bytes, code: str) -> Any:
    try:
        return parse_xml(body, "request")
    except Unreadable as error:
        raise BulkError(code, str(error)) from None
