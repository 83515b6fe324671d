"""The scores of an organisation in plain Python: `Reference(tables, as_of, model, previous).account_rows()`, `.deal_rows()`.

Slow and literal. Written from the definitions of `docs/the-scores.md`; it shares no formula with `enrichment`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from oracle.acts import Act, as_of_close, effort, plain_minutes, read_acts
from oracle.books import Books, Deal, Tables
from oracle.confidence import confident_in_effort, confident_in_need, knowledge_of_need
from oracle.decide import NONE, deal_stance, expected_hours, kept, reclaimable, stance
from oracle.need import Need, components, deal_need, need, seller_dependence
from oracle.plain import balance, days_between, index, percentile, rounded
from oracle.replies import customer_replies, initiations, seller_replies

from enrichment.model import CHANNELS, COMPONENTS, ScoringModel

_STAMPS = {"bothways_asof", "bothways_model_version"}
Fields = dict[str, Any]
Previous = Mapping[str, Mapping[str, str]]


def _enough(confidence: float, model: ScoringModel) -> bool:
    """Thresholds are tried on what people see."""
    return (rounded(confidence) or 0.0) >= model.evidence.least_confidence


class Reference:
    """Everything that is worked out once for the whole organisation, and the fields of each record.

    `copies`: the organisation is what `tables` hold so many times over, with nothing shared but calendar, industries, currencies.
    """

    def __init__(
        self, tables: Tables, as_of: datetime, model: ScoringModel, previous: Previous | None = None, copies: int = 1
    ) -> None:
        self.copies = copies
        self.as_of, self.model, self.previous = as_of.replace(microsecond=0), model, previous or {}
        as_of = self.as_of
        self.books = Books(tables, as_of, model)
        self.newest_anywhere = self.books.newest_anywhere
        self.all_acts = read_acts(tables, as_of, model)
        self.acts: dict[int, list[Act]] = defaultdict(list)
        for act in self.all_acts:
            self.acts[act.account].append(act)
        self.has_acts = any(a.at > self.ago(model.effort.window_days) for a in self.all_acts)
        live = {a.channel for a in self.all_acts if a.at > self.ago(model.evidence.channel_days)}
        self.channel_coverage = len(live) / len(CHANNELS)
        self.theirs = customer_replies(self.all_acts, as_of, model)
        self.ours = seller_replies(self.all_acts, tables, as_of, model)
        year = {a: plain_minutes(self.of_account(a, model.effort.window_days))[0] for a in self.books.accounts}
        self.a4 = seller_dependence(self.books, year, copies)
        self.needs = {a: self._need(a) for a in self.books.accounts}

    def ago(self, days: float) -> datetime:
        return self.as_of - timedelta(days=days)

    def of_account(self, account: int, days: float) -> list[Act]:
        return [a for a in self.acts[account] if a.at > self.ago(days)]

    def scored(self, account: int) -> bool:
        """Whether the account's type is one that is scored."""
        kind, rules = self.books.accounts[account]["type"], self.model.accounts
        if kind is None:
            return True
        wanted = not rules.customer_types or kind.lower() in {t.lower() for t in rules.customer_types}
        return wanted and kind.lower() not in {t.lower() for t in rules.excluded_types}

    def _need(self, account: int) -> Need:
        return need(components(self.books, account), self.model, self.books.money_share(account))

    # accounts

    def account_rows(self) -> dict[str, Fields]:
        """Every account field but the drivers, by the CRM's id; numbers before rounding in `_raw`."""
        rows = {r["id"]: self._account(key) for key, r in self.books.accounts.items()}
        for account, record in self.books.accounts.items():
            if not self.scored(account):
                rows[record["id"]] |= dict.fromkeys(set(rows[record["id"]]) - _STAMPS) | {"bothways_stance": NONE}
                rows[record["id"]] |= {"_raw": {}, "_audit": {}}
        self._rank(rows)
        return rows

    def _account(self, account: int) -> Fields:
        model, record, found = self.model, self.books.accounts[account], self.needs[account]
        newest = self.books.newest_record(account)
        dependence_confidence = confident_in_need(found, newest, self.as_of, model)
        knowledge = knowledge_of_need(found, newest, self.newest_anywhere, self.as_of, model)
        trusted = found.observed and _enough(knowledge, model)
        a1, a2, a3 = (found.dependence, 100 * found.benefit, 100 * found.cost) if trusted else (None, None, None)
        a4 = self.a4[record["family"]]
        both = a1 is not None and a4 is not None
        a6 = a1 - a4 if both else None
        work = effort(self.of_account(account, model.effort.window_days), self.as_of, model.effort.half_life_days)
        effort_confidence = confident_in_effort(work, self.as_of, self.channel_coverage, model)
        seen = bool(work.acts) and _enough(effort_confidence, model)
        k0 = model.reciprocity.k0_minutes
        a10 = index(work.seller, work.customer, k0) if seen else None
        a11 = balance(work.seller, work.customer, k0) if seen else None
        recent = self.of_account(account, model.effort.recent_days)
        hours = tuple(m / 60 for m in plain_minutes(recent))
        spare = plain_minutes(a for a in recent if self._discretionary(a))[0] / 60
        confidence = min(dependence_confidence, effort_confidence)
        expected = expected_hours(a1, record["industry"], model)
        chosen = stance(
            rounded(a1), rounded(a2), rounded(a3), rounded(a4), rounded(a6), rounded(a11), rounded(confidence) or 0.0,
            hours[0], expected, kept(self.previous.get("accounts"), record["id"]), model,
        )  # fmt: skip
        raw = {
            "bothways_customer_dependence": a1,
            "bothways_dependence_benefit": a2,
            "bothways_dependence_cost": a3,
            "bothways_seller_dependence": a4,
            "bothways_mutual_dependence": (a1 + a4) / 2 if both else None,
            "bothways_dependence_asymmetry": a6,
            "bothways_dependence_symmetry": self._symmetry(a1, a4) if both else None,
            "bothways_seller_effort_hours": hours[0] if self.has_acts else None,
            "bothways_customer_effort_hours": hours[1] if self.has_acts else None,
            "bothways_reciprocity_index": a10,
            "bothways_reciprocity_balance": a11,
            "bothways_customer_initiation_share": self._initiation(account),
            "bothways_customer_responsiveness": self.theirs.responsiveness(account),
            "bothways_seller_responsiveness": self.ours.responsiveness(account),
            "bothways_customer_reply_hours": self.theirs.hours(account),
            "bothways_seller_reply_hours": self.ours.hours(account),
            "bothways_reclaimable_hours": reclaimable(chosen, rounded(a4), spare, expected, hours[1], model),
            "bothways_confidence": confidence,
            "bothways_coverage": 50 * ((found.benefit_coverage + found.cost_coverage) / 2 + self.channel_coverage),
        }
        return {
            **{name: rounded(value) for name, value in raw.items()},
            "bothways_two_way_contacts": self._two_way(account),
            "bothways_stance": chosen,
            "bothways_asof": self.as_of,
            "bothways_model_version": model.version_string,
            "_raw": raw,
            "_audit": {
                **{f"{k}_value": v for k, v in found.components.items()},
                "dependence_index": found.dependence,
                "benefit_coverage": found.benefit_coverage,
                "cost_coverage": found.cost_coverage,
                "conf_dependence": dependence_confidence,
                "known_dependence": knowledge,
                "conf_effort": effort_confidence,
                "seller_index": a4,
                "es": work.seller,
                "ec": work.customer,
                "acts": work.count,
                "discretionary_hours": spare,
                "expected_hours": expected,
                "usual_customer": self.theirs.usual,
                "usual_seller": self.ours.usual,
            },
        }

    def _symmetry(self, a1: float, a4: float) -> float | None:
        return None if a1 + a4 < self.model.dependence.symmetry_floor else 100 * 2 * min(a1, a4) / (a1 + a4)

    def _initiation(self, account: int) -> float | None:
        window, rules = self.model.effort.window_days, self.model.reciprocity
        ours, theirs = initiations(self.of_account(account, window))
        if ours + theirs < rules.least_items:
            return None
        all_ours, all_theirs = initiations(a for a in self.all_acts if a.at > self.ago(window))
        usual, kappa = all_theirs / (all_ours + all_theirs), rules.initiation_kappa
        return 100 * (theirs + kappa * usual) / (ours + theirs + kappa)

    def _two_way(self, account: int) -> int:
        acts = self.of_account(account, self.model.effort.contact_days)
        return len({a.person for a in acts if a.by_customer and a.person is not None})

    def _discretionary(self, act: Act) -> bool:
        """We started it; it was no answer, no case work, not owed, not on an open deal in a late stage."""
        if (
            act.direction != "outbound"
            or act.channel == "case"
            or act.case is not None
            or act.is_answer
            or act.mandated
        ):
            return False
        late = self.model.deals.late_stage_probability
        deal = next((d for d in self.books.deals if d.key == act.deal), None)
        return not (deal and not deal.closed and deal.probability is not None and deal.probability >= late)

    def _rank(self, rows: dict[str, Fields]) -> None:
        """A12, among accounts of the same industry."""
        industry = {r["id"]: r["industry"] for r in self.books.accounts.values()}
        peers: dict[str | None, list[float]] = defaultdict(list)
        for name, row in rows.items():
            if row["bothways_reciprocity_balance"] is not None:
                peers[industry[name]].append(row["bothways_reciprocity_balance"])
        for name, row in rows.items():
            group, own = peers[industry[name]] * self.copies, row["bothways_reciprocity_balance"]
            enough = own is not None and len(group) >= self.model.reciprocity.least_peers
            row["bothways_reciprocity_vs_book"] = rounded(percentile(own, group)) if enough else None

    # deals

    def deal_rows(self) -> dict[str, Fields]:
        """Every opportunity field but the drivers, by the CRM's id."""
        return {d.id: self._deal(d) for d in self.books.deals}

    def _deal_acts(self, deal: Deal, until: datetime) -> list[Act]:
        """Linked to it, or linked to no deal but between its owner and a person with a role on it, in its life."""
        return [
            as_of_close(a, until, self.model)
            for a in self.all_acts
            if a.at <= until
            and (deal.created_at is None or a.at >= deal.created_at)
            and (a.deal == deal.key or (a.deal is None and self._in_role(a, deal)))
        ]

    def _in_role(self, act: Act, deal: Deal) -> bool:
        owned = deal.owner is not None and act.user == deal.owner and act.account == deal.account
        return owned and any((deal.key, p) in self.books.roles for p in act.people)

    def _deal(self, deal: Deal) -> Fields:
        model, rules = self.model, self.model.deals
        until = min(self.as_of, deal.close_at) if deal.closed and deal.close_at else self.as_of
        work = effort(self._deal_acts(deal, until), until, rules.half_life_days)
        channels = 1.0 if deal.closed else self.channel_coverage
        confidence = confident_in_effort(work, until, channels, model)
        seen = bool(work.acts) and _enough(confidence, model)
        o2 = balance(work.seller, work.customer, rules.k0_minutes) if seen else None
        minutes = plain_minutes(work.acts)
        last = max((a.at for a in work.acts if a.by_customer), default=None)
        quiet = None if last is None else int(days_between(last, until))
        age = days_between(deal.created_at or until, until)
        o8, needed = self._deal_dependence(deal)
        o9 = self._deal_weight(deal)
        confidence = confidence if needed is None else min(confidence, needed)
        raw = {
            "bothways_deal_reciprocity_index": index(work.seller, work.customer, rules.k0_minutes) if seen else None,
            "bothways_deal_reciprocity_balance": o2,
            "bothways_deal_customer_effort_hours": minutes[1] / 60 if self.has_acts else None,
            "bothways_deal_seller_effort_hours": minutes[0] / 60 if self.has_acts else None,
            "bothways_deal_momentum": self._momentum(work.acts, until)
            if age >= rules.momentum_least_age_days
            else None,
            "bothways_deal_customer_dependence": o8,
            "bothways_deal_seller_dependence": o9,
            "bothways_deal_asymmetry": None if o8 is None or o9 is None else o8 - o9,
            "bothways_deal_confidence": confidence,
        }
        previous = kept(self.previous.get("opportunities"), deal.id)
        open_stance = deal_stance(rounded(o2), rounded(o8), int(age) if quiet is None else quiet, previous, model)
        return {
            **{name: rounded(value) for name, value in raw.items()},
            "bothways_deal_two_way_contacts": len(
                {a.person for a in work.acts if a.by_customer and a.person is not None}
            ),
            "bothways_deal_days_since_customer_act": quiet,
            "bothways_deal_stance": "closed" if deal.closed else open_stance,
            "bothways_deal_asof": until,
            "bothways_deal_model_version": model.version_string,
            "_raw": raw,
            "_audit": {"deal_es": work.seller, "deal_ec": work.customer, "conf_dependence": needed},
        }

    def _momentum(self, acts: list[Act], until: datetime) -> float | None:
        if not acts:
            return None
        span, k = timedelta(days=self.model.deals.momentum_days), self.model.deals.k0_minutes
        shares = []
        for end in (until, until - span):
            ours, theirs = plain_minutes(a for a in acts if end - span < a.at <= end)
            shares.append((theirs + k) / (ours + theirs + 2 * k))
        return 100 * (shares[0] - shares[1])

    def _deal_dependence(self, deal: Deal) -> tuple[float | None, float | None]:
        """O8, and the confidence in it."""
        if deal.closed:
            return None, None
        there = deal.account in self.books.accounts
        known = self.needs[deal.account].components if there else dict.fromkeys(COMPONENTS)
        share = self.books.money_share(deal.account) if there else 1.0
        found = need(deal_need(self.books, deal, known), self.model, share)
        times = (self.books.newest_record(deal.account) if there else None, deal.created_at)
        newest = max((t for t in times if t), default=None)
        confidence = confident_in_need(found, newest, self.as_of, self.model)
        knowledge = knowledge_of_need(found, newest, self.newest_anywhere if there else newest, self.as_of, self.model)
        trusted = found.observed and _enough(knowledge, self.model) and (not there or self.scored(deal.account))
        return (found.dependence if trusted else None), confidence

    def _deal_weight(self, deal: Deal) -> float | None:
        """O9: its part of what its owner hopes for in the same fiscal quarter."""
        if deal.weighted is None or deal.owner is None or deal.close_at is None:
            return None
        quarter = self.books.quarter(deal.close_at)
        hoped = sum(
            d.weighted
            for d in self.books.deals
            if d.owner == deal.owner
            and d.weighted is not None
            and d.close_at
            and self.books.quarter(d.close_at) == quarter
        )
        if hoped <= 0:
            return None
        share, half = min(1.0, max(0.0, float(deal.weighted / hoped))), self.model.dependence.deal_half_point
        return 100 * share / (share + half)
