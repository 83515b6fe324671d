"""SQL that turns text into numbers as a table writes them, and which ways of writing fit all the numbers of a
column.
"""

from __future__ import annotations

from connectors.file.config import Table
from connectors.file.readers.casts import literal

_SPACES = "[ \u00a0\u202f\u2009]"
_APOSTROPHES = "['\u2019]"
_MARKS = ((",", "."), (".", ","), (" ", ","), (" ", "."), ("'", "."), ("'", ","))
"""(thousands, decimal) of the ways in which numbers are written."""
LIKE_A_NUMBER = r"[-+\x{2212}(]?\d[\d.,'\x{2019} \x{a0}\x{202f}]*\)?-?"


def ways(table: Table) -> list[Table]:
    """The ways to try for text that stands for numbers: what the table says, else all."""
    if table.point or table.strip:
        return [table]
    return [Table(file=("x",), thousands=t, decimal=d) for t, d in _MARKS]  # type: ignore[arg-type]


def plain_text(text: str, strip: tuple[str, ...] = ()) -> str:
    """SQL: without what the table takes off, and with the minus of accountants, `(5)` and `5-`, in front."""
    for each in strip:
        text = f"replace({text}, {literal(each)}, '')"
    text = f"trim(translate({text}, '\u2212', '-'), ' \u00a0\u202f')"
    return f"regexp_replace(regexp_replace({text}, '^\\((.*)\\)$', '-\\1'), '^([^-].*)-$', '-\\1')"


def number_pattern(table: Table) -> str:
    """What a number looks like in a table that says how it writes them."""
    point, thousands = table.point or ".", table.thousands
    mark = {None: "", " ": _SPACES, "'": _APOSTROPHES}.get(thousands, f"[{thousands}]")
    india = f"|[0-9]{{1,2}}({mark}[0-9]{{2}})+{mark}[0-9]{{3}}" if thousands == "," else ""  # 1,23,456
    whole = f"([0-9]{{1,3}}({mark}[0-9]{{3}})+|[0-9]+{india})" if mark else "[0-9]+"
    return f"[+-]?({whole}([{point}][0-9]*)?|[{point}][0-9]+)"


def number(text: str, table: Table) -> str:
    """SQL: a DOUBLE from text as the table writes numbers; null where the text is none."""
    stripped = plain_text(text, table.strip)
    plain = stripped
    if table.thousands in (" ", "'"):
        plain = f"regexp_replace({plain}, {literal(_SPACES if table.thousands == ' ' else _APOSTROPHES)}, '', 'g')"
    elif table.thousands:
        plain = f"replace({plain}, {literal(table.thousands)}, '')"
    plain = f"replace({plain}, {literal(table.point or '.')}, '.')"
    return (
        f"CASE WHEN regexp_full_match({stripped}, {literal(number_pattern(table))}) THEN "
        f"TRY_CAST({plain} AS DOUBLE) END"
    )


def plain_number(text: str) -> str:
    """SQL: a DOUBLE from text with a decimal point or none. Three digits behind the point are none of it: `24.000`
    may be either.
    """
    t = plain_text(text)
    return (
        f"CASE WHEN NOT regexp_full_match({t}, '[+-]?[1-9][0-9]{{0,2}}\\.[0-9]{{3}}') THEN TRY_CAST({t} AS DOUBLE) END"
    )
