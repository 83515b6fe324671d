"""The documents say what is there: commands, fields, dependencies and links cannot rot."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer.main

from enrichment.fields import FIELDS, fields
from sync.cli.app import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_is_shown_exists(document):
    text = document.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`|^    .+$", text, re.DOTALL | re.MULTILINE))
    shown = set(re.findall(r"\bbothways ([a-z][a-z-]+)", code))

    assert shown - COMMANDS == set()


def command_lines(text):
    """What documents tell people to type: lines of code blocks that begin with the command, and such words in code."""
    blocks = "\n".join(re.findall(r"^```.*?^```|^(?: {4}|\t).+$", text, re.DOTALL | re.MULTILINE))
    lines = re.findall(
        r"^[\s$]*(?:[A-Z_]+=\S+ )*(?:\S*bin/)?(bothways(?: [^\n]*)?)$", blocks.replace("\\\n", " "), re.MULTILINE
    )
    return lines, re.findall(r"`(bothways [^`\n]+)`", text)


def parsed(line):
    """Raises a usage error unless the line is one that the command line takes."""
    words = shlex.split(line.partition("|" if "|" in shlex.split(line, comments=True) else "\0")[0], comments=True)[1:]
    for stop in (">", "2>", ">>", "&&", ";", "&"):
        words = words[: words.index(stop)] if stop in words else words
    command, words = typer.main.get_command(app), ["--help" if word == "[OPTIONS]" else word for word in words]
    context = command.make_context("bothways", words)
    while hasattr(command, "commands") and context._protected_args + context.args:
        name, *words = context._protected_args + context.args
        command = command.get_command(context, name)
        assert command is not None, f"there is no command {name}"
        context = command.make_context(name, words, parent=context)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_line_is_one_that_the_command_takes(document):
    wrong = {}
    typed, mentioned = command_lines(document.read_text(encoding="utf-8"))
    for line in (*typed, *mentioned):
        if re.search(r"\.\.\.|…|\||<|\[", line):
            continue  # a form, not a line to type
        try:
            parsed(line)
        except (typer.Exit, SystemExit):
            pass
        except typer.TyperException as error:
            said = getattr(error, "message", str(error))
            if line in typed or not (said == "" or said.endswith("requires an argument.")):  # a mention may be short
                wrong[line] = said
    assert wrong == {}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(document):
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))

    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_the_page_of_tables_is_that_of_the_streams():
    spec = importlib.util.spec_from_file_location("write_tables", Path(__file__).with_name("write_tables.py"))
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)

    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == made.page()


@pytest.mark.parametrize("name", [field.name for field in FIELDS])
def test_every_property_is_explained(name):
    assert f"`{name}`" in (ROOT / "docs" / "the-scores.md").read_text(encoding="utf-8")


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    names = {re.split(r"[\[<>=!~ ]", name)[0] for name in wanted}
    reasons = (ROOT / "docs" / "adr" / "0006-dependencies.md").read_text(encoding="utf-8")

    assert {name for name in names if name.lower() not in reasons.lower()} == set()


def test_the_essential_profile_is_small():
    names = [field.stream for field in fields("essential")]

    assert (names.count("accounts"), names.count("opportunities")) == (8, 6)


def test_pinned_dependencies_record_hashes_and_no_address():
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        pins = re.findall(r"^[a-z0-9][\w.\[\]-]*==", text, re.MULTILINE)
        assert len(pins) > 20
        assert text.count("--hash=sha256:") >= len(pins)
        assert re.findall(r"https?://|file:|index-url|find-links", text) == []


def test_node_lock_files_record_no_address():
    for path in ROOT.glob("tests/**/package-lock.json"):
        if "node_modules" not in path.parts:
            assert '"resolved"' not in path.read_text(encoding="utf-8")
