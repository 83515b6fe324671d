"""The stages of a run, each a method of the `Stages` that holds what they share. `sync.run` puts them in order."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq

from connectors.base import PropertySpec
from connectors.errors import BothwaysError, QuotaReached, RetriableError
from connectors.optional import Doubts, ShowsRecords
from connectors.records import SCHEMAS
from connectors.stopping import go_on_computing, until_asked
from sync.diff.brakes import check_brakes, check_owner
from sync.diff.diff import STREAMS, Plan, diff, read_plan
from sync.diff.model_change import check_model, model_change
from sync.diff.sql import Rules
from sync.enrich import score_tables
from sync.errors import BrakeReached, PlanChanged, exit_code
from sync.land.normalize import Normalized, normalize
from sync.options import RunContext
from sync.privacy.purge import forget_erased
from sync.privacy.retention import prune
from sync.privacy.suppression import kept_out
from sync.pull.echo import land_echo
from sync.pull.landing import Landing
from sync.pull.pull import PullPolicy, pull
from sync.pull.rereads import Marks
from sync.result import RunResult, ScoredAt
from sync.state import flags as holds
from sync.state.database import State
from sync.state.journal import OPEN, Journal
from sync.state.runs import Run, RunLog
from sync.system.failpoints import failpoint
from sync.system.times import clock_notes
from sync.write import Writer


@dataclass(slots=True)
class Stages:
    """One run under way, lock held."""

    context: RunContext
    state: State
    runs: RunLog
    run: Run
    result: RunResult
    seconds: dict[str, float] = field(default_factory=dict)
    earlier: Mapping[str, int] = field(default_factory=dict)
    """API calls of earlier attempts of this run."""

    def __post_init__(self) -> None:
        self.seconds = dict(self.result.seconds)
        self.earlier = self.result.api_calls

    def pull(self) -> Landing:
        """Reads what is new in the CRM and lands it."""
        with self._stage("pull"):
            forget_erased(self.state, self.context.workspace.dir, self.context.connector.name)
            landing = self._landing()
            policy = PullPolicy(self.context.options.full, self.context.options.full_every)
            stop = self.context.options.stop
            # a run that only scores clears no marks
            marks = None if self.run.kind == "score" else Marks(self.state, self.context.connector.name)
            done = pull(
                self.context.connector, landing, self.state, self.run.run_id, policy, self.context.progress, stop, marks
            )
            for note in clock_notes(self.context.connector.server_time()):
                self.context.progress.note(note)
            if isinstance(self.context.connector, Doubts):
                for doubt in self.context.connector.doubts():
                    self.context.progress.note(f"{doubt.message} {doubt.remedy}".strip())
        self._know(pulled=done.rows, rejects=done.rejects, links=self._links())
        self._rate("pull", sum(done.rows.values()))
        return landing

    def _links(self) -> Mapping[str, str]:
        source = self.context.connector
        forms = {stream: source.record_form(stream) for stream in STREAMS} if isinstance(source, ShowsRecords) else {}
        return {stream: form for stream, form in forms.items() if form}

    def _landing(self) -> Landing:
        translation = f"{self.context.options.translation} {self.context.options.organisation}"
        return Landing(self.context.workspace.dir, self._landed_as, self.state, self._owned, translation)

    def land(self, landing: Landing) -> Normalized:
        """Normalises what was landed into the scoring tables."""
        with self._stage("land"):
            files = {stream: landing.files(stream) for stream in SCHEMAS}
            normalized = normalize(
                files, self.context.workspace.dir, self._owned, self.context.options.organisation, self._read_at()
            )
        for reject in normalized.rejects:
            self.context.progress.note(f"{reject.stream} {reject.record_id}: {reject.message}")
        self._know(rejects=self.result.rejects + len(normalized.rejects), left_out=normalized.left_out)
        self._rate("land", sum(normalized.rows.values()))
        failpoint("normalized")
        return normalized

    def scored_at(self, normalized: Normalized, moment: datetime) -> ScoredAt:
        """The scores as of a moment, without regard to earlier stances."""
        folder = self.enrich(normalized, moment.astimezone(UTC))
        return ScoredAt(moment, folder, dict(self.result.scored), self.result.rejects, self.result.model_version)

    def enrich(self, normalized: Normalized, as_of: datetime | None = None) -> Path:
        """Scores the normalized tables; returns the folder of the scores."""
        name = self.run.run_id if as_of is None else f"{self.run.run_id}-{as_of:%Y%m%dT%H%M%S}"
        with self._stage("enrich"):
            scores = score_tables(
                normalized.folder,
                self.context.workspace.dir / "scores" / name,
                as_of or self.run.as_of,
                self.context.model,
                None if as_of else self.run.previous_dir or normalized.folder,
                engine=self.context.options.engine,
                scratch=self.context.workspace.dir / "tmp" / "engine",
            )
        counts = {s: pq.read_metadata(scores / f"{s}.parquet").num_rows for s in STREAMS}
        self._know(scored=counts, scores_dir=scores)
        self._rate("enrich", sum(normalized.rows.values()))
        failpoint("scored")
        return scores

    def diff(self, normalized: Normalized, scores: Path) -> Plan:
        """Compares with what the CRM holds. Raises BrakeReached, or PlanChanged for another digest than asked for."""
        options = self.context.options
        with self._stage("diff"):
            held = {s: normalized.held(s) for s in STREAMS}
            plan = diff(
                scores,
                held,
                self.context.workspace.dir / "plans" / f"{self.run.run_id}.parquet",
                self.context.specs,
                Journal(self.state, self.context.connector.name),
                Rules(options.min_delta, options.max_age),
                self.context.connector.capabilities.write_batch,
                self.context.workspace.dir / "tmp",
            )
        change = model_change(plan.path, held, self.runs.last_model(self.run), self.context.model.version)
        self._know(
            model_change=change,
            changed=plan.changes,
            unchanged=plan.unchanged,
            drift=plan.drift,
            digest=plan.digest,
            changes_by_field=plan.by_field,
            plan_path=plan.path,
            scored={s: plan.by_stream[s] + plan.unchanged_by_stream[s] for s in STREAMS},
            api_calls={"to_write": plan.calls},
        )
        if options.plan_digest is not None and not plan.digest.startswith(options.plan_digest.lower()):
            raise PlanChanged(
                f"The changes are no longer those of plan {options.plan_digest}: their digest is {plan.digest} now.",
                remedy="Look at `bothways plan` again, then give its digest.",
            )
        if not options.take_over and self.run.kind == "sync":
            check_owner(plan)
        if not options.accept and self.run.kind == "sync":
            self._ask(plan)
            out, same = kept_out(self.state, self.context.connector.name), not self.result.model_change
            check_brakes(plan, self.run.previous_dir, held, options.brakes, out, stances=same)
        return plan

    def _ask(self, plan: Plan) -> None:
        if self.context.options.plan_digest is not None:
            return
        check_model(self.result.model_change)
        held_back = holds.reason(self.state, self.context.connector.name)
        if held_back is not None and plan.changes:
            raise BrakeReached(
                f"{held_back} Nothing was written.",
                remedy="Look at `bothways plan`; if that is what you want, run again with --accept.",
            )

    def commit(self, plan: Plan) -> None:
        """Makes the plan this run's, with the intent of every change in the journal, in one transaction."""
        scores = self.result.scores_dir or plan.path
        self._know(seconds=self.seconds, api_calls=self._calls())
        with self.state.engine.begin() as connection:
            self.run = self.runs.planned(self.run, scores, plan.path, plan.digest, self.result, connection)
            journal = Journal(self.state, self.context.connector.name)
            journal.intend(self.run.run_id, until_asked(read_plan(plan.path)), connection)
            if self.context.options.take_over:
                journal.forget_confirmed(connection)
        holds.lift(self.state, self.context.connector.name)
        failpoint("plan.committed")

    def write_back(self) -> RunResult:
        """Sends what the plan of this run has left to send, and closes the run.

        A CRM that cannot be reached or whose quota is used up is told by `exit_code` 8 or 7 and `error`; the next run
        goes on. AuthError, SchemaError and Stopped are raised, after the result was put in the state.
        """
        if self.run.plan_path is None:
            raise AssertionError("write_back before commit")
        journal = Journal(self.state, self.context.connector.name)
        writer = Writer(
            self.context.connector,
            journal,
            self.run.run_id,
            self.context.specs,
            self.context.progress,
            self.context.options.stop,
        )
        left = journal.open_keys(self.run.run_id)
        broken: BothwaysError | None = None
        with self._stage("write"):
            for stream, count in Counter(stream for stream, _ in left).items():
                self.context.progress.expect(stream, count)
            try:
                writer.send(row for row in read_plan(self.run.plan_path) if row.key in left)
            except BothwaysError as error:
                broken = error
            land_echo(self._landing(), self.run.run_id, self._owned, writer.echo)
        self._count(journal, broken)
        self._rate("write", self.result.written)
        failpoint("run.end")
        self.runs.close(self.run, "finished" if broken is None else "interrupted", self.result)
        if broken is not None and not isinstance(broken, RetriableError | QuotaReached):
            raise broken
        if broken is None:
            Marks(self.state, self.context.connector.name).clear(self.run.run_id)
            self._prune()
        return self.result

    def close(self) -> RunResult:
        """Ends a run that writes nothing."""
        self._know(seconds=self.seconds, api_calls=self._calls())
        self.runs.close(self.run, "finished", self.result)
        self._prune()
        return self.result

    @property
    def _landed_as(self) -> str:
        # A run that only scores keeps a landing of its own: it reads none of our properties, and must not make the next
        # sync read everything anew for want of them.
        return f"{self.context.connector.name}-score" if self.run.kind == "score" else self.context.connector.name

    @property
    def _owned(self) -> Sequence[PropertySpec]:
        return () if self.run.kind == "score" else self.context.specs

    def _count(self, journal: Journal, broken: BothwaysError | None) -> None:
        counts = journal.counts(self.run.run_id)
        self._know(
            written=counts.get("confirmed", 0),
            rejected=counts.get("rejected", 0),
            gone=counts.get("gone", 0),
            deferred=sum(counts.get(status, 0) for status in OPEN),
            dead_letters=journal.letters(),
            api_calls=self._calls(),
            seconds=self.seconds,
            error="" if broken is None else str(broken),
        )
        self.result.check()
        ended = self.result.ending(self.context.options.reject_threshold) if broken is None else exit_code(broken)
        self._know(exit_code=ended)

    def _calls(self) -> dict[str, int]:
        calls = self.context.connector.calls()
        now = {"read": calls.read, "write": calls.write, "minimum": calls.minimum}
        return {**self.result.api_calls, **{name: n + self.earlier.get(name, 0) for name, n in now.items()}}

    def _know(self, **values: object) -> None:
        self.result = replace(self.result, **values)  # type: ignore[arg-type]

    def _rate(self, stage: str, rows: int) -> None:
        rates = {**self.result.rows_per_second, stage: round(rows / max(self.seconds[stage], 1e-3), 1)}
        self._know(rows_per_second=rates)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        go_on_computing()
        self.context.progress.stage(name)
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - begun, 3)

    def _read_at(self) -> datetime:
        """When the records were read; for a run as of now, that moment, so that what it read as closed is closed
        then.
        """
        return self.run.as_of if self.context.options.as_of is None else datetime.now(UTC)

    def _prune(self) -> None:
        """Retention. The scores that the next run compares with are kept."""
        before = datetime.now(UTC) - self.context.options.keep
        keep = {self.run.run_id, self.run.previous_dir.name if self.run.previous_dir else ""}
        prune(self.state, self.context.workspace.dir, self.context.connector.name, before, keep)
