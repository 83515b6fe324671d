"""The scoring model: every weight, prior, half-life, threshold and minute that scoring uses, as one frozen value.

Two models with the same numbers have the same hash; a score carries `version_string`, so that any written number can be
traced to the numbers behind it. Sources of the defaults: `docs/the-scores.md`.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from connectors.errors import ConfigError
from enrichment.words import ENGLISH, Words

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]
Shares = dict[str, Share]

BENEFIT = ("share_of_wallet", "strategic_importance", "mission_criticality", "purchase_burden", "reliance")
COST = ("contract_lock", "installed_base", "tenure", "non_modularity", "scarcity")
COMPONENTS = BENEFIT + COST
CHANNELS = ("email", "call", "meeting", "case")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Component(_Part):
    """`weight` within half and one and a half times the default of 1 (a learnt one: see `Calibration`); `prior` stands in
    for a value that is missing."""

    weight: float = Field(default=1.0, ge=0.0, le=5.0)
    prior: Share


def _prior(value: float) -> Any:
    return Field(default=Component(prior=value))


class Components(_Part):
    """What customer dependence is made of: five reasons to want us, five that make it hard to leave."""

    share_of_wallet: Component = _prior(0.30)
    strategic_importance: Component = _prior(0.40)
    mission_criticality: Component = _prior(0.40)
    purchase_burden: Component = _prior(0.20)
    reliance: Component = _prior(0.30)
    contract_lock: Component = _prior(0.30)
    installed_base: Component = _prior(0.30)
    tenure: Component = _prior(0.40)
    non_modularity: Component = _prior(0.40)
    scarcity: Component = _prior(0.40)

    def __getitem__(self, name: str) -> Component:
        component: Component = getattr(self, name)
        return component


class Dependence(_Part):
    """Half-points are where a component or part reaches one half."""

    exponent: float = Field(default=0.5, ge=0.3, le=0.7)
    burden_half_point: Positive = 0.01
    reliance_half_point: Positive = 2.0
    reliance_half_life_days: Positive = 180.0
    lock_months: Positive = 24.0
    installed_half_point: Positive = 3.0
    tenure_half_life_years: Positive = 3.0
    lookback_days: int = Field(default=730, ge=31, le=730)
    contracts_recorded_share: Share = 0.01
    rivals_recorded_share: Share = 0.10
    revenue_half_point: Positive = 0.10
    pipeline_half_point: Positive = 0.10
    months_half_point: Positive = 6.0
    hours_half_point: Positive = 0.05
    importance_prior: Share = 0.10
    replacement_prior: Share = 0.30
    symmetry_floor: NotNegative = 10.0
    deal_half_point: Positive = 0.25


class Minutes(_Part):
    """Minutes for acts that have no length of their own; e-mail after Microsoft's published 5 and 2.5."""

    email_write: NotNegative = 5.0
    email_read: NotNegative = 2.5
    call_not_connected: NotNegative = 2.0
    call_unknown_length: NotNegative = 5.0
    meeting_unknown_length: NotNegative = 30.0
    case_raised: NotNegative = 10.0
    case_reply: NotNegative = 5.0
    act_cap: Positive = 480.0
    person_day_cap: Positive = 600.0


class CaptureRates(_Part):
    """The share of the customer's acts that reaches the CRM, per channel: their minutes are divided by it."""

    email: Rate = 1.0
    call: Rate = 1.0
    meeting: Rate = 1.0
    case: Rate = 1.0


class Effort(_Part):
    window_days: int = Field(default=365, ge=90, le=730)
    half_life_days: Positive = 90.0
    recent_days: int = Field(default=90, ge=7, le=365)
    contact_days: int = Field(default=180, ge=7, le=730)
    meeting_counting: Literal["heads", "once"] = "heads"
    count_mail_read: bool = True
    exclude_automated: bool = True
    minutes: Minutes = Minutes()
    capture_rates: CaptureRates = CaptureRates()


class Reciprocity(_Part):
    k0_minutes: NotNegative = 30.0
    initiation_kappa: NotNegative = 6.0
    reply_kappa: NotNegative = 4.0
    reply_half_life_hours: Positive = 24.0
    reply_within_days: int = Field(default=7, ge=1, le=30)
    least_items: int = Field(default=3, ge=1)
    least_peers: int = Field(default=20, ge=2)


class Deals(_Part):
    half_life_days: Positive = 30.0
    k0_minutes: Positive = 15.0
    momentum_days: int = Field(default=30, ge=7, le=180)
    momentum_least_age_days: int = Field(default=45, ge=0)
    late_stage_probability: Share = 0.6
    chase_days: int = Field(default=21, ge=1)


class Stance(_Part):
    high: Percent = 60.0
    low: Percent = 40.0
    balance: Percent = 30.0
    protect_asymmetry: Percent = 20.0
    hysteresis: float = Field(default=5.0, ge=0, le=20)


class Reclaim(_Part):
    """`reference_hours` are seller hours per 90 days on an account like those that are won or renewed."""

    reference_hours: NotNegative = 8.0
    reference_hours_by_segment: dict[str, NotNegative] = {}
    base_share: Share = 0.25
    least_evidence_hours: NotNegative = 1.0


class Evidence(_Part):
    """`dependence_fades_with`: whose newest commercial record tells how old the evidence of a customer's dependence is,
    for its null rule only: the account's own (silence is unknown), or the organisation's (records keep coming, so that
    this customer bought nothing is known)."""

    dependence_fades_with: Literal["account", "organisation"] = "account"
    least_confidence: Percent = 25.0
    acts_half_point: Positive = 8.0
    fresh_days: NotNegative = 30.0
    fade_days: Positive = 180.0
    channel_days: int = Field(default=90, ge=7)


class Families(_Part):
    """Product family -> 0..1, which CRM data cannot tell. Empty maps leave their component missing."""

    strategic: Shares = {}
    critical: Shares = {}
    modular: Shares = {}


class Calendar(_Part):
    """Business hours are Monday to Friday in the zone of the one who answers."""

    day_starts_at_hour: int = Field(default=9, ge=0, le=23)
    day_hours: int = Field(default=8, ge=1, le=24)
    fiscal_year_starts_in_month: int = Field(default=1, ge=1, le=12)


class Accounts(_Part):
    """`customer_types`: only these account types are scored (none named: all); `excluded_types` never are."""

    customer_types: tuple[str, ...] = ()
    excluded_types: tuple[str, ...] = ()


class Calibration(_Part):
    """What `bothways calibrate` learnt the component weights from. Weights beside it may be anything from 0, with a mean
    of 1 in each group; without it they are set by hand, within half and one and a half."""

    outcome: str
    learnt_from: tuple[datetime, ...]
    tested_on: datetime
    replaces: str


class ScoringModel(_Part):
    """Everything that scoring is told. Frozen; refuses unknown keys and numbers out of bounds."""

    version: str = Field(default="1.1.0", pattern=r"^\d+\.\d+\.\d+$")
    corporate_currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    components: Components = Components()
    dependence: Dependence = Dependence()
    effort: Effort = Effort()
    reciprocity: Reciprocity = Reciprocity()
    deals: Deals = Deals()
    stance: Stance = Stance()
    reclaim: Reclaim = Reclaim()
    evidence: Evidence = Evidence()
    families: Families = Families()
    wallet_per_employee: dict[str, Positive] = {}
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
        """Eight hexadecimal digits that change with any number of the model: not with its version, its words, or where learnt weights came from."""
        numbers = json.dumps(
            self.model_dump(mode="json", exclude={"version", "calibration", "words"}),
            sort_keys=True,
            separators=(",", ":"),
        )
        return hashlib.sha256(numbers.encode()).hexdigest()[:8]

    @property
    def version_string(self) -> str:
        """What is written on every record: `1.1.0+ab12cd34`."""
        return f"{self.version}+{self.hash}"

    @classmethod
    def from_toml(cls, text: str, source: str) -> ScoringModel:
        """The model that a TOML text describes; absent keys keep their defaults.

        `source` names the file in errors. Raises ConfigError naming the file, the key, what is wrong and what is allowed.
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
