"""A parsed SOQL statement as SQL over the store, with the plan of how a row becomes a record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import combinations

from connectors.emulator.salesforce.soql.lexer import malformed, pointed
from connectors.emulator.salesforce.soql.names import Column, Scope, Step
from connectors.emulator.salesforce.soql.tree import AGGREGATES, Call, Operand, Path, Query, Selected, TypeOf
from connectors.emulator.salesforce.soql.where import Parameters, Where, date_part
from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.errors import ApiError, unknown_type
from connectors.emulator.salesforce.store.schema import Field, Object, Schema

ARCHIVED = ("Task", "Event")
_OWNERS = {"Task": "OwnerId", "Event": "OwnerId", "EmailMessage": "CreatedById"}
"""Whose an activity is, where the sharing default of activities is Private."""


@dataclass(slots=True)
class Output:
    """One column of the answer: the names down to it, its SQL and type."""

    path: tuple[str, ...]
    sql: str
    type: str
    steps: tuple[Step, ...] = ()
    length: int = 0


@dataclass(slots=True)
class Child:
    """A sub-query: the relationship's name, the child's reference to its parent, and its own plan."""

    name: str
    reference: str
    plan: Plan


@dataclass(slots=True)
class Typed:
    """A TYPEOF: the relationship's name, the reference, and by type the plan of what is wanted of a record of it."""

    name: str
    reference: str
    plans: dict[str, Plan]


@dataclass(slots=True)
class Plan:
    """A statement ready to run. `tail` is joins, conditions and order; `parameters` are those of `tail`."""

    query: Query
    object: Object
    outputs: list[Output]
    joins: str
    where: str
    having: str
    order: str
    parameters: Parameters
    children: list[Child] = field(default_factory=list)
    typed: list[Typed] = field(default_factory=list)
    groupings: list[tuple[str, ...]] = field(default_factory=list)
    """What to group by, in turn: more than one with ROLLUP or CUBE."""

    @property
    def limit(self) -> str:
        if self.query.limit is None and not self.query.offset:
            return ""
        return f" LIMIT {-1 if self.query.limit is None else self.query.limit} OFFSET {self.query.offset}"

    def rows_sql(self) -> str:
        """All matching row numbers, in order."""
        return f'SELECT t.rowid FROM "{self.object.name}" t {self.joins}{self.where}{self.order}{self.limit}'  # noqa: S608


class Compiler:
    """Compiles for one user. `everything` is queryAll: deleted rows and archived activities too. `private_activities`:
    a user whom sharing hides anything from sees their own activities only.
    """

    def __init__(
        self, schema: Schema, rights: Rights, today: date, *, everything: bool, private_activities: bool = False
    ) -> None:
        self._private = private_activities and not rights.sees_all
        self._schema = schema
        self._rights = rights
        self._today = today
        self._everything = everything

    def compile(self, query: Query) -> Plan:
        """Raises ApiError: INVALID_TYPE, INVALID_FIELD, MALFORMED_QUERY."""
        thing = self._schema.object(query.source.text)
        if thing is None or not self._rights.allows(thing, "read"):
            raise ApiError(400, "INVALID_TYPE", pointed(query.text, query.source.at, unknown_type(query.source.text)))
        return self._plan(query, thing)

    def _plan(self, query: Query, thing: Object) -> Plan:
        names = {thing.name.lower()} | ({query.alias.lower()} if query.alias else set())
        scope = Scope(self._schema, self._rights, query.text, thing, "t", names)
        self._expand(query, thing)
        children: list[Child] = []
        typed = [self._typeof(query, scope, s.what) for s in query.select if isinstance(s.what, TypeOf)]
        outputs = self._aggregates(query, scope) if query.aggregates else self._records(query, scope, children)
        parameters: Parameters = []
        where = self._where(query, scope, parameters)
        having = ""
        if query.having is not None:
            tests = Where(query.text, self._today, lambda o: self._resolve(scope, o), self._semi_join)
            having = " HAVING " + tests.sql(query.having, parameters)
        order = self._order(query, scope)
        groupings = _groupings(query, [self._resolve(scope, operand)[0] for operand in query.group])
        return Plan(
            query, thing, outputs, scope.join_sql(), where, having, order, parameters, children, typed, groupings
        )

    def _expand(self, query: Query, thing: Object) -> None:
        """`FIELDS(ALL)` and its kin, as the fields of the object."""
        if query.all_fields is None:
            return
        if query.all_fields != "STANDARD" and (query.limit is None or query.limit > 200):
            raise ApiError(
                400,
                "MALFORMED_QUERY",
                f"The SOQL FIELDS function must have a LIMIT of at most 200: FIELDS({query.all_fields})",
            )
        have = {str(s.what).lower() for s in query.select}
        for f in self._rights.fields(thing).values():
            wanted = query.all_fields == "ALL" or (query.all_fields == "CUSTOM") == f.custom
            if wanted and f.name.lower() not in have:
                query.select.append(Selected(Path((f.name,), 0)))

    def _records(self, query: Query, scope: Scope, children: list[Child]) -> list[Output]:
        outputs: list[Output] = []
        seen: set[str] = set()
        for selected in query.select:
            what = selected.what
            if isinstance(what, Query):
                children.append(self._child(what, scope.base))
                continue
            if isinstance(what, TypeOf):
                continue
            column = self._selected_column(scope, what)
            name = (selected.alias or column.field.name) if isinstance(what, Call) else column.field.name
            path = (*(step.name for step in column.steps), name)
            key = ".".join(path).lower()
            if key in seen:
                raise malformed(query.text, what.at, f"duplicate field selected: {'.'.join(path)}")
            seen.add(key)
            outputs.append(Output(path, column.sql, column.field.type, column.steps, column.field.length))
        return outputs

    def _typeof(self, query: Query, scope: Scope, asked: TypeOf) -> Typed:
        reference = scope.base.relation(asked.relation)
        if (
            reference is None
            or not reference.polymorphic
            or reference.name.lower() not in self._rights.fields(scope.base)
        ):
            message = (
                f"Cannot use TYPEOF with {asked.relation}: it is not a polymorphic relationship of {scope.base.name}"
            )
            raise malformed(query.text, asked.at, message)
        plans = {}
        for name, paths in asked.cases:
            thing = self._schema.object(name)
            if thing is None or thing.name not in reference.refers_to or not self._rights.allows(thing, "read"):
                raise ApiError(400, "INVALID_TYPE", pointed(query.text, asked.at, unknown_type(name)))
            plans[thing.name] = self._of_type(query, thing, paths)
        for name in reference.refers_to:
            other = self._schema.object(name)
            if other is not None and name not in plans and self._rights.allows(other, "read"):
                held = self._rights.fields(other)
                plans[name] = self._of_type(query, other, tuple(p for p in asked.otherwise if str(p).lower() in held))
        return Typed(reference.relationship or asked.relation, reference.name, plans)

    def _of_type(self, query: Query, thing: Object, paths: tuple[Path, ...]) -> Plan:
        return self._plan(Query(query.text, [Selected(path) for path in paths]), thing)

    def _selected_column(self, scope: Scope, what: Operand) -> Column:
        if isinstance(what, Path):
            return scope.column(what)
        if what.argument is None or what.name not in ("TOLABEL", "FORMAT", "CONVERTCURRENCY"):
            raise malformed(scope.text, what.at, f"unexpected token: '{what.name}'")
        column = scope.column(what.argument)
        if what.name == "CONVERTCURRENCY" and column.field.type == "currency" and self._schema.multi_currency:
            owner = column.sql.split(".")[0]
            rate = f"(SELECT ConversionRate FROM CurrencyType WHERE IsoCode = {owner}.CurrencyIsoCode)"  # noqa: S608
            return Column(f"({column.sql} / {rate})", column.field, column.steps)
        return column

    def _aggregates(self, query: Query, scope: Scope) -> list[Output]:
        if query.counts_only:
            return [Output(("count",), "COUNT(*)", "int")]
        grouped = {self._resolve(scope, operand)[0] for operand in query.group}
        outputs = []
        unnamed = 0
        for selected in query.select:
            what = selected.what
            if isinstance(what, Query | TypeOf):
                raise malformed(query.text, 0, "sub-queries and TYPEOF are not allowed in an aggregate query")
            sql, f = self._resolve(scope, what)
            if isinstance(what, Path) and sql not in grouped:
                raise malformed(query.text, what.at, f"Field must be grouped or aggregated: {what}")
            name = selected.alias or f.name
            if isinstance(what, Call) and not selected.alias:
                name = f"expr{unnamed}"
                unnamed += 1
            outputs.append(Output((name,), sql, f.type))
        return outputs

    def _resolve(self, scope: Scope, operand: Operand) -> tuple[str, Field]:
        if isinstance(operand, Path):
            column = scope.column(operand)
            return column.sql, column.field
        if operand.name in AGGREGATES:
            return self._aggregate(scope, operand)
        if operand.name == "GROUPING" and operand.argument is not None:
            return f"GROUPING({scope.column(operand.argument).sql})", Field("expr", "int")
        if operand.argument is None:
            raise malformed(scope.text, operand.at, f"unexpected token: '{operand.name}'")
        column = scope.column(operand.argument)
        made = date_part(operand, column.sql, column.field)
        if made is None:
            raise malformed(scope.text, operand.at, f"unexpected token: '{operand.name}'")
        return made

    def _aggregate(self, scope: Scope, call: Call) -> tuple[str, Field]:
        if call.argument is None:
            raise malformed(scope.text, call.at, "unexpected token: '('")
        column = scope.column(call.argument)
        f = column.field
        if call.name in ("SUM", "AVG") and not f.is_number:
            raise malformed(scope.text, call.at, f"field {f.name} does not support aggregate operator {call.name}")
        if call.name.startswith("COUNT"):
            distinct = "DISTINCT " if call.name == "COUNT_DISTINCT" else ""
            return f"COUNT({distinct}{column.sql})", Field(f.name, "int")
        return f"{call.name}({column.sql})", Field(f.name, "double" if call.name == "AVG" else f.type)

    def _where(self, query: Query, scope: Scope, parameters: Parameters) -> str:
        tests = []
        if query.where is not None:
            where = Where(query.text, self._today, lambda operand: self._resolve(scope, operand), self._semi_join)
            tests.append(where.sql(query.where, parameters))
        if not self._everything:
            if "IsDeleted" in scope.base.fields:
                tests.append("+t.IsDeleted = 0")
            if scope.base.name in ARCHIVED:
                tests.append("+t.IsArchived = 0")
        owner = _OWNERS.get(scope.base.name)
        if self._private and owner is not None:
            tests.append(f"t.{owner} = ?")
            parameters.append(self._rights.user_id)
        return f" WHERE {' AND '.join(tests)}" if tests else ""

    def _semi_join(self, inner: Query, parameters: Parameters) -> str:
        plan = self.compile(inner)
        if len(plan.outputs) != 1:
            raise malformed(inner.text, inner.source.at, "The inner select must have exactly one column")
        parameters += plan.parameters
        where = plan.where.replace(" WHERE ", " WHERE (", 1) + ")" if plan.where else " WHERE 1"
        return (
            f'SELECT {plan.outputs[0].sql} FROM "{plan.object.name}" t {plan.joins}{where} AND '  # noqa: S608
            f"{plan.outputs[0].sql} IS NOT NULL"
        )

    def _order(self, query: Query, scope: Scope) -> str:
        parts = []
        for order in query.order:
            sql, f = self._resolve(scope, order.by)
            if f.long:
                message = f"field '{f.name}' can not be sorted in a query call"
                raise ApiError(400, "INVALID_FIELD", pointed(query.text, order.by.at, message))
            nulls = "" if order.nulls_last == order.descending else f" NULLS {'LAST' if order.nulls_last else 'FIRST'}"
            parts.append(f"{sql} {'DESC' if order.descending else 'ASC'}{nulls}")
        return " ORDER BY " + ", ".join(parts) if parts else ""

    def _child(self, inner: Query, parent: Object) -> Child:
        name = inner.source.text.split(".")[-1].lower()
        for child, reference, relationship in self._schema.children(parent.name):
            thing = self._schema.objects[child]
            if relationship.lower() == name and self._rights.allows(thing, "read"):
                return Child(relationship, reference, self._plan(inner, thing))
        message = (
            f"Didn't understand relationship '{inner.source.text}' in FROM part of query call. "
            f"{unknown_type(inner.source.text)}"
        )
        raise ApiError(400, "INVALID_TYPE", pointed(inner.text, inner.source.at, message))


def _groupings(query: Query, columns: list[str]) -> list[tuple[str, ...]]:
    """The finest grouping first, the total last."""
    if query.subtotals == "ROLLUP":
        return [tuple(columns[:count]) for count in range(len(columns), -1, -1)]
    if query.subtotals == "CUBE":
        return [kept for count in range(len(columns), -1, -1) for kept in combinations(columns, count)]
    return [tuple(columns)]
