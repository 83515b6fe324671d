"""All topics of the contract in one class: subclass it beside a `harness` fixture, and pytest runs the whole suite.

    from connectors.testing.suite import ContractSuite

    class TestMyCrm(ContractSuite):
        @pytest.fixture
        def harness(self, tmp_path):
            with start(tmp_path) as harness:
                yield harness

Needs pytest (`pip install "bothways[testing]"`). Nothing else in bothways imports this package.
"""

from __future__ import annotations

import sys

import pytest

_TOPICS = ("check", "provision", "read", "reread", "resume", "write")
pytest.register_assert_rewrite(
    *(name for topic in _TOPICS if (name := f"connectors.testing.{topic}") not in sys.modules)
)

from connectors.testing.check import CheckContract  # noqa: E402  (rewritten asserts show what differs)
from connectors.testing.provision import ProvisionContract  # noqa: E402
from connectors.testing.read import ReadContract  # noqa: E402
from connectors.testing.reread import RereadContract  # noqa: E402
from connectors.testing.resume import ResumeContract  # noqa: E402
from connectors.testing.write import WriteContract  # noqa: E402


class ContractSuite(ReadContract, ResumeContract, RereadContract, WriteContract, ProvisionContract, CheckContract):
    """What every connector promises, whatever is behind it."""
