"""The state database's tables, the same on SQLite and PostgreSQL. Times are UTC ISO texts, so that they sort and
compare.
"""

from __future__ import annotations

import sqlalchemy as sa

VERSION = 3
"""Of the tables below; a database of a newer version is refused, one of an older version is migrated."""

ADDED: dict[str, int] = {"marks": 2}
"""Tables that an older version did not have yet, and the version that brought them."""
ADDED_COLUMNS: dict[str, int] = {"parts.sha256": 3, "runs.plan_sha256": 3}
"""Columns (`table.column`) that an older version did not have yet, and the version that brought them; all may be null.
On SQLite version 3 also brought a `crc` to every table, which only `sync.state.seals` knows."""

metadata = sa.MetaData()

meta = sa.Table("meta", metadata, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text))

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("crm", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # sync, plan, score, read
    sa.Column("status", sa.Text, nullable=False),  # running, finished, interrupted, refused, abandoned
    sa.Column("phase", sa.Text, nullable=False),  # pull, write, done
    sa.Column("as_of", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=False),
    sa.Column("ended_at", sa.Text),
    sa.Column("model_version", sa.Text),
    sa.Column("previous_dir", sa.Text),  # scores of the last finished run when this one began (hysteresis)
    sa.Column("scores_dir", sa.Text),
    sa.Column("plan_path", sa.Text),
    sa.Column("plan_digest", sa.Text),
    sa.Column("plan_sha256", sa.Text),  # of the file of the plan
    sa.Column("plan_at", sa.Text),
    sa.Column("profile", sa.Text),  # the properties that the plan was made for
    sa.Column("result", sa.Text),  # JSON of the RunResult
    sa.Column("error", sa.Text),
)

generations = sa.Table(
    "generations",
    metadata,
    sa.Column("crm", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),  # filling, current
    sa.Column("cursor", sa.Text),
    sa.Column("columns", sa.Text, nullable=False),  # digest of the landed schema
    sa.Column("seq", sa.BigInteger, nullable=False),  # the last _seq given out
    sa.Column("next_part", sa.Integer, nullable=False),
    sa.Column("rejects", sa.Integer, nullable=False),
    sa.Column("started_at", sa.Text, nullable=False),
    sa.Column("seal", sa.Text, nullable=False),  # digest of the row: a damaged cursor would miss records silently
)

parts = sa.Table(
    "parts",
    metadata,
    sa.Column("crm", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # part (records), gone (deletes and merges), rejects
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text),  # of the file; null: landed by a version that kept none, so it is read again
)

pulls = sa.Table(
    "pulls",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("rejects", sa.Integer, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
)

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("record_id", sa.Text, primary_key=True),
    sa.Column("crm", sa.Text, nullable=False),
    sa.Column("old", sa.Text, nullable=False),  # JSON of the values that the CRM held
    sa.Column("new", sa.Text, nullable=False),  # JSON of the values sent
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False, server_default=""),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
)
sa.Index("journal_record", journal.c.crm, journal.c.stream, journal.c.record_id)
_open = journal.c.status.in_(["unknown", "deferred"])
sa.Index("journal_open", journal.c.crm, journal.c.status, sqlite_where=_open, postgresql_where=_open)

confirmed = sa.Table(
    "confirmed",
    metadata,
    sa.Column("crm", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("record_id", sa.Text, primary_key=True),
    sa.Column("held", sa.Text, nullable=False),  # JSON of all our values of the record, as the CRM last confirmed them
    sa.Column("run_id", sa.Text, nullable=False),
)

dead_letters = sa.Table(
    "dead_letters",
    metadata,
    sa.Column("crm", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("record_id", sa.Text, primary_key=True),
    sa.Column("new", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("remedy", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("first_at", sa.Text, nullable=False),
    sa.Column("last_at", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
)

marks = sa.Table(
    "marks",
    metadata,
    sa.Column("crm", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("record_id", sa.Text, primary_key=True),
    sa.Column("token", sa.Text, nullable=False),  # of the delivery that marked it last
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text),  # the run that has read it since; null: none yet
)
