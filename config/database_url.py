"""The address of the state database, and whether it holds a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


def parse(url: str) -> URL:
    """The parts of a database's address, by the library that will use it. Raises ValueError."""
    from sqlalchemy.engine import make_url  # only where there is one: the library takes a moment
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("is not the address of a database, like postgresql+psycopg://user@host/name") from None


def holds_password(url: str) -> bool:
    """Also among the parameters, where the PostgreSQL driver takes one too."""
    try:
        parsed = parse(url)
    except ValueError:
        return ":" in url.partition("://")[2].rpartition("@")[0]  # refused afterwards, but never shown
    return bool(parsed.password) or any("password" in name.lower() for name in parsed.query)
