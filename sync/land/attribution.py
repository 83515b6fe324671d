"""Attribution of acts: people and their sides, deals, accounts. Static SQL, in the order in which it runs."""

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
    SELECT id, channel, direction, outcome, automated, sender, occurred_at, date_only, minutes, account_id, account_ids,
           opportunity_id, opportunity_ids, case_id, person_ids, user_ids, thread_id, mandated, created_at
    FROM live_activities WHERE dedupe_key IS NULL OR dedupe_key NOT IN (SELECT dedupe_key FROM twice)
    UNION ALL
    SELECT min(id), arg_min(channel, id), arg_min(direction, id), arg_min(outcome, id), bool_or(automated),
           arg_min(sender, id), arg_min(occurred_at, id), arg_min(date_only, id), arg_min(minutes, id),
           arg_min(account_id, id), flatten(list(account_ids ORDER BY id) FILTER (account_ids IS NOT NULL)),
           arg_min(opportunity_id, id), flatten(list(opportunity_ids ORDER BY id) FILTER (opportunity_ids IS NOT NULL)),
           arg_min(case_id, id),
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
           arg_min(email, place) FILTER (NOT own) AS email, arg_min(account, place) FILTER (NOT own) AS account,
           bool_and(own IS NOT NULL AND own) AS only_ours
    FROM act_person GROUP BY id
    """,
    # Ours, each once: a colleague may be there as a user and as a contact of our own domain.
    """
    CREATE TABLE act_seller AS
    WITH each AS (SELECT id, unnest(user_ids) AS user_id, generate_subscripts(user_ids, 1) AS place FROM act),
    ours AS (
      SELECT e.id, coalesce(nullif(lower(trim(u.email)), ''), 'user ' || e.user_id) AS who, r.key AS "user", e.place,
             u.email
      FROM each e LEFT JOIN ref_users r ON r.id = e.user_id LEFT JOIN live_users u ON u.id = e.user_id
      WHERE e.user_id IS NOT NULL
      UNION ALL
      SELECT id, coalesce(nullif(email, ''), 'person ' || person_id), NULL, NULL, NULL FROM act_person WHERE own
    )
    SELECT id, count(DISTINCT who) AS seller_people, arg_min("user", place) AS seller_user,
           arg_min(email, place) AS email FROM ours GROUP BY id
    """,
    # The deals of each act; an act of several is in activities under the first, in activity_opportunities under the
    # others.
    """
    CREATE TABLE act_deal AS
    WITH each AS (
      SELECT id, opportunity_id, true AS named FROM act WHERE opportunity_id IS NOT NULL
      UNION ALL SELECT id, unnest(opportunity_ids), false FROM act WHERE opportunity_ids IS NOT NULL
    )
    SELECT e.id, o.key AS opportunity, bool_or(e.named) AS named FROM each e
    JOIN ref_opportunities o ON o.id = e.opportunity_id GROUP BY e.id, o.key
    """,
    """
    CREATE TABLE act_first_deal AS
    SELECT id, coalesce(min(opportunity) FILTER (named), min(opportunity)) AS opportunity, count(*) AS deals
    FROM act_deal GROUP BY id
    """,
    # Of an act of several accounts (its own, those of its deals and case): its customer-side author's, if that is one
    # of them; else the one that most of its customer people belong to; else the first.
    """
    CREATE TABLE act_account AS
    WITH named AS (
      SELECT id, account_id FROM act WHERE account_id IS NOT NULL
      UNION ALL SELECT id, unnest(account_ids) FROM act WHERE account_ids IS NOT NULL
    ), own AS (
      SELECT DISTINCT n.id, a.key AS account FROM named n JOIN ref_accounts a ON a.id = n.account_id
    ), several AS (
      SELECT id FROM own GROUP BY id HAVING count(*) > 1 UNION SELECT id FROM act_first_deal WHERE deals > 1
    ), candidate AS (
      SELECT own.id, own.account FROM own SEMI JOIN several USING (id)
      UNION
      SELECT d.id, oo.account FROM act_deal d SEMI JOIN several USING (id) JOIN opportunity_of oo USING (opportunity)
      WHERE oo.account IS NOT NULL
      UNION
      SELECT act.id, co.account FROM act SEMI JOIN several USING (id) JOIN ref_cases rc ON rc.id = act.case_id
      JOIN case_of co ON co."case" = rc.key WHERE co.account IS NOT NULL
    ), people AS (
      SELECT c.id, c.account, count(DISTINCT p.person) AS people,
             coalesce(bool_or(p.place = 1 AND act.direction = 'inbound'), false) AS author
      FROM candidate c JOIN act USING (id)
      LEFT JOIN act_person p ON p.id = c.id AND p.account = c.account AND NOT p.own
      GROUP BY c.id, c.account
    )
    SELECT id, arg_min(account, (NOT author, -people, account)) AS account FROM people GROUP BY id
    """,
    # The ladder of the others: the record it is linked to, its own account, that of the first customer person who has
    # one.
    """
    CREATE TABLE placed AS
    SELECT act.id, coalesce(several.account, oo.account, co.account, a.key, c.account) AS account,
           d.opportunity, co."case",
           CASE WHEN act.channel IN ('email', 'message', 'case_reply') THEN
             nullif(split_part(split_part(lower(trim(coalesce(
               act.sender, CASE act.direction WHEN 'inbound' THEN c.email WHEN 'outbound' THEN s.email END
             ))), '@', 1), '+', 1), '')
           END AS sender,
           c.person, greatest(coalesce(c.customer_people, 0), 1) AS customer_people,
           greatest(coalesce(s.seller_people, 0), 1) AS seller_people, s.seller_user,
           coalesce(act.direction = 'internal', false) OR coalesce(c.only_ours, false) AS internal
    FROM act
    LEFT JOIN act_account several ON several.id = act.id
    LEFT JOIN act_first_deal d ON d.id = act.id LEFT JOIN opportunity_of oo ON oo.opportunity = d.opportunity
    LEFT JOIN ref_cases rc ON rc.id = act.case_id LEFT JOIN case_of co ON co."case" = rc.key
    LEFT JOIN ref_accounts a ON a.id = coalesce(act.account_id, act.account_ids[1])
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
