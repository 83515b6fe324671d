"""What the first bytes of a text file show: its encoding, a `sep=` line, the row in which the table begins, its
footer.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from connectors.errors import ConfigError
from connectors.file.config import Table

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOK = 1 << 16
_SELDOM = b"#(/\\"
_NOT_ASCII = bytes(range(128, 256))
_TITLE_ROWS = 1000
_OTHER_SCRIPTS = ("cp932", "gb18030", "big5", "cp949", "cp1251", "cp1253", "cp1255", "cp1256", "cp874")
"""What Windows saves Japanese, Chinese (two), Korean, Cyrillic, Greek, Hebrew, Arabic and Thai in."""


@dataclass(frozen=True, slots=True)
class Sniffed:
    """How a text file is read. `path` is the file, or a UTF-8 copy of it; `word` is what `check` says about it."""

    path: Path
    delimiter: str
    skip: int
    damaged: bool = False
    """Some bytes are no UTF-8: the copy has U+FFFD for them."""
    word: str = ""
    absent: bytes = b""
    """Bytes that occur nowhere in the file, of those in `_SELDOM`, and all that are not ASCII where it is all ASCII."""
    likely: str = ""
    """What a damaged file was probably saved in; "" when its letters do not show it."""

    @property
    def remedy(self) -> str:
        """What to write into the table of a damaged file."""
        return f'Set encoding = "{self.likely}"' if self.likely else "Set encoding to what the file was saved in"


def opened(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked if it is a .gz."""
    return cast("BinaryIO", gzip.open(path, "rb")) if path.name.lower().endswith(".gz") else path.open("rb")


def sniffed(path: Path, file: str, table: Table, spare: Callable[[str], Path], most: int) -> Sniffed:
    """How to read `path`, called `file` by people; a copy in UTF-8 and with one kind of line ends is made where needed.

    Raises ConfigError naming the file for an encoding that is unknown or cannot be, and for more than `most` bytes.
    """
    with opened(path) as raw:
        start = raw.read(_LOOK)
    _refuse_other_kinds(start, file)
    encoding, word = _encoding(start, table, file)
    damaged, absent, even, likely = False, b"", False, ""
    if encoding == "utf-8":
        damaged, absent = _looked_through(path, file, most)
        even = b"\r" in absent
        if damaged:
            likely = _legacy_encoding(path)
            word = "is not all UTF-8: cells with other characters are read as unknown"
    if damaged or encoding != "utf-8" or b"\x00" in start or start.startswith(codecs.BOM_UTF8 * 2):
        copy = spare(".csv")
        _copied(path, copy, encoding, file, most)
        path, absent, even = copy, b"", False
    if not even:
        path = _evened(path, table.quote.encode(), spare)
    tab = file.lower().removesuffix(".gz").endswith(".tsv")
    found = Sniffed(path, table.delimiter or ("\t" if tab else ","), table.skip, damaged, word, absent, likely)
    return _begun(_separated(found, table), file, table)


_KINDS = (
    (b"PK\x03\x04", "is a workbook or an archive, not text", "Name it .xlsx or .zip."),
    (b"\xd0\xcf\x11\xe0", "is an old Excel file, not text", "Save it as .xlsx or CSV."),
    (b"PAR1", "is a Parquet file, not text", "Name it .parquet."),
    (b"\x1f\x8b", "is packed, not text", "Name it .gz, or unpack it."),
)


def _refuse_other_kinds(start: bytes, file: str) -> None:
    """Raises ConfigError for a file that is no text, whatever its name says."""
    for magic, what, remedy in _KINDS:
        if start.startswith(magic):
            raise ConfigError(f"{file} {what}.", remedy=remedy)
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        raise ConfigError(
            f"{file} is a web page or XML, not CSV.", remedy="Open it in a spreadsheet and save it as .xlsx or CSV."
        )


def _encoding(start: bytes, table: Table, file: str) -> tuple[str, str]:
    """(codec, word). A byte order mark wins over what is declared."""
    declared = table.encoding
    try:
        name = codecs.lookup(declared).name if declared else ""
    except LookupError:
        raise ConfigError(
            f"The encoding {declared!r} of {file} is not known.", remedy='Write encoding = "cp1252", for example.'
        ) from None
    found = next((codec for bom, codec in _BOMS if start.startswith(bom)), "")
    if not found and name in ("", "utf-8", "utf-16"):
        found = _unmarked_utf16(start)
    if found and name and not name.startswith(found):
        return found, f"is {found.upper()}, not {declared} as the mapping says"
    if found and not name:
        return found, "" if found == "utf-8" else f"is {found.upper()}"
    return found or name or "utf-8", ""


def _unmarked_utf16(start: bytes) -> str:
    """UTF-16 without a mark: mostly Latin text has a zero in nearly every second byte."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    half = len(start) / 2
    if half >= 2 and odd > 0.7 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if half >= 2 and even > 0.7 * half and odd < 0.1 * half else ""


def _looked_through(path: Path, file: str, most: int) -> tuple[bool, bytes]:
    """(whether some bytes are no UTF-8, what is `absent`, CR included) of a whole file, in one pass."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    size, ascii_only, absent = 0, True, b"\r" + _SELDOM
    try:
        with opened(path) as raw:
            while chunk := raw.read(1 << 20):
                size += len(chunk)
                bounded(size, most, file)
                absent = bytes(byte for byte in absent if byte not in chunk)
                if not chunk.isascii() or decoder.getstate()[0]:
                    ascii_only = False
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return True, b""
    except (OSError, EOFError) as error:
        raise ConfigError(f"Cannot read {file}: {error}.", remedy="Export it again: it is damaged.") from None
    return False, absent + (_NOT_ASCII if ascii_only else b"")


def _legacy_encoding(path: Path) -> str:
    """What a text that is no UTF-8 was probably saved in, by its lines that are not all ASCII; "" when they do not
    show it.

    Where most bytes beyond ASCII stand in long runs, whole words are: another script than Latin, which a library that
    knows how languages look tells. Beyond ASCII in the midst of Latin words, where the bytes lie tells Windows from an
    old Mac.
    """
    with opened(path) as raw:
        lines = [line for line in raw.read(1 << 20).split(b"\n") if not line.isascii()]
    shown = b"\n".join(lines)[:_LOOK]
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", shown)]
    if sum(n for n in runs if n > 3) > 0.5 * sum(runs):
        from charset_normalizer import from_bytes  # here: only a file that is no UTF-8 pays for it

        best = from_bytes(shown, cp_isolation=list(_OTHER_SCRIPTS)).best()
        return best.encoding if best else ""
    high = [b for b in shown if b >= 0x80]
    return "mac-roman" if sum(b < 0xA0 for b in high) > 0.5 * len(high) else "cp1252"


def bounded(size: int, most: int, file: str) -> None:
    """Raises ConfigError when a file unpacks to more than `most` bytes."""
    if size > most:
        raise ConfigError(
            f"{file} unpacks to more than {most // 2**20:,} MB.", remedy="If that is right, raise crm.max_file_mb."
        )


def _copied(path: Path, copy: Path, encoding: str, file: str, most: int) -> None:
    size = 0
    try:
        with opened(path) as raw, copy.open("w", encoding="utf-8", newline="") as out:
            reader = codecs.getreader("utf-8-sig" if encoding == "utf-8" else encoding)(raw, "replace")
            while chunk := reader.read(1 << 20):
                size += len(chunk)
                bounded(size, most, file)
                out.write(chunk.lstrip("\ufeff") if size == len(chunk) else chunk)
    except (UnicodeError, OSError, EOFError) as error:
        raise ConfigError(
            f"{file} cannot be read as {encoding}: {error}.", remedy="Set the table's encoding, or export it again."
        ) from None


def _evened(path: Path, quote: bytes, spare: Callable[[str], Path]) -> Path:
    """The file, or a copy with one kind of line ends where they are mixed outside quotes: DuckDB can lose every
    row then.
    """
    crlf = lf = 0
    with opened(path) as raw:
        last = b""
        while chunk := raw.read(1 << 20):
            crlf += chunk.count(b"\r\n") + (last == b"\r" and chunk[:1] == b"\n")
            lf += chunk.count(b"\n")
            last = chunk[-1:]
    if not crlf or crlf == lf:
        return path
    copy, outside, crlf, lf = spare(".csv"), True, 0, 0
    with opened(path) as raw, copy.open("wb") as out:
        while chunk := raw.read(1 << 20):
            if chunk.endswith(b"\r"):
                chunk += raw.read(1)
            parts = chunk.split(quote) if quote else [chunk]
            for i in range(0 if outside else 1, len(parts), 2):
                crlf += parts[i].count(b"\r\n")
                lf += parts[i].count(b"\n")
            outside ^= len(parts) % 2 == 0
            out.write(chunk.replace(b"\r\n", b"\n"))  # within quotes too: an unclosed one would leave a mixture
    return path if crlf in (0, lf) else copy


def _separated(found: Sniffed, table: Table) -> Sniffed:
    """Without Excel's `sep=;` line, and with what it says."""
    with opened(found.path) as raw:
        line = raw.readline(_LOOK).decode("utf-8-sig", "replace").strip("\r\n").strip('"')
    if not line.lower().startswith("sep=") or len(line) != 5:
        return found
    return replace(found, skip=found.skip + 1, delimiter=table.delimiter or line[4])


def _begun(found: Sniffed, file: str, table: Table) -> Sniffed:
    if table.skip_until is None:
        return found
    with opened(found.path) as raw, io.TextIOWrapper(raw, "utf-8-sig", "replace", newline="") as text:
        for number in range(_TITLE_ROWS):
            line = text.readline(_LOOK)
            row = next(csv.reader([line], delimiter=found.delimiter, quotechar=table.quote), [])
            if number >= found.skip and table.skip_until in (cell.strip() for cell in row):
                return replace(found, skip=number)
            if not line:
                break
    raise no_such_row(file, table.skip_until)


def no_such_row(file: str, cell: str) -> ConfigError:
    """The error for a `skip_until` that nothing matches."""
    return ConfigError(
        f"None of the first {_TITLE_ROWS} rows of {file} has a cell {cell!r}.",
        remedy="Set skip_until to the text of one column's header.",
    )


def footer(path: Path, delimiter: str) -> int:
    """How many of the last lines hold text but no delimiter, after at least one blank line: a report's footer."""
    with opened(path) as raw:
        if path.name.lower().endswith(".gz"):
            return 0
        raw.seek(0, io.SEEK_END)
        raw.seek(max(0, raw.tell() - 8192))
        lines = raw.read().decode("utf-8", "replace").rstrip().splitlines()
    count, blank = 0, False
    for line in reversed(lines):
        if delimiter in line:
            break
        blank = blank or not line.strip().strip('"')
        count += 1
    return count if blank and count < len(lines) else 0
