"""Writes the table of `docs/reliability.md` from a run of the fault tests.

FAULT_TABLE=.faults/run.json python -m pytest tests/faults -m "slow or not slow"     (`make check-all` does)
python tests/faults/report.py .faults/*.json docs/reliability.md

Parts that were run apart are given as several files: their times are added up. `--keep` keeps the lines of the page
about what was not run now.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from promises import PROMISES
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
    """Markdown: a line for each fault and CRM, then the promises, those tested elsewhere and those that cannot be had,
    with the reason.
    """
    lines = ["| id | injected | CRM | times | result |", "|---|---|---|---:|---|"]
    lines += [f"| {r['id']} | {r['what']} | {r['crm']} | {r['times']} | {r['result']} |" for r in found]
    lines += ["", "Promises:", "", "| promise | tested by |", "|---|---|"]
    lines += [f"| {number} {what} | {where} |" for number, (what, where) in PROMISES.items()]
    lines += ["", "Tested elsewhere:", "", "| id | where |", "|---|---|"]
    lines += [f"| {fault} | {where} |" for fault, where in sorted(ELSEWHERE.items())]
    if NOT_HAD:
        lines += ["", "Not injected here, and why:", "", "| id | reason |", "|---|---|"]
    return "\n".join([*lines, *(f"| {fault} | {why} |" for fault, why in sorted(NOT_HAD.items()))])


def kept(page: Path, anew: list[dict[str, object]]) -> list[dict[str, object]]:
    """Lines of the present table that are not told anew."""
    names = ("id", "what", "crm", "times", "result")
    told = {tuple(str(row[name]) for name in names[:3]) for row in anew}
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in page.read_text(encoding="utf-8").splitlines()]
    found = [c for c in cells if len(c) == 5 and c[3].isdigit() and tuple(c[:3]) not in told]
    return [dict(zip(names, c, strict=True)) for c in found]


def main() -> None:
    *parts, page = (Path(word) for word in sys.argv[1:] if word != "--keep")
    found = [row for part in parts for row in json.loads(part.read_text())]
    found = merged([*found, *(kept(page, found) if "--keep" in sys.argv else ())])
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{table(found)}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
