"""Record ids: three characters of key prefix, pod and serial number in base 62, and the checksum that makes 15 into
18.
"""

from __future__ import annotations

import itertools
import re
from functools import cache

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?\Z")
_POD = "Bw0000"
_PAIRS = [a + b for a in _DIGITS for b in _DIGITS]
_CAPITALS = [int(a.isupper()) for a in _DIGITS]
_CAPITAL_PAIRS = [a | b << 1 for a in _CAPITALS for b in _CAPITALS]


def checksum(id15: str) -> str:
    """The three characters that tell the letter case of each five of the fifteen."""
    return "".join(
        _CHECK[sum(1 << place for place, letter in enumerate(id15[start : start + 5]) if "A" <= letter <= "Z")]
        for start in (0, 5, 10)
    )


def to_18(text: str) -> str | None:
    """The 18-character form of a 15- or 18-character id; None when it is neither, or the checksum is wrong.

    An 18-character id is safe in any letter case, so only its checksum decides.
    """
    if not _SHAPE.match(text):
        return None
    head = text[:15]
    if len(text) == 18 and checksum(head) != text[15:].upper():
        return None
    return head + checksum(head)


def make_id(prefix: str, serial: int) -> str:
    """The id of the `serial`-th record of a prefix; ids of one prefix sort as their serial numbers."""
    first, rest = divmod(serial, 62**5)
    pair, rest = divmod(rest, 62**3)
    middle, last = divmod(rest, 62**2)
    letters = _CAPITAL_PAIRS[pair] | _CAPITALS[middle] << 2 | _CAPITAL_PAIRS[last] << 3
    return (
        f"{prefix}{_POD}{_DIGITS[first]}{_PAIRS[pair]}{_DIGITS[middle]}{_PAIRS[last]}"
        f"{_prefix_check(prefix)}{_CHECK[_CAPITALS[first] << 4]}{_CHECK[letters]}"
    )


@cache
def _prefix_check(prefix: str) -> str:
    return checksum(prefix + _POD + "0" * 6)[0]


class Serials:
    """Hands out ids, one sequence per prefix."""

    def __init__(self) -> None:
        self._counters: dict[str, itertools.count[int]] = {}

    def next(self, prefix: str) -> str:
        counter = self._counters.get(prefix)
        if counter is None:
            counter = self._counters.setdefault(prefix, itertools.count(1))
        return make_id(prefix, next(counter))
