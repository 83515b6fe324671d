"""Right after a run that wrote: nothing to read again, nothing to write, and nothing of what others did is passed
over.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import urllib3

from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.server.http import Request

NOW = datetime(2026, 10, 15, tzinfo=UTC)
MOST_CALLS = 15


def within(app: Any, method: str, path: str, body: object) -> Any:
    """A call to the portal from within another one."""
    headers = {"authorization": f"Bearer {app.token}", "host": "localhost"}
    return orjson.loads(app.handle(Request(method, path, path, [], headers, orjson.dumps(body))).body)


class Portal:
    """An emulated portal, its runs, and somebody who works in it."""

    def __init__(self, line: Any, accounts: int = 150) -> None:
        self.line = line("hubspot", org=demo_organisation(7, accounts, now=NOW, activities_per_account=3))

    def run(self) -> tuple[Any, dict[str, int]]:
        before = dict(self.line.server.calls)
        result = self.line.sync(accept=True)
        after = dict(self.line.server.calls)
        return result, {k: n - before.get(k, 0) for k, n in after.items() if n != before.get(k, 0)}

    def api(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.line.server.app.token}", "Content-Type": "application/json"}
        with urllib3.PoolManager() as pool:
            raw = None if body is None else orjson.dumps(body)
            answer = pool.request(method, self.line.server.url + path, body=raw, headers=headers)
        assert answer.status < 300, answer.data
        return orjson.loads(answer.data or b"{}")

    def ids(self, kind: str, count: int) -> list[str]:
        return [one["id"] for one in self.api("GET", f"/crm/v3/objects/{kind}?limit={count}")["results"]]

    def rename(self, kind: str, record: str, name: str) -> None:
        field = "name" if kind == "companies" else "dealname"
        self.api("PATCH", f"/crm/v3/objects/{kind}/{record}", {"properties": {field: name}})


@pytest.fixture
def portal(line: Any) -> Portal:
    return Portal(line)


def test_a_run_right_after_one_that_wrote_reads_and_writes_nothing(portal: Portal) -> None:
    """HubSpot counts our writes as changes: hs_lastmodifieddate moves with any property (developers.hubspot.com,
    search).
    """
    first, _ = portal.run()
    assert first.written > 700, "several pages of a search"
    second, calls = portal.run()
    assert (second.written, sum(second.pulled.get(s, 0) for s in ("accounts", "opportunities"))) == (0, 0)
    assert sum(calls.values()) <= MOST_CALLS, calls


def test_what_others_changed_meanwhile_is_read_whenever_it_was(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    app = portal.line.server.app
    handle, made = app.handle, []
    companies, deals = portal.ids("companies", 3), portal.ids("deals", 3)

    def busy(request: Any) -> Any:
        response = handle(request)
        if "deals/batch/update" in request.path and not made:  # among our writes
            made.append("")
            made.append(within(app, "POST", "/crm/v3/objects/deals", {"properties": {"dealname": "Made during"}})["id"])
        return response

    monkeypatch.setattr(app, "handle", busy)
    first, _ = portal.run()
    assert first.written > 700
    assert made
    portal.rename("companies", companies[0], "Renamed after")
    portal.rename("deals", deals[0], "Renamed after")
    second, _ = portal.run()
    assert second.pulled["accounts"] == 1
    assert second.pulled["opportunities"] == 2
    third, _ = portal.run()
    assert third.written == 0


def test_a_record_changed_between_our_read_and_our_write_is_read_again(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our write takes the stamp of somebody's edit away: the search is asked for such records before the first
    write.
    """
    app = portal.line.server.app
    [company] = portal.ids("companies", 1)
    handle, done = app.handle, []

    def busy(request: Any) -> Any:
        if "pipelines" in request.path and not done:  # the deals are read after the companies were begun
            done.append(company)
            path = f"/crm/v3/objects/companies/{company}"
            within(app, "PATCH", path, {"properties": {"name": "Renamed between"}})
        return handle(request)

    monkeypatch.setattr(app, "handle", busy)
    portal.run()
    assert done
    second, _ = portal.run()
    assert second.pulled["accounts"] == 1
    assert second.written <= 1


def test_a_deal_moved_by_its_association_alone_is_the_other_companys_next_night(
    line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """airbytehq/airbyte#27199: no search finds it, since no stamp moves."""
    portal = Portal(line, 24)
    portal.run()
    app = portal.line.server.app
    deal, old = next(
        (deal, str(found[0][0]))
        for deal in portal.ids("deals", 20)
        if (found := app.portal.links.of(("deals", "companies"), int(deal)))
    )
    new = next(one for one in portal.ids("companies", 20) if one != old)
    portal.api("DELETE", f"/crm/v4/objects/deals/{deal}/associations/companies/{old}")
    portal.api("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/companies/{new}")
    same_night, _ = portal.run()
    assert same_night.pulled.get("opportunities", 0) == 0
    monkeypatch.setattr("connectors.hubspot.read.cursor._NIGHT_MS", 0)
    night, _ = portal.run()
    assert night.pulled["opportunities"] == 1
    assert night.written > 0
