"""What an assistant can ask: true to the run, nothing but reading, no names where they are not wanted."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.assistant.questions import QUESTIONS, Workbench
from sync.assistant.server import answer
from sync.report.data import read_report
from sync.state.run_queries import finished_runs

NOW = datetime(2026, 10, 15, tzinfo=UTC)


def ask(workbench, name, **arguments):
    text, failed = answer(workbench, name, arguments)
    assert not failed, text
    return json.loads(text)


def test_every_question_is_answered_from_the_last_run_and_nothing_is_written(line, tmp_path: Path) -> None:
    files = line("files")
    files.sync(NOW - timedelta(days=120))
    files.sync(NOW, accept=True)
    settings, workbench = files.settings, Workbench(files.settings)
    run = finished_runs(settings)[0]
    accounts = read_report(run.scores_dir, None, "", names=True).accounts
    before = sorted((p, p.stat().st_mtime_ns) for p in settings.workspace.dir.rglob("*.parquet"))

    waiting = ask(workbench, "who_waits_for_us", limit=100)
    assert {a["id"] for a in waiting["accounts"]} == {a.id for a in accounts if a.stance == "respond"}
    assert waiting["count"] == len(waiting["accounts"]) > 0
    effort = [a["bothways_customer_effort_hours"] or 0.0 for a in waiting["accounts"]]
    assert effort == sorted(effort, reverse=True)
    assert all(set(a["unknown"]) == {k for k, v in a.items() if v is None} for a in waiting["accounts"])

    one = next(a for a in accounts if a.stance == "respond")
    assert ask(workbench, "why", record=one.name)["record_id"] == one.id
    few = ask(workbench, "accounts_with_stance", stance=one.stance, limit=1)
    assert (few["count"], len(few["accounts"])) == (waiting["count"], 1)

    changes = ask(workbench, "what_changed", limit=100)
    assert changes["changed"] == len(changes["accounts"]) > 0
    assert all(a["before"] != a["now"] for a in changes["accounts"])

    plan = ask(workbench, "what_would_be_written", limit=5)
    assert plan["written"] is True
    assert plan["by_property"]["bothways_stance"] > 0
    assert len(plan["records"]) == 5

    shy = Workbench(settings, names=False)
    questions = [
        ("who_waits_for_us", {}),
        ("why", {"record": one.id}),
        ("what_changed", {}),
        ("what_would_be_written", {}),
    ]
    said = "".join(json.dumps(ask(shy, name, **arguments)) for name, arguments in questions)
    assert [a.name for a in accounts if a.name in said] == []
    assert [a.why for a in accounts if a.why and json.dumps(a.why)[1:-1] in said] == []
    assert before == sorted((p, p.stat().st_mtime_ns) for p in settings.workspace.dir.rglob("*.parquet"))

    for name, arguments, why in (
        ("why", {"record": one.name, "limit": 3}, "limit"),
        ("why", {"record": None}, "record"),
        ("who_waits_for_us", {"limit": True}, "limit"),
        ("who_waits_for_us", {"limit": 0}, "limit"),
        ("accounts_with_stance", {"stance": "friends"}, "build_close"),
        ("why", {"record": "Nobody & Sons"}, "Nobody & Sons"),
        ("delete_all", {}, "who_waits_for_us"),
    ):
        text, failed = answer(workbench, name, arguments)
        assert failed
        assert why in text


def test_every_tool_says_what_it_does_and_refuses_arguments_it_does_not_know() -> None:
    for question in QUESTIONS:
        schema = question.arguments.model_json_schema()
        assert schema["additionalProperties"] is False
        assert re.match(r"[A-Z].*\.\Z", question.description), question.name


@pytest.mark.slow
def test_the_sdks_own_client_reads_the_answers(line, tmp_path: Path) -> None:
    """Over real pipes, as an assistant starts it."""
    asyncio = pytest.importorskip("asyncio")
    mcp = pytest.importorskip("mcp")
    files = line("files")
    files.sync(NOW)
    config = next(tmp_path.glob("files*/bothways.toml"))
    words = ["-c", "from sync.cli.app import main; main()", "mcp", "--config", str(config)]

    async def talk() -> tuple[list[str], bool, dict]:
        from mcp.client.stdio import stdio_client

        server = mcp.StdioServerParameters(command=sys.executable, args=words, cwd=str(config.parent))
        async with stdio_client(server) as (read, write), mcp.ClientSession(read, write) as client:
            await client.initialize()
            tools = (await client.list_tools()).tools
            wrong = await client.call_tool("why", {"recrod": "x"})
            right = await client.call_tool("who_waits_for_us", {"limit": 3})
            return (
                [t.name for t in tools if t.annotations.read_only_hint],
                wrong.is_error,
                json.loads(right.content[0].text),
            )

    names, refused, waiting = asyncio.run(talk())
    assert names == [question.name for question in QUESTIONS]
    assert refused
    assert waiting["stance"] == "respond"
