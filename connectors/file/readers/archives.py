"""The files of a folder, those inside .zip archives included, and where to read each: archives are unpacked one file at
a time.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from connectors.errors import ConfigError
from connectors.file.readers.sniff import bounded, opened

DATA_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".parquet", ".xlsx", ".xlsm")
_ZIP = ".zip"
_DATED = re.compile(r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?:[-_T ]?([0-2]\d)[-_.h]?([0-5]\d))?(?!\d)")
_NUMBERED = re.compile(r"\((\d+)\)(?:\.\w+)+$")


def data_files(folder: Path) -> list[str]:
    """Names, relative to the folder and sorted, of the files that could hold tables. Raises ConfigError without a
    folder.
    """
    return [name for name in all_files(folder) if is_data(name)]


def is_data(name: str) -> bool:
    """Whether a file of that name is read as a table."""
    return name.lower().endswith(DATA_SUFFIXES) and not Path(name).name.startswith(("~$", "._"))


def all_files(folder: Path) -> list[str]:
    """Names of all files, sorted; those in an archive as `archive.zip/name`."""
    if not folder.is_dir():
        raise ConfigError(
            f"The input folder {folder} does not exist or is not a folder.",
            remedy="Set crm.input to a folder of files.",
        )
    found: list[str] = []
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if not path.is_file():
            continue
        found += [f"{name}/{member}" for member in _members(path, name)] if name.lower().endswith(_ZIP) else [name]
    return sorted(found)


def _members(path: Path, name: str) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return [i.filename for i in archive.infolist() if not i.is_dir() and "__MACOSX" not in i.filename]
    except (zipfile.BadZipFile, OSError) as error:
        raise ConfigError(
            f"Cannot read the archive {name}: {error}.", remedy="Download it again, or remove it."
        ) from None


def archive_of(folder: Path, name: str) -> tuple[Path, str]:
    """(file on disk, name inside it or ""): what a name of `all_files` stands for."""
    at = name.lower().find(_ZIP + "/")
    while at >= 0:
        if (outer := folder / name[: at + 4]).is_file():
            return outer, name[at + 5 :]
        at = name.lower().find(_ZIP + "/", at + 1)
    return folder / name, ""


class Unpacked:
    """Gives each file a path on disk. What had to be unpacked or converted lies in a folder of its own until `self`
    goes.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self.folder, self.most = folder, most
        self._scratch: Path | None = None
        self._paths: dict[str, Path] = {}
        self._count = 0

    def path(self, name: str) -> Path:
        """Raises ConfigError naming the archive when the file in it is encrypted, damaged or too large."""
        outer, member = archive_of(self.folder, name)
        if not member:
            return outer
        if name not in self._paths:
            target = self.spare(Path(member).suffix.lower() if not member.lower().endswith(".gz") else ".csv.gz")
            try:
                with zipfile.ZipFile(outer) as archive, archive.open(member) as source:
                    self._copy(source, target, name)
            except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
                raise ConfigError(
                    f"Cannot unpack {name}: {error}.", remedy="Unpack the archive yourself, beside it, and remove it."
                ) from None
            self._paths[name] = target
        return self._paths[name]

    def plain(self, name: str) -> Path:
        """As `path`, and unpacked where the file is a .gz."""
        path = self.path(name)
        if not path.name.lower().endswith(".gz"):
            return path
        if name + "\0" not in self._paths:
            target = self.spare(".bin")
            try:
                with opened(path) as source:
                    self._copy(source, target, name)
            except (OSError, EOFError) as error:
                raise ConfigError(f"Cannot unpack {name}: {error}.", remedy="Export it again: it is damaged.") from None
            self._paths[name + "\0"] = target
        return self._paths[name + "\0"]

    def _copy(self, source: object, target: Path, name: str) -> None:
        size = 0
        with target.open("wb") as out:
            while chunk := source.read(1 << 20):  # type: ignore[attr-defined]
                size += len(chunk)
                bounded(size, self.most, name)
                out.write(chunk)

    def spare(self, suffix: str) -> Path:
        """A path that nothing else has."""
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="bothways-"))
            weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        self._count += 1
        return self._scratch / f"{self._count}{suffix}"


def newest_first(folder: Path, names: Sequence[str]) -> list[str]:
    """Several files of one table, the newest first: by a date in every name, else by `(2)` as browsers write it, else
    by the time of the last change, else by name. Of two rows with one id the first is kept.
    """
    dated = {name: _date_in(name) for name in names}
    if all(dated.values()) and len(set(dated.values())) > 1:
        return sorted(names, key=lambda n: (-(dated[n] or 0), n))
    numbered = {name: int(found[1]) if (found := _NUMBERED.search(name)) else 0 for name in names}
    if any(numbered.values()):
        return sorted(names, key=lambda n: (-numbered[n], n))
    changed = {name: int(archive_of(folder, name)[0].stat().st_mtime) for name in names}
    return sorted(names, key=lambda n: (-changed[n], n))


def _date_in(name: str) -> int | None:
    found = [match for match in _DATED.finditer(name) if _is_day(match)]
    return int("".join(part or "00" for part in found[-1].groups())) if found else None


def _is_day(match: re.Match[str]) -> bool:
    try:
        datetime(*(int(part) for part in match.groups()[:3]))  # type: ignore[arg-type]  # noqa: DTZ001  (a day, no instant)
    except ValueError:
        return False
    return True


def matching(glob: str, known: Sequence[str]) -> Iterator[str]:
    """Names of `known` that a name or glob means; a name without a folder also means such a file in an archive."""
    if glob in known:
        yield glob
    else:
        yield from (name for name in known if Path(name).match(glob))
