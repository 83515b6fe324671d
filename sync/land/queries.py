"""Settling, second half: the queries that make the scoring tables from the live records. Static SQL, one per
concept.
"""

from __future__ import annotations


def _offset(query: str, at: str, customer: str, seller: str) -> str:
    """The query with `@customer` and `@seller` replaced by the minutes that these zones are ahead of UTC at `at`."""
    for name, zone in (("@customer", customer), ("@seller", seller)):
        minutes = f"date_diff('minute', timezone('UTC', {at}), timezone({zone}, {at}))"
        query = query.replace(name, minutes)
    return query


_SELLER_ZONE = "coalesce(uz.zone, (SELECT zone FROM house))"

ACCOUNTS = """
SELECT r.key AS account, l.parent, coalesce(l.family, r.key) AS family, a.*
FROM live_accounts a JOIN ref_accounts r USING (id) LEFT JOIN family l ON l.account = r.key
"""
PEOPLE = "SELECT DISTINCT person, account FROM who WHERE NOT own"
OPPORTUNITIES = """
SELECT r.key AS opportunity, oo.account, u.key AS owner, o.* REPLACE (
  CASE WHEN (o.is_closed OR o.is_won) AND o.close_at > (SELECT read_at FROM house)
  THEN coalesce(o.stage_changed_at, (SELECT read_at FROM house)) ELSE o.stage_changed_at END AS stage_changed_at
)
FROM live_opportunities o JOIN ref_opportunities r USING (id)
JOIN opportunity_of oo ON oo.opportunity = r.key LEFT JOIN ref_users u ON u.id = o.owner_id
"""
OPPORTUNITY_PEOPLE = """
SELECT o.key AS opportunity, w.person, min(p.created_at) AS created_at FROM live_opportunity_people p
JOIN ref_opportunities o ON o.id = p.opportunity_id JOIN who w ON w.id = p.person_id AND NOT w.own
GROUP BY o.key, w.person
"""
# A line is in its deal's currency unless it says its own; a deal without lines that name a family counts whole.
FAMILIES = """
WITH line AS (
  SELECT l.id, r.key AS opportunity, l.product_family AS family, l.amount, coalesce(l.currency, o.currency) AS currency,
         coalesce(l.created_at, o.created_at) AS created_at
  FROM live_line_items l JOIN ref_opportunities r ON r.id = l.opportunity_id
  JOIN ref_opportunities same ON same.key = r.key JOIN live_opportunities o ON o.id = same.id
  WHERE l.product_family IS NOT NULL
), both_kinds AS (
  SELECT * FROM line UNION ALL
  SELECT o.id, r.key, o.product_family, o.amount, o.currency, o.created_at
  FROM live_opportunities o JOIN ref_opportunities r USING (id)
  WHERE o.product_family IS NOT NULL AND r.key NOT IN (SELECT opportunity FROM line)
)
SELECT b.*, oo.account FROM both_kinds b JOIN opportunity_of oo USING (opportunity)
"""
ACTIVITIES = _offset(
    """
SELECT k.*, if(act.channel = 'email' AND act.case_id IS NOT NULL, 'case_reply', act.channel) AS channel,
       act.direction, act.outcome, act.automated, act.occurred_at, act.date_only, act.minutes,
       t.thread, act.mandated, act.created_at,
       @customer AS customer_offset, @seller AS seller_offset
FROM kept k JOIN act USING (id) LEFT JOIN thread t USING (thread_id) JOIN account_zone az ON az.account = k.account
LEFT JOIN user_zone uz ON uz."user" = k.seller_user
""",
    "act.occurred_at",
    "az.zone",
    _SELLER_ZONE,
)
ACTIVITY_PEOPLE = """
SELECT DISTINCT k.activity, p.person FROM kept k JOIN act_person p USING (id) WHERE p.person IS NOT NULL
"""
ACTIVITY_OPPORTUNITIES = """
SELECT k.activity, d.opportunity FROM kept k JOIN act_deal d USING (id) WHERE d.opportunity <> k.opportunity
"""
CASES = _offset(
    """
SELECT o."case", o.account, o.opportunity, o.person, c.opened_at, c.closed_at, c.by_customer, c.first_reply_at,
       c.created_at, @customer AS customer_offset, @seller AS seller_offset
FROM live_cases c JOIN case_of o USING (id) JOIN account_zone az ON az.account = o.account
LEFT JOIN ref_users u ON u.id = c.owner_id LEFT JOIN user_zone uz ON uz."user" = u.key
""",
    "c.opened_at",
    "az.zone",
    _SELLER_ZONE,
)
# One that has expired is no longer in force, but was until its end; how long one ran that was terminated nobody says.
CONTRACTS = """
SELECT r.key AS account, c.start_at, c.end_at, c.created_at FROM live_contracts c
JOIN ref_accounts r ON r.id = c.account_id
WHERE coalesce(c.active, NOT regexp_matches(lower(coalesce(c.status, '')), 'draft|cancel|approv|negotiat'))
  OR (c.end_at <= (SELECT read_at FROM house)
      AND regexp_matches(lower(c.status), 'expir|lapsed|finish|complet|^ended|abgelaufen|vencid|caducad'))
UNION ALL
SELECT r.key, a.contract_start, a.contract_end, a.created_at FROM live_accounts a JOIN ref_accounts r USING (id)
WHERE a.contract_start IS NOT NULL OR a.contract_end IS NOT NULL
"""
ASSETS = """
SELECT r.key AS account, s.product_family AS family, s.* FROM live_assets s JOIN ref_accounts r ON r.id = s.account_id
"""
# A rival named on a deal was seen when the deal was opened, for want of a better date.
RIVALS = """
WITH told AS (
  SELECT coalesce(a.key, oo.account) AS account, o.key AS opportunity, trim(v.name) AS name, v.seen_at, v.created_at
  FROM live_rivals v LEFT JOIN ref_accounts a ON a.id = v.account_id
  LEFT JOIN ref_opportunities o ON o.id = v.opportunity_id LEFT JOIN opportunity_of oo ON oo.opportunity = o.key
  UNION ALL
  SELECT oo.account, r.key, trim(unnest(o.rivals)), o.created_at, o.created_at
  FROM live_opportunities o JOIN ref_opportunities r USING (id) JOIN opportunity_of oo ON oo.opportunity = r.key
)
SELECT account, opportunity, name, min(seen_at) AS seen_at, min(created_at) AS created_at FROM told
WHERE account IS NOT NULL AND name <> '' GROUP BY ALL
"""
CURRENCY_RATES = "SELECT DISTINCT currency, rate, start_at, end_at FROM live_currency_rates"

TABLES: dict[str, tuple[str, str]] = {
    "accounts": (ACCOUNTS, "account"),
    "people": (PEOPLE, "person"),
    "opportunities": (OPPORTUNITIES, "opportunity"),
    "opportunity_people": (OPPORTUNITY_PEOPLE, "opportunity, person"),
    "families": (FAMILIES, "opportunity, id"),
    "activities": (ACTIVITIES, "account, activity"),
    "activity_people": (ACTIVITY_PEOPLE, "activity, person"),
    "activity_opportunities": (ACTIVITY_OPPORTUNITIES, "activity, opportunity"),
    "cases": (CASES, '"case"'),
    "contracts": (CONTRACTS, "account, start_at, end_at, created_at"),
    "assets": (ASSETS, "account, id"),
    "rivals": (RIVALS, "account, opportunity, name"),
    "currency_rates": (CURRENCY_RATES, "currency, start_at, end_at, rate"),
}
"""Query and order of each table of `enrichment.inputs`."""

HELD: dict[str, str] = {
    "accounts": "SELECT a.*, a.id AS account_id FROM live_accounts a",
    "opportunities": """
    SELECT o.* EXCLUDE (account_id), a.id AS account_id FROM live_opportunities o JOIN ref_opportunities r USING (id)
    JOIN opportunity_of oo ON oo.opportunity = r.key
    LEFT JOIN (SELECT l.id, r.key FROM live_accounts l JOIN ref_accounts r USING (id)) a ON a.key = oo.account
    """,
}
"""What the CRM holds of our own properties."""

COUNTS: dict[str, str] = {
    "duplicate_activities": "SELECT (SELECT count(*) FROM live_activities) - (SELECT count(*) FROM act)",
    "internal_activities": "SELECT count(*) FROM placed WHERE internal",
    "activities_without_account": "SELECT count(*) FROM placed WHERE NOT internal AND account IS NULL",
    "cases_without_account": "SELECT count(*) FROM case_of WHERE account IS NULL",
    "own_people": "SELECT count(DISTINCT key) FROM who WHERE own",
    "unknown_activity_people": "SELECT count(*) FROM act_person WHERE own IS NULL",
}
"""What was left out, and why."""

DANGLING = """
SELECT count(*) FROM @live l WHERE l.@column IS NOT NULL AND NOT EXISTS (SELECT 1 FROM @ref r WHERE r.id = l.@column)
"""
"""References to records that are not there."""
