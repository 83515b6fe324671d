"""Families of accounts as rows of their own: everything of the members counted under one more key.

An ultimate parent and its descendants are one customer. Where a family has two members or more, `wholes` says under
which key (negative, so that no account has it) the records of each member count once more.
"""

from __future__ import annotations

from enrichment.expressions import Expr


def wholes(accounts: Expr) -> Expr:
    """(account, whole) of every member of a family of two or more."""
    sizes = accounts.group_by("family").aggregate(members=accounts.count())
    sizes = sizes.filter(sizes.members > 1).select(of_family="family")
    rows = accounts.inner_join(sizes, [accounts.family == sizes.of_family])
    return rows.select("account", whole=whole_key(rows.family))


def whole_key(family: Expr) -> Expr:
    """The key of a whole family."""
    return -family - 1


def with_wholes(table: Expr, members: Expr) -> Expr:
    """`table` (with `account`), and once more each row of a member under the key of its whole family."""
    members = members.rename(member="account")
    rows = table.inner_join(members, [table.account == members.member])
    rows = rows.drop("account", "member").rename(account="whole")
    return table.union(rows.select(*table.columns))
