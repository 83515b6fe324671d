"""The remedy that the looks of a cell give away: the key of a table that says how the file writes dates or numbers."""

from __future__ import annotations

import re

_DAY = re.compile(r"(\d{1,2})([./-])(\d{1,2})[./-](\d{4}|\d\d)\b(.*)")
_SHORT_YEAR = re.compile(r"(\d\d)([./-])(\d\d)[./-](\d\d)(?!\d)")
_BOTH = re.compile(r"[+-]?\d{1,3}(?:([.,' \u00a0\u202f])\d{3})+(?:([.,])\d+)?$")
_COMMA = re.compile(r"[+-]?\d+,\d+$")
_FOR_NOTHING = r"(?i)nan|nat|none|nil|<na>|n\.a\.|k\.a\.|undefined|unknown|tb[acd]"
"""What programs and people write for nothing in a column of numbers or dates. Not read as nothing without being told:
in a column of texts each may be a value.
"""
_NULLS = 'if it stands for nothing: nulls = ["{x}"] in the table'
_NO_DATES = (
    (_FOR_NOTHING, _NULLS),
    (r"0000-00-00.*|1[6-9]00-01-01.*|1899-12-3[01].*|9999-12-31.*", _NULLS),
    (r"\d{4}-\d\d", "it names no day: map x || '-01', or another day of the month"),
    (r"(?i)q[1-4][ /-]?\d{4}|\d{4}[ /-]?q[1-4]|\d{4}-?W\d\d(-?\d)?", "it names no day: export the date itself"),
    (r"2[4-6]\d\d-\d\d-\d\d.*", "if its years are Buddhist: map the date less INTERVAL 543 YEAR"),
)
"""What dates look like that are none, with the remedy."""


def date_remedy(text: str) -> str:
    """The format that a date is written in, as the keys of a table."""
    if said := next((words for shape, words in _NO_DATES if re.fullmatch(shape, text)), ""):
        return said.replace("{x}", text)
    if re.match(r"00\d\d-\d\d-\d\d", text):
        return "its year has two digits: write %y for %Y in date_format"
    if found := re.fullmatch(r"(\d{1,2})([- ])([A-Za-z]{3,})[- ](\d\d)", text):
        month = "%b" if len(found[3]) == 3 else "%B"
        return (
            f'in the table, give the column types = {{ ... = "DATE" }} and date_format = '
            f'"%d{found[2]}{month}{found[2]}%y"'
        )
    if (found := re.search(r"\d ?([A-Z]{2,5})$", text)) and found[1] not in ("AM", "PM"):
        return f"{found[1]} is the name of several time zones: write its offset, replace(x, '{found[1]}', '+01:00')"
    if found := _DAY.match(text):
        first, mark, second, year, rest = found.groups()
        short = "%Y" if len(year) == 4 else "%y"
        orders = [f"%d{mark}%m{mark}{short}", f"%m{mark}%d{mark}{short}"]
        if int(first) > 12:
            orders.pop()
        elif int(second) > 12:
            orders.pop(0)
        if short == "%Y" or (len(orders) < 2 and int(first) <= 31 and not _SHORT_YEAR.match(text)):
            return _format_key(" or ".join(f'"{o}{_hours(rest)}"' for o in orders), rest)
    if found := _SHORT_YEAR.match(text):
        mark = found[2]
        return _format_key(
            f'"%y{mark}%m{mark}%d{_hours(text[8:])}" or "%d{mark}%m{mark}%y{_hours(text[8:])}"', text[8:]
        )
    if re.fullmatch(r"[2-6]\d{4}(\.\d+)?", text):
        return "it looks like a spreadsheet's day number: DATE '1899-12-30' + CAST(x AS INTEGER)"
    return ""


def _format_key(formats: str, rest: str) -> str:
    key, kind = ("timestamp_format", "TIMESTAMP") if ":" in rest else ("date_format", "DATE")
    return f'in the table, give the column types = {{ ... = "{kind}" }} and {key} = {formats}'


def _hours(rest: str) -> str:
    if ":" not in rest:
        return ""
    gap = re.match(r"[, T]*", rest)
    seconds = ":%S" if rest.count(":") > 1 else ""
    clock = f"%I:%M{seconds} %p" if re.search("[AaPp][Mm]", rest) else f"%H:%M{seconds}"
    return f"{gap[0] if gap else ' '}{clock}"


def number_remedy(text: str) -> str:
    """How a number is written, as the keys of a table."""
    text = text.strip()
    if re.fullmatch(_FOR_NOTHING, text):
        return _NULLS.replace("{x}", text)
    if any(c.isdigit() and not c.isascii() for c in text):
        digits = "".join(
            sorted({chr(ord(c) - int(c) + n) for c in text if c.isdecimal() and not c.isascii() for n in range(10)})
        )
        return f"digits of another script: map translate(x, '{digits}', '0123456789')"
    if found := _BOTH.match(text):
        thousands, decimal = found.groups()
        mark = " " if thousands in "\u00a0\u202f" else thousands
        if decimal == mark:  # a mapping has replaced the comma already
            mark, decimal = ".", ","
        point = f' and decimal = "{decimal}"' if decimal else ""
        return f'set thousands = "{mark}"{point} in the table'
    if _COMMA.match(text):
        return 'set decimal = "," in the table'
    if re.fullmatch(r"[\d.,]+ ?[kKmM]", text):
        return "the export has rounded it: export whole amounts"
    if (found := re.search(r"[^\d.,'\s()+-]+", text)) and re.search(r"\d", text):
        rest = number_remedy(text.replace(found[0], "")).removeprefix("set ").removesuffix(" in the table")
        more = f" and {rest}" if "=" in rest else ""
        money = "" if found[0] == "%" else "; say which currency it is in the mapping of currency"
        return f'set strip = "{found[0]}"{more} in the table{money}'
    return ""
