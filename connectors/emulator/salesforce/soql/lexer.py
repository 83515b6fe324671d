"""SOQL into tokens, and the error texts that point at one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from connectors.emulator.salesforce.store.errors import ApiError

Kind = Literal["name", "string", "number", "date", "datetime", "symbol", "end"]

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    |(?P<date>\d{4}-\d\d-\d\d)(?![\dT])
    |(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w])
    |(?P<currency>[A-Z]{3}\d+(?:\.\d+)?)(?![\w])
    |(?P<name>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*(?::\d+)?)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<symbol><=|>=|!=|<>|[=<>(),:])""",
    re.VERBOSE | re.DOTALL,
)
_WINDOW = 80


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    at: int

    def word(self) -> str:
        """The token in capitals if it is a bare word."""
        return self.text.upper() if self.kind == "name" else ""


def tokens(query: str) -> list[Token]:
    """All tokens, ended by an `end` token. Raises MALFORMED_QUERY."""
    found: list[Token] = []
    at = 0
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None:
            raise malformed(query, at, _bad_character(query[at]))
        kind = match.lastgroup or ""
        if kind == "currency":
            kind = "name"
        if kind != "space":
            found.append(Token(kind, match.group(), at))  # type: ignore[arg-type]
        at = match.end()
    found.append(Token("end", "<EOF>", len(query)))
    return found


def _bad_character(character: str) -> str:
    if character == "'":
        return "line breaks not allowed in string literals, or a quote is not closed"
    return f"unexpected char: '{character}'"


def pointed(query: str, at: int, message: str) -> str:
    """A message under the part of the query it is about, with row, column and a caret."""
    row = query.count("\n", 0, at) + 1
    line_start = query.rfind("\n", 0, at) + 1
    line_end = query.find("\n", at)
    line = query[line_start : line_end if line_end >= 0 else len(query)]
    place = at - line_start
    start = max(0, place - _WINDOW)
    shown = line[start : place + _WINDOW]
    return f"\n{shown}\n{' ' * (place - start)}^\nERROR at Row:{row}:Column:{place + 1}\n{message}"


def malformed(query: str, at: int, message: str) -> ApiError:
    return ApiError(400, "MALFORMED_QUERY", pointed(query, at, message))


def unexpected(query: str, token: Token) -> ApiError:
    if token.kind == "end":
        return ApiError(400, "MALFORMED_QUERY", "unexpected token: '<EOF>'")
    return malformed(query, token.at, f"unexpected token: '{token.text}'")


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "\\": "\\", "'": "'", '"': '"', "%": "%", "_": "_"}


def unquote(query: str, token: Token, *, like: bool = False) -> str:
    r"""The value of a string literal. For LIKE, escaped wildcards and backslashes stay escaped by a backslash."""
    made: list[str] = []
    body = token.text[1:-1]
    index = 0
    while index < len(body):
        letter = body[index]
        if letter != "\\":
            made.append(letter)
            index += 1
            continue
        escape = body[index + 1]
        if escape in "uU" and re.match(r"[0-9A-Fa-f]{4}", body[index + 2 : index + 6]):
            made.append(chr(int(body[index + 2 : index + 6], 16)))
            index += 6
            continue
        if escape.lower() not in _ESCAPES:
            raise malformed(
                query, token.at, f"Invalid string literal '{body}'. Illegal character sequence '\\{escape}'"
            )
        plain = _ESCAPES[escape.lower()]
        made.append("\\" + plain if like and plain in "%_\\" else plain)
        index += 2
    return "".join(made)
