"""Optional extras: list views and a report type over our fields, as an SFDX project of their own.

Nothing of bothways deploys them or needs them; an administrator does, with the sf command line
(docs/install-salesforce.md). Column names of list views are Salesforce's own words for standard fields; children stand
in the order of the metadata WSDL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from connectors.base import PropertySpec
from connectors.records import Stream
from connectors.salesforce.names import OBJECTS, field_name
from connectors.salesforce.setup.metadata import HEAD, NS, project_json

REPORT_TYPE = "Bothways_Accounts"


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one of our fields (a stem) or on a standard one (Salesforce's word for it in list views)."""

    field: str
    operation: str
    value: str


@dataclass(frozen=True, slots=True)
class ListView:
    """A list of accounts or opportunities."""

    stream: Stream
    name: str
    label: str
    filters: tuple[Filter, ...]
    columns: tuple[str, ...]
    """Stems of ours, shown after the record's own columns."""


_ACCOUNT = (
    "bothways_stance",
    "bothways_customer_dependence",
    "bothways_seller_dependence",
    "bothways_reciprocity_balance",
)
_DEAL = ("bothways_deal_stance", "bothways_deal_customer_dependence", "bothways_deal_reciprocity_balance")
_OWN: dict[Stream, tuple[str, ...]] = {
    "accounts": ("ACCOUNT.NAME",),
    "opportunities": (
        "OPPORTUNITY.NAME",
        "ACCOUNT.NAME",
        "OPPORTUNITY.AMOUNT",
        "OPPORTUNITY.CLOSE_DATE",
        "OPPORTUNITY.STAGE_NAME",
    ),
}
_OPEN = Filter("OPPORTUNITY.CLOSED", "equals", "0")
LIST_VIEWS = (
    ListView(
        "accounts",
        "Bothways_Respond",
        "Both ways: they reach out, we do not",
        (Filter("bothways_stance", "equals", "respond"),),
        (*_ACCOUNT, "bothways_top_drivers"),
    ),
    ListView(
        "accounts",
        "Bothways_Step_Back",
        "Both ways: step back",
        (
            Filter("bothways_stance", "equals", "rebalance,keep_transactional"),
            Filter("bothways_reclaimable_hours", "greaterThan", "5"),
        ),
        (*_ACCOUNT, "bothways_reclaimable_hours"),
    ),
    ListView(
        "accounts",
        "Bothways_Protect",
        "Both ways: at risk",
        (Filter("bothways_stance", "equals", "protect"),),
        (*_ACCOUNT, "bothways_confidence"),
    ),
    ListView(
        "accounts",
        "Bothways_Court",
        "Both ways: court these",
        (
            Filter("bothways_stance", "equals", "build_close,partner"),
            Filter("bothways_confidence", "greaterThan", "40"),
        ),
        (*_ACCOUNT, "bothways_confidence"),
    ),
    ListView(
        "opportunities",
        "Bothways_Let_Go",
        "Both ways: deals to let go",
        (Filter("bothways_deal_stance", "equals", "do_not_chase"), _OPEN),
        (*_DEAL, "bothways_deal_confidence"),
    ),
)


def extras_tree(specs: Sequence[PropertySpec]) -> dict[str, str]:
    """The project: path -> content. Raises KeyError when a list view names a property that is not among `specs`."""
    known = {spec.name: spec for spec in specs}
    root = "force-app/main/default"
    tree = {"sfdx-project.json": project_json()}
    for view in LIST_VIEWS:
        path = f"{root}/objects/{OBJECTS[view.stream]}/listViews/{view.name}.listView-meta.xml"
        tree[path] = f"{HEAD}<ListView {NS}>\n{_list_view(view, known)}\n</ListView>\n"
    tree[f"{root}/reportTypes/{REPORT_TYPE}.reportType-meta.xml"] = _report_type(specs)
    return tree


def _list_view(view: ListView, known: dict[str, PropertySpec]) -> str:
    def column(word: str) -> str:
        return field_name(known[word].name) if word.startswith("bothways_") else word

    lines = [f"    <fullName>{view.name}</fullName>"]
    lines += [f"    <columns>{column(each)}</columns>" for each in (*_OWN[view.stream], *view.columns)]
    lines.append("    <filterScope>Everything</filterScope>")
    for each in view.filters:
        parts = {"field": column(each.field), "operation": each.operation, "value": each.value}
        inner = "".join(f"        <{name}>{escape(text)}</{name}>\n" for name, text in parts.items())
        lines.append(f"    <filters>\n{inner}    </filters>")
    lines.append(f"    <label>{escape(view.label)}</label>")
    return "\n".join(lines)


def _report_type(specs: Sequence[PropertySpec]) -> str:
    fields = ["Name", "Owner", "Industry", "Type", *(field_name(s.name) for s in specs if s.stream == "accounts")]
    columns = "\n".join(
        f"        <columns>\n            "
        f"<checkedByDefault>{str(name in ('Name', 'Owner')).lower()}</checkedByDefault>\n"
        f"            <field>{name}</field>\n            <table>Account</table>\n        </columns>"
        for name in fields
    )
    return (
        f"{HEAD}<ReportType {NS}>\n    <baseObject>Account</baseObject>\n    <category>accounts</category>\n"
        "    <deployed>true</deployed>\n    <description>Accounts with the scores of bothways.</description>\n"
        f"    <label>Both ways: accounts</label>\n    <sections>\n{columns}\n"
        "        <masterLabel>Account and scores</masterLabel>\n    </sections>\n</ReportType>\n"
    )
