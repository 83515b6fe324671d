"""The sections of the scoring model: one class per table of `config/model.toml`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

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
"""What channel coverage is a share of."""
KINDS = (*CHANNELS, "message")
"""What acts are counted by."""


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Component(Section):
    """`weight` within half and one and a half times the default of 1 (a learnt one: see `Calibration`); `prior` stands
    in for a value that is missing.
    """

    weight: float = Field(default=1.0, ge=0.0, le=5.0)
    prior: Share


def _prior(value: float) -> Any:
    return Field(default=Component(prior=value))


class Components(Section):
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


class Dependence(Section):
    """Half-points are where a component or part reaches one half."""

    exponent: float = Field(default=0.5, ge=0.3, le=0.7)
    burden_half_point: Positive = 0.01
    reliance_half_point: Positive = 2.0
    reliance_half_life_days: Positive = 180.0
    lock_months: Positive = 24.0
    installed_half_point: Positive = 3.0
    tenure_half_life_years: Positive = 3.0
    contract_month_weight: Share = 0.5
    lookback_days: int = Field(default=730, ge=31, le=730)
    contracts_recorded_share: Share = 0.01
    rivals_recorded_share: Share = 0.10
    revenue_half_point: Positive = 0.10
    pipeline_half_point: Positive = 0.20
    strategic_importance: Share = 0.6
    months_half_point: Positive = 6.0
    hours_half_point: Positive = 0.05
    importance_prior: Share = 0.10
    replacement_prior: Share = 0.30
    symmetry_floor: NotNegative = 10.0
    deal_half_point: Positive = 0.25


class Minutes(Section):
    """Minutes for acts that have no length of their own; e-mail after Microsoft's published 5 and 2.5."""

    email_write: NotNegative = 5.0
    email_read: NotNegative = 2.5
    message_write: NotNegative = 3.0
    message_read: NotNegative = 1.5
    call_not_connected: NotNegative = 2.0
    call_unknown_length: NotNegative = 5.0
    meeting_unknown_length: NotNegative = 30.0
    case_raised: NotNegative = 10.0
    case_reply: NotNegative = 5.0
    act_cap: Positive = 480.0
    person_day_cap: Positive = 600.0


class Opening(Section):
    """Minutes charged to the side that opens a call or a meeting, whether or not it takes place."""

    call: NotNegative = 5.0
    meeting: NotNegative = 15.0


class CaptureRates(Section):
    """The share of the customer's acts that reaches the CRM, per channel: their minutes are divided by it."""

    email: Rate = 1.0
    message: Rate = 1.0
    call: Rate = 1.0
    meeting: Rate = 1.0
    case: Rate = 1.0


class Effort(Section):
    window_days: int = Field(default=365, ge=90, le=730)
    half_life_days: Positive = 90.0
    recent_days: int = Field(default=90, ge=7, le=365)
    contact_days: int = Field(default=180, ge=7, le=730)
    meeting_counting: Literal["heads", "once"] = "heads"
    count_mail_read: bool = True
    exclude_automated: bool = True
    automatic_senders: tuple[str, ...] = (
        "noreply",
        "no-reply",
        "donotreply",
        "mailer-daemon",
        "postmaster",
        "notification",
        "notifications",
        "alert",
        "alerts",
    )
    minutes: Minutes = Minutes()
    opening: Opening = Opening()
    capture_rates: CaptureRates = CaptureRates()


class Reciprocity(Section):
    k0_minutes: NotNegative = 30.0
    initiation_kappa: NotNegative = 6.0
    reply_kappa: NotNegative = 4.0
    reply_half_life_hours: Positive = 24.0
    reply_within_days: int = Field(default=7, ge=1, le=30)
    least_items: int = Field(default=3, ge=1)
    least_peers: int = Field(default=20, ge=2)
    least_threads: int = Field(default=20, ge=1)
    least_begun: Share = 0.02


class Deals(Section):
    half_life_days: Positive = 30.0
    k0_minutes: Positive = 15.0
    momentum_days: int = Field(default=30, ge=7, le=180)
    momentum_least_age_days: int = Field(default=45, ge=0)
    late_stage_probability: Share = 0.6
    chase_days: int = Field(default=21, ge=1)


class Stance(Section):
    high: Percent = 60.0
    low: Percent = 40.0
    balance: Percent = 30.0
    leaning: Percent = 15.0
    protect_asymmetry: Percent = 20.0
    protect_times_mean: Positive = 1.5
    protect_share: Share = 0.25
    answered: Percent = 60.0
    least_unanswered: int = Field(default=5, ge=1)
    unanswered_share: Share = 0.5
    cases_left: Share = 0.1
    few_openings: Percent = 15.0
    least_openings: int = Field(default=10, ge=1)
    usual_openings: Percent = 20.0
    quiet_days: int = Field(default=60, ge=7)
    least_asked: int = Field(default=3, ge=1)
    least_hours: NotNegative = 1.0
    hysteresis: float = Field(default=5.0, ge=0, le=20)


class Reclaim(Section):
    """`reference_hours` are seller hours per 90 days on an account like those that buy: they stand in where fewer than
    `least_references` of those are known. Hours set by segment go before what is measured."""

    reference_hours: NotNegative = 8.0
    least_references: int = Field(default=20, ge=1)
    least_reference_hours: NotNegative = 1.0
    reference_hours_by_segment: dict[str, NotNegative] = {}
    base_share: Share = 0.25
    least_evidence_hours: NotNegative = 1.0


class Evidence(Section):
    """`dependence_fades_with`: whose newest commercial record tells how old the evidence of a customer's dependence is,
    for its null rule only: the organisation's (records keep coming, so that this customer bought nothing is known), or
    the account's own. Where deals are entered late it is the account's own whatever is set. `silence`: whether an
    account without acts is known to be silent; "measured" tells from how many others have any.
    """

    dependence_fades_with: Literal["account", "organisation"] = "organisation"
    late_entry_days: NotNegative = 30.0
    late_entry_share: Share = 0.1
    late_entry_least_deals: int = Field(default=20, ge=1)
    silence: Literal["measured", "known", "unknown"] = "measured"
    silence_reach: Share = 0.5
    silence_reach_kept: Share = 0.45
    silence_mail_share: Share = 0.1
    silence_thirds_from: int = Field(default=30, ge=3)
    least_confidence: Percent = 25.0
    acts_half_point: Positive = 8.0
    fresh_days: NotNegative = 30.0
    fade_days: Positive = 180.0
    channel_days: int = Field(default=90, ge=7)


class Lifecycle(Section):
    """When a customer has lapsed. Days; `times_*` are multiples of the gaps between the days on which it bought."""

    recent_days: int = Field(default=365, ge=30)
    least_days: Positive = 180.0
    times_median: Positive = 2.0
    times_longest: Positive = 1.25
    otherwise_days: Positive = 400.0
    act_days: int = Field(default=180, ge=7)
    least_acts: int = Field(default=3, ge=1)
    selling_days: int = Field(default=90, ge=7)
    lost_days: int = Field(default=730, ge=1)
    least_unanswered: int = Field(default=3, ge=1)
    least_purchase_days: int = Field(default=3, ge=1)
    customer_words: tuple[str, ...] = ("customer", "client", "evangelist")


class Families(Section):
    """Product family -> 0..1, which CRM data cannot tell. Empty maps leave their component missing."""

    strategic: Shares = {}
    critical: Shares = {}
    modular: Shares = {}


class Calendar(Section):
    """Business hours are Monday to Friday in the zone of the one who answers."""

    day_starts_at_hour: int = Field(default=9, ge=0, le=23)
    day_hours: int = Field(default=8, ge=1, le=24)
    fiscal_year_starts_in_month: int = Field(default=1, ge=1, le=12)


class Accounts(Section):
    """`customer_types`: only these account types are scored (none named: all); `excluded_types` never are."""

    customer_types: tuple[str, ...] = ()
    excluded_types: tuple[str, ...] = ()
