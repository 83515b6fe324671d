"""Fails when a folder of the four packages holds more than 12 modules; prints their
tree with --print, and writes it into docs/architecture.md with --write."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST = 12
PAGE = ROOT / "docs" / "architecture.md"
BLOCK = r"<!-- tree -->.*<!-- /tree -->"
PACKAGES = ("connectors", "enrichment", "config", "sync")


def modules() -> dict[str, list[str]]:
    """Modules by folder, tracked or new, without `__init__`; a deleted file that git still lists does not count."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    found: dict[str, list[str]] = defaultdict(list)
    for name in listed:
        path = Path(name)
        if path.parts[0] in PACKAGES and path.name != "__init__.py" and (ROOT / path).exists():
            found[path.parent.as_posix()].append(path.stem)
    return found


def summary(folder: str) -> str:
    """The first line of a package's docstring."""
    source = ROOT / folder / "__init__.py"
    text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) if source.exists() else None
    return (text or "").split("\n", 1)[0]


def tree() -> str:
    """Every folder of the four packages with what it is for and its modules."""
    lines = []
    for folder, names in sorted(modules().items()):
        lines += [f"{folder}/", f"    {summary(folder)}", f"    {'  '.join(sorted(names))}"]
    return "\n".join(lines)


def block() -> str:
    """The tree as it stands in the page."""
    return f"<!-- tree -->\n```\n{tree()}\n```\n<!-- /tree -->"


def main() -> int:
    if "--write" in sys.argv:
        text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(re.sub(BLOCK, lambda _: block(), text, flags=re.DOTALL), encoding="utf-8")
        return 0
    if "--print" in sys.argv:
        sys.stdout.write(tree() + "\n")
        return 0
    crowded = {folder: len(names) for folder, names in modules().items() if len(names) > MOST}
    for folder, count in sorted(crowded.items()):
        sys.stderr.write(f"{folder}: {count} modules; at most {MOST}. Split the folder by topic.\n")
    return 1 if crowded else 0


if __name__ == "__main__":
    sys.exit(main())
