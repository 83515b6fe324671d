"""Hostile text in names: written as it is where it belongs, inert everywhere else."""

from __future__ import annotations

import pytest
from fake_crm import AS_OF, FakeConnector, organisation
from scorer import SPECS, by_acts, scoring_by

from enrichment.model import ScoringModel
from sync.console.output import printable
from sync.options import RunContext, RunOptions, Workspace
from sync.progress import NullProgress
from sync.run import run_sync

NAMES = [
    "</script><script>alert(1)</script>",
    '=HYPERLINK("http://x","y")',
    "\x1b[31mred\x1b[0m \x07",
    "'; drop table runs; --",
    "{{7*7}} ${7*7} @{r0.id}",
    "emoji \N{PILE OF POO} and \N{RIGHT-TO-LEFT OVERRIDE}evil",
    "line one\nline two\r\n\u2028three",
    "x" * 32_000,
    "\N{COMBINING ACUTE ACCENT}e\N{COMBINING ACUTE ACCENT}",
    'quote " comma , backslash \\ percent %s',
    "   ",
    "NULL",
]


def test_names_cannot_drive_the_run_or_keep_it_busy(tmp_path):
    crm = organisation(len(NAMES))
    for number, name in enumerate(NAMES):
        crm.put("accounts", f"A{number:03d}", name=name)
    run = lambda: run_sync(  # noqa: E731
        RunContext(
            FakeConnector(crm, SPECS),
            Workspace(tmp_path / "ws"),
            ScoringModel(),
            SPECS,
            RunOptions(as_of=AS_OF),
            NullProgress(),
        ),
    )
    with scoring_by(by_acts):
        assert run().exit_code == 0
        assert run().changed == 0
    held = [crm.records["accounts"][f"A{n:03d}"]["bothways_top_drivers"] for n in range(len(NAMES))]
    assert held[3] == "Acts by '; drop table runs; --"
    assert all("\n" not in text and "\x1b" not in text and len(text) <= 32_768 for text in held)


@pytest.mark.parametrize("text", NAMES)
def test_a_terminal_gets_no_control_characters(text):
    assert not any((ord(char) < 32 and char not in "\n\t") or 0x7F <= ord(char) < 0xA0 for char in printable(text))
