"""The two halves of a record, for one account or a whole family: how much they need us, and who did what."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from oracle.acts import Act, Effort, effort, plain_minutes, read_acts
from oracle.books import Books, Row, Scope, Tables
from oracle.confidence import confident_in_effort, confident_in_need, known_with_organisation
from oracle.need import Need, components, need
from oracle.plain import balance, index, rounded
from oracle.replies import customer_replies, initiations, left_by_kind, seller_replies, unanswered

from enrichment.model import CHANNELS, ScoringModel

Number = float | None


@dataclass(frozen=True)
class Dependence:
    """A1 to A3, None by the null rule."""

    need: Need
    confidence: float
    knowledge: float  # what the null rule asks
    a1: Number
    a2: Number
    a3: Number


@dataclass(frozen=True)
class Engagement:
    """A8 to A17 and what the stance and the hours need besides, unrounded."""

    work: Effort
    confidence: float
    balance: float  # unrounded, 0 without acts
    hours: tuple[float, float]
    hours_known: bool
    unsigned_lately: bool
    discretionary: float
    of_their_own: float
    openings: tuple[int, int]
    unanswered: tuple[int, int]
    unanswered_cases: tuple[int, int]
    replied: tuple[int, int]  # theirs to ours
    we_replied: tuple[int, int]  # ours to theirs
    acts_of: tuple[int, int]  # ours and theirs, of the year
    a10: Number
    a11: Number
    a13: Number
    a14: Number
    a15: Number
    reply_hours: tuple[Number, Number]
    a17: int
    acts: list[Act] = field(default_factory=list)  # all known, of whatever age


class Organisation:
    """Books, acts and habits of one organisation at one as-of."""

    def __init__(self, tables: Tables, as_of: datetime, model: ScoringModel, copies: int = 1) -> None:
        self.as_of, self.model = as_of, model
        self.books = Books(tables, as_of, model, copies)
        self.all_acts = read_acts(tables, as_of, model)
        self.acts: dict[int, list[Act]] = defaultdict(list)
        for act in self.all_acts:
            self.acts[act.account].append(act)
        window = self.ago(model.effort.window_days)
        self.has_acts = any(a.at > window for a in self.all_acts)
        live = {a.channel for a in self.all_acts if a.at > self.ago(model.evidence.channel_days)}
        self.channel_coverage = len(live.intersection(CHANNELS)) / len(CHANNELS)
        self.theirs = customer_replies(self.all_acts, as_of, model)
        self.ours = seller_replies(self.all_acts, tables, as_of, model)
        opened = initiations(a for a in self.all_acts if a.at > window)
        self.usual_opening = opened[1] / sum(opened) if sum(opened) and self._openings_logged(window) else None
        late = model.deals.late_stage_probability
        self.late_deals = {
            d.key for d in self.books.deals if not d.closed and d.probability is not None and d.probability >= late
        }

    def _openings_logged(self, window: datetime) -> bool:
        """Not where hardly a thread of both sides was begun by a customer, nor where none of their mail is there."""
        rules, mails = self.model.reciprocity, [a for a in self.all_acts if a.channel == "email"]
        both = {a.thread for a in self.all_acts if a.by_customer}
        recent = [a for a in mails if a.at > window]
        began = sum(a.opens and a.by_customer for a in recent)
        answered = sum(a.opens and a.ours and a.thread is not None and a.thread in both for a in recent)
        ours, theirs = sum(a.ours for a in recent), sum(a.by_customer for a in recent)
        replies_only = began + answered >= rules.least_threads and began < rules.least_begun * (began + answered)
        return not replies_only and not (theirs == 0 and ours >= rules.least_threads)

    def ago(self, days: float) -> datetime:
        return self.as_of - timedelta(days=days)

    def known(self, confidence: float) -> bool:
        """Thresholds are tried on what people see."""
        return (rounded(confidence) or 0.0) >= self.model.evidence.least_confidence

    def since(self, scope: Scope, days: float) -> list[Act]:
        return [x for a in sorted(scope) for x in self.acts[a] if x.at > self.ago(days)]

    def dependence(self, head: Row | None, scope: Scope) -> Dependence:
        """Of a scope whose master data are the head's."""
        books, model = self.books, self.model
        found = need(components(books, head, scope), model, books.money_share(scope))
        newest = books.newest_record(scope)
        confidence = confident_in_need(found, newest, self.as_of, model)
        widely = known_with_organisation(books, scope)
        knowledge = confident_in_need(found, books.newest_anywhere if widely else newest, self.as_of, model)
        if not (found.observed and self.known(knowledge)):
            return Dependence(found, confidence, knowledge, None, None, None)
        return Dependence(
            found, confidence, knowledge, found.dependence, 100 * found.benefit, 100 * found.cost
        )  # fmt: skip

    def engagement(self, scope: Scope) -> Engagement:
        model, k0 = self.model, self.model.reciprocity.k0_minutes
        work = effort(self.since(scope, model.effort.window_days), self.as_of, model.effort.half_life_days)
        confidence = confident_in_effort(work, self.as_of, self.channel_coverage, model)
        seen = work.newest is not None and self.known(confidence)
        recent = self.since(scope, model.effort.recent_days)
        spent = plain_minutes(recent)
        wrote = {a.person for a in self.since(scope, model.effort.contact_days) if a.by_customer}
        return Engagement(
            work=work,
            confidence=confidence,
            balance=balance(work.seller, work.customer, k0) or 0.0,
            hours=(spent[0] / 60, spent[1] / 60),
            hours_known=any(a.signed for a in recent) or not recent,
            unsigned_lately=any(not a.signed for a in recent),
            discretionary=plain_minutes(a for a in recent if self.discretionary(a))[0] / 60,
            of_their_own=plain_minutes(a for a in recent if a.by_customer)[1] / 60,
            openings=initiations(work.acts),
            unanswered=unanswered(self.all_acts, scope, self.as_of, model),
            unanswered_cases=left_by_kind(self.all_acts, scope, self.as_of, model)["cases"],
            replied=self.theirs.counted(scope),
            we_replied=self.ours.counted(scope),
            acts_of=(sum(1 for a in work.acts if a.ours), sum(1 for a in work.acts if a.by_customer)),
            a10=index(work.seller, work.customer, k0) if seen else None,
            a11=balance(work.seller, work.customer, k0) if seen else None,
            a13=self._initiation(work.acts),
            a14=self.theirs.responsiveness(scope),
            a15=self.ours.responsiveness(scope),
            reply_hours=(self.theirs.hours(scope), self.ours.hours(scope)),
            a17=len(wrote - {None}),
            acts=[x for a in sorted(scope) for x in self.acts[a]],
        )

    def _initiation(self, acts: list[Act]) -> Number:
        rules, (ours, theirs) = self.model.reciprocity, initiations(acts)
        if ours + theirs < rules.least_items or self.usual_opening is None:
            return None
        kappa = rules.initiation_kappa
        return 100 * (theirs + kappa * self.usual_opening) / (ours + theirs + kappa)

    def discretionary(self, act: Act) -> bool:
        """We started it; it was no answer, no case work, not owed, on no open deal in a late stage."""
        if not act.ours or act.channel == "case" or act.case is not None or act.is_answer or act.mandated:
            return False
        return not act.deals & self.late_deals
