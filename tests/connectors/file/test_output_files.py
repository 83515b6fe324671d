"""What is written can be read back, is safe to open in a spreadsheet, and is replaced whole or not at all."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Change, PropertySpec
from connectors.errors import ConfigError, RetriableError, SchemaError
from connectors.file.output_files import from_cell, guard, to_cell, unguard
from enrichment.fields import ACCOUNT_FIELDS, FIELDS, fields

AS_OF = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)


def _change(record_id: str, **values: object) -> Change:
    return Change("accounts", record_id, values, f"run/accounts/{record_id}")


@pytest.fixture
def connector(folder):
    folder.put("accounts.csv", "id,name\n1,Acme\n2,Beta\n=3,Gamma\n")
    made = folder.connect()
    made.provision(FIELDS)
    return made


def _held(connector, name: str) -> dict[str, object]:
    return {r["id"]: r[name] for page in connector.read("accounts", None) for r in page.batch.to_pylist()}


@given(st.text() | st.text("'=+-@\t\r\0ab", max_size=4))
def test_guarding_is_undone_exactly_and_no_guarded_text_starts_a_formula(text: str) -> None:
    assert text == unguard(guard(text))
    assert not guard(text).startswith(("=", "+", "-", "@", "\t", "\r", "\0"))


_SAMPLES = {
    "number": st.floats(-1e6, 1e6).map(lambda x: round(x, 1)),
    "integer": st.integers(-(10**9), 10**9),
    "string": st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=255),
    "datetime": st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
}


@given(st.data())
def test_any_value_of_a_property_comes_back_from_its_cell(data: st.DataObject) -> None:
    spec = data.draw(st.sampled_from(FIELDS))
    codes = [code for code, _ in spec.options]
    value = data.draw(st.none() | (st.sampled_from(codes) if codes else _SAMPLES[spec.type]))
    assert value == from_cell(to_cell(value, spec), spec)


def test_what_was_written_is_held_at_the_next_read_and_null_clears(connector) -> None:
    values = {"bothways_stance": "partner", "bothways_customer_dependence": 41.5, "bothways_asof": AS_OF}
    results = list(
        connector.write([_change("1", **values), _change("=3", bothways_top_drivers='-2 of 3, "so"\nthere')])
    )
    assert [r.error for r in results] == [None, None]
    assert _held(connector, "bothways_stance") == {"1": "partner", "2": None, "=3": None}
    assert _held(connector, "bothways_customer_dependence") == {"1": 41.5, "2": None, "=3": None}
    assert _held(connector, "bothways_asof") == {"1": AS_OF, "2": None, "=3": None}
    assert _held(connector, "bothways_top_drivers")["=3"] == '-2 of 3, "so"\nthere'
    list(connector.write([_change("1", bothways_stance=None)]))
    assert (
        _held(connector, "bothways_stance")["1"],
        _held(connector, "bothways_customer_dependence")["1"],
    ) == (None, 41.5)


def test_text_cells_are_inert_in_a_spreadsheet_and_numbers_are_numbers(connector, folder) -> None:
    list(connector.write([_change("=3", bothways_top_drivers='=HYPERLINK("x")', bothways_reciprocity_balance=-12.5)]))
    with (folder.output / "accounts_scores.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (
        row["id"],
        row["bothways_top_drivers"],
        row["bothways_reciprocity_balance"],
    ) == ("'=3", '\'=HYPERLINK("x")', "-12.5")
    assert b"\r\n" in (folder.output / "accounts_scores.csv").read_bytes()


def test_an_unknown_record_is_gone_and_the_others_are_written(connector) -> None:
    results = list(connector.write([_change("9", bothways_stance="respond"), _change("2", bothways_stance="respond")]))
    assert [r.error and r.error.kind for r in results] == ["gone", None]
    assert _held(connector, "bothways_stance")["2"] == "respond"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bothways_stance", "nice"),
        ("bothways_customer_dependence", "high"),
        ("bothways_customer_dependence", float("nan")),
        ("bothways_customer_dependence", True),
        ("bothways_two_way_contacts", 1.5),
        ("bothways_top_drivers", "x" * 256),
        ("bothways_asof", "2024-01-01"),
        ("bothways_asof", datetime(2024, 1, 1)),  # noqa: DTZ001
    ],
)
def test_a_value_that_the_property_cannot_hold_is_rejected_alone(connector, name: str, value: object) -> None:
    refused, taken = connector.write([_change("1", **{name: value}), _change("2", bothways_stance="respond")])
    assert refused.error is not None
    assert (refused.error.kind, name in refused.error.message) == ("rejected", True)
    assert taken.error is None


def test_only_our_own_properties_are_written(connector) -> None:
    with pytest.raises(ConfigError, match="'name' is not a property of ours"):
        list(connector.write([_change("1", name="Mine")]))


def test_a_property_that_is_not_provisioned_is_told_before_anything_is_written(folder) -> None:
    folder.put("accounts.csv", "id\n1\n")
    connector = folder.connect()
    with pytest.raises(SchemaError, match="bothways provision"):
        list(connector.write([_change("1", bothways_stance="partner")]))
    assert not folder.output.exists()


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_file_as_it_was(
    connector, folder, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    list(connector.write([_change("1", bothways_stance="partner")]))
    before = (folder.output / "accounts_scores.csv").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(RetriableError, match="No space"):
        list(connector.write([_change("1", bothways_stance="respond")]))
    assert before == (folder.output / "accounts_scores.csv").read_bytes()
    assert sorted(p.name for p in folder.output.iterdir()) == ["accounts_scores.csv", "opportunities_scores.csv"]


def test_a_cell_that_a_person_spoilt_is_empty_and_told(connector, folder) -> None:
    list(connector.write([_change("1", bothways_customer_dependence=5.0)]))
    path = folder.output / "accounts_scores.csv"
    path.write_text(path.read_text().replace("5.0", "five"))
    pages = list(connector.read("accounts", None))
    assert [(r.record_id, r.field, r.source) for p in pages for r in p.rejects] == [
        ("1", "bothways_customer_dependence", "accounts_scores.csv")
    ]
    assert None is _held(connector, "bothways_customer_dependence")["1"]


def test_provision_plans_adds_and_is_idempotent(folder) -> None:
    folder.put("accounts.csv", "id\n1\n")
    connector = folder.connect()
    essential = fields("essential")
    assert 2 + len(essential) == len(connector.plan_provision(essential).to_do)
    assert not folder.output.exists()
    connector.provision(essential)
    assert connector.plan_provision(essential).to_do == ()
    list(connector.write([_change("1", bothways_stance="partner")]))
    connector.provision(FIELDS)
    assert connector.plan_provision(FIELDS).to_do == ()
    assert _held(connector, "bothways_stance")["1"] == "partner"


def test_unprovision_takes_away_what_provision_put_in(folder) -> None:
    folder.put("accounts.csv", "id\n1\n")
    connector = folder.connect()
    connector.provision(FIELDS)
    planned = connector.plan_unprovision(FIELDS)
    assert planned == connector.unprovision(FIELDS)
    assert not folder.output.exists()
    assert connector.unprovision(FIELDS).items == ()


def test_columns_and_files_of_other_people_stay(folder) -> None:
    folder.put("accounts.csv", "id\n1\n")
    folder.output.mkdir()
    (folder.output / "notes.txt").write_text("mine")
    (folder.output / "accounts_scores.csv").write_text("id,comment\n1,call them\n")
    connector = folder.connect()
    connector.provision(ACCOUNT_FIELDS)
    list(connector.write([_change("1", bothways_stance="partner")]))
    connector.unprovision(ACCOUNT_FIELDS)
    assert (folder.output / "accounts_scores.csv").read_bytes() == b"id,comment\r\n1,call them\r\n"
    assert (folder.output / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("taken", ["folder", "file"])
def test_a_path_taken_by_something_else_is_a_conflict_before_any_change(folder, taken: str) -> None:
    folder.put("accounts.csv", "id\n1\n")
    if taken == "folder":
        folder.output.write_text("a file")
    else:
        folder.output.mkdir()
        (folder.output / "accounts_scores.csv").write_text("nr,name\n1,x\n")
    connector = folder.connect()
    assert len(connector.plan_provision(FIELDS).conflicts) == 1
    with pytest.raises(SchemaError):
        connector.provision(FIELDS)
    assert not (folder.output / "opportunities_scores.csv").exists()


def test_specs_cover_every_type_the_cells_know() -> None:
    assert {s.type for s in FIELDS} | {"text"} == {"number", "integer", "string", "text", "enumeration", "datetime"}
    assert to_cell("=x", PropertySpec("n", "accounts", "N", "text", "")) == "'=x"
