"""What a night costs in calls on which a share of everything has changed, with and without the looks at what changes
silently.

    .venv/bin/python bench/nightly_calls.py --crm hubspot salesforce --accounts 400 --activities 25

For each CRM an emulator in this process and one full read. Then a share of accounts, contacts, deals and activities is
edited through the CRM's own API, some associations (HubSpot) and invitations (Salesforce) change without a stamp, and
the same night is read from copies of the same workspace: once as it is, once without reading silent changes, once when
nothing has changed. Prints the calls of each, and exits 1 when a night costs more than 5 % and the calls that are
allowed for silent changes (HubSpot: 1 for each 1,000 associated records and kind of association; Salesforce: 1 for
2,000), or a quiet run more than 15.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
import urllib3

from config import settings as config_settings
from config.loading import load_model
from connectors.emulator.hubspot.store.table import LIVE
from connectors.emulator.organisation.model import Organisation, demo_organisation
from enrichment.fields import fields
from sync.onboarding.demo import build_emulator, write_demo_settings
from sync.options import RunContext, options_from, workspace_of
from sync.progress import NullProgress
from sync.registry import connect
from sync.run import run_plan

TOKEN = "BOTHWAYS_CRM_TOKEN"
SPARE, QUIET = 1.05, 15
HUBSPOT_BATCH, SALESFORCE_PAGE = 1_000, 2_000


class Night:
    """A portal or organisation that can be edited and read again from a copy of a workspace."""

    def __init__(self, crm: str, organisation: Organisation, folder: Path, server: Any, days: int) -> None:
        self.crm, self.server, self.folder = crm, server, folder
        self.config = write_demo_settings(crm, server.url, organisation, folder)
        if crm == "hubspot":
            self.config.write_text(
                self.config.read_text().replace("[crm]\n", f"[crm]\nrate_limit = 1000\nassociations_days = {days}\n", 1)
            )
        self.pool = urllib3.PoolManager()

    def read(self, workspace: Path | None = None) -> tuple[int, dict[str, int]]:
        """The calls of a read, and the records that it brought."""
        settings = config_settings.load(self.config)
        if workspace is not None:
            settings = settings.model_copy(
                update={"workspace": settings.workspace.model_copy(update={"dir": workspace})}
            )
        connector = connect(settings)
        specs = fields(settings.score.profile)
        context = RunContext(
            connector, workspace_of(settings), load_model(settings), specs, options_from(settings), NullProgress()
        )
        try:
            result = run_plan(context)
            return int(result.api_calls["read"]), {stream: n for stream, n in result.pulled.items() if n}
        finally:
            connector.close()

    def provision(self) -> None:
        settings = config_settings.load(self.config)
        connector = connect(settings)
        connector.provision(fields(settings.score.profile))
        connector.close()

    def send(self, method: str, path: str, body: object) -> None:
        headers = {"Authorization": f"Bearer {self.server.app.token}", "Content-Type": "application/json"}
        answer = self.pool.request(method, self.server.url + path, body=orjson.dumps(body), headers=headers)
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.data[:300]!r}")


def change_hubspot(night: Night, share: float) -> int:
    """Edits a share of the records; gives how many."""
    changed = 0
    for plural, name in (("companies", "city"), ("contacts", "jobtitle"), ("deals", "dealname")):
        table = night.server.app.portal.tables[plural]
        ids = [str(one) for row, one in enumerate(table.ids) if table.state[row] == LIVE]
        some = ids[:: max(1, round(1 / share))]
        for start in range(0, len(some), 100):
            inputs = [{"id": one, "properties": {name: f"changed {one}"}} for one in some[start : start + 100]]
            night.send("POST", f"/crm/v3/objects/{plural}/batch/update", {"inputs": inputs})
        changed += len(some)
    tables = (night.server.app.portal.tables[name] for name in ("deals", "companies"))
    deals, companies = ([i for row, i in enumerate(t.ids) if t.state[row] == LIVE] for t in tables)
    for at, deal in enumerate(deals[:: max(1, round(1 / share))]):  # moved by association alone
        night.send(
            "PUT", f"/crm/v4/objects/deals/{deal}/associations/default/companies/{companies[at % len(companies)]}", []
        )
    return changed


def change_salesforce(night: Night, share: float) -> int:
    """Edits a share of the records; gives how many. Some invitations are answered."""
    changed, app = 0, night.server.app
    for name, field in (("Account", "Site"), ("Contact", "Title"), ("Opportunity", "Name"), ("Event", "Subject")):
        ids = [row["Id"] for row in app.records(name) or [] if not row["IsDeleted"]]
        some = ids[:: max(1, round(1 / share))]
        for start in range(0, len(some), 200):
            records = [
                {"attributes": {"type": name}, "Id": one, field: f"changed {one[-6:]}"}
                for one in some[start : start + 200]
            ]
            night.send("PATCH", "/services/data/v60.0/composite/sobjects", {"allOrNone": True, "records": records})
        changed += len(some)
    for row in (app.records("EventRelation") or [])[:: max(1, round(2 / share))]:
        app.respond(row["EventId"], row["RelationId"], "Declined")
    return changed


@contextmanager
def without_silent_changes(crm: str) -> Iterator[None]:
    """Reads as if nothing changed without a stamp."""
    name, answer = {
        "hubspot": ("connectors.hubspot.read.relink.Relinker.due", lambda *_: False),
        "salesforce": ("connectors.salesforce.read.activities._changed_people", lambda *_: []),
    }[crm]
    with patch(name, answer):
        yield


def bench(crm: str, accounts: int, activities: float, share: float, days: int) -> bool:
    """Measures one CRM and prints it; False when a claim does not hold."""
    organisation = demo_organisation(
        7, accounts, now=datetime.now(UTC) - timedelta(days=2), activities_per_account=activities
    )
    with tempfile.TemporaryDirectory() as name, build_emulator(crm, organisation, limits=False) as server:
        folder = Path(name)
        os.environ[TOKEN] = server.app.token
        night = Night(crm, organisation, folder, server, days)
        night.provision()
        first, rows = night.read()
        workspace = config_settings.load(night.config).workspace.dir
        change: Callable[[Night, float], int] = {"hubspot": change_hubspot, "salesforce": change_salesforce}[crm]
        copies = [shutil.copytree(workspace, folder / f"copy{n}") for n in range(3)]
        later = (
            patch("connectors.hubspot.read.cursor.Position.links_due", lambda *_: True) if crm == "hubspot" else None
        )
        quiet, _ = night.read(copies[0])
        changed = change(night, share)
        with without_silent_changes(crm):
            plain, _ = night.read(copies[1])
        if later is not None:
            later.start()
        whole, brought = night.read(copies[2])
        if later is not None:
            later.stop()
    recent = sum(rows.get(stream, 0) for stream in ("opportunities", "people", "cases", "activities"))
    size = HUBSPOT_BATCH * 1 if crm == "hubspot" else SALESFORCE_PAGE
    kinds = 4 if crm == "hubspot" else 1
    allowed = kinds * -(-recent // size) + (20 if crm == "hubspot" else 2)
    held = whole <= plain * SPARE + allowed and quiet <= QUIET
    print(
        f"{crm}: {sum(rows.values()):,} records read whole by {first:,} calls; {changed:,} edited. A night: "
        f"{plain:,} calls without "
        f"silent changes, {whole:,} with them ({whole - plain:+,}; {sum(brought.values()):,} records came). A "
        f"quiet run: {quiet:,}." + ("" if held else f"  A claim does not hold (allowed for silent changes: {allowed}).")
    )
    return held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crm", nargs="+", default=["hubspot", "salesforce"], choices=["hubspot", "salesforce"])
    parser.add_argument("--accounts", type=int, default=400)
    parser.add_argument("--activities", type=float, default=25.0, help="of each account")
    parser.add_argument("--share", type=float, default=0.05, help="of the records that change before the night")
    parser.add_argument("--days", type=int, default=90, help="crm.associations_days, HubSpot")
    a = parser.parse_args()
    results = [bench(crm, a.accounts, a.activities, a.share, a.days) for crm in a.crm]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
