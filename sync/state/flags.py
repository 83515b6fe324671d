"""Small facts about a CRM in the state's `meta` table: the install's id, a hold on syncing, who is kept out."""

from __future__ import annotations

import hashlib
import uuid

import sqlalchemy as sa

from connectors.records import Stream
from sync.state.database import State
from sync.state.tables import meta

INSTALL = "install"


def install_id(state: State) -> str:
    """The id of this install, made when it is first asked for."""
    known = _get(state, INSTALL)
    if known is None:
        known = uuid.uuid4().hex
        _set(state, INSTALL, known)
    return known


def put(state: State, crm: str, reason: str) -> None:
    """Makes the next sync of the CRM stop and ask."""
    _set(state, f"hold/{crm}", reason)


def reason(state: State, crm: str) -> str | None:
    """Why the next sync must ask; None when it need not."""
    return _get(state, f"hold/{crm}")


def lift(state: State, crm: str) -> None:
    """A person has decided."""
    with state.engine.begin() as connection:
        connection.execute(meta.delete().where(meta.c.key == f"hold/{crm}"))


def digest(record_id: str) -> str:
    """What is kept of a record that was purged: enough to know it again, not enough to tell who it was."""
    return hashlib.sha256(f"bothways/{record_id}".encode()).hexdigest()[:32]


def keep_out(state: State, crm: str, stream: Stream, record_id: str) -> None:
    """From now on the record is not landed any more."""
    _set(state, f"out/{crm}/{stream}/{digest(record_id)}", "1")


def kept_out(state: State, crm: str, stream: Stream) -> frozenset[str]:
    """Digests of the records of a stream that are not to be landed."""
    prefix = f"out/{crm}/{stream}/"
    with state.engine.connect() as connection:
        keys = connection.execute(sa.select(meta.c.key).where(meta.c.key.startswith(prefix, autoescape=True))).scalars()
        return frozenset(key.removeprefix(prefix) for key in keys)


def _get(state: State, key: str) -> str | None:
    with state.engine.connect() as connection:
        stored: str | None = connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar_one_or_none()
        return stored


def _set(state: State, key: str, value: str) -> None:
    with state.engine.begin() as connection:
        state.upsert(meta, [{"key": key, "value": value}], connection)
