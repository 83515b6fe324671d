# ruff: noqa: S608 - the SQL is put together from the mapping of the person who runs it; names and texts are quoted
"""The files of a folder as tables of an embedded DuckDB; what cannot be read of them is kept as rejected cells and
rows.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import weakref
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import duckdb

from connectors import stopping
from connectors.duckdb_memory import LEAN, within_memory
from connectors.errors import ConfigError
from connectors.file.activity.reader import Activity
from connectors.file.config import FilesConfig, FilesMapping, Table, nearest
from connectors.file.readers.archives import Unpacked, all_files, data_files, matching, newest_first
from connectors.file.readers.casts import literal, quoted
from connectors.file.readers.columns import Doubt, Malformed
from connectors.file.readers.csv import CsvReader
from connectors.file.readers.instants import macros
from connectors.file.readers.sniff import sniffed
from connectors.file.readers.workbook import WorkbookReader
from connectors.file.understanding.references import is_id, names_equated, names_in
from connectors.records import SCHEMAS

Result = TypeVar("Result")


class Sources:
    """Loads each table when it is first asked for. One thread at a time loads; `session()` gives each reader its own
    view.
    """

    def __init__(
        self,
        folder: Path,
        mapping: FilesMapping,
        config: FilesConfig,
        time_zone: str = "UTC",
        own_domains: Sequence[str] = (),
    ) -> None:
        """`time_zone` is the organisation's, where the settings of the files name none; mail of `own_domains` is
        ours.
        """
        self.folder, self.mapping, self.zone = folder, mapping, config.time_zone or time_zone
        self._minutes = config.max_minutes
        self.unpacked = Unpacked(folder, config.max_file_mb * 2**20)
        self.activity = Activity(mapping, self.unpacked, own_domains, self.zone)
        self.malformed: dict[str, list[Malformed]] = {}
        """By table key, in file order, filled when the table is loaded."""
        self.doubts: dict[str, list[Doubt]] = {}
        """By table key, likewise."""
        self.unsure: dict[str, list[Doubt]] = {}
        """By stream, likewise: numbers of which the mapping does not say how they are written."""
        self._texts: dict[str, set[str]] | None = None
        self.lock = threading.RLock()
        # one thread, so that a sum of floats is added in the same order every time; nothing is fetched from the network
        settings = {
            "threads": 1,
            "memory_limit": f"{LEAN}B",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        self._spill = tempfile.mkdtemp(prefix="bothways-")  # a name that nobody can guess, only ours to enter
        weakref.finalize(self, shutil.rmtree, self._spill, ignore_errors=True)
        self._db = duckdb.connect(config={**settings, "temp_directory": self._spill})
        self._con = self.session()
        for statement in macros():
            self._con.execute(statement)

    def session(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own to the same tables; times without offset are read in the configured zone."""
        con = self._db.cursor()
        con.execute(
            f"SET TimeZone = {literal(self.zone)}; SET python_enable_replacements = false; SET "
            f"enable_progress_bar = false"
        )
        return con

    def bounded(self, con: duckdb.DuckDBPyConnection, what: str, work: Callable[[], Result]) -> Result:
        """What `work` gives, within the time that crm.max_minutes allows. Raises ConfigError naming `what` beyond
        it.
        """
        timer = threading.Timer(self._minutes * 60, con.interrupt)
        timer.start()
        try:
            return within_memory(con, work)
        except duckdb.InterruptException:
            stopping.go_on_computing()
            raise ConfigError(
                f"{what} takes longer than {self._minutes:g} minutes.",
                remedy="Does a join or a sql table multiply its rows? If that is right, raise crm.max_minutes.",
            ) from None
        finally:
            timer.cancel()

    def close(self) -> None:
        self._con.close()
        self._db.close()

    def files(self, table: Table) -> list[str]:
        """The file names that a table reads, the newest first. Raises ConfigError when nothing matches."""
        known = data_files(self.folder)
        names = {name for glob in table.file for name in matching(glob, known)}
        if not names:
            wanted = " or ".join(table.file)
            inner = [n for n in self.all_files() if n.lower().endswith(".zip")]  # others are taken for folders
            raise ConfigError(
                f"No file in {self.folder} matches {wanted}{nearest(wanted, known)}.",
                remedy=f"The folder has {', '.join(known) or 'no CSV, Excel or Parquet file'}."
                + (f" {inner[0]} is an archive inside an archive: unpack it into the folder." if inner else ""),
            )
        return newest_first(self.folder, sorted(names))[: 1 if table.newest else None]

    def all_files(self) -> list[str]:
        """Every file of the folder, in archives too."""
        return all_files(self.folder)

    def definition(self, origin: str | Table) -> tuple[str, str, Table]:
        """(key, alias, table) of what a mapping calls `origin`: a name under [tables], a file or glob, or a table
        itself.
        """
        if isinstance(origin, Table):
            name = origin.file[0] if origin.file else "source"
            return f"{name}#{zlib.crc32(origin.model_dump_json().encode()):08x}", _alias(name), origin
        if origin in self.mapping.tables:
            return origin, origin, self.mapping.tables[origin]
        if any(c in origin for c in ".*?"):
            return origin, _alias(origin), Table(file=(origin,))
        raise ConfigError(
            f"The mapping reads {origin!r}, which is neither under [tables] nor a file name"
            f"{nearest(origin, (*self.mapping.tables, *data_files(self.folder)))}."
        )

    def tables_below(self, origin: str | Table) -> list[str]:
        """Keys of the tables that are read for `origin`, itself last."""
        key, _, table = self.definition(origin)
        return [*(k for name in self._named_in(table, key) for k in self.tables_below(name)), key]

    def _id_columns(self, key: str) -> frozenset[str]:
        """The columns of a table that the mapping makes ids or references of, or joins by."""
        if self._texts is None:
            self._texts = {}
            for stream, parts in self.mapping.streams.items():
                ids = [*(f.name for f in SCHEMAS[stream] if is_id(f)), "phone"]  # +49301234567 is no number
                for part in parts:
                    names = frozenset[str]().union(*(names_in(part.columns[c]) for c in ids if c in part.columns))
                    names = names.union(*(names_equated(j.on) for j in part.joins))
                    for origin in (part.origin, *(j.table for j in part.joins)):
                        with suppress(ConfigError):  # told where the stream is computed
                            for below in self.tables_below(origin):
                                self._texts.setdefault(below, set()).update(names)
        return frozenset(self._texts.get(key, ()))

    def _named_in(self, table: Table, key: str) -> list[str]:
        names = list(self.mapping.tables)
        earlier = names[: names.index(key)] if key in names else names
        return [name for name in earlier if table.sql and re.search(rf"\b{re.escape(name)}\b", table.sql)]

    def load(self, origin: str | Table, canonical: Mapping[str, str] | None = None) -> tuple[str, str]:
        """Makes the table readable; gives (SQL name, alias). With `canonical`, columns get those types and nothing is
        inferred.

        Raises ConfigError naming the file or table and DuckDB's own message.
        """
        key, alias, table = self.definition(origin)
        with self.lock:
            if key not in self.malformed:
                for name in self._named_in(table, key):
                    self.load(name)
                what = f"table [tables.{key}]" if table.sql else f"file {', '.join(self.files(table))}"
                try:
                    self.bounded(self._con, f"Reading the {what}", lambda: self._create(key, table, canonical))
                    self.columns(quoted(key))  # of a damaged file even the names may be no text
                except duckdb.Error as error:
                    known = {c: name for name in self._named_in(table, key) for c in self.columns(quoted(name))}
                    raise ConfigError(f"Cannot read the {what}: {plain(error, known)}") from None
        return quoted(key), alias

    def columns(self, sql_name: str) -> dict[str, str]:
        """Column -> DuckDB type."""
        return {r[0]: r[1] for r in self._con.execute(f"DESCRIBE SELECT * FROM {sql_name}").fetchall()}

    def _create(self, key: str, table: Table, canonical: Mapping[str, str] | None) -> None:
        if table.sql:
            self._con.execute(f"CREATE OR REPLACE VIEW {quoted(key)} AS {table.sql}")
            self.malformed[key] = []
            return
        files = self.files(table)
        malformed: list[Malformed] = []
        doubts: list[Doubt] = []
        selects = []
        for file in files:
            name = f"{key} {file}"
            if file.lower().endswith(".parquet"):
                selects.append(self._parquet(self.unpacked.path(file)))
                continue
            reader = self._reader(file, table, self._id_columns(key))
            malformed += reader.load(name, canonical)
            doubts += reader.doubts
            selects.append(f"SELECT * FROM {quoted(name)}")
        self._same_columns(key, [f for f in files if not f.lower().endswith(".parquet")], doubts)
        self._con.execute(f"CREATE OR REPLACE VIEW {quoted(key)} AS {' UNION ALL BY NAME '.join(selects)}")
        self.malformed[key], self.doubts[key] = malformed, doubts

    def _same_columns(self, key: str, files: Sequence[str], doubts: list[Doubt]) -> None:
        """Several files of one table have one header. Raises ConfigError for one that has none of the first one's
        columns.
        """
        words = set(re.findall(r"\w+", self.mapping.model_dump_json()))
        known = [(f, list(self.columns(quoted(f"{key} {f}")))) for f in files]
        for file, columns in known[1:]:
            first, wanted = known[0]
            if not set(columns) & set(wanted):
                raise ConfigError(
                    f"{file} has none of the columns of {first}: it begins with {', '.join(columns[:4])}.",
                    remedy=(
                        "Put the header line at its top, or give it a table of its own with header = false and names."
                    ),
                )
            for lacking, other, names in (
                (file, first, set(wanted) - set(columns)),
                (first, file, set(columns) - set(wanted)),
            ):
                if used := [n for n in sorted(names) if set(re.findall(r"\w+", n)) <= words]:
                    told = f"{lacking} has no column {', '.join(map(repr, used[:4]))}, which {other} has."
                    doubts.append(Doubt(lacking, "columns", used[0], told, "Export both with the same columns."))

    def _reader(self, file: str, table: Table, texts: frozenset[str]) -> CsvReader | WorkbookReader:
        path = self.unpacked.path(file)
        if file.lower().endswith((".xlsx", ".xlsm")):
            return WorkbookReader(self._con, table, path, file, texts, self.unpacked.most)
        found = sniffed(path, file, table, self.unpacked.spare, self.unpacked.most)
        return CsvReader(self._con, table, found, file, texts)

    def _parquet(self, path: Path) -> str:
        """Text that another writer left without its mark is text all the same."""
        return f"SELECT * FROM read_parquet([{literal(str(path))}], union_by_name = true, binary_as_string = true)"


def _alias(file: str) -> str:
    stem = Path(file).name.split(".")[0]
    return stem if re.fullmatch(r"\w+", stem) else "source"


_MISSING = re.compile(r'Referenced (column|table) "(.+?)" not found')
_NO_FUNCTION = re.compile(r"No function matches the given name and argument types '(\S+?)\((.*?)\)'")
_NUMERIC = ("sum", "avg", "round", "abs", "+", "-", "*", "/")


def missing(error: duckdb.Error) -> str:
    """The column that an expression names and no table has."""
    found = _MISSING.search(str(error))
    return found[2] if found and found[1] == "column" else ""


def plain(error: duckdb.Error, columns: Mapping[str, object] = {}) -> str:
    """DuckDB's message in the words of somebody who wrote a mapping. `columns` are those there are."""
    text = " ".join(re.split(r"\s*LINE \d+:", str(error).replace("\0", " "))[0].split())
    text = re.sub(r"^[A-Z]\w+(?: \w+)? Error: ", "", text)
    if found := _MISSING.search(text):
        known = f"; there are {', '.join(columns)}" if columns else ""
        return f"there is no {found[1]} {found[2]!r}{nearest(found[2], columns)}{known}"
    if found := _NO_FUNCTION.search(text):
        hint = ""
        if "VARCHAR" in found[2] and found[1] in _NUMERIC:
            hint = (
                "; if the text is numbers, say how they are written with the table's decimal and thousands,"
                " or its types"
            )
        return f"{found[1]} cannot be computed of {_words(found[2])}{hint}"
    return text


def _words(types: str) -> str:
    names = {
        "VARCHAR": "text",
        "BIGINT": "number",
        "DOUBLE": "number",
        "INTEGER_LITERAL": "number",
        "BOOLEAN": "true or false",
    }
    return " and ".join(names.get(t.strip(), t.strip().lower()) for t in types.split(","))
