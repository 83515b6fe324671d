"""The scores of an organisation in plain Python: `Reference(tables, as_of, model, previous)`, `.account_rows()`,
`.deal_rows()`.

Slow and literal, written from the specification of the model; it shares no formula with `enrichment`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from oracle import deals as deal_scores
from oracle import hours
from oracle.books import Scope, Tables
from oracle.decide import NONE, Case, stance, text
from oracle.figures import chasing
from oracle.halves import Dependence, Engagement, Organisation
from oracle.importance import importance
from oracle.leading import Leading
from oracle.plain import percentile, rounded
from oracle.standing import LAPSED, PROSPECT, Silence, Standing

from enrichment.model import ScoringModel

_STAMPS = {"bothways_asof", "bothways_model_version"}
Fields = dict[str, Any]
Previous = Mapping[str, Mapping[str, Any]]
"""By stream and id: the stance last decided, or a mapping of `stance`, `model_version`, `silence_known`."""


def _ours(before: Mapping[str, Any], model: ScoringModel) -> bool:
    """Decided by a model of this major version; unknown is taken to be."""
    version = before.get("model_version")
    return not version or version.split(".")[0] == model.version.split(".")[0]


def remembered(previous: Previous | None, stream: str, model: ScoringModel) -> dict[str, str]:
    """The stances last decided by a model of this major version."""
    kept = {}
    for record, before in ((previous or {}).get(stream) or {}).items():
        before = {"stance": before} if isinstance(before, str) else before
        if before.get("stance") and _ours(before, model):
            kept[record] = before["stance"]
    return kept


class Reference:
    """Everything that is worked out once for the whole organisation, and the fields of each record.

    `copies`: the organisation is what `tables` hold so many times over, with nothing shared but calendar, industries,
    currencies.
    """

    def __init__(
        self, tables: Tables, as_of: datetime, model: ScoringModel, previous: Previous | None = None, copies: int = 1
    ) -> None:
        self.copies, self.model, self.as_of = copies, model, as_of.replace(microsecond=0)
        self.previous = {s: remembered(previous, s, model) for s in ("accounts", "opportunities")}
        before = {
            i: bool(p.get("silence_known"))
            for i, p in ((previous or {}).get("accounts") or {}).items()
            if not isinstance(p, str) and _ours(p, model)
        }
        self.org = Organisation(tables, self.as_of, model, copies)
        self.books = self.org.books
        self.standing = Standing(self.books, self.org.acts)
        self.silence = Silence(self.books, self.org.acts, before)
        self.own = {a: self._halves(frozenset({a}), a) for a in self.books.accounts}
        self.family = {f: self._halves(m, f) if m != {f} else self.own[f] for f, m in self.books.members.items()}
        year = {a: e.work for a, (_, e) in self.own.items()}
        minutes = {a: sum(round(x.seller * 1e6) for x in w.acts) / 1e6 for a, w in year.items()}
        self.important = importance(self.books, minutes, copies)
        self.usual_hours = hours.Reference(self._paying(), model, copies)

    def _halves(self, scope: Scope, head: int) -> tuple[Dependence, Engagement]:
        return self.org.dependence(self.books.accounts.get(head), scope), self.org.engagement(scope)

    def _paying(self) -> list[tuple[str | None, float]]:
        """Segment and our hours of those that bought within a year and with whom something happened within 90 days."""
        recent = self.model.effort.recent_days
        return [
            (self.books.accounts[a]["industry"], e.hours[0])
            for a, (_, e) in self.own.items()
            if self.books.scored(a)
            and self.books.bought(frozenset({a}), 365)
            and any(x.at > self.org.ago(recent) and x.signed for x in e.acts)
        ]

    def account_rows(self) -> dict[str, Fields]:
        """Every account field but the reasons, by the CRM's id; numbers before rounding in `_raw`."""
        rows = {r["id"]: self._account(key) for key, r in self.books.accounts.items()}
        for account, record in self.books.accounts.items():
            if not self.books.scored(account):
                rows[record["id"]] |= dict.fromkeys(set(rows[record["id"]]) - _STAMPS) | {"bothways_stance": NONE}
                rows[record["id"]] |= {"_raw": {}, "_audit": {}, "_why": {}}
        self._rank(rows)
        return rows

    def deal_rows(self) -> dict[str, Fields]:
        """Every opportunity field but the reasons, by the CRM's id."""
        return deal_scores.rows(self.org, self.previous["opportunities"])

    def _account(self, account: int) -> Fields:
        model, record = self.model, self.books.accounts[account]
        head = account == record["family"]
        need, effort = self.family[account] if head else self.own[account]
        weight = self.important[record["family"]]
        case, reference = self._case(account, need, effort)
        chosen = stance(case, self.previous["accounts"].get(record["id"]), model)
        words = text(chosen, case, model)
        a1, a4 = need.a1, weight.score
        both = a1 is not None and a4 is not None
        organised = self.org.has_acts
        timed = organised and effort.hours_known
        halves = [case.need_confidence] * (self.books.sells or bool(self.books.assets)) + [case.confidence] * organised
        spare = hours.reclaimable(chosen, words, case.reclaimable) if organised else None
        covered = (need.need.benefit_coverage + need.need.cost_coverage) / 2
        raw = {
            "bothways_customer_dependence": a1,
            "bothways_dependence_benefit": need.a2,
            "bothways_dependence_cost": need.a3,
            "bothways_seller_dependence": a4,
            "bothways_mutual_dependence": (a1 + a4) / 2 if both else None,
            "bothways_dependence_asymmetry": a1 - a4 if both else None,
            "bothways_dependence_symmetry": self._symmetry(a1, a4) if both else None,
            "bothways_seller_effort_hours": effort.hours[0] if timed else None,
            "bothways_customer_effort_hours": effort.hours[1] if timed else None,
            "bothways_reciprocity_index": effort.a10,
            "bothways_reciprocity_balance": effort.a11,
            "bothways_customer_initiation_share": effort.a13,
            "bothways_customer_responsiveness": effort.a14,
            "bothways_seller_responsiveness": effort.a15,
            "bothways_customer_reply_hours": effort.reply_hours[0],
            "bothways_seller_reply_hours": effort.reply_hours[1],
            "bothways_reclaimable_hours": spare,
            "bothways_confidence": min(halves, default=0.0),
            "bothways_confidence_dependence": case.need_confidence,
            "bothways_confidence_effort": case.confidence,
            "bothways_coverage": 50 * (covered + self.org.channel_coverage),
        }
        return {
            **{name: rounded(value) for name, value in raw.items()},
            "bothways_two_way_contacts": effort.a17,
            "bothways_stance": chosen,
            "bothways_asof": self.as_of,
            "bothways_model_version": model.version_string,
            "_raw": raw,
            "_why": {"text": words, "case": case, "begins": self._begins(account, case, effort, chosen, words)},
            "_audit": {
                **{f"{k}_value": v for k, v in need.need.components.items()},
                "dependence_index": need.need.dependence,
                "benefit_coverage": need.need.benefit_coverage,
                "cost_coverage": need.need.cost_coverage,
                "conf_dependence": case.need_confidence,
                "known_dependence": need.knowledge,
                "conf_effort": case.effort_confidence,
                "seller_index": a4,
                "revenue_share": case.share if weight.bought else None,
                "es": effort.work.seller,
                "ec": effort.work.customer,
                "acts": effort.work.count,
                "discretionary_hours": effort.discretionary,
                "own_accord_hours": effort.of_their_own,
                "own_discretionary_hours": self.own[account][1].discretionary,
                "own_own_accord_hours": self.own[account][1].of_their_own,
                "expected_hours": case.expected,
                "reference_hours": reference,
                "spare_hours": rounded(case.reclaimable),
                "lifecycle": case.lifecycle,
                "logging_reach": self.silence.reach(account),
                "silence_known": self.silence.known(account),
                "entered_late": self.books.entered_late,
                "stance_confidence": rounded(case.confidence),
                "silent": case.silent and case.nothing_lately,
                "opened": case.due,
                "left_open": case.unanswered,
                "with_family_effort": case.judged_with_family,
                "text": words,
                "usual_customer": self.org.theirs.usual,
                "usual_seller": self.org.ours.usual,
                "usual_gap": self.standing.usual_gap,
            },
        }

    def _begins(self, account: int, case: Case, effort: Engagement, chosen: str, words: str) -> list[str]:
        """What the reasons begin with."""
        family = self.books.accounts[account]["family"]
        members = self.books.members[family] if account == family else frozenset({account})
        judged = self.family[family] if case.judged_with_family else (None, effort)
        figures = Leading(
            self.org,
            case,
            effort,
            judged[1],
            self.important[family],
            self.standing.scope(account),
            members,
            self.silence.reach(account) or 0.0,
        )
        return figures.texts(chosen, words)

    def _case(self, account: int, need: Dependence, effort: Engagement) -> tuple[Case, float]:
        """What the account is judged by: its own halves, the family's where one is unknown, else known silence."""
        model, record = self.model, self.books.accounts[account]
        head = record["family"]  # one that is not scored has no half to lend
        lends = head in self.books.accounts and self.books.scored(head)
        group_need, group_effort = self.family[head] if lends else (need, effort)
        judged, moving = need if need.a1 is not None or group_need.a1 is None else group_need, effort
        borrowed = effort.a11 is None and group_effort.a11 is not None
        if borrowed:
            moving = group_effort
        known = self.silence.known(account) and not effort.unsigned_lately
        silent = moving.a11 is None and known
        a11 = effort.balance if silent else rounded(moving.a11)
        floor = self.silence.confidence(account, self.org.channel_coverage) if known else 0.0
        own_confidence = max(effort.confidence, floor)
        confidence = max(own_confidence, moving.confidence)
        weight = self.important[record["family"]]
        a6 = None if judged.a1 is None or weight.score is None else judged.a1 - weight.score
        lifecycle = self.standing.of(account, judged.a1 is not None and weight.score is not None)
        own = self.books.members[account] if account == head else frozenset({account})
        past = chasing(self.org, own, self.standing.scope(account), effort, a11)
        reference = self.usual_hours.of(record["industry"])
        expected = hours.expected(judged.a1, reference, model)
        if lifecycle == LAPSED or (lifecycle == PROSPECT and past["quiet"]):
            expected = 0.0
        mine = self.own[account][1]  # hours of a family are its members' to take back
        spare = hours.spare(mine.discretionary, expected, mine.of_their_own, rounded(weight.score), model)
        return Case(
            lifecycle=lifecycle,
            a1=rounded(judged.a1),
            a2=rounded(judged.a2),
            a3=rounded(judged.a3),
            a4=rounded(weight.score),
            a6=rounded(a6),
            a11=a11,
            a13=rounded(moving.a13),
            a15=rounded(effort.a15),
            need_confidence=judged.confidence,
            effort_confidence=moving.confidence,
            judged_with_family=borrowed,
            silent=silent,
            confidence=confidence,
            seen=self.org.known(confidence),
            own_seen=self.org.known(own_confidence),
            openings=moving.openings[0],
            usual_opening=self.org.usual_opening,
            unanswered=effort.unanswered[0],
            due=effort.unanswered[1],
            cases_kept=self._cases_kept(effort),
            replied=moving.replied[0],
            asked=moving.replied[1],
            acts_of=moving.acts_of,
            nothing_lately=not any(x.at > self.org.ago(model.effort.recent_days) for x in effort.acts),
            giant=weight.giant,
            share=weight.share,
            seller_hours=effort.hours[0],
            unsigned=sum(1 for x in effort.work.acts if not x.signed),
            signed=sum(1 for x in effort.work.acts if x.signed),
            expected=expected,
            reclaimable=spare,
            **past,
        ), reference

    def _cases_kept(self, effort: Engagement) -> bool:
        rules, since = self.model.stance, self.org.ago(self.model.effort.recent_days)
        left, raised = effort.unanswered_cases
        wrote = [a for a in effort.acts if a.by_customer and a.at > since and not a.raised]
        wrote = [a for a in wrote if a.channel in ("email", "message", "case")]
        answered, due = effort.we_replied
        few = left <= rules.cases_left * raised and due - answered <= rules.cases_left * due
        return raised >= rules.least_unanswered and raised > len(wrote) and few

    def _symmetry(self, a1: float, a4: float) -> float | None:
        return None if a1 + a4 < self.model.dependence.symmetry_floor else 100 * 2 * min(a1, a4) / (a1 + a4)

    def _rank(self, rows: dict[str, Fields]) -> None:
        """A12: among the accounts' own balances in the same industry."""
        peers: dict[str | None, list[float]] = defaultdict(list)
        for account, (_, effort) in self.own.items():
            own = rounded(effort.a11)
            if own is not None and self.books.scored(account):
                peers[self.books.accounts[account]["industry"]].append(own)
        for record in self.books.accounts.values():
            row = rows[record["id"]]
            group, mine = peers[record["industry"]] * self.copies, row["bothways_reciprocity_balance"]
            enough = mine is not None and len(group) >= self.model.reciprocity.least_peers
            row["bothways_reciprocity_vs_book"] = rounded(percentile(mine, group)) if enough else None
