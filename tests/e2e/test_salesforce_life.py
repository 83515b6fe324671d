"""A Salesforce organisation from before bothways to after it: installed, scored, disturbed, repaired, uninstalled."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from generate.panel import to_panel

from config.loading import load_model
from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.errors import AuthError
from connectors.salesforce.api.client import Client, soql
from connectors.salesforce.names import OBJECTS, field_name
from connectors.salesforce.setup.metadata import INTEGRATION, VIEWER
from enrichment.fields import FIELDS
from sync.options import RunContext, options_from, workspace_of
from sync.progress import NullProgress
from sync.registry import connect
from sync.run import run_plan, run_sync

BUNDLE = Path(__file__).parents[2] / "connectors/salesforce/package/force-app/main/default/lwc/bothwaysPanel"
HISTORY = {"LastModifiedDate", "LastModifiedById", "SystemModstamp"}
KINDS = {"Account": "account", "Opportunity": "deal"}


@pytest.fixture(scope="module")
def small(organisation):
    return demo_organisation(11, 24, now=organisation.now, activities_per_account=8, opportunities_per_account=2)


class Org:
    """An installation of bothways in an emulated organisation, with who may do what."""

    def __init__(self, line, small, monkeypatch):
        self.monkeypatch = monkeypatch
        self.line = line("salesforce", org=small, provision=False)
        self.app = self.line.server.app
        self.now = small.now

    def as_user(self, token):
        self.monkeypatch.setenv("BOTHWAYS_CRM_TOKEN", token)
        return connect(self.line.settings)

    def admin(self):
        return self.as_user(self.app.token)

    def assign(self, permission_set, user):
        client = self.client(self.app.token)
        found = client.query(soql("SELECT Id FROM PermissionSet WHERE Name = {}", permission_set)).records
        body = {"AssigneeId": user, "PermissionSetId": found[0]["Id"]}
        client.send("POST", f"{client.root}/sobjects/PermissionSetAssignment", body)

    def client(self, token) -> Client:
        return self.as_user(token)._client

    def run(self, way=run_sync, *, before_push=None, **options):
        """A run as the integration user; `before_push` happens between reading and writing."""
        connector = self.as_user(self.app.runtime_token)
        write = connector.write

        def disturbed(changes):
            nonlocal before_push
            if before_push is not None:
                before_push()
                before_push = None
            yield from write(changes)

        connector.write = disturbed
        chosen = options_from(self.line.settings, self.now)
        for name, value in options.items():
            chosen = type(chosen)(**{**{f: getattr(chosen, f) for f in chosen.__slots__}, name: value})
        try:
            workspace, model = workspace_of(self.line.settings), load_model(self.line.settings)
            return way(RunContext(connector, workspace, model, FIELDS, chosen, NullProgress()))
        finally:
            connector.close()

    def held(self, name):
        return {row["Id"]: row for row in self.app.records(name) if not row.get("IsDeleted")}


@pytest.fixture
def org(line, small, monkeypatch):
    return Org(line, small, monkeypatch)


def snapshot(app: SalesforceEmulator) -> dict[str, str]:
    """Every object with its description and every record, bar history, as text."""
    admin = app.org.access.of(app.seeded.admin_user)
    made = {}
    for name, thing in app.org.schema.objects.items():
        rows = [{k: v for k, v in row.items() if k not in HISTORY} for row in app.records(name) or []]
        fields = sorted((f.name, f.type, f.length, f.precision, f.scale) for f in thing.fields.values())
        visible = sorted(admin.fields(thing))
        made[name] = json.dumps([fields, visible, sorted(rows, key=lambda row: row["Id"])], default=str)
    made["components"] = repr(sorted(app.deployments.metadata.components))
    return made


def scores(result, name):
    stream = {v: k for k, v in OBJECTS.items()}[name]
    return {row["id"]: row for row in pq.read_table(result.scores_dir / f"{stream}.parquet").to_pylist()}


def said_before(result, stream, field):
    """What each record's text was in any run: words alone cause no write, they stay those of the figures they came
    with.
    """
    return {
        (row["id"], row[field])
        for path in result.scores_dir.parent.glob(f"*/{stream}.parquet")
        for row in pq.read_table(path, columns=["id", field]).to_pylist()
    }


def differing(org, result):
    """What the organisation holds otherwise than the scores say, beyond the least change that is written."""
    found = []
    for name, stream in (("Account", "accounts"), ("Opportunity", "opportunities")):
        held = org.held(name)
        expected = scores(result, name)
        assert set(held) == set(expected)
        for identity, row in expected.items():
            for spec in FIELDS:
                if spec.stream != stream or spec.type == "datetime":
                    continue
                ours, theirs = row[spec.name], held[identity][field_name(spec.name)]
                if ours is None and row.get("bothways_deal_stance") == "closed":
                    continue  # a closed deal keeps what it held where that cannot be computed any more
                if spec.name.endswith("_top_drivers") and (identity, theirs) in said_before(result, stream, spec.name):
                    continue
                near = isinstance(ours, float) and theirs is not None and abs(ours - theirs) <= 0.5
                if not near and ours != theirs:
                    found.append((identity, spec.name, ours, theirs))
    return found


def panel_fields(name):
    """The fields that the component asks for, from its source."""
    block = re.search(name + r": \{(.*?)\}", (BUNDLE / "fields.js").read_text(encoding="utf-8"), re.DOTALL)
    return dict(re.findall(r"(\w+): '(\w+)'", block[1]))


class Disturbance:
    """What people do in an organisation while a run is under way. The same for every organisation of the same seed."""

    def __init__(self, organisation):
        accounts = [row["id"] for row in organisation.visible().tables["accounts"].to_pylist()]
        every = organisation.visible().tables["opportunities"].to_pylist()
        deals = [row for row in every if row["amount"]]
        parents = {row["account_id"] for row in deals}
        self.loser, self.winner, self.deleted = [a for a in accounts if a in parents][:3]
        stays = [row for row in deals if row["account_id"] not in (self.loser, self.winner, self.deleted)]
        self.moved, self.revalued = stays[0]["id"], stays[1]["id"]
        self.target = next(row["account_id"] for row in stays if row["account_id"] != stays[0]["account_id"])
        self.gone = 2 + sum(row["account_id"] == self.deleted for row in every)

    def __call__(self, app):
        def account(identity):
            return app.vendor_id("accounts", identity)

        def deal(identity):
            return app.vendor_id("opportunities", identity)

        app.merge("Account", account(self.winner), [account(self.loser)])
        app.delete("Account", account(self.deleted))
        for row in app.records("Opportunity"):  # the platform deletes them with their account
            if row["AccountId"] == account(self.deleted) and not row["IsDeleted"]:
                app.delete("Opportunity", row["Id"])
        app.change("Opportunity", deal(self.moved), {"AccountId": account(self.target)})
        held = next(row for row in app.records("Opportunity") if row["Id"] == deal(self.revalued))
        other = next(row["IsoCode"] for row in app.records("CurrencyType") if row["IsoCode"] != held["CurrencyIsoCode"])
        app.change("Opportunity", deal(self.revalued), {"CurrencyIsoCode": other})


def test_a_life(org, small):
    app = org.app
    admin = org.admin()
    assert {item.step for item in admin.provision(FIELDS).items} == {"create"}
    org.assign(INTEGRATION, app.seeded.integration_user)
    seller = next(
        user for name, user in app.seeded.usernames.items() if not name.startswith(("admin@", "integration@"))
    )
    org.assign("CRM_Integration_User", seller)
    org.assign(VIEWER, seller)

    # the runtime user is ready, and may not change the organisation's metadata
    runtime = org.as_user(app.runtime_token)
    assert [f for f in runtime.check().findings if f.level == "fail"] == []
    with pytest.raises(AuthError):
        runtime.unprovision(FIELDS)

    planned = org.run(run_plan)
    assert planned.changed == sum(planned.scored.values())
    assert "Account" not in app.stats()["records_written"]
    disturbance = Disturbance(small)
    first = org.run(plan_digest=planned.digest, before_push=lambda: disturbance(app))
    assert (first.exit_code, first.changed) == (0, planned.changed)
    assert first.gone == disturbance.gone
    assert first.written == first.changed - first.gone

    # what has been merged, deleted, moved and revalued meanwhile is made good by the next run
    second = org.run()
    assert (second.exit_code, second.rejected, second.gone) == (0, 0, 0)
    assert second.written > 0
    assert differing(org, second) == []

    # what the seller's component is given is what was scored
    seller_token = app.tokens.add("seller", seller)
    for name, kind in KINDS.items():
        fields = panel_fields(name)
        client = org.client(seller_token)
        statement = soql(f"SELECT Id, {', '.join(fields.values())} FROM {{:literal}}", name)
        rows = client.query(statement).records
        expected = scores(second, name)
        assert {row["Id"] for row in rows} == set(expected)
        for row in rows:
            score = expected[row["Id"]]
            ours = {stem: score[stem] for stem in fields}
            why = next(stem for stem in fields if stem.endswith("top_drivers"))
            if (row["Id"], row[fields[why]]) in said_before(
                second, "accounts" if kind == "account" else "opportunities", why
            ):
                ours[why] = row[fields[why]]
            moments = [stem for stem in fields if stem.endswith("asof")]
            ours |= {stem: ours[stem].isoformat() for stem in moments}
            shown, meant = (
                to_panel(kind, each, small.now + timedelta(hours=1))
                for each in ({stem: row[field] for stem, field in fields.items()}, ours)
            )
            assert shown["state"] == "scored"
            figures = [[figure["value"] for figure in panel.pop("figures")] for panel in (shown, meant)]
            assert shown == meant
            assert all(a == b or abs(a - b) <= 1 for a, b in zip(*figures, strict=True))

    # somebody edits our fields by hand; that is all that the run after it finds to do
    victim = app.vendor_id("accounts", disturbance.winner)
    edited = {
        "Bothways_Stance__c": "keep_transactional",
        "Bothways_Customer_Dependence__c": 1,
        "Bothways_Asof__c": None,
    }
    app.change("Account", victim, edited)
    repaired = org.run()
    assert (repaired.changed, repaired.written, repaired.drift) == (1, 1, 1)
    assert repaired.api_calls["read"] <= 8
    assert differing(org, repaired) == []

    # and away with it: a twin that never had bothways, and where people did the same, is no different
    for row in app.records("PermissionSetAssignment"):
        if row["AssigneeId"] == seller and row["PermissionSetId"] not in our_sets(app):
            app.purge("PermissionSetAssignment", row["Id"])
    plan = org.admin().plan_unprovision(FIELDS)
    assert org.admin().unprovision(FIELDS) == plan
    assert len(plan.items) == len(FIELDS) + 3
    twin = SalesforceEmulator(small)
    disturbance(twin)
    after, before = snapshot(app), snapshot(twin)
    assert [name for name in before if before[name] != after.get(name)] == []
    assert set(before) == set(after)
    assert org.admin().unprovision(FIELDS).items == ()


def our_sets(app):
    return {row["Id"] for row in app.records("PermissionSet") if row["Name"] in (INTEGRATION, VIEWER)}
