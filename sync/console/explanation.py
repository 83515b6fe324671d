"""An explanation as a page of text: stance and advice first, then what would change it, figures, components, effort,
history.
"""

from __future__ import annotations

from typing import Any

from enrichment.explain.explain import Explanation
from enrichment.fields import FIELDS
from enrichment.model import CHANNELS
from sync.console.output import Output, number
from sync.report.explain import Found, change_in_words, stance_label

_TEXTS = ("stance", "top_drivers", "model_version", "asof")
_HISTORY = ("customer_dependence", "seller_dependence", "reciprocity_balance", "confidence", "stance")


def show(output: Output, found: Found, link: str = "") -> None:
    """The explanation for people."""
    e = found.explanation
    scores = dict(e.scores)
    kind = "account" if found.stream == "accounts" else "deal"
    output.say(
        f"{found.name}  ({kind} {e.record_id}), as of {found.as_of[:16].replace('T', ' ')} UTC, model {e.model_version}"
    )
    if link:
        output.say(link)
    output.say(f"\n{stance_label(e.stance, deal=kind == 'deal')}: {e.advice}")
    output.say(f"  because {e.rule}")
    why = scores.get("bothways_top_drivers") or scores.get("bothways_deal_top_drivers")
    if why:
        output.say(f"  {why}")
    _changes(output, found)
    _scores(output, found)
    _components(output, e)
    _trust(output, e)
    _effort(output, e)
    _standing(output, e)
    _history(output, found)
    for reason in e.missing:
        output.say(f"Missing: {reason}")


def _changes(output: Output, found: Found) -> None:
    e, said = found.explanation, found.model.words.rules
    if e.stance == "closed":
        return
    if e.needs:
        output.say("\nWhat a stance needs:")
        for need in e.needs:
            output.say(f"  {need}")
        return
    output.say("\nWhat would change this stance (one number at a time):")
    for crossing in e.changes:
        output.say(f"  {change_in_words(crossing, said, deal=found.stream != 'accounts')}")
    if not e.changes:
        output.say(f"  {said['nothing']}")


def _scores(output: Output, found: Found) -> None:
    labels = {field.name: field.label for field in FIELDS}
    before = found.previous
    rows = [
        (labels.get(name, name), _value(value), _value(before.get(name)) if before else "")
        for name, value in found.explanation.scores
        if not name.endswith(_TEXTS)
    ]
    output.say("")
    output.table(("Score", "Now", "Before"), rows, right=(1, 2))


def _components(output: Output, e: Explanation) -> None:
    output.say("")
    output.table(
        ("Component", "Group", "Value", "Weight", "Prior", "Contribution", "From"),
        [
            (
                p.name.replace("_", " "),
                p.group,
                _value(p.value, 3),
                f"{p.weight:g}",
                f"{p.prior:.2f}" + (" used" if p.prior_used else ""),
                "" if p.contribution is None else f"{p.contribution:+.3f}",
                _from(p.words or p.fill, p.sources if p.value is not None else ()),
            )
            for p in e.parts
        ],
        right=(2, 3, 4, 5),
    )


def _from(words: str, sources: tuple[tuple[str, Any], ...]) -> str:
    told = ", ".join(f"{name.replace('_', ' ')} {_value(value, 2)}" for name, value in sources)
    return f"{words} ({told})" if told else words


def _trust(output: Output, e: Explanation) -> None:
    output.say(f"\nBenefit {number(e.benefit)}, cost to leave {number(e.cost)}.")
    output.say(
        f"Dependence: we know {100 * e.coverage_of_benefit:.0f}% of what makes the benefit and "
        f"{100 * e.coverage_of_cost:.0f}%"
        f" of what makes the cost to leave, so confidence is {number(e.confidence_in_dependence)}."
    )
    seen = round(len(CHANNELS) * e.coverage_of_channels)
    output.say(
        f"Effort: we see {seen} of {len(CHANNELS)} channels (e-mail, calls, meetings, cases), so confidence is"
        f" {number(e.confidence_in_effort)}{_known_silence(e)}."
    )


def _known_silence(e: Explanation) -> str:
    """What the written confidence has beyond what was seen; the two stand on one screen and have to agree."""
    own, written = e.confidence_in_effort, dict(e.scores).get("bothways_confidence_effort")
    if own is None or written is None or written < own + 0.1:
        return ""
    why = " since silence is known here" if dict(e.standing).get("silence_known") else " as written"
    return f", and {number(written)}{why}"


def _count(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def _effort(output: Output, e: Explanation) -> None:
    f = e.effort
    output.say(f"Effort, fading with age: we {f.seller_minutes:,.0f} min, they {f.customer_minutes:,.0f} min.")
    for channel, ours, theirs in f.counts:
        if ours or theirs:
            output.say(f"  {channel}: {_count(ours)} of ours, {_count(theirs)} of theirs")
    told = dict(f.habits)
    if told.get("initiated_seller") or told.get("initiated_customer"):
        usual = told.get("usual_initiation")
        output.say(
            f"  opened by us {told['initiated_seller']:,}, by them {told['initiated_customer']:,}"
            + (
                " (mail is logged only in part: who opens is unknown)"
                if usual is None
                else f" (usual here: they open {100 * usual:.0f}%)"
            )
        )
    for side, who in (("customer", "they"), ("seller", "we")):
        if told.get(f"asked_{side}"):
            usual = told.get(f"usual_{side}")
            output.say(
                f"  {who} answered {told[f'replies_{side}']:,} of {told[f'asked_{side}']:,} that were due"
                + ("" if usual is None else f" (usual promptness here: {100 * usual:.0f} of 100)")
            )


def _standing(output: Output, e: Explanation) -> None:
    """Where the customer stands, whether silence is known, what they opened, and what is the family's, each with its
    figures.
    """
    told = dict(e.standing)
    if "lifecycle" not in told:
        return
    output.say(f"Lifecycle: {told['lifecycle']}; {_bought(told)}.")
    known = "is" if told.get("silence_known") else "is not"
    judged = "; the stance rests on it" if told.get("by_silence") else ""
    output.say(
        f"Silence {known} known: {100 * told['logging_reach']:.0f}% of the customers like them have something logged in"
        f" a year, {100 * told['mail_share']:.0f}% of all wrote an e-mail lately{judged}."
    )
    for kind in ("threads", "cases"):
        opened = told.get(f"opened_{kind}", 0)
        if opened:
            output.say(
                f"  {kind} they opened lately and that are due: {opened:,}, of which {told[f'left_{kind}']:,} "
                f"saw no act of ours in time"
            )
    own = told.get("own_own_accord_hours")
    if own is not None:
        output.say(f"  of their own accord they spent {own:,.1f} h of the last 90 days")
    if told.get("stance_confidence") is not None:
        output.say(f"  the stance asks for confidence in effort: {number(told['stance_confidence'])}")
    shared = (("life", "lifecycle"), ("dependence", "dependence"), ("effort", "effort"))
    if of_family := [what for name, what in shared if told.get(f"with_family_{name}")]:
        output.say(f"  judged with its group: {', '.join(of_family)}")


def _bought(told: dict[str, Any]) -> str:
    """What the lifecycle was decided by."""
    if told.get("newest_end") is None:
        return "no purchase and no ended contract is recorded"
    found = f"the newest purchase or end of a contract was on {told['newest_end']}"
    lapse = told.get("lapse_days")
    return found if lapse is None else f"{found}, the usual wait is over after {lapse:,.0f} days"


def _history(output: Output, found: Found) -> None:
    if not found.history:
        return
    stem = "bothways_" if found.stream == "accounts" else "bothways_deal_"
    labels = {field.name: field.label for field in FIELDS}
    names = [f"{stem}{name}" for name in _HISTORY]
    output.say("")
    output.table(
        ("As of", *(labels.get(name, name) for name in names)),
        [(moment[:16], *(_value(scores.get(name)) for name in names)) for moment, scores in found.history],
        right=(1, 2, 3, 4),
    )


def _value(value: Any, decimals: int = 1) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.{decimals}f}" if isinstance(value, float) else str(value)
