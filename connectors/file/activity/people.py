# ruff: noqa: S608 - the SQL is put together from names of our own tables
"""Finds the people, users and accounts behind the addresses, numbers and names of acts, and adds them to the
streams.
"""

from __future__ import annotations

import duckdb

from connectors.file.activity.calls import phone_key

FREEMAIL = (
    *(
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "yahoo.com",
        "icloud.com",
        "me.com",
    ),
    *(
        "aol.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "t-online.de",
        "proton.me",
        "protonmail.com",
        "mail.ru",
        "yandex.ru",
        "qq.com",
    ),
    *(
        "163.com",
        "orange.fr",
        "wanadoo.fr",
        "free.fr",
        "libero.it",
        "seznam.cz",
        "wp.pl",
        "o2.pl",
        "yahoo.co.uk",
        "yahoo.fr",
    ),
)
"""Domains that say nothing about a company."""


def add_people(con: duckdb.DuckDBPyConnection, people: str, accounts: str | None) -> None:
    """Adds to the table `people` who is in `acts` by address and not yet there, where an account has the address's
    domain.
    """
    con.execute(
        f"""CREATE OR REPLACE TABLE unknown_people AS
        WITH seen AS (SELECT unnest(people) AS key, occurred_at FROM acts)
        SELECT substr(key, 8) AS email, min(occurred_at) AS first FROM seen
        WHERE starts_with(key, 'mailto:') AND substr(key, 8) NOT IN (SELECT lower(trim(email)) FROM {people}
          WHERE email IS NOT NULL)
        GROUP BY ALL"""
    )
    con.execute(f"CREATE OR REPLACE TABLE domain_of AS {_domains(people, accounts)}")
    con.execute(
        f"""INSERT INTO {people} BY NAME SELECT u.email AS id, u.email, arg_max(d.account, length(d.domain)) AS
          account_id,
        any_value(u.first) AS created_at, '' AS "!misfits"
        FROM (SELECT *, split_part(email, '@', 2) AS at FROM unknown_people) u
        JOIN domain_of d ON d.domain = u.at OR ends_with(u.at, '.' || d.domain)
        WHERE u.email NOT IN (SELECT id FROM {people}) GROUP BY u.email"""
    )


def _domains(people: str, accounts: str | None) -> str:
    """Domain -> the one account that has it: by its own domain, else by the people of it whose account is known."""
    free = "(" + ", ".join(f"'{d}'" for d in FREEMAIL) + ")"
    clean = "split_part(regexp_replace(lower(trim(domain)), '^(https?://)?(www\\.)?', ''), '/', 1)"
    own = (
        f"SELECT {clean} AS domain, min(id) AS account FROM {accounts} WHERE domain IS NOT NULL GROUP BY 1"
        if accounts
        else None
    )
    of_people = (
        f"SELECT split_part(lower(trim(email)), '@', 2) AS domain, min(account_id) AS account FROM {people}"
        " WHERE email IS NOT NULL AND account_id IS NOT NULL GROUP BY 1 HAVING count(DISTINCT account_id) = 1"
    )
    first = f"WITH own AS ({own or 'SELECT NULL AS domain, NULL AS account WHERE false'}), theirs AS ({of_people})"
    return f"""{first} SELECT domain, account FROM own WHERE domain NOT IN {free} AND domain <> ''
        UNION ALL SELECT domain, account FROM theirs WHERE domain NOT IN {free} AND domain NOT IN (SELECT
          domain FROM own)"""


def add_users(con: duckdb.DuckDBPyConnection, users: str) -> None:
    """Adds our own addresses that are not yet users."""
    con.execute(
        f"""INSERT INTO {users} BY NAME SELECT DISTINCT substr(key, 8) AS id, substr(key, 8) AS email, true AS
          active, '' AS "!misfits"
        FROM (SELECT unnest(users) AS key FROM acts) WHERE starts_with(key, 'mailto:')
        AND substr(key, 8) NOT IN (SELECT coalesce(lower(trim(email)), id) FROM {users})
        AND substr(key, 8) NOT IN (SELECT id FROM {users})"""
    )


def add_acts(
    con: duckdb.DuckDBPyConnection, activities: str, people: str, users: str, accounts: str | None, region: str | None
) -> str:
    """Adds to the table `activities` the acts with somebody whose account is known, with ids for addresses,
    numbers and names.

    Gives the domains of those who were left out, the most frequent first, with how often; "" when nobody was.
    """
    con.create_function(
        "phone_key", lambda t: phone_key(t, region) if t else "", ["VARCHAR"], "VARCHAR", null_handling="special"
    )
    phones = "SELECT phone_key(phone) AS phone, id FROM {} WHERE phone IS NOT NULL"
    con.execute(
        f"""CREATE OR REPLACE TABLE person_of AS
        SELECT key, min(id) AS id FROM (
          SELECT 'mailto:' || lower(trim(email)) AS key, id FROM {people} WHERE email IS NOT NULL
          UNION ALL SELECT 'name:' || lower(trim(name)) AS key, id FROM {people} WHERE name IS NOT NULL
          UNION ALL SELECT 'id:' || id AS key, id FROM {people}
          UNION ALL SELECT 'tel:' || phone AS key, id FROM ({phones.format(people)}) WHERE phone <> ''
        ) GROUP BY key"""
    )
    con.execute(
        f"""CREATE OR REPLACE TABLE user_of AS SELECT key, min(id) AS id FROM (
          SELECT 'mailto:' || lower(trim(email)) AS key, id FROM {users} WHERE email IS NOT NULL
          UNION ALL SELECT 'name:' || lower(trim(name)) AS key, id FROM {users} WHERE name IS NOT NULL) GROUP BY key"""
    )
    line = (
        f"SELECT 'tel:' || phone AS key, min(id) AS id FROM ({phones.format(accounts)}) WHERE phone <> '' GROUP BY ALL"
        if accounts
        else ""
    )
    con.execute(f"CREATE OR REPLACE TABLE line_of AS {line or 'SELECT NULL AS key, NULL AS id WHERE false'}")
    con.remove_function("phone_key")
    con.execute(
        """CREATE OR REPLACE TABLE act_people AS
        WITH each AS (SELECT id, unnest(people) AS key, generate_subscripts(people, 1) AS place FROM acts)
        SELECT each.id, list(p.id ORDER BY place) FILTER (p.id IS NOT NULL) AS people, min(l.id) AS account
        FROM each LEFT JOIN person_of p USING (key) LEFT JOIN line_of l USING (key) GROUP BY each.id"""
    )
    con.execute(
        """CREATE OR REPLACE TABLE act_users AS
        WITH each AS (SELECT id, unnest(users) AS key, generate_subscripts(users, 1) AS place FROM acts)
        SELECT each.id, list(coalesce(u.id, substr(key, 8)) ORDER BY place) AS users
        FROM each LEFT JOIN user_of u USING (key) WHERE u.id IS NOT NULL OR starts_with(key, 'mailto:') GROUP
          BY each.id"""
    )
    con.execute(
        f"""INSERT INTO {activities} BY NAME SELECT a.id, a.channel, CASE WHEN a.opener IS NULL THEN a.direction
        WHEN a.opener IN (SELECT key FROM person_of) THEN 'inbound' ELSE 'outbound' END AS direction, a.outcome,
        a.automated, a.occurred_at, a.date_only,
        a.minutes, p.people AS person_ids, u.users AS user_ids, coalesce(a.account_id, p.account) AS account_id,
        a.thread_id,
        a.dedupe_key, a.created_at, '' AS "!misfits"
        FROM acts a LEFT JOIN act_people p USING (id) LEFT JOIN act_users u USING (id)
        WHERE len(p.people) > 0 OR coalesce(a.account_id, p.account) IS NOT NULL"""
    )
    left = con.execute(
        f"""SELECT CASE WHEN a.people[1] LIKE '%@%' THEN split_part(a.people[1], '@', 2) ELSE
        split_part(coalesce(a.people[1], 'nobody:'), ':', 1) END AS domain, count(*) FROM acts a
        WHERE a.id NOT IN (SELECT id FROM {activities}) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5"""
    ).fetchall()
    return ", ".join(f"{domain} {count:,}" for domain, count in left)
