"""Which handler answers which path below `/services/data/vXX.0`."""

from __future__ import annotations

import re
from collections.abc import Callable

from connectors.emulator.salesforce.bulk.ingest import BulkIngests
from connectors.emulator.salesforce.bulk.query import BulkQueries
from connectors.emulator.salesforce.bulk.v1 import BulkV1
from connectors.emulator.salesforce.call import Call, answer
from connectors.emulator.salesforce.metadata.deploy import Deployments
from connectors.emulator.salesforce.metadata.tooling import Tooling
from connectors.emulator.salesforce.rest.collection import Collections
from connectors.emulator.salesforce.rest.composite import Composite
from connectors.emulator.salesforce.rest.composite_more import CompositeKin
from connectors.emulator.salesforce.rest.query import Queries, batch_hint
from connectors.emulator.salesforce.rest.rows import Rows
from connectors.emulator.salesforce.rest.search import Search
from connectors.emulator.salesforce.rest.small_routes import SmallRoutes
from connectors.emulator.salesforce.store.errors import ApiError, not_found
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.quota import Quota
from connectors.emulator.salesforce.store.writes import Writer
from connectors.emulator.server.http import Request, Response

OLDEST, REMOVED, LATEST = 31, 30, 68
VERSION = re.compile(r"/services/data/v(\d+)\.(\d+)(?:/(.*))?\Z", re.DOTALL)
_SET_UP = re.compile(r"\bFROM\s+(?:ApexTrigger|EntityDefinition|FieldDefinition|FlowDefinitionView)\b", re.IGNORECASE)
"""Objects of the Tooling API that the data API serves too."""
Handler = Callable[..., Response]


def refuse_version(number: int) -> None:
    """Raises 410 for a version that has been removed, 404 for one that does not exist yet."""
    if number <= REMOVED:
        raise ApiError(410, "UNSUPPORTED_API_VERSION", f"API version {number}.0 is no longer available")
    if number > LATEST:
        raise not_found()


class Routes:
    """The table, and the handlers too small for a module of their own."""

    def __init__(
        self,
        org: Org,
        quota: Quota,
        writer: Writer,
        queries: Queries,
        bulk_queries: BulkQueries,
        bulk_ingests: BulkIngests,
        deployments: Deployments,
        bulk_v1: BulkV1,
    ) -> None:
        self._org = org
        self._quota = quota
        self._writer = writer
        self._queries = queries
        self._bulk_queries = bulk_queries
        self._bulk_ingests = bulk_ingests
        self._deployments = deployments
        self._bulk_v1 = bulk_v1
        self._tooling = Tooling(org, deployments)
        self._routes = self._all_routes()

    def _sub_request(self, request: Request, call: Call) -> Response:
        match = VERSION.match(request.path)
        if match is None:
            raise not_found()
        refuse_version(int(match.group(1)))
        inner = Call(request, (match.group(3) or "").strip("/"), f"{int(match.group(1))}.0", call.rights, inner=True)
        return self.answer(inner)

    def answer(self, call: Call) -> Response:
        known = False
        for methods, pattern, handler in self._routes:
            match = pattern.fullmatch(call.path)
            if match is not None:
                known = True
                method = "GET" if call.request.method == "HEAD" else call.request.method
                if method in methods.split():
                    return handler(call, *match.groups())
        if known:
            method = call.request.method
            raise ApiError(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed.")
        raise not_found()

    def _all_routes(self) -> list[tuple[str, re.Pattern[str], Handler]]:
        rows, collections = Rows(self._org, self._writer), Collections(self._org, self._writer)
        composite = Composite(self._org, self._sub_request)
        kin = CompositeKin(self._org, self._writer, composite, self._sub_request)
        small = self._small = SmallRoutes(self._org, rows, self._queries)
        tooling = self._tooling
        search = Search(self._org, self._queries)
        name, record = r"(\w+)", r"(\w{15}(?:\w{3})?)"
        table: list[tuple[str, str, Handler]] = [
            ("GET", "", small.resources),
            ("GET", "recent", small.recent),
            ("GET", "search", search.find),
            ("GET POST", "parameterizedSearch", search.parameterized),
            ("GET", "(?:tabs|quickActions|search/layout|search/scopeOrder)", small.nothing),
            ("GET", "theme", small.theme),
            ("GET", r"appMenu/(?:AppSwitcher|Salesforce1)/?", small.app_menu),
            ("GET", "connect/communities", small.communities),
            ("GET", "analytics/(?:reports|dashboards)", small.analytics),
            ("GET", "query(?:All)?", self._query),
            ("GET", r"query(?:All)?/(0r8\w+-\d+)", self._query_more),
            ("GET", r"query(?:All)?/(.+)", self._query_more),
            ("GET", "sobjects", rows.listing),
            ("GET POST", f"sobjects/{name}", rows.basic),
            ("GET", f"sobjects/{name}/describe", rows.describe),
            ("GET", f"sobjects/{name}/describe/layouts", small.layouts),
            ("GET", f"sobjects/{name}/describe/layouts/{record}", small.layout),
            ("GET", f"sobjects/{name}/describe/(compactLayouts|approvalLayouts)", small.named_layouts),
            ("GET", f"sobjects/{name}/quickActions", small.nothing),
            ("GET", f"sobjects/{name}/listviews", small.listviews),
            ("GET", f"sobjects/{name}/updated", rows.updated),
            ("GET", f"sobjects/{name}/deleted", rows.deleted),
            ("GET PATCH DELETE", f"sobjects/{name}/{record}", rows.one),
            ("GET PATCH", f"sobjects/{name}/{name}/(.+)", rows.by_key),
            ("POST PATCH DELETE", "composite/sobjects", collections.change),
            ("PATCH", f"composite/sobjects/{name}/{name}", collections.upsert),
            ("GET POST", f"composite/sobjects/{name}", collections.retrieve),
            ("POST", "composite", composite.handle),
            ("POST", "composite/batch", kin.batch),
            ("POST", "composite/graph", kin.graph),
            ("POST", f"composite/tree/{name}", kin.tree),
            ("GET", "limits", self._limits),
            ("GET", "limits/recordCount", self._record_count),
            ("POST", "metadata/deployRequest", self._deployments.start),
            ("GET PATCH", f"metadata/deployRequest/{record}", self._deployments.status),
            ("GET", "tooling/query", tooling.query),
            ("GET", "tooling/sobjects", tooling.listing),
            ("GET", f"tooling/sobjects/{name}(?:/describe)?", tooling.describe),
            ("POST", f"tooling/sobjects/{name}", tooling.create),
            ("GET", "tooling/describe", tooling.listing),
            ("GET", "tooling/executeAnonymous", small.anonymous),
            ("GET", "tooling/completions", small.support),
            ("GET PATCH DELETE", f"tooling/sobjects/{name}/{record}", tooling.one),
            *self._bulk_routes(),
        ]
        return [(methods, re.compile(pattern), handler) for methods, pattern, handler in table]

    def _bulk_routes(self) -> list[tuple[str, str, Handler]]:
        record, queries, ingests = r"(\w{15}(?:\w{3})?)", self._bulk_queries, self._bulk_ingests
        return [
            ("POST", "jobs/query", lambda c: answer(queries.create(c.json(), c.rights, c.version))),
            ("GET", "jobs/query", lambda c: answer(queries.all(c.rights))),
            ("GET", f"jobs/query/{record}", lambda c, job: answer(queries.status(job, c.rights))),
            ("PATCH", f"jobs/query/{record}", lambda c, job: answer(queries.change(job, c.json(), c.rights))),
            ("DELETE", f"jobs/query/{record}", lambda c, job: queries.delete(job, c.rights)),
            ("GET", f"jobs/query/{record}/results", lambda c, j: queries.results(j, c.request, c.rights, c.version)),
            (
                "GET",
                f"jobs/query/{record}/resultPages",
                lambda c, job: answer(queries.result_pages(job, c.request, c.rights, c.version)),
            ),
            ("POST", "jobs/ingest", lambda c: answer(ingests.create(c.json(), c.rights, c.version))),
            ("GET", "jobs/ingest", lambda c: answer(ingests.all(c.rights))),
            ("GET", f"jobs/ingest/{record}", lambda c, job: answer(ingests.status(job, c.rights))),
            ("PATCH", f"jobs/ingest/{record}", lambda c, job: answer(ingests.change(job, c.json(), c.rights))),
            ("DELETE", f"jobs/ingest/{record}", lambda c, job: ingests.delete(job, c.rights)),
            ("PUT", f"jobs/ingest/{record}/batches", self._upload),
            (
                "GET",
                f"jobs/ingest/{record}/(successfulResults|failedResults|unprocessed[rR]ecords)",
                lambda c, job, kind: Response(
                    200, ingests.results(job, kind, c.rights, c.version), "text/csv", compress=True
                ),
            ),
        ]

    def _upload(self, call: Call, job: str) -> Response:
        content_type = call.header("Content-Type") or ""
        self._bulk_ingests.upload(job, call.request.body, content_type, call.rights, call.version)
        return Response(201)

    def _query(self, call: Call) -> Response:
        soql = call.request.param("q")
        if soql is None and call.request.param("explain"):
            return self._small.explain(call)
        if soql is None:
            raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
        if _SET_UP.search(soql):
            return self._tooling.query(call)
        everything = call.path.startswith("queryAll")
        if call.request.param("columns") == "true":
            return answer(self._queries.columns(soql, call.rights))
        batch = batch_hint(call.header("Sforce-Query-Options"))
        return answer(self._queries.query(soql, call.rights, call.version, everything=everything, batch=batch))

    def _query_more(self, call: Call, locator: str) -> Response:
        batch = batch_hint(call.header("Sforce-Query-Options"))
        return answer(self._queries.more(locator, call.rights, call.version, batch))

    def _limits(self, _: Call) -> Response:
        return answer(
            self._quota.json(
                query_jobs=self._bulk_queries.count, batches=self._bulk_ingests.batches + self._bulk_v1.batches
            )
        )

    def _record_count(self, call: Call) -> Response:
        wanted = {name.lower() for name in call.request.params("sObjects")}
        counts = []
        for thing in self._org.schema.objects.values():
            if (not wanted or thing.name.lower() in wanted) and call.rights.allows(thing, "read"):
                live = " WHERE IsDeleted = 0" if "IsDeleted" in thing.fields else ""
                count = self._org.store.tuples(f'SELECT COUNT(*) FROM "{thing.name}"{live}')[0][0]  # noqa: S608
                counts.append({"count": count, "name": thing.name})
        return answer({"sObjects": counts})


def version_json(number: int) -> dict[str, str]:
    """How a version is listed: v68 is Winter '27; three releases a year."""
    year, season = divmod(number - 68, 3)
    name = ("Winter", "Spring", "Summer")[season]
    label = f"{name} '{27 + year}"
    return {"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
