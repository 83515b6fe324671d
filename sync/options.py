"""What a run is asked to do, and where."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.base import Connector, Organisation, PropertySpec
from enrichment.model import ScoringModel
from sync.progress import Progress

if TYPE_CHECKING:
    from config.settings import Settings


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder of landing, scores and plans, and the state database (default: SQLite in the folder)."""

    dir: Path
    state_url: str | None = None


@dataclass(frozen=True, slots=True)
class Brakes:
    """Shares above which a run stops and asks; they hold only where at least `from_records` records had a score
    before.
    """

    stance_share: float = 0.30
    gone_share: float = 0.20
    cleared_share: float = 0.05
    from_records: int = 50


@dataclass(frozen=True, slots=True)
class RunOptions:
    """`as_of` None: now. `full`: read everything anew. `accept`: go on past a brake; `take_over`: though another
    install writes to the CRM. `plan_digest`: write only if the changes are those of the plan with this digest. `stop`:
    when set, the run ends cleanly at the next page or batch. `translation` stands for the mapping: when it (or the
    organisation) changes, everything is read anew.
    """

    as_of: datetime | None = None
    min_delta: float = 0.5
    max_age: timedelta = timedelta(days=7)
    full_every: timedelta = timedelta(days=7)
    keep: timedelta = timedelta(days=30)
    full: bool = False
    accept: bool = False
    take_over: bool = False
    plan_digest: str | None = None
    engine: str = "duckdb"
    reject_threshold: float = 0.02
    translation: str = ""
    organisation: Organisation = field(default_factory=Organisation)
    brakes: Brakes = Brakes()
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class RunContext:
    """What every run needs: the CRM, where state and files are, the model, our properties, what was asked for, who is
    told.
    """

    connector: Connector
    workspace: Workspace
    model: ScoringModel
    specs: Sequence[PropertySpec]
    options: RunOptions
    progress: Progress


def workspace_of(settings: Settings) -> Workspace:
    """Where the run keeps its files and state."""
    return Workspace(settings.workspace.dir, settings.workspace.state_address())


def options_from(settings: Settings, as_of: datetime | None = None, *, engine: str | None = None) -> RunOptions:
    """The run's options as the settings say. Raises ConfigError for an engine that is not known."""
    from config.loading import mapping_digest
    from connectors.errors import ConfigError

    if engine not in (None, "duckdb", "spark"):
        raise ConfigError(f"There is no engine {engine!r}.", remedy="Choose duckdb or spark.")
    brakes = settings.brakes
    return RunOptions(
        as_of=as_of,
        min_delta=settings.sync.min_delta,
        max_age=settings.max_age,
        keep=settings.workspace.kept,
        full_every=settings.full_every,
        engine=engine or settings.score.engine,
        reject_threshold=settings.sync.reject_threshold,
        organisation=settings.as_organisation(),
        translation=mapping_digest(settings),
        brakes=Brakes(brakes.stance_share, brakes.gone_share, brakes.cleared_share, brakes.from_records),
    )
