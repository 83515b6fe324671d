"""`/search` and `/parameterizedSearch`: records by words in their names, e-mail addresses and telephone numbers.

A word matches a whole word of a field, or the beginning of one where it ends in `*`. Every word has to be in one and
the same record. The index has no delay here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.emulator.salesforce.call import Call, answer
from connectors.emulator.salesforce.rest.query import Queries
from connectors.emulator.salesforce.store.errors import ApiError
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.schema import Field, Object
from connectors.emulator.server.http import Response

Json = dict[str, Any]
_FIND = re.compile(
    r"\s*FIND\s*\{(?P<words>(?:[^}\\]|\\.)*)\}(?:\s+IN\s+(?P<where>ALL|NAME|EMAIL|PHONE|SIDEBAR)\s+FIELDS)"
    r"?(?P<rest>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_RETURNING = re.compile(r"\s+RETURNING\s+", re.IGNORECASE)
_TAIL = re.compile(r"\s+(?:LIMIT\s+(?P<limit>\d+)|WITH\s+\w+\s*=\s*\S+|UPDATE\s+\w+)(?=\s|\Z)", re.IGNORECASE)
_OBJECT = re.compile(r"\s*(\w+)\s*(?:\((.*)\))?\s*\Z", re.DOTALL)
_CLAUSE = re.compile(r"\b(USING|WHERE|ORDER\s+BY|LIMIT|OFFSET)\b", re.IGNORECASE)
_SEARCHED = ("Account", "Contact", "Opportunity", "Lead", "Case")
_TYPES = {"NAME": (), "EMAIL": ("email",), "PHONE": ("phone",), "ALL": ("email", "phone", "url")}
_MOST = 2000


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One object of a search: what to return of it, the conditions on it, and where to stop."""

    name: str
    fields: str = "Id"
    where: str = ""
    tail: str = ""


class Search:
    """Handlers."""

    def __init__(self, org: Org, queries: Queries) -> None:
        self._org = org
        self._queries = queries

    def find(self, call: Call) -> Response:
        """`FIND {words} [IN NAME FIELDS] [RETURNING Object(fields WHERE ... LIMIT n), ...] [LIMIT n]`."""
        match = _FIND.match(call.request.param("q") or "")
        if match is None:
            raise ApiError(400, "MALFORMED_SEARCH", "search must be of the form FIND {words} RETURNING objects")
        rest, most = _without_tail(match["rest"])
        objects = _RETURNING.split(rest, maxsplit=1)
        if objects[0].strip():
            raise ApiError(400, "MALFORMED_SEARCH", f"unexpected token: {objects[0].strip().split()[0]}")
        wanted = [_parsed(text) for text in _split(objects[1])] if len(objects) > 1 else _everything()
        return answer({"searchRecords": self._found(call, match["words"], match["where"] or "ALL", wanted, most)})

    def parameterized(self, call: Call) -> Response:
        """The same by parameters: `?q=words&sobject=Account&Account.fields=Id,Name`, or a body of them."""
        given = call.json() if call.request.method == "POST" else _from_query(call)
        if not isinstance(given, dict) or not isinstance(given.get("q"), str):
            raise ApiError(400, "MALFORMED_SEARCH", "search term must be longer than one character: q is missing")
        fields, listed = given.get("fields"), given.get("sobjects")
        wanted = (
            [_from_json(one, fields) for one in listed] if isinstance(listed, list) and listed else _everything(fields)
        )
        most = _number(given.get("overallLimit"), _MOST)
        words = given["q"].replace("{", "").replace("}", "")
        return answer({"searchRecords": self._found(call, words, str(given.get("in") or "ALL"), wanted, most)})

    def _found(self, call: Call, words: str, where: str, wanted: Sequence[_Wanted], most: int) -> list[Any]:
        terms = [term for term in re.sub(r'["()]', " ", words).split() if term.upper() not in ("AND", "OR")]
        if sum(len(term.strip("*?")) for term in terms) < 2:
            raise ApiError(400, "MALFORMED_SEARCH", "search term must be longer than one character: " + words)
        found: list[Any] = []
        for one in wanted:
            thing = self._org.schema.object(one.name)
            if thing is None or not call.rights.allows(thing, "read"):
                raise ApiError(400, "INVALID_TYPE", f"sObject type '{one.name}' is not supported.")
            keys = _keys(call.rights.fields(thing).values(), _TYPES.get(where.upper(), _TYPES["ALL"]))
            if keys and len(found) < most:
                found += self._of(call, thing, one, keys, terms)[: most - len(found)]
        return found

    def _of(self, call: Call, thing: Object, one: _Wanted, keys: Sequence[str], terms: Sequence[str]) -> list[Any]:
        tests = [f"({' OR '.join(_test(key, term) for key in keys)})" for term in terms]
        if one.where:
            tests.append(f"({one.where})")
        soql = f"SELECT {one.fields} FROM {thing.name} WHERE {' AND '.join(tests)} {one.tail}"  # noqa: S608  (the stand-in's own grammar)
        answered = self._queries.query(soql, call.rights, call.version, everything=False, batch=None)
        records: list[Any] = answered["records"]
        return records


def _everything(fields: object = None) -> list[_Wanted]:
    picked = _listed(fields) or "Id"
    return [_Wanted(name, picked) for name in _SEARCHED]


def _keys(fields: Any, types: Sequence[str]) -> list[str]:
    held: list[Field] = list(fields)
    return [f.name for f in held if (f.name_field or f.type in types) and f.filterable]


def _test(key: str, term: str) -> str:
    """A word at the start of the field or after a space (or the @ and dots of an address); whole unless it ends in
    `*`.
    """
    open_ended = term.endswith("*")
    plain = re.sub(r"\\(.)", r"\1", term.strip("*"))
    quoted = plain.replace("\\", "\\\\").replace("'", "\\'").replace("%", "\\%").replace("_", "\\_")
    quoted = quoted.replace("*", "%").replace("?", "_")
    ends = ("%",) if open_ended else ("", " %", ".%", "@%", ",%")
    return " OR ".join(f"{key} LIKE '{start}{quoted}{end}'" for start in ("", "% ", "%@", "%.") for end in ends)


def _without_tail(text: str) -> tuple[str, int]:
    """What is left without the clauses at the end of a statement, and the limit among them."""
    depth = [0]
    for character in text:
        depth.append(depth[-1] + {"(": 1, ")": -1}.get(character, 0))
    most = _MOST
    for match in _TAIL.finditer(text):
        if depth[match.start()] == 0:
            most = min(most, int(match["limit"] or _MOST))
    kept = "".join(character for at, character in enumerate(text) if not _in_tail(text, depth, at))
    return kept, most


def _in_tail(text: str, depth: Sequence[int], at: int) -> bool:
    return any(match.start() <= at < match.end() and depth[match.start()] == 0 for match in _TAIL.finditer(text))


def _split(text: str) -> list[str]:
    """At the commas outside of parentheses."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _parsed(text: str) -> _Wanted:
    match = _OBJECT.match(text)
    if match is None:
        raise ApiError(400, "MALFORMED_SEARCH", f"unexpected token: {text.strip()}")
    inside = match[2] or ""
    first = _CLAUSE.search(inside)
    fields = (inside[: first.start()] if first else inside).strip().rstrip(",")
    clauses = inside[first.start() :] if first else ""
    where, tail = "", clauses
    if clauses.upper().startswith("WHERE"):
        after = re.search(r"\b(ORDER\s+BY|LIMIT|OFFSET)\b", clauses, re.IGNORECASE)
        where, tail = clauses[5 : after.start() if after else None], clauses[after.start() :] if after else ""
    return _Wanted(match[1], fields or "Id", where.strip(), tail.strip())


def _from_query(call: Call) -> Json:
    """The parameters of an address in the form of a body."""
    names = call.request.params("sobject")
    objects = []
    for name in names:
        one: Json = {"name": name}
        for key in ("fields", "limit", "where"):
            value = call.request.param(f"{name}.{key}")
            if value:
                one[key] = value.split(",") if key == "fields" else value
        objects.append(one)
    given = {key: call.request.param(key) for key in ("q", "in", "overallLimit", "defaultLimit")}
    return {**given, "sobjects": objects, "fields": call.request.params("fields")}


def _from_json(one: Any, fields: object) -> _Wanted:
    if not isinstance(one, dict) or not isinstance(one.get("name"), str) or not re.fullmatch(r"\w+", one["name"]):
        raise ApiError(400, "JSON_PARSER_ERROR", "each of sobjects needs a name")
    picked = _listed(one.get("fields")) or _listed(fields) or "Id"
    limit = one.get("limit")
    return _Wanted(one["name"], picked, str(one.get("where") or ""), f"LIMIT {_number(limit, _MOST)}" if limit else "")


def _listed(fields: object) -> str:
    return ", ".join(str(name).strip() for name in fields) if isinstance(fields, list) else ""


def _number(value: object, default: int) -> int:
    text = str(value if value not in (None, "") else default)
    if not text.isdigit():
        raise ApiError(400, "MALFORMED_SEARCH", f"not a number: {text}")
    return int(text)
