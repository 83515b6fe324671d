"""`explain` on the scores of a run that an earlier release made."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from config.settings import load
from connectors.errors import ConfigError
from enrichment.model import ScoringModel
from sync.cli.app import app
from sync.report.explain import explain_record
from sync.system import checksums


def test_what_an_earlier_release_did_not_keep_is_asked_for_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "accounts.csv").write_text("id,name\nA1,Harbour Clinic\n")
    (tmp_path / "bothways.toml").write_text('[crm]\nkind = "files"\ninput = "in"\n')
    assert app(["score", "--as-of", "2026-10-01"], standalone_mode=False) in (None, 0)
    settings = load(tmp_path / "bothways.toml")
    assert explain_record(settings, ScoringModel(), "harbour").name == "Harbour Clinic"
    (path,) = (tmp_path / ".bothways" / "scores").glob("*/account_audit.parquet")
    pq.write_table(pq.read_table(path).drop(["newest_age_days"]), path)
    checksums.seal_folder(path.parent)
    with pytest.raises(ConfigError, match="earlier release: it did not keep newest_age_days") as error:
        explain_record(settings, ScoringModel(), "harbour")
    assert "bothways score" in error.value.remedy
