"""SQL macros that read times from text of which the meaning is certain: the year first, the month in words, or
days with points.
"""

from __future__ import annotations

from connectors.file.readers.casts import literal

_FORMATS = (
    *(f"{day}{hour}" for day in ("%Y-%m-%d", "%Y/%m/%d") for hour in (" %I:%M:%S %p", " %I:%M %p", " %I %p",
        " %H:%M:%S", " %H:%M", "")),
    *("%Y%m%d", "%Y.%m.%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"),
)  # fmt: skip
_MONTHS = (
    "january jan januar januari janvier janv enero ene gennaio gen janeiro",
    "february feb februar februari fevrier fevr febrero febbraio fevereiro fev",
    "march mar marz maerz mrz mars marzo marco maart mrt",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug aout agosto ago augustus",
    "september sep sept septembre septiembre settembre set setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez decembre diciembre dic dicembre dezembro",
)
_OFFSETS = {
    "Z": "+00", "UT": "+00", "UTC": "+00", "GMT": "+00", "WET": "+00", "WEST": "+01", "CET": "+01", "MEZ": "+01",
        "CEST": "+02",
    "MESZ": "+02", "EET": "+02", "EEST": "+03", "MSK": "+03", "JST": "+09", "AEST": "+10", "AEDT": "+11",
        "NZST": "+12", "NZDT": "+13",
    "EST": "-05", "EDT": "-04", "CDT": "-05", "MST": "-07", "MDT": "-06", "PST": "-08", "PDT": "-07",
        "AKST": "-09", "AKDT": "-08",
    "HST": "-10",
}  # fmt: skip
"""Zones that have their abbreviation for themselves. BST, CST and IST are several zones each: such a time is a
misfit.
"""
_DAY_FIRST = (
    r"(?:\p{L}+\.?,? )?(\d{1,2})(?:\.|st|nd|rd|th|er|º)?[ -](?:de )?(\p{L}{3,})\.?,?[ "
    r"-](?:del? )?(\d{4})(?:,? (?:um |at |à |a las )?(.*))?"
)
_MONTH_FIRST = r"(?:\p{L}+\.?,? )?(\p{L}{3,})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?:,? (?:at )?(.*))?"
_POINTS = r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,? (?:um )?(.*))?"


def macros() -> list[str]:
    """Statements that make `as_instant(text)`: a TIMESTAMPTZ, in the session's zone where the text names none, or
    null.
    """
    months = ", ".join(f"{literal(name)}: '{i:02}'" for i, names in enumerate(_MONTHS, 1) for name in names.split())
    offsets = ", ".join(f"{literal(name)}: {literal(offset)}" for name, offset in _OFFSETS.items())
    formats = "[" + ", ".join(map(literal, _FORMATS)) + "]"
    plain = "trim(regexp_replace(t, '[\\s\u00a0\u202f]+', ' ', 'g'))"
    plain = f"regexp_replace({plain}, ' \\([^)]*\\)$', '')"
    plain = f"regexp_replace({plain}, '(?i)([0-9]) ?([ap])\\.? ?m\\.?$', '\\1 \\2M')"
    plain = f"regexp_replace({plain}, '^([0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}), ', '\\1 ')"

    plain = f"regexp_replace({plain}, '(:[0-9]{{2}}) ([-+][0-9]{{2}}:?[0-9]{{2}})$', '\\1\\2')"

    def spelt(pattern: str, order: str, month: str) -> str:
        names = ", ".join(f"'{letter}'" for letter in (*order, "rest"))
        found = f"regexp_extract(t, {literal('^' + pattern + '$')}, [{names}])"
        built = f"trim(p.y || '-' || {month} || '-' || p.d || ' ' || p.rest)"
        return f"list_transform([{found}], lambda p: as_iso_instant({built}))[1]"

    named = f"(MAP {{{months}}})[strip_accents(lower(p.m))]"
    abbreviation = "nullif(regexp_extract(upper(t), '[0-9] ?([A-Z]{1,5})$', 1), '')"
    read = f"coalesce(TRY_CAST(x AS TIMESTAMPTZ), CAST(try_strptime(x, {formats}) AS TIMESTAMPTZ))"
    zoned = f"TRY_CAST(regexp_replace(x, ' ?[A-Za-z]+$', '') || (MAP {{{offsets}}})[z] AS TIMESTAMPTZ)"
    letters = f"CASE WHEN regexp_matches(t, '(?i) [ap]m$') THEN NULL ELSE {abbreviation} END"
    # a parameter of a macro is put in at every place where it stands; of a lambda, once
    return [
        f"CREATE OR REPLACE MACRO tidy_time(t) AS {plain}",
        f"CREATE OR REPLACE MACRO zone_letters(t) AS {letters}",
        "CREATE OR REPLACE MACRO as_iso_instant(t) AS list_transform([t], lambda x: list_transform([zone_letters(x)],"
        f" lambda z: CASE WHEN z IS NULL OR z = 'Z' THEN {read} ELSE {zoned} END)[1])[1]",
        f"CREATE OR REPLACE MACRO as_spelt_instant(t) AS CASE"
        f" WHEN regexp_full_match(t, {literal(_DAY_FIRST)}) THEN {spelt(_DAY_FIRST, 'dmy', named)}"
        f" WHEN regexp_full_match(t, {literal(_MONTH_FIRST)}) THEN {spelt(_MONTH_FIRST, 'mdy', named)}"
        f" WHEN regexp_full_match(t, {literal(_POINTS)}) THEN {spelt(_POINTS, 'dmy', 'p.m')} END",
        "CREATE OR REPLACE MACRO as_instant(t) AS"
        " list_transform([tidy_time(t)], lambda y: coalesce(as_iso_instant(y), as_spelt_instant(y)))[1]",
    ]
