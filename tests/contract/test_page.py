"""The connector of docs/adding-a-connector.md passes the shipped suite as it stands on the page, and a broken one fails
it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from connectors.testing.properties import FULL
from enrichment.fields import fields

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding-a-connector.md"
BLOCK = re.compile(r"^`(\S+\.py)`:\n\n```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SKIPPED = {
    "test_a_record_read_again_is_the_record_of_a_full_read",
    "test_a_record_that_is_not_there_is_answered_as_deleted",
    "test_a_survivor_read_again_names_who_was_merged_into_it",
}
"""Desk does not read single records by id."""
BREAKS = {
    "test_full_read_returns_every_record_exactly": (
        'or value == "":\n',
        'or value == "":\n            record[field.name] = 0\n',
    ),
    "test_the_batch_schema_carries_the_held_properties": ("schema(stream, self._owned)", "schema(stream)"),
    "test_a_read_resumed_from_any_page_misses_nothing": (
        'cursor = since or "0:0"',
        'cursor = "9:9" if since else "0:0"',
    ),
    "test_an_incremental_read_returns_the_changed_record": ("(rev, id) >= (:rev, :id)", "id > :id"),
    "test_a_deleted_record_is_reported": ('if row["deleted"] and', "if False and"),
    "test_a_merged_account_is_reported_with_its_survivor": ("is not None},\n", "is not None and False},\n"),
    "test_values_round_trip_and_clear": (
        ", value in change.values.items()}",
        ", value in change.values.items() if value}",
    ),
    "test_a_property_that_was_not_given_keeps_its_value": (
        "SET {wanted} WHERE",
        "SET bothways_deal_confidence = NULL, {wanted} WHERE",
    ),
    "test_every_change_has_one_result_and_a_deleted_record_is_gone": (" AND NOT deleted", ""),
    "test_a_field_of_theirs_is_never_written": (
        'raise ConfigError(f"{name} of {change.stream} is not a property of ours.")',
        "return",
    ),
    "test_provision_adds_once_and_only_what_is_missing": ('"exists" if ours', '"create" if ours'),
    "test_unprovision_removes_what_provision_added": ('if item.step == "exists")', 'if item.step == "create")'),
    "test_a_revoked_property_is_a_clear_finding": ("for name in missing]", "for name in ()]"),
    "test_calls_are_counted": ("return ApiCalls()", "return ApiCalls(read=1)"),
}
"""What is broken in the page's connector, by the test that must notice it."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """How each test ended (passed, skipped, failure), by module: the page's own, and one broken copy a test."""
    folder = tmp_path_factory.mktemp("page")
    blocks = dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    assert {"desk/config.py", "desk/translate.py", "desk/connector.py", "test_desk.py"} == set(blocks)
    _write(folder, "desk", blocks)
    runs = ["test_desk.py"]
    for number, (test, (right, wrong)) in enumerate(BREAKS.items()):
        broken = {name: text.replace(right, wrong) for name, text in blocks.items()}
        assert broken != blocks, f"the page has no {right!r}"
        _write(folder, f"broken{number}", broken)
        runs.append(f"test_broken{number}.py::TestDesk::{test}")
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junit-xml=results.xml", *runs],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])},
        capture_output=True,
        check=False,
    )
    cases = ET.parse(folder / "results.xml").iter("testcase")
    return {
        (case.attrib["classname"].split(".")[0], case.attrib["name"]): case[0].tag if len(case) else "passed"
        for case in cases
    }


def _write(folder: Path, package: str, blocks: dict[str, str]) -> None:
    (folder / package).mkdir()
    for name, text in blocks.items():
        path = folder / name.replace("desk", package)
        path.write_text(re.sub(r"^from desk\.", f"from {package}.", text, flags=re.MULTILINE), encoding="utf-8")


def test_the_connector_on_the_page_passes_the_suite(outcomes: dict[tuple[str, str], str]) -> None:
    page = {test: outcome for (module, test), outcome in outcomes.items() if module == "test_desk"}

    assert {test: "skipped" if test in SKIPPED else "passed" for test in page} == page
    assert len(page) >= 26


@pytest.mark.parametrize("test", BREAKS)
def test_a_broken_connector_fails_the_suite(test: str, outcomes: dict[tuple[str, str], str]) -> None:
    assert outcomes[f"test_broken{list(BREAKS).index(test)}", test] == "failure"


def test_the_properties_of_the_suite_are_some_of_the_catalogue() -> None:
    catalogue = {(spec.name, spec.stream, spec.type, spec.scale, spec.precision) for spec in fields("full")}

    ours = {(spec.name, spec.stream, spec.type, spec.scale) for spec in FULL}
    assert ours <= {known[:4] for known in catalogue}
