"""What `make security` looks at: the code, the secrets in it, the dependencies, the package, the workflows, the image.

Each line says `ok`, `FAILED` or `not audited` (what would be asked cannot be reached from here): never `ok` for what
was not done. The package and its bill of materials are left in `dist/`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
DIST = ROOT / "dist"
PACKAGES = ("config", "connectors", "enrichment", "sync")
UNREACHED = re.compile(
    r"could not be audited|not found on PyPI|ConnectionError|Max retries|Temporary failure|timed out", re.I
)


class NotAudited(Exception):
    """It could not be looked at from here; the argument says why."""


def run(*words: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def must(*words: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    done = run(*words, cwd=cwd, **environment)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, words))}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def tracked() -> list[str]:
    return must("git", "ls-files").splitlines()


def code() -> str:
    must(BIN / "bandit", "-c", "pyproject.toml", "-q", "-r", *PACKAGES)
    return "bandit finds nothing that is not judged in place (ruff's S rules, each exception with its reason)"


def secrets() -> str:
    # Tests are left out: they are full of words made to look like secrets, so that it can be seen that none is shown.
    files = [
        name
        for name in tracked()
        if not name.startswith(("tests/", "requirements/", "docs/img/")) and "package-lock" not in name
    ]
    must(BIN / "detect-secrets-hook", "--baseline", ".ci/secrets.baseline", *files)
    return f"detect-secrets finds nothing new in {len(files)} files"


def dependencies() -> str:
    audit = ("--strict", "--require-hashes", "--disable-pip", "--progress-spinner", "off")
    done = run(BIN / "pip-audit", *audit, "-r", "requirements/runtime.txt")
    if done.returncode == 0:
        return "pip-audit --strict knows of no vulnerability in requirements/runtime.txt"
    if UNREACHED.search(done.stderr):
        raise NotAudited(done.stderr.strip().splitlines()[-1])
    raise AssertionError(done.stdout + done.stderr)


def package() -> str:
    stamp = must("git", "log", "-1", "--format=%ct").strip()
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        built = [_wheel(Path(folder), stamp) for folder in (one, other)]
        digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in built}
        assert len(digests) == 1, f"two builds differ: {digests}"
        DIST.mkdir(exist_ok=True)
        shutil.copy2(built[0], DIST / built[0].name)
    return f"two builds in two places give the same wheel, sha256 {digests.pop()}"


def _wheel(folder: Path, stamp: str) -> Path:
    """Built from what is committed, so that no stray file gets in."""
    archive = folder / "source.tar"
    must("git", "archive", "--output", archive, "HEAD")
    must("tar", "-xf", archive, "-C", folder)
    must(
        BIN / "python",
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-d",
        folder / "out",
        cwd=folder,
        SOURCE_DATE_EPOCH=stamp,
    )
    [made] = (folder / "out").glob("*.whl")
    return made


def installed() -> str:
    """The wheel with the locked dependencies and nothing else; its bill of materials is of exactly that."""
    [wheel] = DIST.glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "venv"
        must(sys.executable, "-m", "venv", bare)
        pip = (bare / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        must(*pip, "--require-hashes", "-r", ROOT / "requirements" / "runtime.txt", cwd=Path(folder))
        must(*pip, "--no-deps", wheel, cwd=Path(folder))
        told = must(bare / "bin" / "bothways", "demo", "--accounts", "24", cwd=Path(folder), PYTHONPATH="")
        assert told.count("sync again") == 2, told[-2000:]
        bill = DIST / "bothways.cdx.json"
        must(BIN / "cyclonedx-py", "environment", "--output-reproducible", "-o", bill, bare / "bin" / "python")
    return f"the wheel alone runs the demo of both CRMs; bill of materials in {bill.relative_to(ROOT)}"


def workflows() -> str:
    found = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    must(BIN / "zizmor", "--offline", *found)
    must(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *found)
    return f"zizmor and the schema take {len(found)} workflows"


def image() -> str:
    must(BIN / "hadolint", "Dockerfile")
    return "hadolint takes the Dockerfile (the image itself is not built here)"


CHECKS: dict[str, Callable[[], str]] = {
    "code": code,
    "secrets": secrets,
    "dependencies": dependencies,
    "package": package,
    "installed": installed,
    "workflows": workflows,
    "image": image,
}


def main() -> int:
    failed = 0
    for name in sys.argv[1:] or CHECKS:
        try:
            print(f"ok           {name}: {CHECKS[name]()}", flush=True)
        except NotAudited as why:
            print(f"not audited  {name}: {why}", flush=True)
        except AssertionError as why:
            failed += 1
            print(f"FAILED       {name}: {why}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
