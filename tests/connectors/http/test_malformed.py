"""What no check of an answer foresaw is a broken answer, not the end of the program."""

from __future__ import annotations

import pyarrow as pa
import pytest

from connectors.base import Page
from connectors.errors import RetriableError
from connectors.http.malformed import understood


def page(*ids):
    return Page("accounts", pa.record_batch({"id": pa.array(ids, pa.string())}), "cursor")


def test_pages_go_through_until_one_cannot_be_understood():
    def pages():
        yield page("A1")
        yield {}["id"]

    read = understood("HubSpot", pages())
    assert next(read).batch.column("id").to_pylist() == ["A1"]
    with pytest.raises(RetriableError, match=r"HubSpot .* cannot be understood \(KeyError at test_malformed\.py:\d+\)"):
        next(read)


def test_a_record_without_an_id_is_no_record():
    with pytest.raises(RetriableError, match="no id"):
        list(understood("Salesforce", iter([page("A1", None)])))
