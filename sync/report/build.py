"""From the workspace of a finished run to the page on disk."""

from __future__ import annotations

from pathlib import Path

from config.loading import load_model
from config.settings import Settings
from connectors.errors import ConfigError
from sync.report.data import read_report
from sync.report.page import render, write
from sync.state.run_queries import finished_runs
from sync.system.files import check_output


def build_report(settings: Settings, out: Path, *, names: bool) -> Path:
    """Writes the report of the last finished run, with movers against the one before it. Raises ConfigError if there is none."""
    check_output(out)
    runs = finished_runs(settings, most=2)
    if not runs:
        raise ConfigError("No run has finished in this workspace.", remedy="Run `bothways sync` first.")
    previous = runs[1].scores_dir if len(runs) > 1 else None
    data = read_report(runs[0].scores_dir, previous, settings.crm.kind, names=names)
    write(out, render(data, pulled=runs[0].pulled, advice=load_model(settings).words.advice))
    return out
