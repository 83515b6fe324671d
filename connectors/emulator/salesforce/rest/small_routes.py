"""Resources that clients look at in passing: the list of resources, recent items, list views, layouts that hold
nothing, query plans.
"""

from __future__ import annotations

from connectors.emulator.salesforce.call import Call, answer
from connectors.emulator.salesforce.rest.query import Queries
from connectors.emulator.salesforce.rest.rows import Rows
from connectors.emulator.salesforce.soql.parser import parse
from connectors.emulator.salesforce.store.errors import ApiError
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.server.http import Response

_RESOURCES = (
    "tooling",
    "metadata",
    "query",
    "queryAll",
    "search",
    "parameterizedSearch",
    "sobjects",
    "composite",
    "jobs",
    "limits",
    "recent",
    "tabs",
    "theme",
    "quickActions",
    "appMenu",
    "analytics",
)


class SmallRoutes:
    """Handlers."""

    def __init__(self, org: Org, rows: Rows, queries: Queries) -> None:
        self._org = org
        self._rows = rows
        self._queries = queries

    def resources(self, call: Call) -> Response:
        named = {name: f"/services/data/v{call.version}/{name}" for name in _RESOURCES}
        host = call.request.headers.get("host", "localhost")
        return answer({**named, "identity": f"http://{host}/id/{self._org.org_id}/{call.rights.user_id}"})

    def recent(self, _: Call) -> Response:
        """Nobody has looked at anything."""
        return answer([])

    def listviews(self, call: Call, name: str) -> Response:
        thing = self._rows.thing(call, name)
        return answer({"done": True, "listviews": [], "nextRecordsUrl": None, "size": 0, "sobjectType": thing.name})

    def layouts(self, call: Call, name: str) -> Response:
        self._rows.thing(call, name)
        return answer({"layouts": [], "recordTypeMappings": [], "recordTypeSelectorRequired": [False]})

    def explain(self, call: Call) -> Response:
        """One plan: an index where the condition names an indexed field, else a table scan."""
        soql = call.request.param("explain") or ""
        query = parse(soql)
        self._queries.columns(soql, call.rights)
        name = query.source.text
        return answer(
            {
                "plans": [
                    {
                        "cardinality": 1,
                        "fields": [],
                        "leadingOperationType": "TableScan",
                        "notes": [],
                        "relativeCost": 1.0,
                        "sobjectCardinality": 1,
                        "sobjectType": name,
                    }
                ],
                "sourceQuery": soql,
            }
        )

    def layout(self, call: Call, name: str, record_type: str) -> Response:
        """The layout of one record type: an empty page."""
        self._rows.thing(call, name)
        empty: dict[str, object] = {
            "buttonLayoutSection": None,
            "detailLayoutSections": [],
            "editLayoutSections": [],
            "highlightsPanelLayoutSection": None,
            "multirowEditLayoutSections": [],
            "offlineLinks": [],
            "quickActionList": None,
            "relatedContent": None,
            "relatedLists": [],
            "saveOptions": [],
        }
        return answer({"id": f"00h{record_type[3:15]}", **empty})

    def named_layouts(self, call: Call, name: str, kind: str) -> Response:
        """`compactLayouts` and `approvalLayouts`: the system's, which hold nothing."""
        thing = self._rows.thing(call, name)
        if kind == "approvalLayouts":
            return answer({"approvalLayouts": []})
        return answer(
            {
                "compactLayouts": [],
                "defaultCompactLayoutId": None,
                "recordTypeCompactLayoutMappings": [],
                "urls": {
                    "primary": f"/services/data/v{call.version}/sobjects/{thing.name}/describe/compactLayouts/primary"
                },
            }
        )

    def nothing(self, _: Call, *__: str) -> Response:
        """A list of what nobody has made: tabs, actions."""
        return answer([])

    def theme(self, _: Call) -> Response:
        return answer({"themeItems": []})

    def app_menu(self, _: Call) -> Response:
        return answer({"appMenuItems": []})

    def communities(self, _: Call) -> Response:
        return answer({"communities": [], "total": 0})

    def analytics(self, _: Call) -> Response:
        """Nobody has made a report or a dashboard."""
        return answer([])

    def support(self, _: Call) -> Response:
        return answer({"completions": {}, "publicDeclarations": {}})

    def anonymous(self, call: Call) -> Response:
        """There is no Apex here: nothing compiles."""
        if not call.rights.admin:
            raise ApiError(403, "INSUFFICIENT_ACCESS", "Author Apex is needed to run anonymous Apex")
        return answer(
            {
                "line": 1,
                "column": 1,
                "compiled": False,
                "success": False,
                "compileProblem": "Apex cannot be run by this stand-in",
                "exceptionStackTrace": None,
                "exceptionMessage": None,
            }
        )
