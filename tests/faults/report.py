"""Writes the table of `docs/reliability.md` from a run of the fault tests.

FAULT_TABLE=faults.json python -m pytest tests/faults -m "slow or not slow"
python tests/faults/report.py faults.json docs/reliability.md

Parts that were run apart are given as several files; of a fault that is in more than one, the last counts.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from rows import ELSEWHERE, NOT_HAD

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def merged(found: list[dict[str, object]]) -> list[dict[str, object]]:
    """One line for the runs that injected the same with other seeds: times added, failed if one of them did."""
    lines: dict[tuple[str, str, str], dict[str, object]] = {}
    for row in found:
        line = lines.setdefault((str(row["id"]), str(row["what"]), str(row["crm"])), {**row, "times": 0})
        line["times"] = int(str(line["times"])) + int(str(row["times"]))
        line["result"] = "passed" if line["result"] == row["result"] == "passed" else "failed"
    return [lines[key] for key in sorted(lines)]


def table(found: list[dict[str, object]]) -> str:
    """Markdown: a line for each fault and CRM, then those tested elsewhere and those that cannot be had, with the reason."""
    lines = ["| id | injected | CRM | times | result |", "|---|---|---|---:|---|"]
    lines += [f"| {r['id']} | {r['what']} | {r['crm']} | {r['times']} | {r['result']} |" for r in found]
    lines += ["", "Tested elsewhere:", "", "| id | where |", "|---|---|"]
    lines += [f"| {fault} | {where} |" for fault, where in sorted(ELSEWHERE.items())]
    if NOT_HAD:
        lines += ["", "Not injected here, and why:", "", "| id | reason |", "|---|---|"]
    return "\n".join([*lines, *(f"| {fault} | {why} |" for fault, why in sorted(NOT_HAD.items()))])


def main() -> None:
    found = merged(json.loads(Path(sys.argv[1]).read_text()))
    page = Path(sys.argv[2])
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{table(found)}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
