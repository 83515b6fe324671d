"""Installing and removing our fields, and what check says before and after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.salesforce.metadata.apply import Custom
from connectors.emulator.server.http import EmulatorServer
from connectors.errors import AuthError, SchemaError
from connectors.salesforce.names import OBJECTS, field_name
from connectors.salesforce.setup.component import COMPONENT, bundle
from connectors.salesforce.setup.metadata import INTEGRATION, STANDARD_READS, VIEWER, Grants, deployable, full_name
from enrichment.fields import STANCES, fields
from enrichment.former import FORMER_LABELS

SOME, FULL = fields("essential"), fields("full")


def steps(plan: Any) -> dict[str, str]:
    return {item.name if item.kind != "permission set assignment" else "assignment": item.step for item in plan.items}


def fails(connector: Any) -> list[str]:
    return [f.message for f in connector.check().findings if f.level == "fail"]


def test_a_plan_changes_nothing(connect: Any, app: SalesforceEmulator) -> None:
    before = app.stats()["records_written"]
    plan = steps(connect().plan_provision(SOME))
    assert plan == {
        **{full_name(s): "create" for s in SOME},
        INTEGRATION: "create",
        VIEWER: "create",
        COMPONENT: "create",
        "assignment": "create",
    }
    assert app.stats()["records_written"] == before
    assert steps(connect().plan_provision(SOME)) == plan


def test_the_second_profile_adds_only_the_rest(connect: Any) -> None:
    connect().provision(SOME)
    plan = steps(connect().plan_provision(FULL))
    assert {n for n, step in plan.items() if step == "create"} == {full_name(s) for s in FULL} - {
        full_name(s) for s in SOME
    }
    assert (plan[INTEGRATION], plan["assignment"]) == ("update", "exists")
    connect().provision(FULL)
    assert connect(owned=FULL).check().ok
    assert connect(owned=SOME).check().ok


MODEL_1 = {
    "protect": "Protect", "respond": "Respond", "partner": "Partner", "earn_value": "Earn value",
    "build_close": "Build close", "test_reciprocity": "Test reciprocity", "maintain": "Maintain",
    "rebalance": "Rebalance", "keep_transactional": "Keep transactional",
    "insufficient_evidence": "Insufficient evidence",
}  # fmt: skip
ADDED = {"Account.Bothways_Confidence_Dependence__c", "Account.Bothways_Confidence_Effort__c"}


def test_an_organisation_provisioned_for_model_1_is_upgraded_in_place(connect: Any, app: SalesforceEmulator) -> None:
    """Frozen here: what releases with model 1 installed. Administrators have renamed a value, added one, and renamed
    the field since.

    A field's label is changed by a PATCH of its Metadata. The vendor: "Tooling API, CustomField"
    (developer.salesforce.com, tooling_api_objects_customfield, versions 188 to 264) lists PATCH among the REST methods,
    Metadata as updatable, and `label` among what it includes; Metadata may be queried of one row at a time.
    django-salesforce changes fields with the same body, `{"Metadata", "FullName"}`, and expects 204 (its backend's
    SchemaEditor).
    """
    before = {name: set(thing.fields) for name, thing in app.org.schema.objects.items()}
    model_1 = [
        replace(
            spec,
            label=FORMER_LABELS.get(spec.name, spec.label),
            options=tuple(MODEL_1.items()) if spec.name == "bothways_stance" else spec.options,
        )
        for spec in FULL
        if full_name(spec) not in ADDED
    ]
    connect().provision(model_1)
    app.org.schema.objects["Account"].fields["Bothways_Coverage__c"].label = "Abdeckung"
    shapes = {
        (owner, name): (f.type, f.length, f.precision, f.scale, f.help_text, f.required, f.unique)
        for owner, thing in app.org.schema.objects.items()
        for name, f in thing.fields.items()
        if name.startswith("Bothways_")
    }
    stance = app.org.schema.objects["Account"].fields["Bothways_Stance__c"]
    stance.labels |= {"partner": "Unsere Partner", "theirs": "Theirs"}
    stance.values.append("theirs")
    stance.label, stance.restricted = "Haltung", True
    client = connect()._client
    account = client.query("SELECT Id FROM Account LIMIT 1").records[0]["Id"]
    values = {"Bothways_Stance__c": "maintain", "Bothways_Customer_Dependence__c": 41.5}
    with app.org.store.lock:
        app.org.store.execute(
            f"UPDATE Account SET {', '.join(f'{n} = ?' for n in values)} WHERE Id = ?", (*values.values(), account)
        )

    plan = connect().provision(FULL)

    kept = "Account.Bothways_Coverage__c"
    assert {(i.name, i.step) for i in plan.to_do if i.kind == "field"} == {
        *((full_name(spec), "update") for spec in FULL if spec.former_label and full_name(spec) not in ADDED | {kept}),
        *((name, "create") for name in ADDED),
    }  # fmt: skip
    labels = {full_name(s): app.org.schema.objects[OBJECTS[s.stream]].fields[field_name(s.name)].label for s in FULL}
    theirs = {"Account.Bothways_Stance__c": "Haltung", kept: "Abdeckung"}
    assert labels == {full_name(spec): spec.label for spec in FULL} | theirs
    for (owner, name), shape in shapes.items():
        f = app.org.schema.objects[owner].fields[name]
        assert (f.type, f.length, f.precision, f.scale, f.help_text, f.required, f.unique) == shape
    stance = app.org.schema.objects["Account"].fields["Bothways_Stance__c"]
    assert stance.labels == {**dict(STANCES), "partner": "Unsere Partner", "theirs": "Theirs"}
    assert (stance.label, stance.restricted, set(stance.values)) == ("Haltung", True, set(stance.labels))
    [row] = client.query(f"SELECT {', '.join(values)} FROM Account WHERE Id = '{account}'").records
    assert {name: row[name] for name in values} == values
    assert connect().plan_provision(FULL).to_do == ()
    assert connect(owned=FULL).check().ok
    connect().unprovision(FULL)
    assert {name: set(thing.fields) for name, thing in app.org.schema.objects.items()} == before


def test_deploying_again_sends_nothing(connect: Any, server: EmulatorServer) -> None:
    connect().provision(SOME)
    before = server.stats()["calls"]["POST metadata/deployRequest"]
    assert connect().provision(SOME).to_do == ()
    assert server.stats()["calls"]["POST metadata/deployRequest"] == before


def test_a_field_of_another_type_stops_it_before_any_change(connect: Any, server: EmulatorServer) -> None:
    connect().provision(SOME)
    other = [replace(s, type="datetime") if s.name == "bothways_confidence" else s for s in FULL]
    plan = connect().plan_provision(other)
    assert [item.name for item in plan.conflicts] == ["Account.Bothways_Confidence__c"]
    before = server.stats()["calls"]["POST metadata/deployRequest"]
    with pytest.raises(SchemaError, match=r"Account\.Bothways_Confidence__c"):
        connect().provision(other)
    assert server.stats()["calls"]["POST metadata/deployRequest"] == before


def test_the_runtime_user_may_not_install(connect: Any, app: SalesforceEmulator) -> None:
    with pytest.raises(AuthError, match="may not deploy metadata") as refused:
        connect(token=app.runtime_token).provision(SOME)
    assert "administrator" in refused.value.remedy
    assert connect().plan_provision(SOME).to_do


def test_an_administrator_installs_and_the_runtime_user_works(connect: Any, app: SalesforceEmulator) -> None:
    connect().provision(SOME)
    unassigned = connect(token=app.runtime_token, owned=SOME)
    [todo] = [f for f in unassigned.check().findings if f.level == "todo"]
    assert "assign the permission set Bothways_Integration" in todo.remedy
    client = connect()._client
    [found] = client.query("SELECT Id FROM PermissionSet WHERE Name = 'Bothways_Integration'").records
    body = {"AssigneeId": app.seeded.integration_user, "PermissionSetId": found["Id"]}
    client.send("POST", f"{client.root}/sobjects/PermissionSetAssignment", body)
    assert fails(connect(token=app.runtime_token, owned=SOME)) == []


def only_permission_set(app: SalesforceEmulator, client: Any) -> None:
    """The integration user has nothing but our permission set."""
    [found] = client.query("SELECT Id FROM PermissionSet WHERE Name = 'Bothways_Integration'").records
    with app.org.store.lock:
        user = app.seeded.integration_user
        app.org.store.execute("DELETE FROM PermissionSetAssignment WHERE AssigneeId = ?", (user,))
        app.org.access.forget()
    body = {"AssigneeId": user, "PermissionSetId": found["Id"]}
    client.send("POST", f"{client.root}/sobjects/PermissionSetAssignment", body)


def read_differently(one: Any, two: Any) -> list[str]:
    """Streams, and columns of them."""
    found = []
    for stream in one.capabilities.streams:
        tables = [pa.Table.from_batches([page.batch for page in each.read(stream, None)]) for each in (one, two)]
        found += [f"{stream}.{n}" for n in tables[0].column_names if not tables[0][n].equals(tables[1][n])]
    return found


def test_the_permission_set_gives_what_is_pulled(connect: Any, app: SalesforceEmulator) -> None:
    """A user with nothing but the permission set reads the same records as the administrator."""
    connect().provision(SOME)
    only_permission_set(app, connect()._client)
    admin, runtime = connect(owned=SOME), connect(token=app.runtime_token, owned=SOME)
    assert admin.capabilities.streams == runtime.capabilities.streams
    assert read_differently(admin, runtime) == []


def test_the_shipped_project_deploys_and_gives_what_is_pulled(connect: Any, app: SalesforceEmulator) -> None:
    """What `sf project deploy` sends was made without a look at the organisation; it is enough all the same."""
    admin = connect(owned=FULL)
    grants = Grants(STANDARD_READS, tuple(full_name(spec) for spec in FULL))
    admin._provisioner._deploy(deployable(FULL, grants, bundle()))
    only_permission_set(app, admin._client)
    runtime = connect(token=app.runtime_token, owned=FULL)
    assert fails(runtime) == []
    assert admin.capabilities.streams == runtime.capabilities.streams
    assert read_differently(admin, runtime) == []
    assert {item.step for item in connect().plan_provision(FULL).items[:-1]} == {"exists"}


def test_removal_takes_exactly_what_was_added(connect: Any, app: SalesforceEmulator) -> None:
    def described() -> dict[str, set[str]]:
        return {name: set(thing.fields) for name, thing in app.org.schema.objects.items()}

    before = described()
    connect().provision(FULL)
    assert described() != before
    plan = connect().unprovision(FULL)
    assert {item.name for item in plan.items} == {full_name(s) for s in FULL} | {INTEGRATION, VIEWER, COMPONENT}
    assert described() == before
    assert connect().plan_unprovision(FULL).to_do == ()
    assert connect().unprovision(FULL).to_do == ()


def test_removing_one_profile_leaves_the_others_access(connect: Any) -> None:
    connect().provision(FULL)
    connect().unprovision(SOME)
    rest = [spec for spec in FULL if spec not in SOME]
    assert connect(owned=rest).check().ok
    assert [f.level for f in connect(owned=SOME).check().findings if f.topic == "properties"] == ["todo"]


def test_an_older_component_is_replaced(connect: Any, app: SalesforceEmulator) -> None:
    connect().provision(SOME)
    held = app.deployments.metadata.components["LightningComponentBundle", COMPONENT]
    shipped = dict(held.files)
    held.files[f"lwc/{COMPONENT}/panel.js"] = b"export const toPanel = () => null;\n"
    plan = connect().provision(SOME)
    assert [(item.step, item.name) for item in plan.to_do] == [("update", COMPONENT)]
    assert app.deployments.metadata.components["LightningComponentBundle", COMPONENT].files == shipped
    assert set(shipped) == set(bundle())


def test_a_component_that_stands_on_a_page_stops_removal_before_any_change(
    connect: Any, app: SalesforceEmulator
) -> None:
    connect().provision(SOME)
    page = f"<FlexiPage><itemInstances><componentName>{COMPONENT}</componentName></itemInstances></FlexiPage>"
    components = app.deployments.metadata.components
    components["FlexiPage", "Account_Page"] = Custom("0M0000000000001AAA", files={"a.flexipage": page.encode()})
    [item] = [item for item in connect().plan_unprovision(SOME).items if item.name == COMPONENT]
    assert "FlexiPage Account_Page" in item.detail
    with pytest.raises(SchemaError, match="Account_Page"):
        connect().unprovision(SOME)
    assert connect().plan_provision(SOME).to_do == ()
    del components["FlexiPage", "Account_Page"]
    connect().unprovision(SOME)
    assert components == {}


def test_without_rights_to_metadata_the_component_is_not_guessed_at(connect: Any, app: SalesforceEmulator) -> None:
    connect().provision(SOME)
    assert COMPONENT not in steps(connect(token=app.runtime_token).plan_provision(SOME))
    with pytest.raises(AuthError):
        connect(token=app.runtime_token).unprovision(SOME)
    assert connect().plan_provision(SOME).to_do == ()


def test_check_without_our_fields_says_what_to_do(connect: Any) -> None:
    [todo] = [f for f in connect(owned=SOME).check().findings if f.topic == "properties"]
    assert (todo.level, todo.message) == ("todo", f"{len(SOME)} fields to install.")
    assert "bothways provision" in todo.remedy


def test_check_never_raises(connect: Any, server: EmulatorServer, app: SalesforceEmulator) -> None:
    assert "credentials" in {f.topic for f in connect(token="00D!wrong").check().findings if f.level == "fail"}
    server.faults.add({"kind": "html", "status": 200, "times": None})
    assert not connect().check().ok
    server.faults.clear()
    assert any("9.0" in f.message for f in connect(api_version="99.0").check().findings if f.level == "fail")
    app.quota.daily, app.quota.used = 1_000, 900
    low = connect().check()
    assert any(f.topic == "limits" and f.level == "warn" for f in low.findings)


def test_check_tells_of_hidden_records_and_blind_channels(connect: Any, app: SalesforceEmulator) -> None:
    app.org.store.execute("DELETE FROM EmailMessage")
    assert any("EmailMessage is empty" in f.message for f in connect().check().findings)


def test_fields_that_nobody_may_see_are_still_ours(connect: Any, app: SalesforceEmulator) -> None:
    connect().provision(SOME)
    with app.org.store.lock:
        app.org.store.execute("DELETE FROM FieldPermissions WHERE Field LIKE '%Bothways%'")
        app.org.access.forget()
    plan = steps(connect().plan_provision(SOME))
    assert {plan[full_name(s)] for s in SOME} == {"exists"}
    assert plan[INTEGRATION] == "update"
    assert {full_name(s) for s in SOME} <= {item.name for item in connect().plan_unprovision(SOME).items}
    connect().provision(SOME)
    assert connect(owned=SOME).check().ok
