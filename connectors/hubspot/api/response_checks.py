"""Whether an answer can be the one to what was asked: HTTP pairs the two by their order alone, and a box on the way may mix
them up or send one twice.

Every check raises RetriableError inside the call, which is then made again. What is only *doubtful* (fields or ids that
nobody asked for, an empty list) is believed when the same call gives the same for the third time, and from then on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import Any

from connectors.errors import RetriableError

Check = Callable[[dict[str, Any]], None]
Items = list[dict[str, Any]]

_SYSTEM = frozenset({"createdate", "hs_createdate", "hs_lastmodifieddate", "lastmodifieddate", "hs_object_id"})
_BELIEVED_AT = 3
_TEXTS = frozenset({str, type(None)})


class Doubts:
    """What has turned out to be so, however odd it looked. Thread-safe; one for a connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._believed: set[tuple[str, str]] = set()

    def call(self, what: str) -> Call:
        """The doubts about one call and its repetitions."""
        return Call(what, self)

    def believes(self, what: str, why: str, *, now: bool = False) -> bool:
        """Whether that has been seen to be so; `now` it is."""
        with self._lock:
            if now:
                self._believed.add((what, why))
            return (what, why) in self._believed


class Call:
    """One call, whose answers are compared with each other."""

    def __init__(self, what: str, doubts: Doubts) -> None:
        self.what = what
        self._doubts = doubts
        self._seen: dict[str, tuple[Hashable, int]] = {}

    def wrong(self, why: str) -> RetriableError:
        return _wrong(self.what, why)

    def doubt(self, why: str, looks: Hashable) -> None:
        """Raises RetriableError, unless it has looked exactly so often enough."""
        if self._doubts.believes(self.what, why):
            return
        before, count = self._seen.get(why, (None, 0))
        count = count + 1 if before == looks else 1
        self._seen[why] = looks, count
        if not self._doubts.believes(self.what, why, now=count >= _BELIEVED_AT):
            raise self.wrong(why)


def all_of(*checks: Check) -> Check:
    """Every one of them."""

    def check(body: dict[str, Any]) -> None:
        for each in checks:
            each(body)

    return check


def records(
    call: Call,
    wanted: Collection[str],
    *,
    archived: bool | None = None,
    beyond: str = "",
    after: str = "",
    some: bool = False,
) -> Check:
    """Records with the properties `wanted`, archived or not, all with an id above `beyond` if one is given.

    Ids below a numeric `after` are doubtful, and so is an answer without any records when there should be `some`.
    """
    asked = frozenset(wanted) - _SYSTEM
    low = int(after) if after.isdecimal() else 0

    def check(body: dict[str, Any]) -> None:
        rows = results(call.what, body)
        for row in rows:
            if not is_id(row.get("id")) or not isinstance(row.get("properties"), dict):
                raise call.wrong("an entry is no record")
            if archived is not None and bool(row.get("archived", archived)) is not archived:
                raise call.wrong("archived records are mixed with others")
            if beyond and int(row["id"]) <= int(beyond):
                raise call.wrong("the records are of an earlier page")
        if {type(value) for row in rows for value in row["properties"].values()} - _TEXTS:
            raise call.wrong("a value is no text")
        early = tuple(row["id"] for row in rows if int(row["id"]) < low)
        if early:
            call.doubt("the records lie before the page", early)
        if some and not rows:
            call.doubt("there is nothing in it", 0)
        named = frozenset(rows[0]["properties"]) - _SYSTEM if rows else frozenset()
        if asked and named - asked and asked - named:
            call.doubt("the properties are others than asked for", named)

    return check


def of_ids(call: Call, ids: Collection[str]) -> Check:
    """Records that were asked for by id; a merged-away id is answered by another one."""
    asked = frozenset(ids)

    def check(body: dict[str, Any]) -> None:
        told = frozenset(str(row.get("id")) for row in results(call.what, body))
        if len(told) > len(asked):
            raise call.wrong("there are more records than asked for")
        if 2 * len(told & asked) < len(told):
            call.doubt("the records are others than asked for", told)

    return check


def of_record(call: Call, record_id: str) -> Check:
    """One record; a merged-away id is answered by another one."""

    def check(body: dict[str, Any]) -> None:
        if not is_id(body.get("id")):
            raise call.wrong("it is no record")
        if str(body["id"]) != record_id:
            call.doubt(f"the record is another than {record_id}", str(body["id"]))

    return check


def written(what: str, names: Mapping[str, str]) -> Check:
    """The results of writes to records, by trace id: some of them are among the results, or named by an error."""
    asked = frozenset(names) | frozenset(names.values())

    def check(body: dict[str, Any]) -> None:
        told = {str(row.get("id")) for row in results(what, body)}
        errors = body.get("errors") or []
        if not isinstance(errors, list) or not all(isinstance(e, dict) for e in errors):
            raise _wrong(what, "its errors are no list of entries")
        for error in errors:
            context = error.get("context") or {}
            if not isinstance(context, dict):
                raise _wrong(what, "an error of it cannot be understood")
            told |= {str(i) for key in ("ids", "objectWriteTraceId") for i in context.get(key) or ()}
        if len(names) > 1 and told.isdisjoint(asked) and (told or not errors):
            raise _wrong(what, "none of the records is named")

    return check


def goes_on(what: str, after: str) -> Check:
    """A page of a list, whose next one is not itself."""

    def check(body: dict[str, Any]) -> None:
        following = _next(what, body)
        if following and following == after:
            raise _wrong(what, f"the list does not go on after {after}")

    return check


def settings(what: str, *keys: str, **values: object) -> Check:
    """Entries that have all the keys, and the values where they tell them; none of them is a record."""

    def check(body: dict[str, Any]) -> None:
        for row in results(what, body):
            lacks = any(key not in row for key in keys)
            if lacks or "properties" in row or any(row.get(k, v) != v for k, v in values.items()):
                raise _wrong(what, "an entry is of another kind")

    return check


def results(what: str, body: Mapping[str, Any]) -> Items:
    """The entries of an answer. Raises RetriableError when they are no list of objects."""
    rows = body.get("results")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _wrong(what, "its results are no list of entries")
    _next(what, body)
    return rows


def is_id(value: object) -> bool:
    """Whether it is the id of a record, as a number or as text."""
    if type(value) is int:
        return value >= 0
    return type(value) is str and value.isascii() and value.isdecimal()


def texts(values: object) -> Iterable[str]:
    """The entries of a list as text; nothing for anything else."""
    return map(str, values) if isinstance(values, list) else ()


def _next(what: str, body: Mapping[str, Any]) -> str:
    """The position of the next page, "" after the last."""
    try:
        return str(((body.get("paging") or {}).get("next") or {}).get("after") or "")
    except AttributeError:
        raise _wrong(what, "its paging cannot be understood") from None


def _wrong(what: str, why: str) -> RetriableError:
    return RetriableError(f"{what}: this cannot be the answer to what was asked: {why}.")
