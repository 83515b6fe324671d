"""Every word that a seller reads in a reason: the one place to edit or translate them.

A phrase has one whole-number figure, and may read differently when it is 0 or 1. Names and message content never occur.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LONGEST = 255
"""Characters of the drivers text: the shortest text field among the CRMs."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """`figure` is the audit column that fills `{n}`."""

    figure: str
    many: str
    zero: str | None = None
    one: str | None = None

    def text(self, n: int) -> str:
        """The phrase for a figure."""
        if n == 0 and self.zero is not None:
            return self.zero
        if n == 1 and self.one is not None:
            return self.one
        return self.many.replace("{n}", str(n))


ACCOUNT: Mapping[str, Phrase] = {
    "share_of_wallet": Phrase("share_of_wallet_figure", "{n}% of their spend is with us"),
    "strategic_importance": Phrase("strategic_importance_figure", "strategic importance {n} of 100"),
    "mission_criticality": Phrase("mission_criticality_figure", "mission-criticality {n} of 100"),
    "purchase_burden": Phrase(
        "purchase_burden_figure",
        "what they spend here is {n}% of their sales",
        "they spend under 1% of their sales here",
    ),
    "reliance": Phrase(
        "reliance_figure", "bought in {n} of the last 24 mo", "bought nothing in 24 mo", "bought in 1 of the last 24 mo"
    ),
    "contract_lock": Phrase(
        "contract_lock_figure", "contract runs {n} more mo", "no contract beyond this month", "contract ends in 1 mo"
    ),
    "installed_base": Phrase(
        "installed_base_figure", "{n} products in use", "no product of ours in use", "1 product in use"
    ),
    "tenure": Phrase("tenure_figure", "customer for {n} years", "customer for under a year", "customer for 1 year"),
    "non_modularity": Phrase("non_modularity_figure", "hard to replace piecemeal: {n} of 100"),
    "scarcity": Phrase(
        "scarcity_figure", "{n} rivals seen in 24 mo", "no rival seen in 24 mo", "1 rival seen in 24 mo"
    ),
}
DEAL: Mapping[str, Phrase] = {
    **ACCOUNT,
    "purchase_burden": Phrase(
        "purchase_burden_figure", "this deal is {n}% of their sales", "this deal is under 1% of their sales"
    ),
    "scarcity": Phrase("scarcity_figure", "{n} rivals on this deal", "no rival on this deal", "1 rival on this deal"),
}

EXCLUDED_TYPE = "not scored: this account type is left out"
NO_DATA = "no e-mail, call or meeting data in this organisation"
NO_ACTIVITY = "no activity recorded in {n} days"
THIN_ACTIVITY = "too little recent activity to judge effort"
THIN_COMMERCE = "too little commercial data to judge dependence"
NO_DEAL_ACTIVITY = "no activity recorded on this deal"
NO_SELLER_DEPENDENCE = "no revenue or pipeline recorded to judge our own dependence"
OLD_COMMERCE = Phrase("record_age_days", "newest deal, contract or asset is {n} d old: too old for advice")
NO_RATE = Phrase("unconvertible", "{n} amounts left out: no exchange rate", "", "1 amount left out: no exchange rate")
FROZEN = "closed: frozen as of its close"
WROTE = ("we wrote ", ", they wrote ", " ({n} d)")
HOURS = ("we spent ", " h, they spent ", " h")

FILLS: Mapping[str, str] = {
    "share_of_wallet": "map a wallet field, rivals' assets with prices, or a number of vendors; or set wallet_per_employee",
    "strategic_importance": "rate your product families under [families.strategic], or map a 0..1 field",
    "mission_criticality": "rate your product families under [families.critical], or map a 0..1 field",
    "purchase_burden": "fill the customer's annual revenue",
    "reliance": "record won deals with amounts and close dates, or contracts",
    "contract_lock": "record contract end dates",
    "installed_base": "record assets, or product families on deals",
    "tenure": "record won deals with close dates",
    "non_modularity": "rate your product families under [families.modular], or map a 0..1 field",
    "scarcity": "record competitors on closed deals",
}
ADVICE: Mapping[str, str] = {
    "protect": "We need them more than they need us. Do not cut effort: earn their need, and win others like them.",
    "respond": "They reach out and we do not. Answer, and name a second contact: the phone works both ways.",
    "partner": "Both sides need each other. Make a joint plan with pledges from both.",
    "earn_value": "They are locked in, not loyal. Deliver value now and do not count on expansion.",
    "build_close": "They need us. Invest: reassure them and commit first. If we do all the reaching, widen the contacts.",
    "test_reciprocity": "Ask for something from them before giving more.",
    "maintain": "Effort is in balance. Keep it as it is.",
    "rebalance": "They need us little and we give much. Reduce effort to what they give.",
    "keep_transactional": "They want an easy purchase and a sharp price. That is fine as it is.",
    "insufficient_evidence": "Not enough is known to advise. See what is missing.",
    "advance": "Both sides are at work. Take the next step.",
    "ask_for_effort": "We do most of the work. Ask them for a step before the next one of ours.",
    "price_led": "They need this little: it will be decided on price and ease.",
    "do_not_chase": "We chase and they have gone quiet. Stop until they move.",
    "closed": "Closed. The figures are those of the close.",
}
