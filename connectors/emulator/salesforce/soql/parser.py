"""The parser of SOQL: a statement as a syntax tree."""

from __future__ import annotations

from connectors.emulator.salesforce.soql.lexer import Token, malformed, tokens, unexpected
from connectors.emulator.salesforce.soql.tree import (
    Call,
    Compare,
    Condition,
    Logic,
    Operand,
    Order,
    Path,
    Query,
    Selected,
    TypeOf,
)
from connectors.emulator.salesforce.store.errors import ApiError

_OPERATORS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CLAUSES = frozenset({"WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "USING", "UPDATE", "ALL"})

_RESERVED = frozenset({
    "AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST", "LIKE", "LIMIT",
    "NOT", "NULL", "NULLS", "OR", "SELECT", "USING", "WHERE", "WITH",
})  # fmt: skip
"""No alias may be one of these (SOQL and SOSL Reference, "Alias Notation")."""


def parse(text: str) -> Query:
    """The tree of one statement. Raises MALFORMED_QUERY."""
    if len(text) > 100_000:
        raise ApiError(400, "QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100000 characters.")
    return _Parser(text).statement()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._next = 0

    def statement(self) -> Query:
        made = self._query()
        if self._peek().kind != "end":
            raise unexpected(self._text, self._peek())
        return made

    # one token at a time

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._peek()
        self._next += 1
        return token

    def _accept(self, *words: str) -> bool:
        """Takes these words or symbols if they come next."""
        for ahead, word in enumerate(words):
            token = self._peek(ahead)
            if token.word() != word and not (token.kind == "symbol" and token.text == word):
                return False
        self._next += len(words)
        return True

    def _expect(self, *words: str) -> None:
        for word in words:
            if not self._accept(word):
                raise unexpected(self._text, self._peek())

    def _name(self) -> Token:
        token = self._take()
        if token.kind != "name":
            raise unexpected(self._text, token)
        return token

    def _whole(self) -> int:
        token = self._take()
        if token.kind != "number" or not token.text.isdigit():
            raise unexpected(self._text, token)
        return int(token.text)

    # clauses

    def _query(self) -> Query:
        made = Query(self._text)
        self._expect("SELECT")
        while True:
            self._selected(made)
            if not self._accept(","):
                break
        self._expect("FROM")
        made.source = self._name()
        self._accept("AS")
        if self._peek().kind == "name" and self._peek().word() not in _CLAUSES:
            made.alias = self._take().text
        if self._accept("USING"):
            self._expect("SCOPE")
            self._name()
        if self._accept("WHERE"):
            made.where = self._condition()
        if self._accept("WITH"):
            self._with()
        if self._accept("GROUP", "BY"):
            self._grouped(made)
            if self._accept("HAVING"):
                made.having = self._condition()
        if self._accept("ORDER", "BY"):
            made.order = self._orders()
        if self._accept("LIMIT"):
            made.limit = self._whole()
        if self._accept("OFFSET"):
            made.offset = self._whole()
        if self._accept("FOR") and self._name().word() not in ("VIEW", "REFERENCE", "UPDATE"):
            raise unexpected(self._text, self._peek(-1))
        return made

    def _with(self) -> None:
        """Who may see what is enforced anyhow; the other kinds of WITH are for knowledge articles."""
        token = self._name()
        if token.word() not in ("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"):
            raise unexpected(self._text, token)

    def _grouped(self, made: Query) -> None:
        word = self._peek().word()
        if word in ("ROLLUP", "CUBE") and self._peek(1).text == "(":
            self._next += 2
            made.subtotals, made.group = word, self._operands()
            self._expect(")")
        else:
            made.group = self._operands()

    def _selected(self, made: Query) -> None:
        if self._accept("("):
            made.select.append(Selected(self._query()))
            self._expect(")")
            return
        if self._accept("TYPEOF"):
            made.select.append(Selected(self._typeof()))
            return
        if self._peek().word() == "FIELDS" and self._peek(1).text == "(":
            self._next += 2
            made.all_fields = self._name().text.upper()
            if made.all_fields not in ("ALL", "STANDARD", "CUSTOM"):
                raise malformed(self._text, self._peek(-1).at, f"unexpected token: '{self._peek(-1).text}'")
            self._expect(")")
            return
        what = self._operand()
        alias = None
        if (isinstance(what, Call) and self._peek().kind == "name" and self._peek().word() != "FROM") or (
            self._peek().kind == "name" and self._peek(1).text in (",",) and self._peek().word() != "FROM"
        ):
            if self._peek().word() in _RESERVED:
                raise unexpected(self._text, self._peek())
            alias = self._take().text
        made.select.append(Selected(what, alias))

    def _typeof(self) -> TypeOf:
        relation = self._name()
        cases = []
        while self._accept("WHEN"):
            kind = self._name().text
            self._expect("THEN")
            cases.append((kind, self._paths()))
        if not cases:
            raise unexpected(self._text, self._peek())
        otherwise = self._paths() if self._accept("ELSE") else ()
        self._expect("END")
        return TypeOf(relation.text, relation.at, tuple(cases), otherwise)

    def _paths(self) -> tuple[Path, ...]:
        found = []
        for operand in self._operands():
            if not isinstance(operand, Path):
                raise malformed(self._text, operand.at, f"unexpected token: '{operand.name}'")
            found.append(operand)
        return tuple(found)

    def _operand(self) -> Operand:
        token = self._name()
        if ":" in token.text:
            raise unexpected(self._text, token)
        if not self._accept("("):
            return Path(tuple(token.text.split(".")), token.at)
        if self._accept(")"):
            return Call(token.text.upper(), None, token.at)
        inner = self._operand()
        self._expect(")")
        if isinstance(inner, Call):
            if inner.name != "CONVERTTIMEZONE" and token.text.upper() != "FORMAT":
                raise unexpected(self._text, token)
            return Call(token.text.upper(), inner.argument, token.at)
        return Call(token.text.upper(), inner, token.at)

    def _operands(self) -> list[Operand]:
        found = [self._operand()]
        while self._accept(","):
            found.append(self._operand())
        return found

    def _orders(self) -> list[Order]:
        found = []
        while True:
            by = self._operand()
            descending = not self._accept("ASC") and self._accept("DESC")
            last = descending
            if self._accept("NULLS"):
                last = self._accept("LAST")
                if not last:
                    self._expect("FIRST")
            found.append(Order(by, descending, last))
            if not self._accept(","):
                return found

    # conditions: AND and OR may not be mixed without parentheses

    def _condition(self) -> Condition:
        parts = [self._term()]
        operator = ""
        while (word := self._peek().word()) in ("AND", "OR"):
            if operator and word != operator:
                raise unexpected(self._text, self._peek())
            operator = word
            self._next += 1
            parts.append(self._term())
        return Logic(operator, tuple(parts)) if operator else parts[0]

    def _term(self) -> Condition:
        if self._accept("NOT"):
            return Logic("NOT", (self._term(),))
        if self._accept("("):
            made = self._condition()
            self._expect(")")
            return made
        left = self._operand()
        token = self._take()
        if token.kind == "symbol" and token.text in _OPERATORS:
            return Compare(left, _OPERATORS[token.text], (self._value(),))
        word = token.word()
        if word == "LIKE":
            return Compare(left, "LIKE", (self._value(),))
        if word == "NOT":
            self._expect("IN")
            return self._among(left, "NOT IN")
        if word in ("IN", "INCLUDES", "EXCLUDES"):
            return self._among(left, word)
        raise unexpected(self._text, token)

    def _among(self, left: Operand, operator: str) -> Compare:
        self._expect("(")
        if self._peek().word() == "SELECT":
            inner = self._query()
            self._expect(")")
            return Compare(left, operator, inner=inner)
        values = [self._value()]
        while self._accept(","):
            values.append(self._value())
        self._expect(")")
        return Compare(left, operator, tuple(values))

    def _value(self) -> Token:
        token = self._take()
        if token.kind in ("symbol", "end"):
            raise unexpected(self._text, token)
        return token
