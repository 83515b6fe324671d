"""Checks that a response has the shape of an answer to the request.

Every check raises RetriableError inside the call, which is then made again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from connectors.errors import RetriableError

Check = Callable[[dict[str, Any]], None]
Items = list[dict[str, Any]]

_EMPTY_BELIEVED_AT = 3
_TEXTS = frozenset({str, type(None)})


def all_of(*checks: Check) -> Check:
    """Every one of them."""

    def check(body: dict[str, Any]) -> None:
        for each in checks:
            each(body)

    return check


def records(what: str, *, archived: bool | None = None, beyond: str = "") -> Check:
    """Records, archived or not, all with an id above `beyond` if one is given."""

    def check(body: dict[str, Any]) -> None:
        rows = results(what, body)
        for row in rows:
            if not is_id(row.get("id")) or not isinstance(row.get("properties"), dict):
                raise wrong(what, "an entry is no record")
            if archived is not None and bool(row.get("archived", archived)) is not archived:
                raise wrong(what, "archived records are mixed with others")
            if beyond and int(row["id"]) <= int(beyond):
                raise wrong(what, "the records are of an earlier page")
        if {type(value) for row in rows for value in row["properties"].values()} - _TEXTS:
            raise wrong(what, "a value is no text")

    return check


def refuse_empty(what: str, believed_empty: set[str]) -> Check:
    """Refuses an empty list until the same call has answered it three times; `believed_empty` remembers that for later
    calls.

    A 200 with an empty list, sent by something in front of the CRM, would else delete every record of that list (fault
    N6).
    """
    seen = itertools.count(1)

    def check(body: dict[str, Any]) -> None:
        if results(what, body) or what in believed_empty:
            return
        if next(seen) < _EMPTY_BELIEVED_AT:
            raise wrong(what, "there is nothing in it")
        believed_empty.add(what)

    return check


def up_to(what: str, count: int) -> Check:
    """At most so many entries as were asked for by id."""

    def check(body: dict[str, Any]) -> None:
        if len(results(what, body)) > count:
            raise wrong(what, "there are more records than asked for")

    return check


def a_record(what: str) -> Check:
    """One record; a merged-away id is answered by another one."""

    def check(body: dict[str, Any]) -> None:
        if not is_id(body.get("id")):
            raise wrong(what, "it is no record")

    return check


def written(what: str, names: Mapping[str, str]) -> Check:
    """The results of writes to records, by trace id: some of them are among the results, or named by an error."""
    asked = frozenset(names) | frozenset(names.values())

    def check(body: dict[str, Any]) -> None:
        told = {str(row.get("id")) for row in results(what, body)}
        errors = body.get("errors") or []
        if not isinstance(errors, list) or not all(isinstance(e, dict) for e in errors):
            raise wrong(what, "its errors are no list of entries")
        for error in errors:
            context = error.get("context") or {}
            if not isinstance(context, dict):
                raise wrong(what, "an error of it cannot be understood")
            told |= {str(i) for key in ("ids", "objectWriteTraceId") for i in context.get(key) or ()}
        if len(names) > 1 and told.isdisjoint(asked) and (told or not errors):
            raise wrong(what, "none of the records is named")

    return check


def goes_on(what: str, after: str) -> Check:
    """A page of a list, whose next one is not itself."""

    def check(body: dict[str, Any]) -> None:
        following = _next(what, body)
        if following and following == after:
            raise wrong(what, f"the list does not go on after {after}")

    return check


def settings(what: str, *keys: str, **values: object) -> Check:
    """Entries that have all the keys, and the values where they tell them; none of them is a record."""

    def check(body: dict[str, Any]) -> None:
        for row in results(what, body):
            lacks = any(key not in row for key in keys)
            if lacks or "properties" in row or any(row.get(k, v) != v for k, v in values.items()):
                raise wrong(what, "an entry is of another kind")

    return check


def results(what: str, body: Mapping[str, Any]) -> Items:
    """The entries of an answer. Raises RetriableError when they are no list of objects."""
    rows = body.get("results")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise wrong(what, "its results are no list of entries")
    _next(what, body)
    return rows


def is_id(value: object) -> bool:
    """Whether it is the id of a record, as a number or as text."""
    if type(value) is int:
        return value >= 0
    return type(value) is str and value.isascii() and value.isdecimal()


def _next(what: str, body: Mapping[str, Any]) -> str:
    """The position of the next page, "" after the last."""
    try:
        return str(((body.get("paging") or {}).get("next") or {}).get("after") or "")
    except AttributeError:
        raise wrong(what, "its paging cannot be understood") from None


def wrong(what: str, why: str) -> RetriableError:
    """The error for an answer that cannot be the one to the request."""
    return RetriableError(f"{what}: this cannot be the answer to what was asked: {why}.")
