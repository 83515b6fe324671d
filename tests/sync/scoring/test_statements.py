"""Compiled statements are those of the expressions, found again, and never trusted when damaged."""

from __future__ import annotations

import multiprocessing
import os
import stat

import pytest

from enrichment.model import ScoringModel
from enrichment.words import ENGLISH
from sync.scoring import statements as kept
from sync.scoring.compile import compile_statements
from sync.scoring.engines import engine_named
from sync.scoring.ship import ship
from sync.scoring.statements import Statements, cache_folders, key_of, statements_for

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")  # of Ibis, not of ours
SOME = Statements((("acts", "SELECT 1"),), (("accounts", "SELECT 'ü'"),))


def never() -> Statements:
    raise AssertionError("compiled again")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BOTHWAYS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kept, "_READ", {})
    return tmp_path / "cache"


def forget(monkeypatch) -> None:
    monkeypatch.setattr(kept, "_READ", {})


def test_what_is_kept_for_the_default_model_is_what_the_expressions_say(tmp_path):
    model = ScoringModel()
    with engine_named("duckdb", tmp_path, 2**28) as engine:
        fresh = compile_statements(engine, model)
        assert statements_for("duckdb", model, lambda: fresh).dumps() == fresh.dumps()
    assert Statements.loads(ship(tmp_path / "shipped").read_bytes()) == fresh
    assert [name for name, _ in fresh.stages][-2:] == ["accounts", "opportunities"]
    assert sum(len(sql) for _, sql in fresh.stages + fresh.outputs) < 600_000  # Ibis alone writes 1.2 million bytes
    assert not any("memtable" in sql.lower() or "2000-01-01" in sql for _, sql in fresh.stages + fresh.outputs)


def test_statements_are_compiled_once_and_found_by_the_next_run(folder, monkeypatch):
    assert statements_for("duckdb", ScoringModel(), lambda: SOME) == SOME
    forget(monkeypatch)
    assert statements_for("duckdb", ScoringModel(), never) == SOME
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", b"no gzip at all"])
def test_a_damaged_file_is_compiled_again_and_replaced(folder, monkeypatch, damage):
    statements_for("duckdb", ScoringModel(), lambda: SOME)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    for broken in (damage, whole[:-9], SOME.dumps()[:20] + whole[20:40]):
        file.write_bytes(broken)
        forget(monkeypatch)
        assert statements_for("duckdb", ScoringModel(), lambda: SOME) == SOME
        assert file.read_bytes() == whole


def test_statements_of_another_content_with_a_true_gzip_frame_are_refused():
    import gzip

    with pytest.raises(ValueError, match="checksum"):
        Statements.loads(gzip.compress(gzip.decompress(SOME.dumps()).replace(b"SELECT 1", b"SELECT 2")))


def test_other_numbers_words_engines_and_code_have_statements_of_their_own(monkeypatch):
    model = ScoringModel()
    other_words = model.model_copy(
        update={"words": ENGLISH.model_copy(update={"rules": {**ENGLISH.rules, "and": "+"}})}
    )
    models = [model, ScoringModel.model_validate({"effort": {"window_days": 300}}), other_words]
    keys = {key_of(engine, m) for engine in ("duckdb", "spark") for m in models}
    monkeypatch.setattr(kept, "_code", lambda: "another")
    assert len(keys | {key_of("duckdb", model)}) == 7
    assert key_of("duckdb", ScoringModel()) == key_of("duckdb", ScoringModel())


def test_where_the_cache_cannot_be_written_the_workspace_keeps_them(tmp_path, monkeypatch):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("BOTHWAYS_CACHE", str(blocked))
    forget(monkeypatch)
    assert statements_for("duckdb", ScoringModel(), lambda: SOME) == SOME  # nowhere to keep them
    forget(monkeypatch)
    assert statements_for("duckdb", ScoringModel(), lambda: SOME, tmp_path / "workspace") == SOME
    forget(monkeypatch)
    assert statements_for("duckdb", ScoringModel(), never, tmp_path / "workspace") == SOME


def test_the_users_cache_folder_is_where_the_desktop_standard_says(monkeypatch, tmp_path):
    monkeypatch.delenv("BOTHWAYS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folders() == [tmp_path / "bothways"]


def _keep_often(folder, times) -> None:
    for _ in range(times):
        assert kept.keep(SOME, "key", folder)


def test_processes_that_keep_the_same_statements_at_once_leave_a_whole_file(tmp_path):
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_keep_often, args=(tmp_path, 50)) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        path = tmp_path / "key.gz"
        assert not path.exists() or Statements.loads(path.read_bytes()) == SOME
    for writer in writers:
        writer.join()
    assert os.listdir(tmp_path) == ["key.gz"]
    assert [writer.exitcode for writer in writers] == [0, 0, 0]


def test_a_file_of_another_user_is_not_run(folder, monkeypatch):
    statements_for("duckdb", ScoringModel(), lambda: SOME)
    forget(monkeypatch)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    (file,) = folder.iterdir()
    os.chown(file, os.getuid() + 2, -1) if os.getuid() == 0 else None
    with pytest.raises(AssertionError, match="compiled again"):
        statements_for("duckdb", ScoringModel(), never)


def test_old_files_leave_the_cache(tmp_path):
    for n in range(70):
        kept.keep(SOME, f"key{n}", tmp_path)
    assert len(list(tmp_path.iterdir())) == 64
