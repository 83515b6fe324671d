"""The Model Context Protocol server: the questions of `sync.assistant.questions` as read-only tools, over stdio.

Arguments are checked here, by strict models that refuse what they do not know: the SDK's own check drops a misspelt
argument and reads the text "null" as nothing. What a person could get wrong comes back as an error that the assistant
can read.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from connectors.errors import BothwaysError, ConfigError
from sync.assistant.questions import QUESTIONS, Question, Workbench

if TYPE_CHECKING:
    from mcp.server import Server

INSTRUCTIONS = (
    "bothways shows which customers rely on us, which we rely on, and which side does the work. Figures come from "
    "the last run in the workspace: say its"
    " date when you quote them. A null is unknown, never zero. These tools only read; nothing here can change the CRM."
)


def server_for(workbench: Workbench) -> Server[Any]:
    """A server that answers from this workspace. Raises ConfigError without the extra `mcp`."""
    try:
        import mcp_types as types
        from mcp.server import Server
    except ImportError:
        raise ConfigError(
            "The assistant's server needs the extra that brings the MCP SDK.", remedy="Install bothways[mcp]."
        ) from None
    tools = [
        types.Tool(
            name=question.name,
            description=question.description,
            input_schema=question.arguments.model_json_schema(),
            annotations=types.ToolAnnotations(
                read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
            ),
        )
        for question in QUESTIONS
    ]

    async def list_tools(ctx: Any, params: Any) -> types.ListToolsResult:
        del ctx, params
        return types.ListToolsResult(tools=tools)

    async def call_tool(ctx: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        del ctx
        text, failed = await asyncio.to_thread(answer, workbench, params.name, params.arguments or {})
        return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=failed)

    return Server("bothways", instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool)


def answer(workbench: Workbench, name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
    """The answer as JSON text, and whether it is an error. Never raises for what an assistant can ask."""
    question = next((q for q in QUESTIONS if q.name == name), None)
    if question is None:
        return f"There is no tool {name!r}. There are: {', '.join(q.name for q in QUESTIONS)}.", True
    try:
        return json.dumps(
            question.answer(workbench, _checked(question, arguments)), default=str, allow_nan=False
        ), False
    except BothwaysError as error:
        return str(error), True


def _checked(question: Question, arguments: dict[str, Any]) -> Any:
    try:
        return question.arguments.model_validate(arguments)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"{question.name}: {problems}.", remedy="Look at the tool's input schema.") from None


def serve(config: Path, *, names: bool) -> None:
    """Answers on stdin and stdout until the client goes away. The settings are read once, so that they are right from
    the start.
    """
    from config import settings as config_settings

    server = server_for(Workbench(config_settings.load(config), names))

    async def run() -> None:
        from mcp.server.stdio import stdio_server

        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    asyncio.run(run())
