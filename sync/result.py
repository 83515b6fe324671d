"""What a run did, in numbers that add up at every exit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.records import Stream

SCHEMA = 1
"""Version of the JSON object that `to_json` makes."""


@dataclass(frozen=True, slots=True)
class ScoredAt:
    """Scores as of one moment, in `scores_dir`; `counts` of accounts and opportunities."""

    as_of: datetime
    scores_dir: Path
    counts: Mapping[str, int]
    rejects: int
    model_version: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """Always: `changed = written + rejected + deferred + gone`, and scored records = `changed + unchanged`.

    `deferred` are changes not sent, or sent without an answer: the next run sends them. `rejects` are pulled records
    not understood, `dead_letters` all changes that the CRM refuses at present, `drift` records changed by somebody
    else.
    """

    run_id: str
    crm: str
    as_of: str
    model_version: str
    pulled: Mapping[Stream, int] = field(default_factory=dict)
    scored: Mapping[str, int] = field(default_factory=dict)
    changed: int = 0
    written: int = 0
    unchanged: int = 0
    rejected: int = 0
    deferred: int = 0
    gone: int = 0
    rejects: int = 0
    dead_letters: int = 0
    drift: int = 0
    api_calls: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    rows_per_second: Mapping[str, float] = field(default_factory=dict)
    digest: str = ""
    changes_by_field: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    model_change: Mapping[str, Any] = field(default_factory=dict)
    """Not empty when the model's major version is another than the last run's: `sync.diff.model_change`."""
    links: Mapping[str, str] = field(default_factory=dict)
    """By stream, the address of a record in the CRM with `{id}` for its id, where the CRM told it."""
    exit_code: int = 0
    error: str = ""
    resumed: bool = False
    scores_dir: Path | None = None
    plan_path: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON object; its keys are only ever added to."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("scores_dir", "plan_path"):
            found[name] = None if found[name] is None else str(found[name])
        return {"schema": SCHEMA, **{k: dict(v) if isinstance(v, Mapping) else v for k, v in found.items()}}

    def check(self) -> None:
        """Raises AssertionError when the numbers do not add up: that is a defect, and better seen than written."""
        normalized = self.written + self.rejected + self.deferred + self.gone
        if self.changed != normalized or sum(self.scored.values()) != self.changed + self.unchanged:
            raise AssertionError(f"the counts of run {self.run_id} do not add up: {asdict(self)}")

    def ending(self, reject_threshold: float) -> int:
        """The exit code of a run that nothing broke: 7 with changes left to send, 3 where more than this
        share was refused.
        """
        if self.deferred:
            return 7
        return 3 if self.rejected / max(self.changed, 1) > reject_threshold else 0

    @classmethod
    def loads(cls, text: str, *, resumed: bool) -> RunResult:
        """The result that `dumps` wrote, to be completed by a later process."""
        found = json.loads(text)
        known = {f.name: found[f.name] for f in fields(cls) if f.name in found}
        for name in ("scores_dir", "plan_path"):
            known[name] = Path(known[name]) if known.get(name) else None
        return cls(**{**known, "resumed": resumed})

    def dumps(self) -> str:
        return json.dumps(self.to_json(), sort_keys=True)
