"""SOQL: the syntax tree and its parser. What names mean is decided later, against the schema."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.emulator.salesforce.errors import ApiError
from connectors.emulator.salesforce.soql_lexer import Token, malformed, tokens, unexpected

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
_OPERATORS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CLAUSES = frozenset({"WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "USING", "UPDATE", "ALL"})


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps through relationships: `Owner.Profile.Name`."""

    parts: tuple[str, ...]
    at: int

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """A function; `argument` is None for `COUNT()`."""

    name: str
    argument: Path | None
    at: int


Operand = Path | Call


@dataclass(frozen=True, slots=True)
class Selected:
    what: Operand | Query
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    """`operator` is one of = != < <= > >= LIKE IN NOT IN INCLUDES EXCLUDES."""

    left: Operand
    operator: str
    values: tuple[Token, ...] = ()
    inner: Query | None = None


@dataclass(frozen=True, slots=True)
class Logic:
    """AND, OR, or NOT of its parts."""

    operator: str
    parts: tuple[Condition, ...]


Condition = Compare | Logic


@dataclass(frozen=True, slots=True)
class Order:
    by: Operand
    descending: bool = False
    nulls_last: bool = False


@dataclass(slots=True)
class Query:
    text: str
    select: list[Selected] = field(default_factory=list)
    all_fields: str | None = None
    """ALL, STANDARD or CUSTOM of a `FIELDS()`."""
    source: Token = field(default_factory=lambda: Token("end", "", 0))
    alias: str | None = None
    where: Condition | None = None
    group: list[Operand] = field(default_factory=list)
    having: Condition | None = None
    order: list[Order] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0

    @property
    def counts_only(self) -> bool:
        """`SELECT COUNT()`."""
        first = self.select[0].what if len(self.select) == 1 else None
        return isinstance(first, Call) and first.name == "COUNT" and first.argument is None

    @property
    def aggregates(self) -> bool:
        """Whether rows are groups."""
        return bool(self.group) or any(isinstance(s.what, Call) and s.what.name in AGGREGATES for s in self.select)


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
        if self._accept("GROUP", "BY"):
            made.group = self._operands()
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

    def _selected(self, made: Query) -> None:
        if self._accept("("):
            made.select.append(Selected(self._query()))
            self._expect(")")
            return
        if self._peek().word() == "TYPEOF":
            raise malformed(self._text, self._peek().at, "TYPEOF is not supported by this organisation")
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
            alias = self._take().text
        made.select.append(Selected(what, alias))

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
