"""Writes the table of `docs/reliability.md` from a run of the fault tests.

FAULT_TABLE=faults.json python -m pytest tests/faults -m "slow or not slow"
python tests/faults/report.py faults.json docs/reliability.md
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from rows import ELSEWHERE, NOT_HAD

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def table(found: list[dict[str, object]]) -> str:
    """Markdown: a line for each fault and CRM, then those tested elsewhere and those that cannot be had, with the reason."""
    lines = ["| id | injected | CRM | times | result |", "|---|---|---|---:|---|"]
    lines += [f"| {r['id']} | {r['what']} | {r['crm']} | {r['times']} | {r['result']} |" for r in found]
    lines += ["", "Tested elsewhere:", "", "| id | where |", "|---|---|"]
    lines += [f"| {fault} | {where} |" for fault, where in sorted(ELSEWHERE.items())]
    lines += ["", "Not injected here, and why:", "", "| id | reason |", "|---|---|"]
    return "\n".join([*lines, *(f"| {fault} | {why} |" for fault, why in sorted(NOT_HAD.items()))])


def main() -> None:
    found = sorted(
        json.loads(Path(sys.argv[1]).read_text()), key=lambda r: (str(r["id"]), str(r["what"]), str(r["crm"]))
    )
    page = Path(sys.argv[2])
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{table(found)}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
