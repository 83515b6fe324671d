"""Writing: absolute values of our own properties, one result a change, nothing of theirs touched."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.base import Connector, Value
from connectors.errors import ConfigError
from connectors.testing.fixtures import Fixtures, needs, needs_edits
from connectors.testing.harness import Harness
from connectors.testing.pages import change, read, rows
from connectors.testing.properties import ACCOUNT_NUMBER, DEAL_CHOICE, DEAL_NUMBER

ACCOUNT_VALUES: dict[str, Value] = {
    "bothways_stance": "protect",
    "bothways_customer_dependence": 61.5,
    "bothways_seller_dependence": 0.0,
    "bothways_reciprocity_balance": -12.3,
    "bothways_reclaimable_hours": 4.2,
    "bothways_top_drivers": 'They need us: "sole source", Zürich; 3 more\nand they answer.',
    "bothways_confidence": 70.0,
    "bothways_asof": datetime(2026, 6, 1, 12, 30, tzinfo=UTC),
}


class WriteContract(Fixtures):
    def test_values_round_trip_and_clear(self, harness: Harness, provisioned: Connector) -> None:
        record = harness.id_of("accounts", "acme")
        [result] = list(provisioned.write([change("accounts", record, ACCOUNT_VALUES)]))
        assert result.error is None
        held = rows(read(harness.connect(harness.essential), "accounts"))[record]
        exact = {**ACCOUNT_VALUES}
        drivers = str(exact.pop("bothways_top_drivers"))  # a CRM may change white space in a text
        assert exact == {name: held[name] for name in exact}
        assert drivers.split() == held["bothways_top_drivers"].split()

        cleared: dict[str, Value] = dict.fromkeys(ACCOUNT_VALUES)
        [result] = list(provisioned.write([change("accounts", record, cleared)]))
        assert result.error is None
        held = rows(read(harness.connect(harness.essential), "accounts"))[record]
        assert cleared == {name: held[name] for name in cleared}

    def test_a_property_that_was_not_given_keeps_its_value(self, harness: Harness, provisioned: Connector) -> None:
        needs(harness, "opportunities")
        record = harness.id_of("opportunities", "deal_open")
        list(provisioned.write([change("opportunities", record, {DEAL_NUMBER: 55.5})]))
        list(provisioned.write([change("opportunities", record, {DEAL_CHOICE: "advance"})]))
        held = rows(read(harness.connect(harness.essential), "opportunities"))[record]
        assert (held[DEAL_NUMBER], held[DEAL_CHOICE]) == (55.5, "advance")

    def test_every_change_has_one_result_and_a_deleted_record_is_gone(
        self, harness: Harness, provisioned: Connector
    ) -> None:
        needs_edits(harness)
        keys = ("acme", "acme_sub", "solo", "twin")
        harness.delete("accounts", "acme_sub")
        changes = [change("accounts", harness.id_of("accounts", k), {ACCOUNT_NUMBER: 50.0}) for k in keys]
        results = list(provisioned.write(changes))
        assert sorted(c.record_id for c in changes) == sorted(r.change.record_id for r in results)
        kinds = {r.change.record_id: r.error.kind if r.error else None for r in results}
        assert {harness.id_of("accounts", k): "gone" if k == "acme_sub" else None for k in keys} == kinds

    def test_writing_twice_is_harmless(self, harness: Harness, provisioned: Connector) -> None:
        changes = [change("accounts", harness.id_of("accounts", "acme"), ACCOUNT_VALUES)]
        first, second = list(provisioned.write(changes)), list(provisioned.write(changes))
        assert [first[0].error, second[0].error] == [None, None]

    def test_a_field_of_theirs_is_never_written(self, harness: Harness, provisioned: Connector) -> None:
        record = harness.id_of("accounts", "acme")
        for foreign in ("name", "Name", "Industry", "bothways_unheard_of"):
            with pytest.raises(ConfigError, match=foreign):
                list(provisioned.write([change("accounts", record, {foreign: "x"})]))
        assert rows(read(harness.connect(), "accounts"))[record]["name"] == "Acme Zürich “AG”"
