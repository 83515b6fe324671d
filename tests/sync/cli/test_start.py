"""The command line starts quickly: nothing heavy is imported before a command needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = (
    "ibis",
    "duckdb",
    "pyarrow",
    "pandas",
    "numpy",
    "sqlalchemy",
    "simple_salesforce",
    "hubspot",
    "requests",
    "zeep",
    "pydantic_settings",
    "jinja2",
    "pyspark",
)


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom sync.cli.app import main\nsys.argv = ['bothways', '--help']\n"
        f"try:\n    main()\nexcept SystemExit:\n    pass\nprint([m for m in {HEAVY!r} if m in sys.modules], "
        f"file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"
    assert "sync" in done.stdout


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from sync.cli.app import main; main()", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


def test_a_missing_settings_file_is_a_usage_error_with_the_remedy(tmp_path):
    done = run("sync", cwd=tmp_path)

    assert done.returncode == 2
    assert "bothways init" in done.stderr
    assert done.stdout == ""


def test_an_unknown_option_is_a_usage_error(tmp_path):
    assert run("sync", "--nonsense", cwd=tmp_path).returncode == 2


def test_with_json_an_error_is_an_object_too(tmp_path):
    import json

    done = run("sync", "--json", cwd=tmp_path)

    assert json.loads(done.stdout)["exit_code"] == 2


def test_init_writes_settings_that_load_and_never_overwrites(tmp_path):
    from config.settings import load

    words = (
        "init",
        "--crm",
        "hubspot",
        "--url",
        "http://127.0.0.1:8802",
        "--own-domain",
        "example.com",
        "--currency",
        "EUR",
    )
    first, second = run(*words, cwd=tmp_path), run(*words, cwd=tmp_path)

    assert (first.returncode, second.returncode) == (0, 2)
    settings = load(tmp_path / "bothways.toml")
    assert settings.crm.kind == "hubspot"
    assert settings.organisation.own_domains == ("example.com",)


COMPILERS = ("ibis", "sqlglot", "pyspark")


def test_a_run_that_finds_its_statements_imports_no_compiler(tmp_path):
    """`sync` compiles them for this model once, and `plan` the one that lists product families; whatever comes after
    executes text.
    """
    (tmp_path / "opportunities.csv").write_text("id,account_id,is_closed,is_won,close_at\nd,1,true,true,2026-05-01\n")
    (tmp_path / "line_items.csv").write_text("id,opportunity_id,product_family\nl,d,Pumps\n")
    (tmp_path / "accounts.csv").write_text("id,name,created_at\n1,Ash,2024-01-05\n2,Birch,2024-02-06\n")
    (tmp_path / "bothways.toml").write_text(
        '[crm]\nkind = "files"\ninput = "."\n[organisation]\nown_domains = ["us.example"]\n'
    )
    code = (
        "import sys\nfrom sync.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    code = end.code\n"
        f"print('=', code, [m for m in {COMPILERS!r} if m in sys.modules], file=sys.stderr)"
    )

    def imported(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path, check=True
        )
        return done.stderr.splitlines()[-1]

    imported("provision")
    imported("sync")
    imported("plan")
    told = {words: imported(*words.split()) for words in ("sync", "plan", "score", "explain 1", "status", "report")}
    assert told == dict.fromkeys(told, "= 0 []")
