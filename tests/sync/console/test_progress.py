"""Progress: counts, and what is left where the server has said how much there is."""

from __future__ import annotations

import io

from rich.console import Console

from sync.console.output import Output
from sync.console.progress import LiveProgress, PlainProgress, display_on


def shown(display, console):
    console.file.truncate(0)
    console.print(display.get_renderable())
    return console.file.getvalue()


def test_a_stream_has_a_bar_with_what_there_is_and_a_stage_ends_them():
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    display = display_on(console)
    progress = LiveProgress(display)
    progress.stage("pull")
    progress.expect("accounts", 2_000)
    progress.advance("accounts", 500)
    progress.advance("line_items", 1_200)
    text = shown(display, console)

    assert "Reading the CRM" in text
    assert "accounts" in text
    assert "500 of 2,000" in text
    assert "line items" in text
    assert "1,200" in text
    assert [(t.completed, t.total) for t in display.tasks[1:]] == [(500, 2_000), (1_200, None)]

    progress.advance("accounts", 1_600)  # more than there was when it was counted
    assert "2,100 of 2,100" in shown(display, console)
    progress.stage("write")
    text = shown(display, console)
    assert "Writing to the CRM" in text
    assert "accounts" not in text


def test_plain_lines_say_how_much_there_is(monkeypatch):
    monkeypatch.setattr("sync.console.progress.PLAIN_EVERY", 0.0)
    notes = []
    output = Output()
    output.note = notes.append
    progress = PlainProgress(output)
    progress.stage("pull")
    progress.expect("accounts", 2_000)
    progress.advance("accounts", 500)
    progress.advance("users", 3)

    assert notes == ["pull ...", "  accounts 500 of 2,000", "  accounts 500 of 2,000, users 3"]
