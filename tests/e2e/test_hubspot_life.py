"""A portal's whole life with bothways: from provisioning to uninstalling, on each version of HubSpot's API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
import urllib3
from generate.panel import Given, Kind, properties, to_panel

from config.loading import load_model
from connectors.emulator.organisation.model import demo_organisation
from enrichment.fields import FIELDS
from enrichment.score import score
from sync.options import RunContext, options_from, workspace_of
from sync.progress import NullProgress
from sync.registry import connect
from sync.run import run_plan

STREAMS: dict[str, tuple[str, Kind]] = {"companies": ("accounts", "account"), "deals": ("opportunities", "deal")}
SETTINGS = {
    "v3": ("/crm/v3/objects/{}", "/crm/v3/properties/{}", "/crm/v4/objects/{}/{}/associations/default/{}/{}"),
    "2026-03": (
        "/crm/objects/2026-03/{}",
        "/crm/properties/2026-03/{}",
        "/crm/objects/2026-03/{}/{}/associations/default/{}/{}",
    ),
    "2026-09": (
        "/crm/objects/2026-09/{}",
        "/crm/properties/2026-09/{}",
        "/crm/objects/2026-09/{}/{}/associations/default/{}/{}",
    ),
}


@dataclass
class User:
    """Somebody who works in the portal beside us."""

    server: Any
    version: str

    def __call__(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.server.app.token}", "Content-Type": "application/json"}
        raw = None if body is None else orjson.dumps(body)
        with urllib3.PoolManager() as pool:
            answer = pool.request(method, self.server.url + path, body=raw, headers=headers)
        assert answer.status < 300, answer.data
        return orjson.loads(answer.data or b"{}")

    def objects(self, kind: str, record: str = "") -> str:
        return SETTINGS[self.version][0].format(kind) + (f"/{record}" if record else "")

    def setting_up(self) -> dict[str, Any]:
        """Properties and groups of companies and deals, as an admin sees them."""
        path = SETTINGS[self.version][1]
        return {
            kind: (self("GET", path.format(kind))["results"], self("GET", f"{path.format(kind)}/groups")["results"])
            for kind in STREAMS
        }

    def archived(self, kind: str) -> set[str]:
        found = self("GET", f"{SETTINGS[self.version][1].format(kind)}?archived=true")["results"]
        return {one["name"] for one in found}

    def edit(self, kind: str, record: str, **values: str) -> None:
        self("PATCH", self.objects(kind, record), {"properties": values})

    def cards(self, kind: str) -> dict[str, dict[str, str | None]]:
        """What the card on each live record is given."""
        named = ",".join(properties(STREAMS[kind][1]))
        found: dict[str, dict[str, str | None]] = {}
        after = ""
        while True:
            page = self("GET", f"{self.objects(kind)}?limit=100&properties={named}{after}")
            for one in page["results"]:
                found[one["id"]] = {name: one["properties"].get(name) for name in named.split(",")}
            if "paging" not in page:
                return found
            after = f"&after={page['paging']['next']['after']}"

    def move(self, deal: str, old: str, new: str) -> None:
        """The deal's company, which bumps no stamp of the deal."""
        self("DELETE", f"/crm/v4/objects/deals/{deal}/associations/companies/{old}")
        self("PUT", SETTINGS[self.version][2].format("deals", deal, "companies", new))


def wanted_cards(folder: Any, kind: str) -> dict[str, dict[str, Given]]:
    """What the card on each scored record should be given."""
    stream, panel = STREAMS[kind]
    return {
        row["id"]: {
            name: row[name].isoformat() if isinstance(row[name], datetime) else row[name] for name in properties(panel)
        }
        for row in pq.read_table(folder / f"{stream}.parquet").to_pylist()
    }


def assert_cards_show(user: User, folder: Any, now: datetime) -> None:
    for kind, (_, panel) in STREAMS.items():
        held = user.cards(kind)
        shown = {record: to_panel(panel, one, now) for record, one in held.items()}
        scored = wanted_cards(folder, kind)
        stream = STREAMS[kind][0]
        why = next(spec.name for spec in FIELDS if spec.stream == stream and spec.name.endswith("_top_drivers"))
        for path in folder.parent.glob(
            f"*/{stream}.parquet"
        ):  # words alone cause no write: they may be of an earlier run
            for row in pq.read_table(path, columns=["id", why]).to_pylist():
                if row["id"] in scored and held[row["id"]][why] == row[why]:
                    scored[row["id"]][why] = row[why]
        wanted = {record: to_panel(panel, scores, now) for record, scores in scored.items()}
        assert shown == wanted
        assert {one["state"] for one in shown.values()} <= {"scored", "stale"}


@pytest.mark.parametrize(
    "version",
    ["2026-03", pytest.param("v3", marks=pytest.mark.slow), pytest.param("2026-09", marks=pytest.mark.slow)],
)
def test_a_portals_life(line: Any, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setenv("BOTHWAYS_CRM__API_VERSION", version)
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)  # after all that happens in the portal here
    organisation = demo_organisation(7, 24, activities_per_account=20)
    portal = line("hubspot", org=organisation, provision=False)
    assert portal.settings.crm.api_version == version
    user = User(portal.server, version)
    before = user.setting_up()

    # provision, check
    portal.provision()
    connector = connect(portal.settings)
    diagnosis = connector.check()
    assert diagnosis.ok, diagnosis
    assert connector.provision(FIELDS).to_do == ()

    # plan, sync
    planned = run_plan(
        RunContext(
            connector,
            workspace_of(portal.settings),
            load_model(portal.settings),
            FIELDS,
            options_from(portal.settings, now),
            NullProgress(),
        ),
    )
    connector.close()
    assert not [row for kind in STREAMS for row in user.cards(kind).values() if any(row.values())]
    first = portal.sync(now)
    assert (first.written, first.digest, first.exit_code) == (planned.changed, planned.digest, 0)
    assert first.written == sum(organisation.visible().tables[stream].num_rows for stream, _ in STREAMS.values())
    assert_cards_show(user, first.scores_dir, now)

    # a user overwrites what is ours; it is put back
    deals = organisation.visible().tables["opportunities"].to_pylist()
    still_open = [row["id"] for row in deals if not row["is_closed"]]
    company, deal = portal.vendor_id("accounts", "A000003"), portal.vendor_id("opportunities", still_open[0])
    user.edit("companies", company, bothways_stance="maintain", bothways_top_drivers="I know better")
    user.edit("deals", deal, bothways_deal_reciprocity_balance="99", dealname="renamed")
    repaired = portal.sync(now)
    assert (repaired.written, repaired.drift) == (2, 2)
    assert_cards_show(user, repaired.scores_dir, now)
    assert user("GET", user.objects("deals", deal))["properties"]["dealname"] == "renamed"

    # between pull and push: two companies become one, a deal is archived, another is moved to the next company
    homes = {row["id"]: row["account_id"] for row in deals}
    merged = [portal.vendor_id("accounts", record) for record in ("A000005", "A000006")]
    elsewhere = [record for record in still_open[1:] if homes[record] not in ("A000003", "A000005", "A000006")]
    archived, moved = (portal.vendor_id("opportunities", record) for record in elsewhere[:2])
    old = portal.vendor_id("accounts", homes[elsewhere[1]])

    def meanwhile(*args: Any, **more: Any) -> Any:
        user.edit("companies", merged[0], bothways_stance="maintain")
        user("POST", user.objects("companies", "merge"), {"primaryObjectId": merged[0], "objectIdToMerge": merged[1]})
        user("DELETE", user.objects("deals", archived))
        user.move(moved, old, company)
        return score(*args, **more)

    user.edit("companies", merged[0], bothways_top_drivers="so that there is something to push to it")
    user.edit("deals", archived, bothways_deal_top_drivers="and to it")
    with monkeypatch.context() as during:
        during.setattr("enrichment.score.score", meanwhile)
        during.setattr("sync.enrich.statements_for", lambda engine, model, compiled, workspace: compiled())
        disturbed = portal.sync(now)
    assert disturbed.exit_code == 0
    assert disturbed.gone >= 1
    normalized = portal.sync(now, full=True, accept=True)
    assert_cards_show(user, normalized.scores_dir, now)
    alive = user.cards("companies")
    assert not set(merged) & set(alive) or merged[0] in alive
    assert archived not in user.cards("deals")
    scored = {row["id"]: row for row in pq.read_table(normalized.scores_dir / "opportunities.parquet").to_pylist()}
    assert scored[moved]["account_id"] == company
    assert portal.sync(now).written == 0

    # uninstalled: the portal is set up as it was, and only what was ours is in its archive
    connector = connect(portal.settings)
    removed = connector.unprovision(FIELDS)
    connector.close()
    assert len(removed.to_do) == len(FIELDS) + 2
    assert user.setting_up() == before
    for kind, (stream, _) in STREAMS.items():
        assert user.archived(kind) == {spec.name for spec in FIELDS if spec.stream == stream}
