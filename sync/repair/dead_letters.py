"""Dead letters by hand: try them again now, or forget them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing

import sqlalchemy as sa

from connectors.errors import ConfigError
from sync.options import RunContext, Workspace
from sync.repair.resend import Outcome, send
from sync.session import open_run
from sync.state.database import State, open_state
from sync.state.journal import Planned
from sync.state.lock import run_lock, server_lock
from sync.state.tables import confirmed, dead_letters


def retry_letters(
    context: RunContext,
    *,
    records: Sequence[str] = (),
) -> Outcome:
    """Sends the refused changes again (all, or those of the records), journalled like any write.

    Raises ConfigError for a record that has no dead letter.
    """
    with open_run("retry", context) as stages:
        known = {spec.name for spec in context.specs}
        rows = []
        for letter in _chosen(stages.state, context.connector.name, records):
            values = {name: value for name, value in json.loads(letter.new).items() if name in known}
            text = json.dumps(values)
            held = _confirmed(stages.state, context.connector.name, letter.stream, letter.record_id)
            rows.append(Planned(letter.stream, letter.record_id, None, "{}", text, json.dumps({**held, **values})))
        return send(stages, rows)


def drop_letters(workspace: Workspace, crm: str, records: Sequence[str] = ()) -> int:
    """Forgets dead letters (all, or those of the records); returns how many. A later sync that still wants the change
    tries it anew. Raises ConfigError for a record that has none, LockHeld, StateError."""
    if not workspace.dir.is_dir() and workspace.state_url is None:
        raise ConfigError(f"There is no workspace at {workspace.dir} yet.", remedy="Run `bothways sync` first.")
    with (
        run_lock(workspace.dir),
        closing(open_state(workspace.dir, workspace.state_url)) as state,
        server_lock(state),
    ):
        letters = _chosen(state, crm, records)
        with state.engine.begin() as connection:
            for letter in letters:
                same = [dead_letters.c[k.name] == getattr(letter, k.name) for k in dead_letters.primary_key]
                connection.execute(dead_letters.delete().where(sa.and_(*same)))
        return len(letters)


def _chosen(state: State, crm: str, records: Sequence[str]) -> list[sa.Row[tuple[object, ...]]]:
    query = sa.select(dead_letters).where(dead_letters.c.crm == crm)
    with state.engine.connect() as connection:
        letters = list(connection.execute(query.order_by(dead_letters.c.stream, dead_letters.c.record_id)))
    unknown = sorted(set(records) - {row.record_id for row in letters})
    if unknown:
        raise ConfigError(
            f"There is no dead letter of {', '.join(unknown)}.", remedy="`bothways dead-letters list` shows them."
        )
    return [row for row in letters if not records or row.record_id in records]


def _confirmed(state: State, crm: str, stream: str, record_id: str) -> dict[str, object]:
    here = (confirmed.c.crm == crm) & (confirmed.c.stream == stream) & (confirmed.c.record_id == record_id)
    with state.engine.connect() as connection:
        text = connection.execute(sa.select(confirmed.c.held).where(here)).scalar_one_or_none()
    values: dict[str, object] = json.loads(text) if text else {}
    return values
