"""Record ids: three characters of key prefix, pod and serial number in base 62, and the checksum that makes 15 into 18."""

from __future__ import annotations

import itertools
import re

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?\Z")
_POD = "Bw0000"


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
    digits = []
    for _ in range(6):
        serial, digit = divmod(serial, 62)
        digits.append(_DIGITS[digit])
    head = prefix + _POD + "".join(reversed(digits))
    return head + checksum(head)


class Serials:
    """Hands out ids, one sequence per prefix."""

    def __init__(self) -> None:
        self._counters: dict[str, itertools.count[int]] = {}

    def next(self, prefix: str) -> str:
        counter = self._counters.get(prefix)
        if counter is None:
            counter = self._counters.setdefault(prefix, itertools.count(1))
        return make_id(prefix, next(counter))
