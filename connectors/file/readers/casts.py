"""SQL that turns text cells into values: times, yes and no; null where a cell does not fit."""

from __future__ import annotations


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | bool | float) -> str:
    """An SQL constant."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).upper() if isinstance(value, bool) else repr(value)


_YES = (
    "true", "t", "yes", "y", "1", "1.0", "-1", "x", "on", "checked", "\u2713", "\u2714", "\u2611", "ja", "wahr",
        "oui", "vrai", "si", "sí",
    "verdadero", "sim", "verdadeiro", "vero", "waar", "sant", "sann", "tak", "prawda", "ano", "igen", "kyllä",
        "evet", "да", "是", "はい",
)  # fmt: skip
_NO = (
    "false", "f", "no", "n", "0", "0.0", "off", "unchecked", "\u2717", "\u2718", "\u2610", "nein", "falsch",
        "non", "faux", "falso", "não",
    "nao", "nee", "onwaar", "nej", "nei", "falskt", "usann", "nie", "fałsz", "ne", "nem", "ei", "hayır", "нет",
        "否", "いいえ",
)  # fmt: skip


def boolean(text: str) -> str:
    """SQL: true, false, or null where the text is neither."""
    yes, no = (", ".join(literal(w) for w in words) for words in (_YES, _NO))
    return f"CASE WHEN lower(trim({text})) IN ({yes}) THEN true WHEN lower(trim({text})) IN ({no}) THEN false END"


def instant(text: str) -> str:
    """SQL: a TIMESTAMPTZ from text of which the meaning is certain, in the session's zone where the text names none."""
    return f"as_instant({text})"


def instant_of_number(number: str) -> str:
    """SQL: a TIMESTAMPTZ from a whole number: seconds or milliseconds since 1970, or a day such as 20260630."""
    day = f"CAST(try_strptime(CAST({number} AS VARCHAR), '%Y%m%d') AS TIMESTAMPTZ)"
    return (
        f"CASE WHEN {number} BETWEEN 100000000 AND 4102444800 THEN to_timestamp(CAST({number} AS BIGINT))"
        f" WHEN {number} BETWEEN 100000000000 AND 4102444800000 THEN to_timestamp(CAST({number} AS BIGINT) / 1000)"
        f" WHEN {number} BETWEEN 100000000000000 AND 4102444800000000 THEN "
        f"to_timestamp(CAST({number} AS BIGINT) / 1000000)"
        f" WHEN {number} BETWEEN 19700101 AND 21001231 THEN {day} END"
    )
