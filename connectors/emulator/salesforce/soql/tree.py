"""The syntax tree of a SOQL statement. What names mean is decided later, against the schema."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.emulator.salesforce.soql.lexer import Token

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})


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
class TypeOf:
    """`TYPEOF What WHEN Account THEN Phone ELSE Name END`: other fields for each type that a reference may point to."""

    relation: str
    at: int
    cases: tuple[tuple[str, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Selected:
    what: Operand | Query | TypeOf
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
    subtotals: str = ""
    """ROLLUP or CUBE."""
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
