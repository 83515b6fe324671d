"""Record ids as Salesforce makes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.emulator.salesforce.store.ids import checksum, make_id, to_18

SERIALS = st.integers(0, 62**6 - 1)
KNOWN = ["0017e00001W4GYRAA3", "0057e00000RtpbzAAB", "0057e00000RmwSWAAZ", "01254000001upcKAAQ", "012000000000000AAA"]
"""Ids of real organisations, as recorded."""


def test_the_checksum_is_that_of_real_ids():
    assert [known[:15] + checksum(known[:15]) for known in KNOWN] == KNOWN


@given(st.sampled_from(["001", "00K", "00k", "0PS", "02s"]), SERIALS)
def test_ids_carry_their_own_checksum(prefix, serial):
    made = make_id(prefix, serial)
    assert (18, prefix, made) == (len(made), made[:3], to_18(made))
    assert made == to_18(made[:15])


@given(SERIALS, SERIALS)
def test_ids_of_a_prefix_sort_as_their_numbers(one, two):
    assert (one < two) == (make_id("001", one) < make_id("001", two))


def test_what_is_no_id_is_none():
    assert [to_18(text) for text in ("", "001", "001Bw0000000001XXX", "001-w0000000001")] == [None] * 4
