"""Fixtures that the topics of the suite share. They need one more, `harness`, which the connector's own tests
define.
"""

from __future__ import annotations

import pytest

from connectors.base import Connector
from connectors.records import Stream
from connectors.testing.harness import Harness


def needs(harness: Harness, *streams: Stream) -> None:
    """Skips the test unless the CRM has a place for these streams."""
    missing = [stream for stream in streams if stream not in harness.streams]
    if missing:
        pytest.skip(f"{harness.name} has no {' and no '.join(missing)}")


def needs_edits(harness: Harness) -> None:
    """Skips the test unless people can change records of the CRM while we look away."""
    if not harness.edits:
        pytest.skip(f"{harness.name} records cannot be edited or deleted in place")


def needs_merges(harness: Harness) -> None:
    """Skips the test unless the CRM merges records."""
    if not harness.merges:
        pytest.skip(f"{harness.name} does not merge records")


def needs_provisioning(harness: Harness) -> None:
    """Skips the test unless fields can be added to the CRM."""
    if not harness.provisions:
        pytest.skip(f"{harness.name} has no fields to add")


class Fixtures:
    """Connectors of the seeded CRM."""

    @pytest.fixture
    def connector(self, harness: Harness) -> Connector:
        """A connector that owns no property."""
        return harness.connect()

    @pytest.fixture
    def provisioned(self, harness: Harness) -> Connector:
        """A connector of a CRM that has our essential properties."""
        needs_provisioning(harness)
        harness.connect().provision(harness.essential)
        return harness.connect(harness.essential)
