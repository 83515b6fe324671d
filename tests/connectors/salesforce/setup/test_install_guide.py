"""docs/install-salesforce.md, walked line by line against the emulated organisation."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer
from enrichment.fields import fields
from sync.cli.app import app as command_line

DOCS = Path(__file__).parents[4] / "docs"
GUIDE = (DOCS / "install-salesforce.md").read_text(encoding="utf-8")
ADDRESS = "https://example.my.salesforce.com"
TOKEN = "$(sf org auth show-access-token --target-org admin --json | jq -r .result.accessToken)"
SF = (
    r"sf org login web --alias admin --instance-url \S+",
    r"sf project deploy start --source-dir force-app --target-org admin",
)
"""What the guide asks of the Salesforce command line, which is not run here."""


def blocks(text: str) -> list[tuple[str, str]]:
    """Language and text of each fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


class Walk:
    """Does what a line says; keeps the last output of each command."""

    def __init__(self, organisation: SalesforceEmulator, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.organisation, self.url, self.env = organisation, url, monkeypatch
        self.done: list[tuple[str, int, str]] = []
        self.runner = CliRunner()

    def line(self, text: str) -> None:
        words = shlex.split(text, comments=True)
        if words[:1] == ["export"]:
            name, _, value = words[1].partition("=") if TOKEN not in text else (words[1].partition("=")[0], "", TOKEN)
            self.env.setenv(name, {TOKEN: self.organisation.token, "...": "emulated-consumer-secret"}[value])
        elif words[:1] == ["unset"]:
            self.env.delenv(words[1])
        elif words[:1] == ["sf"]:
            assert any(re.fullmatch(known, " ".join(words)) for known in SF), text
        elif words[:1] == ["bothways"]:
            self.run(words[1:])
        else:
            assert words[0] in ("pip", "cd"), text

    def run(self, words: list[str]) -> None:
        filled = [word.replace(ADDRESS, self.url).replace("Acme Ltd", self.a_customer()) for word in words]
        filled = [self.digest() if word.startswith("3f0c") else word for word in filled]
        if filled[0] == "uninstall" and "--plan" not in filled:
            filled.append("--yes")
        result = self.runner.invoke(command_line, filled, input="\n")  # Enter, where `init` asks for a token
        self.done.append((" ".join(words), result.exit_code, result.output or repr(result.exception)))

    def a_customer(self) -> str:
        return next(str(row["Name"]) for row in self.organisation.records("Account") or [] if not row["IsDeleted"])

    def digest(self) -> str:
        said = next(output for command, _, output in reversed(self.done) if command.startswith("plan"))
        return re.findall(r"\b[0-9a-f]{8,64}\b", said)[-1]

    def settings(self, auth: str) -> None:
        """The person puts the line of the guide into the file that `init` made, with the app's own key."""
        file = Path("bothways.toml")
        line = auth.replace("3MVG9...", "3MVG9emulatedConsumerKey")
        text, changed = re.subn(r"^auth = .*$", line, file.read_text("utf-8"), flags=re.MULTILINE)
        assert changed == 1
        file.write_text(text, "utf-8")

    def assign(self, permission_set: str, user: str) -> None:
        """Setup > Permission Sets > Manage Assignments."""
        [row] = self.organisation.org.store.rows("SELECT Id FROM PermissionSet WHERE Name = ?", (permission_set,))
        self.organisation._inserted(
            "PermissionSetAssignment", {"PermissionSetId": row["Id"], "AssigneeId": user, "IsActive": 1}
        )
        self.organisation.org.access.forget()


@pytest.fixture
def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    small = demo_organisation(7, 0, now=datetime(2026, 11, 20, tzinfo=UTC), activities_per_account=0)
    organisation = SalesforceEmulator(small)
    monkeypatch.chdir(tmp_path)
    with EmulatorServer(organisation) as server:
        yield Walk(organisation, server.url, monkeypatch)


def test_the_guide_leads_from_an_empty_organisation_to_scores(walk: Walk) -> None:
    """Every command line that the guide prints, in its order, by two identities."""
    clicks: dict[str, Callable[[], None]] = {
        "## 3.": lambda: walk.assign("Bothways_Integration", walk.organisation.seeded.integration_user),
    }
    for section in re.split(r"^(?=## )", GUIDE, flags=re.MULTILINE):
        for title, click in clicks.items():
            if section.startswith(title):
                click()
        for language, text in blocks(section):
            if language == "toml":
                walk.settings(next(line for line in text.splitlines() if line.startswith("auth = ")))
            if language == "sh":
                if "extras" in text or "uninstall" in text:
                    walk.env.setenv("BOTHWAYS_CRM_TOKEN", walk.organisation.token)
                for line in text.splitlines():
                    walk.line(line)
    failed = [one for one in walk.done if one[1] != 0]
    assert not failed
    said = {command: output for command, _, output in reversed(walk.done)}  # of a command that comes twice the first
    assert f"todo  properties: {len(fields('essential'))} fields to install." in said["check --config admin.toml"]
    assert "18 to add." in said["provision --plan --config admin.toml"]
    assert "FAIL" not in said["check"]
    assert "todo" not in said["check"]
    assert any(command.startswith("explain") for command in said)
    assert not [name for name in walk.organisation.org.schema.objects["Account"].fields if name.startswith("Bothways")]


def test_the_checklist_takes_the_token_as_the_guide_does() -> None:
    """forcedotcom/cli#3560: the token is no longer in `sf org display`."""
    for page in DOCS.rglob("*.md"):
        assert "sf org display --" not in page.read_text(encoding="utf-8"), page
    assert "sf org auth show-access-token" in (DOCS / "real-crm-checklist.md").read_text(encoding="utf-8")


def test_no_step_asks_for_what_a_later_step_makes() -> None:
    """Step 2.4 asked for a permission set that existed only after step 5."""
    first = {
        name: GUIDE.index(f"**{name}**" if bold else name)
        for name, bold in (
            ("bothways provision --config admin.toml", False),
            ("permission set *Bothways Integration*", False),
        )
    }
    assert first["bothways provision --config admin.toml"] < first["permission set *Bothways Integration*"]


def test_the_guide_ranks_nobody() -> None:
    """docs/privacy.md: no hours by owner anywhere."""
    assert not re.search(r"hours\*? by owner", GUIDE)
