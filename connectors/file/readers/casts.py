"""SQL that turns text cells into values: numbers as a table writes them, times, yes and no; null where a cell does not
fit.
"""

from __future__ import annotations

from connectors.file.config import Table


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | bool | float) -> str:
    """An SQL constant."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).upper() if isinstance(value, bool) else repr(value)


_YES = ("true", "t", "yes", "y", "1", "1.0", "x", "ja", "wahr", "oui", "vrai", "si", "sí", "verdadero", "sim", "vero")
_NO = ("false", "f", "no", "n", "0", "0.0", "nein", "falsch", "non", "faux", "falso", "não", "nao", "nee")
_TIMES = (
    *(
        f"{day}{hour}"
        for day in ("%Y-%m-%d", "%Y/%m/%d")
        for hour in (" %I:%M:%S %p", " %I:%M %p", " %H:%M:%S", " %H:%M", "")
    ),
    *("%Y%m%d", "%Y.%m.%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"),
    *(
        f"{day}{hour}"
        for day in ("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%B %d, %Y", "%d %B %Y")
        for hour in ("", " %H:%M:%S", " %H:%M")
    ),
)
"""Ways to write a time that can be read in one way only: the year first, or the month in words."""
_SPACES = "[ \u00a0\u202f\u2009]"


def boolean(text: str) -> str:
    """SQL: true, false, or null where the text is neither."""
    yes, no = (", ".join(literal(w) for w in words) for words in (_YES, _NO))
    return f"CASE WHEN lower(trim({text})) IN ({yes}) THEN true WHEN lower(trim({text})) IN ({no}) THEN false END"


def instant(text: str) -> str:
    """SQL: a TIMESTAMPTZ from text of which the meaning is certain, in the session's zone where the text names none."""
    formats = "[" + ", ".join(literal(f) for f in _TIMES) + "]"
    return f"coalesce(TRY_CAST({text} AS TIMESTAMPTZ), CAST(try_strptime({text}, {formats}) AS TIMESTAMPTZ))"


def instant_of_number(number: str) -> str:
    """SQL: a TIMESTAMPTZ from a whole number: seconds or milliseconds since 1970, or a day such as 20260630."""
    day = f"CAST(try_strptime(CAST({number} AS VARCHAR), '%Y%m%d') AS TIMESTAMPTZ)"
    return (
        f"CASE WHEN {number} BETWEEN 100000000 AND 4102444800 THEN to_timestamp(CAST({number} AS BIGINT))"
        f" WHEN {number} BETWEEN 100000000000 AND 4102444800000 THEN to_timestamp(CAST({number} AS BIGINT) / 1000)"
        f" WHEN {number} BETWEEN 19700101 AND 21001231 THEN {day} END"
    )


def number_pattern(table: Table) -> str:
    """What a number looks like in a table that says how it writes them."""
    point, thousands = table.point or ".", table.thousands
    mark = {None: "", " ": _SPACES}.get(thousands, f"[{thousands}]")
    whole = f"([0-9]{{1,3}}({mark}[0-9]{{3}})+|[0-9]+)" if mark else "[0-9]+"
    return f"[+-]?({whole}([{point}][0-9]*)?|[{point}][0-9]+)"


def number(text: str, table: Table) -> str:
    """SQL: a DOUBLE from text as the table writes numbers."""
    plain = text
    if table.thousands == " ":
        plain = f"regexp_replace({plain}, {literal(_SPACES)}, '', 'g')"
    elif table.thousands:
        plain = f"replace({plain}, {literal(table.thousands)}, '')"
    plain = f"replace({plain}, {literal(table.point or '.')}, '.')"
    fits = f"regexp_full_match(trim({text}), {literal(number_pattern(table))})"
    return f"CASE WHEN {fits} THEN TRY_CAST({plain} AS DOUBLE) END"
