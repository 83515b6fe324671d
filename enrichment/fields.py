"""The catalogue of properties that we own: the single source of names, types, scales, help texts and profiles.

Codes (A1..A24, O1..O12) are those of `docs/the-scores.md`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from connectors.base import PropertySpec
from connectors.records import Stream
from enrichment.former import FORMER_LABELS, FORMER_STANCES

Profile = Literal["essential", "full"]

STANCES: tuple[tuple[str, str], ...] = (
    ("respond", "Answer them"),
    ("prospect", "Win the deal first"),
    ("lapsed", "Gone quiet"),
    ("insufficient_evidence", "Not enough data"),
    ("protect", "Protect: we rely on them"),
    ("partner", "Plan together"),
    ("earn_value", "Earn loyalty"),
    ("build_close", "Stay close"),
    ("test_reciprocity", "Ask for something back"),
    ("maintain", "Keep going"),
    ("rebalance", "Spend less time"),
    ("keep_transactional", "Keep it simple"),
)
DEAL_STANCES: tuple[tuple[str, str], ...] = (
    ("advance", "Advance"),
    ("ask_for_effort", "Ask for effort"),
    ("respond", "Respond"),
    ("price_led", "Price led"),
    ("do_not_chase", "Do not chase"),
    ("closed", "Closed"),
    ("insufficient_evidence", "Insufficient evidence"),
)
_OURS = "Written by bothways; edits are overwritten."
_INDEX = "An index, not a probability."


def _score(stream: Stream, name: str, label: str, text: str, *, index: bool = True) -> PropertySpec:
    return PropertySpec(
        name, stream, label, "number", f"{text} {_INDEX} {_OURS}" if index else f"{text} {_OURS}", scale=1, precision=4
    )


def _hours(stream: Stream, name: str, label: str, text: str) -> PropertySpec:
    return PropertySpec(name, stream, label, "number", f"{text} {_OURS}", scale=1, precision=8)


def _count(stream: Stream, name: str, label: str, text: str) -> PropertySpec:
    return PropertySpec(name, stream, label, "integer", f"{text} {_OURS}", precision=5)


def _text(stream: Stream, name: str, label: str, text: str) -> PropertySpec:
    return PropertySpec(name, stream, label, "string", f"{text} {_OURS}", length=255)


def _time(stream: Stream, name: str, label: str, text: str) -> PropertySpec:
    return PropertySpec(name, stream, label, "datetime", f"{text} {_OURS}")


_A: Stream = "accounts"
_O: Stream = "opportunities"

ACCOUNT_FIELDS: tuple[PropertySpec, ...] = (
    _score(
        _A,
        "bothways_customer_dependence",
        "They need us",
        "0-100: how much they need us. High: a close relation is wanted and worth it.",
    ),
    _score(_A, "bothways_dependence_benefit", "They need us: for value", "0-100: need by value; predicts expansion."),
    _score(
        _A,
        "bothways_dependence_cost",
        "They need us: cost to leave",
        "0-100: need by lock-in; holds them, does not make them like us.",
    ),
    _score(_A, "bothways_seller_dependence", "We need them", "0-100: how much we need them."),
    _score(_A, "bothways_mutual_dependence", "At stake for both", "0-100: how much is at stake for both."),
    _score(
        _A,
        "bothways_dependence_asymmetry",
        "Who needs whom more",
        "-100..100: above 0 they need us more; below 0 we need them more.",
    ),
    _score(
        _A,
        "bothways_dependence_symmetry",
        "How equal the need is",
        "0-100: how equal the two dependences are; read with mutual dependence.",
    ),
    _hours(_A, "bothways_seller_effort_hours", "Our hours (90 days)", "Hours we spent in the last 90 days."),
    _hours(_A, "bothways_customer_effort_hours", "Their hours (90 days)", "Hours they spent in the last 90 days."),
    _score(_A, "bothways_reciprocity_index", "Two-way effort", "0-100: demonstrated two-way effort; 0 is all one way."),
    _score(
        _A, "bothways_reciprocity_balance", "Balance of effort", "-100..100: above 0 we chase; below 0 they chase us."
    ),
    _score(
        _A,
        "bothways_reciprocity_vs_book",
        "Balance against similar customers",
        "Percentile of the balance among accounts of the same segment.",
        index=False,
    ),
    _score(
        _A,
        "bothways_customer_initiation_share",
        "Conversations they start (%)",
        "Who picks up the phone first: the customer's share.",
        index=False,
    ),
    _score(_A, "bothways_customer_responsiveness", "How well they answer", "0-100: do they answer us, and how fast."),
    _score(_A, "bothways_seller_responsiveness", "How well we answer", "0-100: do we answer them, and how fast."),
    _hours(
        _A, "bothways_customer_reply_hours", "Their reply time (business h)", "Median business hours until they reply."
    ),
    _hours(_A, "bothways_seller_reply_hours", "Our reply time (business h)", "Median business hours until we reply."),
    _count(
        _A,
        "bothways_two_way_contacts",
        "People who act on their side",
        "Customer people who did something of their own in 180 days.",
    ),
    PropertySpec(
        "bothways_stance",
        _A,
        "What to do",
        "enumeration",
        f"What to do: the posture that fits need and effort. {_OURS}",
        options=STANCES,
        former=FORMER_STANCES,
    ),
    _hours(
        _A,
        "bothways_reclaimable_hours",
        "Hours to win back",
        "An estimate of the time you can take back, per 90 days.",
    ),
    _score(
        _A,
        "bothways_confidence",
        "How sure",
        "0-100: how far to trust these scores. 70 high, 40 medium, 25 low.",
        index=False,
    ),
    _score(
        _A,
        "bothways_confidence_dependence",
        "How sure of the need",
        "0-100: how far to trust what is said of who needs whom.",
        index=False,
    ),
    _score(
        _A,
        "bothways_confidence_effort",
        "How sure of the effort",
        "0-100: how far to trust what is said of who does what.",
        index=False,
    ),
    _score(
        _A, "bothways_coverage", "Data we have (%)", "How much of the data that the scores want is there.", index=False
    ),
    _text(_A, "bothways_top_drivers", "Why", "The reasons, in words."),
    _time(_A, "bothways_asof", "Scored as of", "The moment whose facts were scored."),
    _text(_A, "bothways_model_version", "Model version", "Version and hash of the scoring model."),
)
OPPORTUNITY_FIELDS: tuple[PropertySpec, ...] = (
    _score(
        _O,
        "bothways_deal_reciprocity_index",
        "Two-way effort on this deal",
        "0-100: demonstrated two-way effort on this deal.",
    ),
    _score(
        _O,
        "bothways_deal_reciprocity_balance",
        "Balance of effort on this deal",
        "-100..100: above 0 we chase; below 0 they chase us.",
    ),
    _hours(
        _O,
        "bothways_deal_customer_effort_hours",
        "Their hours on this deal",
        "Hours they spent over the life of the deal.",
    ),
    _hours(
        _O, "bothways_deal_seller_effort_hours", "Our hours on this deal", "Hours we spent over the life of the deal."
    ),
    _score(
        _O,
        "bothways_deal_momentum",
        "Momentum of this deal",
        "-100..100: their share of the effort, last 30 days against the 30 before.",
    ),
    _count(
        _O,
        "bothways_deal_two_way_contacts",
        "People who act on this deal",
        "Customer people with acts of their own on this deal.",
    ),
    _count(
        _O,
        "bothways_deal_days_since_customer_act",
        "Days since they acted",
        "Days since they last did something on this deal.",
    ),
    _score(
        _O,
        "bothways_deal_customer_dependence",
        "They need this deal",
        "0-100: how much they need what this deal is about.",
    ),
    _score(
        _O,
        "bothways_deal_seller_dependence",
        "We need this deal",
        "0-100: how much the owner's quarter needs this deal.",
    ),
    _score(
        _O,
        "bothways_deal_asymmetry",
        "Who needs this deal more",
        "-100..100: above 0 they need it more; below 0 we do.",
    ),
    PropertySpec(
        "bothways_deal_stance",
        _O,
        "What to do on this deal",
        "enumeration",
        f"What to do on this deal. {_OURS}",
        options=DEAL_STANCES,
    ),
    _score(
        _O, "bothways_deal_confidence", "How sure on this deal", "0-100: how far to trust these scores.", index=False
    ),
    _text(_O, "bothways_deal_top_drivers", "Why, on this deal", "The reasons, in words."),
    _time(_O, "bothways_deal_asof", "Deal scored as of", "The moment whose facts were scored."),
    _text(_O, "bothways_deal_model_version", "Deal model version", "Version and hash of the scoring model."),
)
ACCOUNT_FIELDS, OPPORTUNITY_FIELDS = (
    tuple(replace(spec, former_label=FORMER_LABELS.get(spec.name, "")) for spec in specs)
    for specs in (ACCOUNT_FIELDS, OPPORTUNITY_FIELDS)
)
FIELDS: tuple[PropertySpec, ...] = ACCOUNT_FIELDS + OPPORTUNITY_FIELDS

_ESSENTIAL = frozenset(
    {
        "bothways_stance",
        "bothways_customer_dependence",
        "bothways_seller_dependence",
        "bothways_reciprocity_balance",
        "bothways_reclaimable_hours",
        "bothways_top_drivers",
        "bothways_confidence",
        "bothways_asof",
        "bothways_deal_stance",
        "bothways_deal_reciprocity_balance",
        "bothways_deal_customer_dependence",
        "bothways_deal_top_drivers",
        "bothways_deal_confidence",
        "bothways_deal_asof",
    }
)


def fields(profile: Profile) -> tuple[PropertySpec, ...]:
    """The properties of a profile: `essential` (8 on an account, 6 on an opportunity) or `full`."""
    return FIELDS if profile == "full" else tuple(f for f in FIELDS if f.name in _ESSENTIAL)


def as_of_field(stream: Stream) -> str:
    """The property that carries the moment a record was scored for."""
    return "bothways_asof" if stream == "accounts" else "bothways_deal_asof"
