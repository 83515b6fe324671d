"""Checking: a clear finding with a remedy for what is wrong, and an honest count of calls."""

from __future__ import annotations

import pyarrow as pa
import pytest

from connectors.base import Connector
from connectors.errors import SchemaError
from connectors.testing.fixtures import Fixtures
from connectors.testing.harness import Harness
from connectors.testing.pages import change, read, seeded_streams
from connectors.testing.properties import ACCOUNT_NUMBER


class CheckContract(Fixtures):
    def test_check_is_good_after_provisioning(self, provisioned: Connector) -> None:
        diagnosis = provisioned.check()
        assert diagnosis.ok, [finding for finding in diagnosis.findings if finding.level == "fail"]

    @pytest.mark.usefixtures("provisioned")
    def test_a_revoked_property_is_a_clear_finding(self, harness: Harness) -> None:
        harness.revoke(next(spec for spec in harness.essential if spec.name == ACCOUNT_NUMBER))
        fresh = harness.connect(harness.essential)
        failed = [finding for finding in fresh.check().findings if finding.level == "fail"]
        assert any(ACCOUNT_NUMBER in finding.message.lower() and finding.remedy for finding in failed)
        with pytest.raises(SchemaError, match=f"(?i){ACCOUNT_NUMBER}"):
            list(fresh.write([change("accounts", harness.id_of("accounts", "acme"), {ACCOUNT_NUMBER: 1.0})]))

    def test_calls_are_counted(self, harness: Harness, connector: Connector) -> None:
        for stream in seeded_streams(harness):
            if stream in ("accounts", "activities"):
                read(connector, stream)
        calls = connector.calls()
        if harness.has_server:
            assert calls.read > 0
            assert 0 < calls.minimum <= calls.read + calls.write
            assert calls.read + calls.write == sum(calls.by_endpoint.values())
        else:
            assert calls.read + calls.write + calls.minimum == 0
        assert isinstance(read(connector, "accounts")[0].batch, pa.RecordBatch)

    def test_the_server_clock_is_utc(self, harness: Harness, connector: Connector) -> None:
        read(connector, "accounts")
        now = connector.server_time()
        if harness.has_server:
            assert now is not None
            offset = now.utcoffset()
            assert offset is not None
            assert offset.total_seconds() == 0
        else:
            assert now is None
