"""The scoring model: shipped file, bounds, hash."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors.errors import ConfigError
from enrichment.as_of import AsOf
from enrichment.model import ScoringModel

SHIPPED = Path(__file__).parents[2] / "config" / "model.toml"


def test_the_shipped_file_states_every_default():
    text = SHIPPED.read_text()
    assert ScoringModel.from_toml(text, "model.toml") == ScoringModel()
    keys = {
        name
        for part in ScoringModel().model_dump(exclude={"words"}).values()
        if isinstance(part, dict)
        for name in part
    }
    assert {key for key in keys if key not in text} == set()


def test_any_number_changes_the_hash_and_the_same_numbers_keep_it():
    one = ScoringModel.from_toml("[stance]\nbalance = 31", "m")
    assert one.hash != ScoringModel().hash
    assert one.version_string == ScoringModel(stance={"balance": 31}).version_string
    assert one.version_string.startswith("2.0.0+")
    assert len(one.hash) == 8


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[components]\ntenure = { weight = 1.6, prior = 0.4 }", "components.tenure.weight"),
        ("[dependence]\nexponent = 0.8", "dependence.exponent"),
        ("[effort.capture_rates]\nemail = 0", "effort.capture_rates.email"),
        ("[families.critical]\nPumps = 2", "families.critical.Pumps"),
        ("[stances]\nhigh = 70", "stances"),
        ("[stance]\nlow = 70", "stance.low (70) must be below stance.high (60)"),
        ("[stance", "not valid TOML"),
    ],
)
def test_a_wrong_model_is_refused_by_file_and_key(text, names):
    with pytest.raises(ConfigError) as raised:
        ScoringModel.from_toml(text, "our-model.toml")
    assert "our-model.toml" in str(raised.value)
    assert names in str(raised.value)


def test_a_model_cannot_be_changed():
    with pytest.raises(ValidationError):
        ScoringModel().version = "2.0.0"


def test_an_as_of_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="as_of must carry a time zone"):
        AsOf.at(datetime(2026, 6, 30))  # noqa: DTZ001
