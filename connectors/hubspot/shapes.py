"""Whether an answer can be the one to what was asked: HTTP pairs the two by their order alone, and a box on the way may mix
them up or send one twice.

Every check raises RetriableError inside the call, which is then made again. What only *looks* wrong (fields or ids that
nobody asked for) is believed when the second answer to the same call looks the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from connectors.errors import RetriableError

Check = Callable[[dict[str, Any]], None]
Items = list[dict[str, Any]]

_SYSTEM = frozenset({"createdate", "hs_createdate", "hs_lastmodifieddate", "lastmodifieddate", "hs_object_id"})


def all_of(*checks: Check) -> Check:
    """Every one of them."""

    def check(body: dict[str, Any]) -> None:
        for each in checks:
            each(body)

    return check


def records(what: str, wanted: Collection[str], *, archived: bool | None = None, beyond: str = "") -> Check:
    """Records with the properties `wanted`, archived or not, all with an id above `beyond` if one is given."""
    asked = frozenset(wanted) - _SYSTEM
    believed: list[frozenset[str]] = []

    def check(body: dict[str, Any]) -> None:
        rows = results(what, body)
        for row in rows:
            if not _is_id(row.get("id")) or not isinstance(row.get("properties"), dict):
                raise _wrong(what, "an entry is no record")
            if archived is not None and bool(row.get("archived", archived)) is not archived:
                raise _wrong(what, "archived records are mixed with others")
            if beyond and int(row["id"]) <= int(beyond):
                raise _wrong(what, "the records are of an earlier page")
        named = frozenset(rows[0]["properties"]) - _SYSTEM if rows else frozenset()
        if asked and named - asked and asked - named and named not in believed:
            believed.append(named)
            raise _wrong(what, "the properties are others than asked for")

    return check


def of_ids(what: str, ids: Collection[str]) -> Check:
    """Records that were asked for by id; a merged-away id is answered by another one."""
    asked = frozenset(ids)
    believed: list[frozenset[str]] = []

    def check(body: dict[str, Any]) -> None:
        told = frozenset(str(row.get("id")) for row in results(what, body))
        if len(told) > len(asked) or (2 * len(told & asked) < len(told) and told not in believed):
            believed.append(told)
            raise _wrong(what, "the records are others than asked for")

    return check


def written(what: str, ids: Collection[str]) -> Check:
    """The results of writes to these records: some of them are among the results, or named by an error."""
    asked = frozenset(ids)

    def check(body: dict[str, Any]) -> None:
        told = {str(row.get("id")) for row in results(what, body)}
        errors = body.get("errors") or []
        if not isinstance(errors, list) or not all(isinstance(e, dict) for e in errors):
            raise _wrong(what, "its errors are no list of entries")
        if len(asked) > 1 and not errors and told.isdisjoint(asked):
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
    """Entries that have all the keys, and the values where they tell them."""

    def check(body: dict[str, Any]) -> None:
        for row in results(what, body):
            if any(key not in row for key in keys) or any(row.get(k, v) != v for k, v in values.items()):
                raise _wrong(what, "an entry is of another kind")

    return check


class AssociationTypes:
    """Which type ids join which two kinds of object, learnt from the answers: they differ by direction. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pairs: dict[int, tuple[str, str]] = {}

    def links(self, source: str, target: str, ids: Collection[str]) -> Check:
        """Associations from the records `ids` to another kind."""
        asked, what = frozenset(ids), f"associations {source} {target}"
        believed: list[object] = []

        def check(body: dict[str, Any]) -> None:
            types: set[int] = set()
            origins: set[str] = set()
            for row in results(what, body):
                origin, to = row.get("from"), row.get("to") or []
                if not isinstance(origin, dict) or not _is_id(origin.get("id")) or not isinstance(to, list):
                    raise _wrong(what, "an entry is no association")
                origins.add(str(origin["id"]))
                types |= _types(what, to)
            odd = (not origins <= asked) or self._others(types, (source, target))
            seen = (frozenset(origins), frozenset(types))
            if odd and seen not in believed:
                believed.append(seen)
                raise _wrong(what, "the associations are others than asked for")
            self._learn(types, (source, target))

        return check

    def _others(self, types: Iterable[int], pair: tuple[str, str]) -> bool:
        with self._lock:
            return any(self._pairs.get(t, pair) != pair for t in types)

    def _learn(self, types: Iterable[int], pair: tuple[str, str]) -> None:
        with self._lock:
            for each in types:
                self._pairs.setdefault(each, pair)


def _types(what: str, to: Iterable[Any]) -> set[int]:
    """The ids of HubSpot's own types among the associations."""
    try:
        return {
            int(each["typeId"])
            for one in to
            if _is_id(one["toObjectId"])
            for each in one.get("associationTypes") or ()
            if each.get("category") == "HUBSPOT_DEFINED"
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _wrong(what, "an entry is no association") from None


def results(what: str, body: Mapping[str, Any]) -> Items:
    """The entries of an answer. Raises RetriableError when they are no list of objects."""
    rows = body.get("results")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _wrong(what, "its results are no list of entries")
    _next(what, body)
    return rows


def _next(what: str, body: Mapping[str, Any]) -> str:
    """The position of the next page, "" after the last."""
    try:
        return str(((body.get("paging") or {}).get("next") or {}).get("after") or "")
    except AttributeError:
        raise _wrong(what, "its paging cannot be understood") from None


def _is_id(value: object) -> bool:
    text = str(value)
    return isinstance(value, str | int) and not isinstance(value, bool) and text.isascii() and text.isdecimal()


def _wrong(what: str, why: str) -> RetriableError:
    return RetriableError(f"{what}: this cannot be the answer to what was asked: {why}.")
