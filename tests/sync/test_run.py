"""A whole run over a fake CRM: what is written, and that the counts add up."""

from __future__ import annotations


def test_a_second_run_with_nothing_new_writes_nothing(connector, sync):
    first = sync(connector)
    second = sync(connector)
    assert first.written == 12 + 24
    assert (0, 36) == (second.written, second.unchanged)
    assert first.exit_code == second.exit_code == 0
