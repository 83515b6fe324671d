"""`/composite/batch`, `/composite/graph` and `/composite/tree`: other ways to send several requests as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import orjson

from connectors.emulator.salesforce.call import Call, answer
from connectors.emulator.salesforce.rest.composite import Composite
from connectors.emulator.salesforce.store.errors import ApiError, RowError, not_found
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.schema import Object
from connectors.emulator.salesforce.store.writes import Writer
from connectors.emulator.server.http import Request, Response

_MOST_BATCH, _MOST_GRAPHS, _MOST_TREE, _DEEPEST_TREE = 25, 75, 200, 5
Json = dict[str, Any]


class CompositeKin:
    """Handlers; `run` performs one sub-request as the same user."""

    def __init__(
        self, org: Org, writer: Writer, composite: Composite, run: Callable[[Request, Call], Response]
    ) -> None:
        self._org = org
        self._writer = writer
        self._composite = composite
        self._run = run

    def batch(self, call: Call) -> Response:
        """Independent requests, each with its own status."""
        body = call.json()
        parts = body.get("batchRequests") if isinstance(body, dict) else None
        if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
            raise ApiError(400, "JSON_PARSER_ERROR", "batchRequests must be a list of requests")
        if len(parts) > _MOST_BATCH:
            raise ApiError(400, "LIMIT_EXCEEDED", f"Limit of {_MOST_BATCH} reached for batchRequests.")
        results: list[Json] = []
        stop = bool(body.get("haltOnError"))
        for part in parts:
            if stop and any(result["statusCode"] >= 400 for result in results):
                halted = ApiError(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request")
                results.append({"statusCode": 412, "result": halted.body()})
            else:
                results.append(self._one(part, call))
        return answer({"hasErrors": any(result["statusCode"] >= 400 for result in results), "results": results})

    def _one(self, part: Json, call: Call) -> Json:
        try:
            response = self._run(_request(part, call), call)
        except ApiError as error:
            return {"statusCode": error.status, "result": error.body()}
        return {"statusCode": response.status, "result": orjson.loads(response.body) if response.body else None}

    def graph(self, call: Call) -> Response:
        """Each graph is one transaction of its own."""
        body = call.json()
        graphs = body.get("graphs") if isinstance(body, dict) else None
        if not isinstance(graphs, list) or not graphs or not all(isinstance(graph, dict) for graph in graphs):
            raise ApiError(400, "JSON_PARSER_ERROR", "graphs must be a list of graphs")
        if len(graphs) > _MOST_GRAPHS:
            raise ApiError(400, "LIMIT_EXCEEDED", f"Limit of {_MOST_GRAPHS} reached for graphs.")
        return answer({"graphs": [self._graph(graph, call) for graph in graphs]})

    def _graph(self, graph: Json, call: Call) -> Json:
        with self._org.store.lock:
            self._org.store.execute("SAVEPOINT graph")
            done = self._composite.answers({"allOrNone": True, "compositeRequest": graph.get("compositeRequest")}, call)
            good = all(part["httpStatusCode"] < 400 for part in done)
            if not good:
                self._org.store.execute("ROLLBACK TO graph")
                self._org.access.forget()
            self._org.store.execute("RELEASE graph")
        return {
            "graphId": graph.get("graphId"),
            "graphResponse": {"compositeResponse": done},
            "isSuccessful": good,
        }

    def tree(self, call: Call, name: str) -> Response:
        """Records with their children; all of them are created, or none."""
        body = call.json()
        records = body.get("records") if isinstance(body, dict) else None
        thing = self._org.schema.object(name)
        if thing is None or not call.rights.allows(thing, "read"):
            raise not_found()
        if not isinstance(records, list) or not records:
            raise ApiError(400, "JSON_PARSER_ERROR", "records must be a list of records")
        made: list[Json] = []
        errors: list[Json] = []
        with self._org.store.lock:
            self._org.store.execute("SAVEPOINT tree")
            try:
                for record in records:
                    self._plant(record, thing, {}, call, 1, made, errors)
            except ApiError:
                self._org.store.execute("ROLLBACK TO tree")
                self._org.store.execute("RELEASE tree")
                raise
            if errors:
                self._org.store.execute("ROLLBACK TO tree")
                self._org.access.forget()
            self._org.store.execute("RELEASE tree")
        if errors:
            return answer({"hasErrors": True, "results": errors}, 400)
        return answer({"hasErrors": False, "results": made}, 201)

    def _plant(
        self, record: Any, thing: Object, parent: Json, call: Call, depth: int, made: list[Json], errors: list[Json]
    ) -> None:
        attributes = record.get("attributes") if isinstance(record, dict) else None
        reference = attributes.get("referenceId") if isinstance(attributes, dict) else None
        if not isinstance(record, dict) or not isinstance(reference, str):
            raise ApiError(400, "INVALID_INPUT", "each record needs attributes with type and referenceId")
        if depth > _DEEPEST_TREE or len(made) + len(errors) >= _MOST_TREE:
            raise ApiError(400, "LIMIT_EXCEEDED", f"at most {_MOST_TREE} records, {_DEEPEST_TREE} levels deep")
        children = {key: value for key, value in record.items() if isinstance(value, dict) and "records" in value}
        values = {key: value for key, value in record.items() if key not in children and key != "attributes"}
        try:
            record_id = self._writer.create(thing, {**values, **parent}, call.rights, call.write_options())
        except RowError as error:
            errors.append({"referenceId": reference, "errors": [error.body()]})
            return
        made.append({"referenceId": reference, "id": record_id})
        for relation, inner in children.items():
            child, key = self._child(thing, relation)
            listed = inner["records"] if isinstance(inner["records"], list) else []
            for item in listed:
                self._plant(item, child, {key: record_id}, call, depth + 1, made, errors)

    def _child(self, thing: Object, relation: str) -> tuple[Object, str]:
        for child, reference, name in self._org.schema.children(thing.name):
            if name.lower() == relation.lower():
                return self._org.schema.objects[child], reference
        raise ApiError(400, "INVALID_FIELD", f"No such relation '{relation}' on sobject of type {thing.name}")


def _request(part: Json, call: Call) -> Request:
    """A batch names its parts from the version on: `v68.0/limits`."""
    url = str(part.get("url", ""))
    full = url if url.startswith("/services/data/") else f"/services/data/{url.lstrip('/')}"
    split = urlsplit(full)
    kept = ("authorization", "sforce-auto-assign")
    headers = {name: value for name, value in call.request.headers.items() if name in kept}
    body = part.get("richInput")
    return Request(
        str(part.get("method", "GET")).upper(),
        full,
        unquote_plus(split.path),
        parse_qsl(split.query, keep_blank_values=True),
        {**headers, "content-type": "application/json"},
        b"" if body is None else orjson.dumps(body),
    )
