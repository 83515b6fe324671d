# ruff: noqa: S608 - the SQL is put together from names of our own tables
"""Reads `[mailbox]`, `[calendar]` and `[calls]` of a mapping into one table of acts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from connectors import stopping
from connectors.errors import ConfigError
from connectors.file.activity.acts import Acts, Sides
from connectors.file.activity.calendar import Meeting, ics_meetings, meeting_acts
from connectors.file.activity.calls import call_acts, call_columns
from connectors.file.activity.mail import mail_acts, read_messages, read_trace, trace_columns
from connectors.file.activity.mailbox import Mail
from connectors.file.activity.outlook import outlook_columns, outlook_meetings
from connectors.file.config import FilesMapping, Table, nearest
from connectors.file.readers.archives import Unpacked, all_files, matching
from connectors.file.readers.casts import quoted
from connectors.file.readers.csv import CsvReader
from connectors.file.readers.sniff import sniffed
from connectors.file.readers.workbook import WorkbookReader

_TABLES = (".csv", ".csv.gz", ".tsv", ".xlsx")
_NO_MESSAGE = ("tmp/", "dovecot", "subscriptions", "maildirfolder", ".ds_store")


class Activity:
    """The activity sources of a mapping. `load` reads them once; what it gives is the same whatever order files
    come in.
    """

    def __init__(self, mapping: FilesMapping, unpacked: Unpacked, own_domains: Sequence[str], zone: str) -> None:
        self._mapping, self._unpacked, self._own, self._zone = mapping, unpacked, tuple(own_domains), ZoneInfo(zone)
        self.acts: list[Acts] = []
        self._loaded = False

    @property
    def present(self) -> bool:
        return any((self._mapping.mailbox, self._mapping.calendar, self._mapping.calls))

    def files(self) -> list[str]:
        """Every file that the sources name. Raises ConfigError for a name that nothing matches."""
        found: list[str] = []
        for key in ("mailbox", "calendar", "calls"):
            source = getattr(self._mapping, key)
            found += self._named(key, source.file) if source is not None else []
        return sorted(set(found))

    def _named(self, key: str, names: Sequence[str]) -> list[str]:
        known = all_files(self._unpacked.folder)
        found: set[str] = set()
        for name in names:
            folder = f"{name.rstrip('/')}/"
            here = {f for f in known if f.startswith(folder) and not _skipped(f.removeprefix(folder))} or set(
                matching(name, known)
            )
            if not here:
                raise ConfigError(
                    (
                        f"[{key}] names {name!r}, which is no file or folder of "
                        f"{self._unpacked.folder}{nearest(name, known)}."
                    ),
                    remedy="Names and globs are relative to crm.input.",
                )
            found |= here
        return sorted(found)

    def load(self, con: duckdb.DuckDBPyConnection) -> None:
        """Makes the table `acts`. Raises ConfigError naming the file or key that is wrong."""
        if self._loaded:
            return
        if not self._own:
            raise ConfigError(
                "Mail, calendars and calls need to know which addresses are yours.",
                remedy='Set own_domains under [organisation], for example ["example.com"].',
            )
        sides = Sides(self._own)
        m = self._mapping
        if m.mailbox is not None:
            acts = Acts()
            self.acts.append(mail_acts(stopping.until_asked(self._mails(con, acts)), sides, m.mailbox.automatic, acts))
        if m.calendar is not None:
            acts = Acts()
            self.acts.append(meeting_acts(stopping.until_asked(self._meetings(con, acts)), sides, acts))
        if m.calls is not None:
            self.acts.append(self._calls(con))
        con.register("acts of Python", pa.concat_tables([a.table() for a in self.acts]))
        con.execute('CREATE OR REPLACE TABLE acts AS SELECT * FROM "acts of Python"')
        con.unregister("acts of Python")
        for a in self.acts:
            a.rows.clear()
        self._loaded = True

    def _mails(self, con: duckdb.DuckDBPyConnection, acts: Acts) -> Iterator[tuple[str, Mail | None]]:
        assert self._mapping.mailbox is not None
        for name in self._named("mailbox", self._mapping.mailbox.file):
            if not name.lower().endswith(_TABLES):
                path, count = self._unpacked.plain(name), 0
                for each in read_messages([(name, path)]):
                    count += 1
                    yield each
                if not count and path.stat().st_size:
                    acts.reject("", "", "no mail was found in it; .mbox, .eml and Maildir are read", name)
                continue
            header, table = self._table(con, name, acts, trace_columns)
            roles = trace_columns(header)
            if not roles:
                raise ConfigError(
                    (
                        f"[mailbox] names {name}, whose columns are not those of a message trace: "
                        f"{', '.join(header[:12])}."
                    ),
                    remedy="Map such a table as [activities] instead.",
                )
            yield from ((name, mail) for mail in read_trace(_rows(con, table, roles)))

    def _meetings(self, con: duckdb.DuckDBPyConnection, acts: Acts) -> Iterator[tuple[str, Meeting]]:
        source = self._mapping.calendar
        assert source is not None
        for name in self._named("calendar", source.file):
            if not name.lower().endswith(_TABLES):
                yield from (
                    (name, m) for m in ics_meetings(self._unpacked.plain(name), name, source.since, self._zone, acts)
                )
                continue
            header, table = self._table(con, name, acts, outlook_columns)
            columns = outlook_columns(header)
            if not columns:
                raise ConfigError(
                    f"[calendar] names {name}, whose columns are not those of Outlook: {', '.join(header[:8])}.",
                    remedy="Export it as .ics, or map it as [activities].",
                )
            rows = list(_rows(con, table, columns))
            yield from ((name, m) for m in outlook_meetings(rows, source.date_format, self._zone, name, acts))

    def _calls(self, con: duckdb.DuckDBPyConnection) -> Acts:
        source, acts = self._mapping.calls, Acts()
        assert source is not None
        for name in self._named("calls", source.file):
            header, table = self._table(con, name, acts, call_columns)
            roles = call_columns(header)
            if not roles:
                raise ConfigError(
                    (
                        f"[calls] names {name}, whose columns are not those of a call log that is known: "
                        f"{', '.join(header[:12])}."
                    ),
                    remedy="Map it as [activities] instead: when, direction, minutes, and whom it was with.",
                )
            read = {role: column for role, column in roles.items() if role != "unit"}
            call_acts(_rows(con, table, read), roles, source, self._zone, name, acts)
        return acts

    def _table(
        self, con: duckdb.DuckDBPyConnection, name: str, acts: Acts, known: Callable[[Sequence[str]], object]
    ) -> tuple[list[str], str]:
        """(header, SQL name) of a file as a table of text, separated as gives a header that is `known`. Its bad
        rows are rejects.
        """
        key, path = f"activity {name}", self._unpacked.path(name)
        if name.lower().endswith(".xlsx"):
            WorkbookReader(con, Table(file=(name,)), path, name, frozenset(), self._unpacked.most).load(key, {})
            return self._columns(con, key), quoted(key)
        for delimiter in (None, ";", "\t", "|"):
            table = Table(file=(name,), delimiter=delimiter)
            found = sniffed(path, name, table, self._unpacked.spare, self._unpacked.most)
            bad = CsvReader(con, table, found, name).load(key, {})
            if known(self._columns(con, key)):
                for row in bad:
                    acts.reject("", row.column, row.message, f"{row.file}:{row.line}")
                break
        else:
            return self._table_as_it_is(con, name, path, key)
        return self._columns(con, key), quoted(key)

    def _table_as_it_is(self, con: duckdb.DuckDBPyConnection, name: str, path: Path, key: str) -> tuple[list[str], str]:
        table = Table(file=(name,))
        CsvReader(con, table, sniffed(path, name, table, self._unpacked.spare, self._unpacked.most), name).load(key, {})
        return self._columns(con, key), quoted(key)

    def _columns(self, con: duckdb.DuckDBPyConnection, key: str) -> list[str]:
        return [r[0] for r in con.execute(f"DESCRIBE {quoted(key)}").fetchall()]


def _skipped(name: str) -> bool:
    return name.lower().startswith(_NO_MESSAGE) or "/tmp/" in f"/{name}"  # noqa: S108  (a folder of every Maildir)


def _rows(con: duckdb.DuckDBPyConnection, table: str, roles: Mapping[str, str]) -> Iterator[dict[str, str | None]]:
    names = list(roles)
    cursor = con.cursor()
    cursor.execute(f"SELECT {', '.join(quoted(roles[n]) for n in names)} FROM {table}")
    while rows := cursor.fetchmany(5000):
        for row in rows:
            yield dict(zip(names, row, strict=True))
