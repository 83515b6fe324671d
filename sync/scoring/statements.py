"""Compiled scoring statements and where they are kept: beside the code (the wheel), in the user's cache, in the
workspace.

Statements are found by a key over all that they follow from: the model and its words, the code of `enrichment`, the
versions of the libraries that compile and run them, the engine. A run that finds them imports no compiler.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import enrichment
from enrichment.model import ScoringModel
from sync.system import files as durable

OUTPUTS = ("accounts", "opportunities", "account_audit", "opportunity_audit")
SHIPPED = Path(__file__).parent / "compiled"
"""Statements of the default model, made when a wheel is built."""
_FORMAT = "1"
_LIBRARIES = {
    "duckdb": ("ibis-framework", "sqlglot", "duckdb"),
    "spark": ("ibis-framework", "sqlglot", "pyspark"),
}
_KEEP = 64
"""Files kept in a cache folder; the least recently written go."""
_READ: dict[str, Statements] = {}


@dataclass(frozen=True, slots=True)
class Statements:
    """SQL in the order to run it in: each of `stages` is stored under its name for those after it, then the outputs."""

    stages: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]

    def dumps(self) -> bytes:
        """The same statements give the same bytes."""
        text = json.dumps({"stages": self.stages, "outputs": self.outputs}, indent=0).encode()
        return gzip.compress(hashlib.sha256(text).hexdigest().encode() + b"\n" + text, 6, mtime=0)

    @classmethod
    def loads(cls, data: bytes) -> Statements:
        """Raises ValueError when the bytes are not whole."""
        try:
            digest, _, text = gzip.decompress(data).partition(b"\n")
        except (OSError, EOFError) as error:
            raise ValueError("not a whole gzip file") from error
        if hashlib.sha256(text).hexdigest().encode() != digest:
            raise ValueError("its checksum differs")
        statements = json.loads(text)
        return cls(*(tuple((name, sql) for name, sql in statements[part]) for part in ("stages", "outputs")))


def statements_for(
    engine: str,
    model: ScoringModel,
    compile_them: Callable[[], Statements],
    workspace: Path | None = None,
    *,
    what: str = "scores",
) -> Statements:
    """The statements of a model on an engine for `what`: kept ones, or compiled and then kept for the next run.

    A file that is damaged or cannot be read is compiled again. Where nothing can be written they are just not kept.
    """
    key = key_of(engine, model, what)
    if key not in _READ:
        folders = [SHIPPED, *cache_folders(workspace)]
        statements = next((s for folder in folders if (s := _read(folder / f"{key}.gz")) is not None), None)
        if statements is None:
            statements = compile_them()
            any(keep(statements, key, folder) for folder in folders[1:])
        while len(_READ) >= 8:
            _READ.pop(next(iter(_READ)))
        _READ[key] = statements
    return _READ[key]


def key_of(engine: str, model: ScoringModel, what: str = "scores") -> str:
    """The name that statements are kept under."""
    parts = [
        _FORMAT,
        *(() if what == "scores" else (what,)),
        engine,
        _code(),
        *(f"{name}=={_version(name)}" for name in _LIBRARIES[engine]),
    ]
    parts += [model.version_string, model.model_dump_json(), model.words.model_dump_json()]
    return f"{engine}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}"


def cache_folders(workspace: Path | None = None) -> list[Path]:
    """Where statements are kept: `BOTHWAYS_CACHE`, else the user's cache folder; the workspace where neither is
    writable.
    """
    folders = []
    if named := os.environ.get("BOTHWAYS_CACHE"):
        folders.append(Path(named))
    elif named := os.environ.get("XDG_CACHE_HOME"):
        folders.append(Path(named) / "bothways")
    else:
        with contextlib.suppress(RuntimeError):  # no home directory
            folders.append(Path.home() / ".cache" / "bothways")
    return [*folders, *([] if workspace is None else [workspace / "cache"])]


def keep(statements: Statements, key: str, folder: Path) -> bool:
    """Writes the statements, whole or not at all, also when several processes do so at once; whether that worked."""
    path = folder / f"{key}.gz"
    fresh = folder / f".{key}.{os.getpid()}.tmp"
    try:
        durable.make_dir(folder)
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(statements.dumps())
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        return False
    with contextlib.suppress(OSError):
        files = sorted(folder.glob("*.gz"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in files[_KEEP:]:
            old.unlink()
    return True


def _read(path: Path) -> Statements | None:
    """What a file holds; None when it is damaged, absent, or of another user (who is not root): it is going to be
    executed.
    """
    try:
        if path.stat().st_uid not in (os.geteuid(), 0):
            return None
        return Statements.loads(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError):
        return None


@cache
def _code() -> str:
    """A digest of the sources that statements are compiled from."""
    root = Path(enrichment.__file__).parent
    digest = hashlib.sha256()
    own = [Path(__file__).with_name(name) for name in ("compile.py", "engines.py", "simplify.py")]
    for path in sorted([*root.rglob("*.py"), *own]):
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
