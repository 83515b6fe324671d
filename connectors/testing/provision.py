"""Provisioning: adds what is missing, once, and removes exactly what it added."""

from __future__ import annotations

from connectors.base import Connector
from connectors.testing.fixtures import Fixtures, needs_provisioning
from connectors.testing.harness import Harness
from connectors.testing.pages import Rows, read, rows


def _without_stamps(records: Rows) -> Rows:
    return {record: {**row, "modified_at": None} for record, row in records.items()}


class ProvisionContract(Fixtures):
    def test_provision_adds_once_and_only_what_is_missing(self, harness: Harness) -> None:
        needs_provisioning(harness)
        some, every = harness.essential, harness.full
        before = rows(read(harness.connect(), "accounts"))
        plan = harness.connect().plan_provision(some)
        assert len(plan.to_do) >= len(some)
        assert plan.conflicts == ()
        harness.connect().provision(some)
        assert harness.connect().plan_provision(some).to_do == ()
        assert harness.connect().provision(some).to_do == ()

        harness.connect().provision(every)
        assert harness.connect().plan_provision(every).to_do == ()
        assert harness.connect().plan_provision(some).to_do == ()
        assert _without_stamps(before) == _without_stamps(rows(read(harness.connect(), "accounts")))

    def test_unprovision_removes_what_provision_added(self, harness: Harness, provisioned: Connector) -> None:
        assert provisioned.plan_unprovision(harness.essential).to_do
        harness.connect().unprovision(harness.essential)
        assert harness.connect().plan_unprovision(harness.essential).to_do == ()
        assert harness.connect().plan_provision(harness.essential).to_do
        assert rows(read(harness.connect(), "accounts"))
