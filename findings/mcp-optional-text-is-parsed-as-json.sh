#!/usr/bin/env bash
# A note that reads 'null' is no note, and a note that looks like JSON is refused.
#
# Version: mcp==2.3.0
# Guess: a text argument is passed on as it came; 'str' and 'str | None' treat a given text alike.
# Behaviour: for every parameter not annotated plainly as str, texts are first read as JSON. With
#   'str | None', 'null' becomes None, '[1]' and '{"a": 1}' become a list and a dict and fail validation as
#   "not a valid string". Making a parameter optional so changes which values it accepts.
# Source: mcp/server/mcpserver/utilities/func_metadata.py, pre_parse_json;
#   github.com/modelcontextprotocol/python-sdk/issues/1873 and pull/1113
# Seen:
#   text       str           str | None
#   null       'null'        None
#   [1]        '[1]'         error
#   {"a": 1}   '{"a": 1}'    error
#   5          '5'           '5'
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
def plain(note: str) -> str:
    return repr(note)

@server.tool()
def optional(note: str | None = None) -> str:
    return repr(note)

async def main():
    seen = {}
    print(f"{'text':10} {'str':13} str | None")
    async with Client(server) as client:
        for text in ("null", "[1]", '{"a": 1}', "5"):
            results = [await client.call_tool(tool, {"note": text}) for tool in ("plain", "optional")]
            seen[text] = tuple("error" if result.is_error else result.content[0].text for result in results)
            print(f"{text:10} {seen[text][0]:13} {seen[text][1]}")
    assert seen == {"null": ("'null'", "None"), "[1]": ("'[1]'", "error"), '{"a": 1}': ("'{\"a\": 1}'", "error"), "5": ("'5'", "'5'")}, seen

asyncio.run(main())
PY
