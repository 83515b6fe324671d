"""Record ids."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce.ids import to_18

FIFTEEN = st.text(string.ascii_letters + string.digits, min_size=15, max_size=15)


def test_published_examples() -> None:
    assert to_18("001D000000IRFma") == "001D000000IRFmaIAH"
    assert to_18("0015000000TpMFw") == "0015000000TpMFwAAN"


@given(FIFTEEN)
def test_the_long_form_keeps_the_short_one_and_is_final(short: str) -> None:
    long = to_18(short)
    assert long[:15] == short
    assert to_18(long) == long


@given(FIFTEEN, FIFTEEN)
def test_ids_that_differ_in_case_alone_differ_without_case(a: str, b: str) -> None:
    assert (to_18(a).lower() == to_18(b).lower()) == (a == b)
    assert (to_18(a).lower() == to_18(a.swapcase()).lower()) == (a == a.swapcase())
