"""Shorter SQL of the same meaning: what Ibis writes names every column again at every step.

Three hundred columns through seventy steps are six hundred kilobytes, which an engine parses, binds and plans each run.
Here a chain of steps that only add columns becomes as few steps as the columns depend on one another, and columns that
are only handed on are a star. No expression is changed, copied or computed twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlglot.expressions as sge

from enrichment.parameters import AS_OF_SECONDS, AS_OF_TIME

_MORE_THAN_COLUMNS = (
    *("joins", "where", "group", "having", "qualify", "order", "limit", "offset", "distinct", "windows", "laterals"),
    *("sample", "into", "kind", "hint"),
)
"""Parts of a SELECT that do more than compute columns."""
_VALUES = frozenset({AS_OF_SECONDS.lower(), AS_OF_TIME.lower()})
"""Functions that sqlglot does not know, and that give a value for each row; any other may be an aggregate."""
_SHORTEST_STAR = 8
"""Fewer columns than this are named."""
_ALIAS = "s"


def simplified(query: sge.Expression, tables: Mapping[str, Sequence[str]]) -> sge.Expression:
    """A query with the same rows, and the same columns in the same order.

    `tables` has the columns of the tables that are read; what is read of others is left as it is.
    """
    known = {name: list(columns) for name, columns in tables.items()}
    _with_lists(query)
    return _in_order(*_simplified(query.copy(), known))  # a copy: Ibis uses the same node in several places


def _with_lists(query: sge.Expression) -> None:
    """Parts of a node that Ibis gives as tuples become lists: sqlglot walks and copies nothing else."""
    todo = [query]
    while todo:
        node = todo.pop()
        for key, part in node.args.items():
            if isinstance(part, tuple):
                node.args[key] = list(part)
        todo += node.iter_expressions()


@dataclass(slots=True)
class _Chain:
    """SELECTs on top of each other that only compute columns: each is one step above the last that it needs."""

    source: sge.Expression
    """What the chain reads, under the alias `_ALIAS`."""
    read: list[str]
    """Its columns."""
    steps: list[list[tuple[str, sge.Expression]]] = field(default_factory=list)
    """Columns by step, each with a name that nothing else in the chain has."""
    step_of: dict[str, int] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    """What the chain gives: name -> the column of `read` or of a step that it is."""

    def add(self, select: sge.Select, alias: str) -> None:
        """The chain with one more SELECT over what it gave before."""
        given: dict[str, str] = {}
        for name, value in _named(select.expressions, alias, list(self.columns)):
            if _handed_on(value, alias):
                given[name] = self.columns[value.name]
                continue
            step, value = 0, value.copy()
            for column in value.find_all(sge.Column):
                own = self.columns[column.name]
                step = max(step, self.step_of.get(own, -1) + 1)
                column.set("this", sge.to_identifier(own, quoted=True))
                column.set("table", sge.to_identifier(_ALIAS, quoted=True))
            given[name] = self._name(name)
            self.step_of[given[name]] = step
            while len(self.steps) <= step:
                self.steps.append([])
            self.steps[step].append((given[name], value))
        self.columns = given

    def _name(self, name: str) -> str:
        taken = {*self.read, *self.step_of}
        number, free = 1, name
        while free in taken:
            number, free = number + 1, f"{name}__{number}"
        return free

    def query(self) -> sge.Select:
        """The SELECTs of the chain."""
        source, there = self.source, self.read
        for computed in self.steps[:-1]:
            select = sge.Select(expressions=[_star(), *(_aliased(value, name) for name, value in computed)])
            source = _read(select, source)
            there = [*there, *(name for name, _ in computed)]
        last = dict(self.steps[-1]) if self.steps else {}
        wanted = [(name, own) for name, own in self.columns.items() if own not in last]
        new = [_aliased(last[own].copy(), name) for name, own in self.columns.items() if own in last]
        return sge.Select(expressions=[*_short(wanted, there, _ALIAS), *new], from_=sge.From(this=source))


_Result = tuple[sge.Expression | _Chain, list[str] | None]
"""A query or a chain, with its columns in the order that the query given had."""


def _simplified(query: sge.Expression, known: dict[str, list[str]]) -> _Result:
    known, common = dict(known), query.args.pop("with_", None)
    for table in common.expressions if common is not None else ():
        inner, columns = _simplified(table.this, known)
        table.set("this", _query(inner))
        known.pop(table.alias, None)
        if columns is not None:
            known[table.alias] = columns
    result = _without_common(query, known)
    if common is not None:
        result = _query(result[0]), result[1]
        result[0].set("with_", common)
    return result


def _without_common(query: sge.Expression, known: dict[str, list[str]]) -> _Result:
    if isinstance(query, sge.SetOperation):
        left, right = _simplified(query.this, known), _simplified(query.expression, known)
        query.set("this", _in_order(*left))
        query.set("expression", _in_order(*right))
        return query, left[1]
    if isinstance(query, sge.Select) and query.args.get("from_") is not None:
        return _select(query, known)
    return query, None


def _select(select: sge.Select, known: dict[str, list[str]]) -> _Result:
    sources = [select.args["from_"].this, *(join.this for join in select.args.get("joins") or ())]
    chains = _only_columns(select)
    read: dict[str, list[str] | None] = {}
    below: sge.Expression | _Chain | None = None
    for source in sources:
        if isinstance(source, sge.Subquery):
            below, read[source.alias] = _simplified(source.this, known)
            if not (chains and isinstance(below, _Chain)):
                source.set("this", _query(below))
        else:
            read[source.alias_or_name] = known.get(source.name)
    columns = _columns(select, read)
    if columns is None:  # a star of something unknown: then a chain below was not merged
        if isinstance(below, _Chain):
            sources[0].set("this", below.query())
        return select, None
    if not chains:
        return _with_stars(select, read), columns
    alias = sources[0].alias_or_name
    if not isinstance(below, _Chain):
        own = read[alias]
        if own is None:
            return select, columns
        source = sources[0]
        source.set("alias", sge.TableAlias(this=sge.to_identifier(_ALIAS, quoted=True)))
        below = _Chain(source, own, columns={name: name for name in own})
    below.add(select, alias)
    return below, columns


def _only_columns(select: sge.Select) -> bool:
    """Whether a SELECT gives one row for each row of its one source."""
    return not any(select.args.get(part) for part in _MORE_THAN_COLUMNS) and all(map(_of_a_row, select.expressions))


def _of_a_row(value: sge.Expression) -> bool:
    """Whether an expression gives a value for each row: it holds no query, and aggregates only over windows."""
    todo = [value]
    while todo:
        node = todo.pop()
        if isinstance(node, sge.Query | sge.UDTF | sge.AggFunc):
            return False
        if isinstance(node, sge.Anonymous) and node.name.lower() not in _VALUES:
            return False
        inside = list(node.iter_expressions())
        if isinstance(node, sge.Window):
            function = node.this
            while isinstance(function, sge.IgnoreNulls | sge.RespectNulls | sge.Filter | sge.WithinGroup):
                function = function.this
            inside = [part for part in inside if part is not node.this] + list(function.iter_expressions())
        todo += inside
    return True


def _columns(select: sge.Select, read: Mapping[str, list[str] | None]) -> list[str] | None:
    """The names of what a SELECT gives, in order; None when a star is of a table that is not known."""
    names: list[str] = []
    for value in select.expressions:
        star = value.this if isinstance(value, sge.Column) else value
        if not isinstance(star, sge.Star):
            names.append(value.alias_or_name)
            continue
        tables = [value.table] if isinstance(value, sge.Column) else _wide(select, read)
        without = {column.name for column in star.args.get("except_") or ()}
        for table in tables:
            inner = read.get(table)
            if inner is None:
                return None
            names += [name for name in inner if name not in without]
    return names


def _wide(select: sge.Select, read: Iterable[str]) -> list[str]:
    """The sources whose columns a star gives: all but those that a join only looks into."""
    looked_into = {join.alias_or_name for join in select.args.get("joins") or () if join.kind in ("SEMI", "ANTI")}
    return [alias for alias in read if alias not in looked_into]


def _named(values: Iterable[sge.Expression], alias: str, there: list[str]) -> list[tuple[str, sge.Expression]]:
    """The columns of a SELECT over one source, with what stars stand for."""
    named: list[tuple[str, sge.Expression]] = []
    for value in values:
        star = value.this if isinstance(value, sge.Column) else value
        if isinstance(star, sge.Star):
            without = {column.name for column in star.args.get("except_") or ()}
            named += [(name, sge.column(name, alias, quoted=True)) for name in there if name not in without]
        else:
            named.append((value.alias_or_name, value.this if isinstance(value, sge.Alias) else value))
    return named


def _with_stars(select: sge.Select, read: Mapping[str, list[str] | None]) -> sge.Select:
    """Columns handed on from one source by name are a star where nothing depends on their places."""
    if any(select.args.get(part) for part in ("group", "distinct", "order", "kind")):
        return select
    by_source: dict[str, list[tuple[str, str]]] = {alias: [] for alias in read}
    others: list[sge.Expression] = []
    for value in select.expressions:
        inner = value.unalias()
        if isinstance(inner, sge.Column) and inner.table in by_source and _handed_on(inner, inner.table):
            by_source[inner.table].append((value.alias_or_name, inner.name))
        else:
            others.append(value)
    short = [column for alias, wanted in by_source.items() for column in _short(wanted, read[alias], alias)]
    select.set("expressions", [*short, *others])
    return select


def _short(wanted: list[tuple[str, str]], there: list[str] | None, alias: str) -> list[sge.Expression]:
    """Columns of one source, given as (name to give, name there)."""
    same = {own for name, own in wanted if name == own}
    if there is not None and len(same) >= _SHORTEST_STAR and 2 * len(same) >= len(there):
        renamed = [(name, own) for name, own in wanted if name != own]
        return [_star(alias, sorted(set(there) - same)), *_list(renamed, alias)]
    return _list(wanted, alias)


def _list(wanted: Iterable[tuple[str, str]], alias: str) -> list[sge.Expression]:
    columns = [(name, sge.column(own, alias, quoted=True)) for name, own in wanted]
    return [column if column.name == name else _aliased(column, name) for name, column in columns]


def _star(alias: str = _ALIAS, without: Sequence[str] = ()) -> sge.Expression:
    star = sge.Star(except_=[sge.to_identifier(name, quoted=True) for name in without]) if without else sge.Star()
    return sge.Column(this=star, table=sge.to_identifier(alias, quoted=True))


def _aliased(value: sge.Expression, name: str) -> sge.Expression:
    return sge.Alias(this=value, alias=sge.to_identifier(name, quoted=True))


def _handed_on(value: sge.Expression, alias: str) -> bool:
    return isinstance(value, sge.Column) and value.table == alias and not isinstance(value.this, sge.Star)


def _read(select: sge.Select, source: sge.Expression) -> sge.Subquery:
    select.set("from_", sge.From(this=source))
    return sge.Subquery(this=select, alias=sge.TableAlias(this=sge.to_identifier(_ALIAS, quoted=True)))


def _query(result: sge.Expression | _Chain) -> sge.Expression:
    return result.query() if isinstance(result, _Chain) else result


def _in_order(result: sge.Expression | _Chain, columns: list[str] | None) -> sge.Expression:
    """The query with its columns in the order that they had, which counts in a union and in a file."""
    query = _query(result)
    if columns is None or not isinstance(query, sge.Select):
        return query
    if [value.alias_or_name for value in query.expressions] == columns:
        return query
    outer = sge.Select(expressions=_list([(name, name) for name in columns], _ALIAS))
    for part in ("with_", "order", "limit", "offset"):
        if (moved := query.args.pop(part, None)) is not None:
            outer.set(part, moved)
    for column in outer.args["order"].find_all(sge.Column) if outer.args.get("order") else ():
        column.set("table", sge.to_identifier(_ALIAS, quoted=True))
    inner = sge.Subquery(this=query, alias=sge.TableAlias(this=sge.to_identifier(_ALIAS, quoted=True)))
    outer.set("from_", sge.From(this=inner))
    return outer
