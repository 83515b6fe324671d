#!/usr/bin/env bash
# A tool called with a misspelt argument runs with its default, and says nothing.
#
# Version: mcp==2.3.0
# Guess: an argument the tool does not have is an error, so that the caller can correct itself.
# Behaviour: it is dropped. find(account='Acme', limt=3) answers with limit 10; for a filter that means all
#   rows instead of a few. The schema that the server publishes does not forbid it either: it has no
#   additionalProperties. True passes for the integer 1; only the text 'x' is refused.
# Source: modelcontextprotocol.io, specification, tools (inputSchema); json-schema.org, additionalProperties
#   (what is not forbidden is allowed); pydantic ConfigDict.extra (default "ignore")
# Seen:
#   {'account': 'Acme', 'limt': 3}      limit=10
#   {'account': 'Acme', 'limit': True}  limit=1
#   {'account': 'Acme', 'limit': 'x'}   error
#   additionalProperties                not in the schema
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check mcp==2.3.0

venv/bin/python - <<'PY'
import asyncio, logging
from mcp import Client
from mcp.server import MCPServer

logging.disable(logging.CRITICAL)
server = MCPServer("crm")

@server.tool()
def find(account: str, limit: int = 10) -> str:
    return f"limit={limit}"

async def main():
    seen = []
    async with Client(server) as client:
        for arguments in ({"account": "Acme", "limt": 3}, {"account": "Acme", "limit": True}, {"account": "Acme", "limit": "x"}):
            result = await client.call_tool("find", arguments)
            seen.append("error" if result.is_error else result.content[0].text)
            print(f"{str(arguments):35} {seen[-1]}")
        schema = (await client.list_tools()).tools[0].input_schema
    print(f"{'additionalProperties':35}", "in the schema" if "additionalProperties" in schema else "not in the schema")
    assert seen == ["limit=10", "limit=1", "error"], seen
    assert "additionalProperties" not in schema

asyncio.run(main())
PY
