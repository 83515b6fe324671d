# ruff: noqa: S608 - the SQL is put together from the mapping of the person who runs it; names and texts are quoted
"""The files of a folder as tables of an embedded DuckDB; what cannot be read of them is kept as rejected cells and rows."""

from __future__ import annotations

import codecs
import re
import shutil
import tempfile
import threading
import weakref
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb

from connectors.duckdb_memory import LEAN, within_memory
from connectors.errors import ConfigError
from connectors.file.config import FilesMapping, Table, nearest
from connectors.file.csv import CsvReader, Malformed, literal, opened, quoted

DATA_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".parquet")


def data_files(folder: Path) -> list[str]:
    """Names, relative to the folder and sorted, of the files that could hold data. Raises ConfigError without a folder."""
    if not folder.is_dir():
        raise ConfigError(
            f"The input folder {folder} does not exist or is not a folder.",
            remedy="Set crm.input to a folder of files.",
        )
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if name.lower().endswith(DATA_SUFFIXES))


class Sources:
    """Loads each table when it is first asked for. One thread at a time loads; `session()` gives each reader its own view."""

    def __init__(self, folder: Path, mapping: FilesMapping, time_zone: str) -> None:
        self.folder, self.mapping, self._zone = folder, mapping, time_zone
        self.malformed: dict[str, list[Malformed]] = {}
        """By table key, in file order, filled when the table is loaded."""
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
        self._scratch: Path | None = None

    def session(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own to the same tables; times without offset are read in the configured zone."""
        con = self._db.cursor()
        con.execute(
            f"SET TimeZone = {literal(self._zone)}; SET python_enable_replacements = false; SET enable_progress_bar = false"
        )
        return con

    def close(self) -> None:
        self._con.close()
        self._db.close()

    def files(self, table: Table) -> list[str]:
        """The file names that a table reads, sorted. Raises ConfigError when nothing matches."""
        known = data_files(self.folder)
        names = {name for glob in table.file for name in self._matching(glob, known)}
        if not names:
            wanted = " or ".join(table.file)
            raise ConfigError(
                f"No file in {self.folder} matches {wanted}{nearest(wanted, known)}.",
                remedy=f"The folder has {', '.join(known) or 'no CSV or Parquet file'}.",
            )
        return sorted(names)

    def _matching(self, glob: str, known: Sequence[str]) -> Iterator[str]:
        if (self.folder / glob).is_file():
            yield glob
        else:
            yield from (name for name in known if Path(name).match(glob))

    def definition(self, origin: str | Table) -> tuple[str, str, Table]:
        """(key, alias, table) of what a mapping calls `origin`: a name under [tables], a file or glob, or a table itself."""
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

    def _named_in(self, table: Table, key: str) -> list[str]:
        names = list(self.mapping.tables)
        earlier = names[: names.index(key)] if key in names else names
        return [name for name in earlier if table.sql and re.search(rf"\b{re.escape(name)}\b", table.sql)]

    def load(self, origin: str | Table, canonical: Mapping[str, str] | None = None) -> tuple[str, str]:
        """Makes the table readable; gives (SQL name, alias). With `canonical`, columns get those types and nothing is inferred.

        Raises ConfigError naming the file or table and DuckDB's own message.
        """
        key, alias, table = self.definition(origin)
        with self.lock:
            if key not in self.malformed:
                for name in self._named_in(table, key):
                    self.load(name)
                try:
                    within_memory(self._con, lambda: self._create(key, table, canonical))
                except duckdb.Error as error:
                    what = f"table [tables.{key}]" if table.sql else f"file {', '.join(self.files(table))}"
                    raise ConfigError(f"Cannot read the {what}: {_first_lines(error)}") from None
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
        parquet = [f for f in files if f.lower().endswith(".parquet")]
        text = [f for f in files if f not in parquet]
        malformed: list[Malformed] = []
        selects = [f"SELECT * FROM read_parquet({self._paths(parquet)}, union_by_name = true)"] if parquet else []
        for file in text:
            malformed += CsvReader(self._con, table, self._readable(file, table), file).load(f"{key} {file}", canonical)
            selects.append(f"SELECT * FROM {quoted(f'{key} {file}')}")
        self._con.execute(f"CREATE OR REPLACE VIEW {quoted(key)} AS {' UNION ALL BY NAME '.join(selects)}")
        self.malformed[key] = malformed

    def _paths(self, files: Sequence[str]) -> str:
        return "[" + ", ".join(literal(str(self.folder / f)) for f in files) + "]"

    def _readable(self, file: str, table: Table) -> str:
        """The path of the file, or of a UTF-8 copy when it is in another encoding."""
        path = self.folder / file
        try:
            if codecs.lookup(table.encoding).name == "utf-8":
                return str(path)
        except LookupError:
            raise ConfigError(
                f"Encoding {table.encoding!r} of {file} is not known.", remedy="Say cp1252, for example."
            ) from None
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="bothways-"))
            weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        copy = self._scratch / f"{len(list(self._scratch.iterdir()))}.csv"
        with opened(path) as raw, copy.open("w", encoding="utf-8", newline="") as out:
            shutil.copyfileobj(codecs.getreader(table.encoding)(raw, "replace"), out)
        return str(copy)


def _alias(file: str) -> str:
    stem = Path(file).name.split(".")[0]
    return stem if re.fullmatch(r"\w+", stem) else "source"


def _first_lines(error: duckdb.Error) -> str:
    return " ".join(line.strip() for line in str(error).splitlines()[:3])
