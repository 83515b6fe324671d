"""Settling, second half: the queries that make the scoring tables from the live records. Static SQL, one per concept."""

from __future__ import annotations

WHO = (
    # People by any of their ids, which side they are on, and the account they belong to.
    """
    CREATE TABLE who AS
    WITH sided AS (
      SELECT r.key, p.account_id, lower(trim(p.email)) AS email,
             coalesce(split_part(lower(trim(p.email)), '@', -1) IN (SELECT domain FROM own_domains), false) AS own
      FROM live_people p JOIN ref_people r USING (id)
    ), numbered AS (
      SELECT key, dense_rank() OVER (PARTITION BY own ORDER BY key) AS person, account_id, email, own FROM sided
    )
    SELECT r.id, n.key, CASE WHEN n.own THEN NULL ELSE n.person END AS person, a.key AS account, n.email, n.own
    FROM numbered n JOIN ref_people r USING (key) LEFT JOIN ref_accounts a ON a.id = n.account_id
    """,
    """
    CREATE TABLE opportunity_of AS
    SELECT r.key AS opportunity, a.key AS account FROM live_opportunities o JOIN ref_opportunities r USING (id)
    LEFT JOIN ref_accounts a ON a.id = o.account_id
    """,
    # A case whose account is not said is its deal's, else its person's: ticket-to-company links are often missing.
    """
    CREATE TABLE case_of AS
    SELECT c.id, r.key AS "case", coalesce(a.key, oo.account, w.account) AS account, o.key AS opportunity, w.person
    FROM live_cases c JOIN ref_cases r USING (id)
    LEFT JOIN ref_accounts a ON a.id = c.account_id
    LEFT JOIN ref_opportunities o ON o.id = c.opportunity_id LEFT JOIN opportunity_of oo ON oo.opportunity = o.key
    LEFT JOIN who w ON w.id = c.person_id
    """,
    """
    CREATE TABLE account_zone AS
    SELECT r.key AS account, coalesce(z.zone, (SELECT zone FROM house)) AS zone
    FROM live_accounts a JOIN ref_accounts r USING (id) LEFT JOIN country_zone z ON z.country = lower(trim(a.country))
    """,
    """
    CREATE TABLE user_zone AS
    SELECT r.key AS "user", coalesce(z.zone, (SELECT zone FROM house)) AS zone
    FROM live_users u JOIN ref_users r USING (id) LEFT JOIN known_zone z ON z.zone = trim(u.time_zone)
    """,
)

ACTS = (
    # One act for each dedupe key: the smallest id names it, its gaps are filled from the others in order of id.
    """
    CREATE TABLE twice AS
    SELECT dedupe_key FROM live_activities WHERE dedupe_key IS NOT NULL GROUP BY dedupe_key HAVING count(*) > 1
    """,
    """
    CREATE TABLE act AS
    SELECT id, channel, direction, outcome, automated, occurred_at, date_only, minutes, account_id, opportunity_id,
           case_id, person_ids, user_ids, thread_id, mandated, created_at
    FROM live_activities WHERE dedupe_key IS NULL OR dedupe_key NOT IN (SELECT dedupe_key FROM twice)
    UNION ALL
    SELECT min(id), arg_min(channel, id), arg_min(direction, id), arg_min(outcome, id), bool_or(automated),
           arg_min(occurred_at, id), arg_min(date_only, id), arg_min(minutes, id), arg_min(account_id, id),
           arg_min(opportunity_id, id), arg_min(case_id, id),
           flatten(list(person_ids ORDER BY id) FILTER (person_ids IS NOT NULL)),
           flatten(list(user_ids ORDER BY id) FILTER (user_ids IS NOT NULL)),
           arg_min(thread_id, id), bool_or(mandated), min(created_at)
    FROM live_activities SEMI JOIN twice USING (dedupe_key) GROUP BY dedupe_key
    """,
    """
    CREATE TABLE act_person AS
    WITH each AS (SELECT id, unnest(person_ids) AS person_id, generate_subscripts(person_ids, 1) AS place FROM act)
    SELECT e.id, e.person_id, min(e.place) AS place, any_value(w.person) AS person, any_value(w.account) AS account,
           any_value(w.own) AS own, any_value(w.email) AS email
    FROM each e LEFT JOIN who w ON w.id = e.person_id WHERE e.person_id IS NOT NULL GROUP BY e.id, e.person_id
    """,
    """
    CREATE TABLE act_customer AS
    SELECT id, count(DISTINCT person) AS customer_people, arg_min(person, place) AS person,
           arg_min(account, place) FILTER (NOT own) AS account,
           bool_and(own IS NOT NULL AND own) AS only_ours
    FROM act_person GROUP BY id
    """,
    # Ours, each once: a colleague may be there as a user and as a contact of our own domain.
    """
    CREATE TABLE act_seller AS
    WITH each AS (SELECT id, unnest(user_ids) AS user_id, generate_subscripts(user_ids, 1) AS place FROM act),
    ours AS (
      SELECT e.id, coalesce(nullif(lower(trim(u.email)), ''), 'user ' || e.user_id) AS who, r.key AS "user", e.place
      FROM each e LEFT JOIN ref_users r ON r.id = e.user_id LEFT JOIN live_users u ON u.id = e.user_id
      WHERE e.user_id IS NOT NULL
      UNION ALL
      SELECT id, coalesce(nullif(email, ''), 'person ' || person_id), NULL, NULL FROM act_person WHERE own
    )
    SELECT id, count(DISTINCT who) AS seller_people, arg_min("user", place) AS seller_user FROM ours GROUP BY id
    """,
    # The ladder: the record it is linked to, its own account, the account of the first customer person who has one.
    """
    CREATE TABLE placed AS
    SELECT act.id, coalesce(oo.account, co.account, a.key, c.account) AS account, o.key AS opportunity, co."case",
           c.person, greatest(coalesce(c.customer_people, 0), 1) AS customer_people,
           greatest(coalesce(s.seller_people, 0), 1) AS seller_people, s.seller_user,
           coalesce(act.direction = 'internal', false) OR coalesce(c.only_ours, false) AS internal
    FROM act
    LEFT JOIN ref_opportunities o ON o.id = act.opportunity_id LEFT JOIN opportunity_of oo ON oo.opportunity = o.key
    LEFT JOIN ref_cases rc ON rc.id = act.case_id LEFT JOIN case_of co ON co."case" = rc.key
    LEFT JOIN ref_accounts a ON a.id = act.account_id
    LEFT JOIN act_customer c ON c.id = act.id LEFT JOIN act_seller s ON s.id = act.id
    """,
    """
    CREATE TABLE kept AS
    SELECT row_number() OVER (ORDER BY id) AS activity, * FROM placed WHERE NOT internal AND account IS NOT NULL
    """,
    """
    CREATE TABLE thread AS
    SELECT thread_id, row_number() OVER (ORDER BY thread_id) AS thread
    FROM (SELECT DISTINCT act.thread_id FROM act SEMI JOIN kept USING (id) WHERE act.thread_id IS NOT NULL)
    """,
)


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
SELECT r.key AS opportunity, oo.account, u.key AS owner, o.* FROM live_opportunities o JOIN ref_opportunities r USING (id)
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
SELECT k.*, if(act.channel = 'email' AND act.case_id IS NOT NULL, 'case_reply', act.channel) AS channel, act.direction, act.outcome, act.automated, act.occurred_at, act.date_only, act.minutes,
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
CONTRACTS = """
SELECT r.key AS account, c.start_at, c.end_at, c.created_at FROM live_contracts c
JOIN ref_accounts r ON r.id = c.account_id
WHERE coalesce(c.active, NOT regexp_matches(lower(coalesce(c.status, '')), 'draft|cancel|approv|negotiat'))
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
