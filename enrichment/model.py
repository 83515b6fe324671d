"""The scoring model: every weight, prior, half-life, threshold and minute that scoring uses, as one frozen value.

Two models with the same numbers have the same hash; a score carries `version_string`, so that any written number can be
traced to the numbers behind it. Sources of the defaults: `docs/the-scores.md`.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from datetime import datetime

from pydantic import Field, ValidationError, field_validator, model_validator

from connectors.errors import ConfigError
from enrichment.sections import (
    BENEFIT,
    CHANNELS,
    COMPONENTS,
    COST,
    KINDS,
    Accounts,
    Calendar,
    Components,
    Deals,
    Dependence,
    Effort,
    Evidence,
    Families,
    Lifecycle,
    Positive,
    Reciprocity,
    Reclaim,
    Section,
    Stance,
)
from enrichment.words import ENGLISH, Words

__all__ = ["BENEFIT", "CHANNELS", "COMPONENTS", "COST", "KINDS", "Calibration", "ScoringModel"]


class Calibration(Section):
    """What `bothways calibrate` learnt the component weights and the exponent from. Learnt weights are within 0 and
    2, with a mean of 1 in each group (beyond 2 where the others of a group do not count); without it they are set by
    hand, within half and one and a half."""

    outcome: str
    learnt_from: tuple[datetime, ...]
    tested_on: datetime
    replaces: str


class ScoringModel(Section):
    """Everything that scoring is told. Frozen; refuses unknown keys and numbers out of bounds."""

    version: str = Field(default="2.0.0", pattern=r"^\d+\.\d+\.\d+$")
    corporate_currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    components: Components = Components()
    dependence: Dependence = Dependence()
    effort: Effort = Effort()
    reciprocity: Reciprocity = Reciprocity()
    deals: Deals = Deals()
    stance: Stance = Stance()
    reclaim: Reclaim = Reclaim()
    evidence: Evidence = Evidence()
    lifecycle: Lifecycle = Lifecycle()
    families: Families = Families()
    wallet_per_employee: dict[str, Positive] = Field(default={})
    calendar: Calendar = Calendar()
    accounts: Accounts = Accounts()
    calibration: Calibration | None = None
    words: Words = ENGLISH

    @model_validator(mode="after")
    def _by_hand(self) -> ScoringModel:
        if self.calibration is None:
            for name in COMPONENTS:
                if not 0.5 <= self.components[name].weight <= 1.5:
                    raise ValueError(
                        f"components.{name}.weight ({self.components[name].weight:g}) must be within 0.5 and 1.5; "
                        "only a model written by `bothways calibrate` may go beyond"
                    )
        return self

    @field_validator("stance")
    @classmethod
    def _ordered(cls, stance: Stance) -> Stance:
        if stance.low >= stance.high:
            raise ValueError(f"stance.low ({stance.low:g}) must be below stance.high ({stance.high:g})")
        return stance

    @property
    def hash(self) -> str:
        """Eight hexadecimal digits that change with any number of the model: not with its version, its words, or where
        learnt weights came from.
        """
        numbers = json.dumps(
            self.model_dump(mode="json", exclude={"version", "calibration", "words"}),
            sort_keys=True,
            separators=(",", ":"),
        )
        return hashlib.sha256(numbers.encode()).hexdigest()[:8]

    @property
    def version_string(self) -> str:
        """What is written on every record: `2.0.0+ab12cd34`."""
        return f"{self.version}+{self.hash}"

    @classmethod
    def from_toml(cls, text: str, source: str) -> ScoringModel:
        """The model that a TOML text describes; absent keys keep their defaults.

        `source` names the file in errors. Raises ConfigError naming the file, the key, what is wrong and what is
        allowed.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{source}: not valid TOML: {error}.", remedy="Correct the line it names.") from error
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise ConfigError(
                f"{source}: {faults}.", remedy="See the comments of the shipped config/model.toml for what is allowed."
            ) from error
