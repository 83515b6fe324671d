"""What the names of a statement mean: fields through relationships, as SQL expressions over joined tables."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.emulator.salesforce.soql.lexer import pointed
from connectors.emulator.salesforce.soql.tree import Path
from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.errors import ApiError, unknown_column
from connectors.emulator.salesforce.store.schema import ADDRESS_PARTS, Field, Object, Schema

# Fields of the pseudo-object that a polymorphic relationship points to.
_NAME_FIELDS = (
    "Id",
    "Name",
    "Type",
    "FirstName",
    "LastName",
    "Email",
    "Title",
    "Phone",
    "Username",
    "IsActive",
    "Alias",
)


@dataclass(frozen=True, slots=True)
class Column:
    """One value: its SQL, the field that it holds, and the alias of the table that it lies in."""

    sql: str
    field: Field
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A parent on the way: how its record is named and which column holds its id."""

    name: str
    object: str
    id_sql: str
    polymorphic: bool = False


class Scope:
    """The tables of one statement. `alias` is the base's; parents are joined as paths ask for them."""

    def __init__(
        self, schema: Schema, rights: Rights, query_text: str, base: Object, alias: str, names: set[str]
    ) -> None:
        self.schema = schema
        self.rights = rights
        self.text = query_text
        self.base = base
        self.alias = alias
        self.joins: dict[tuple[str, ...], tuple[str, str]] = {}
        self._names = names
        """The words that may stand for the base in a path: its name and alias, lower case."""

    def join_sql(self) -> str:
        return " ".join(sql for _, sql in self.joins.values())

    def column(self, path: Path) -> Column:
        """The meaning of a path. Raises INVALID_FIELD as the API words it."""
        parts = path.parts
        if len(parts) > 1 and parts[0].lower() in self._names and self.base.relation(parts[0]) is None:
            parts = parts[1:]
        thing, alias = self.base, self.alias
        steps: list[Step] = []
        for index, relation in enumerate(parts[:-1]):
            if index >= 5:
                raise self._invalid(path, "The relationship path is too deep")
            reference = thing.relation(relation)
            if reference is None or reference.name.lower() not in self.rights.fields(thing):
                raise self._invalid(path, _no_relation(relation, path))
            id_sql = f'{alias}."{reference.name}"'
            if len(reference.refers_to) > 1:
                if index != len(parts) - 2:
                    raise self._invalid(path, _no_relation(parts[index + 1], path))
                steps.append(Step(reference.relationship or relation, "Name", id_sql, polymorphic=True))
                return self._of_name(path, parts[-1], reference, id_sql, tuple(steps))
            target = self.schema.objects[reference.refers_to[0]]
            if not self.rights.allows(target, "read"):
                raise self._invalid(path, _no_relation(relation, path))
            steps.append(Step(reference.relationship or relation, target.name, id_sql))
            alias = self._join(tuple(part.lower() for part in parts[: index + 1]), target, id_sql)
            thing = target
        found = self.rights.fields(thing).get(parts[-1].lower())
        if found is None:
            raise self._invalid(path, unknown_column(parts[-1], thing.name))
        return Column(_sql(thing, found, alias), found, tuple(steps))

    def _join(self, key: tuple[str, ...], target: Object, id_sql: str) -> str:
        if key not in self.joins:
            alias = f"{self.alias}_{len(self.joins) + 1}"
            self.joins[key] = (alias, f'LEFT JOIN "{target.name}" {alias} ON {alias}.Id = {id_sql}')
        return self.joins[key][0]

    def _of_name(self, path: Path, name: str, reference: Field, id_sql: str, steps: tuple[Step, ...]) -> Column:
        """A field of the record that a polymorphic reference points to, by the prefix of its id."""
        exact = next((n for n in _NAME_FIELDS if n.lower() == name.lower()), None)
        if exact is None:
            raise self._invalid(path, unknown_column(name, "Name"))
        cases = []
        for target in reference.refers_to:
            thing = self.schema.object(target)
            if thing is None:
                continue
            own = (thing.name_field or "Id") if exact == "Name" else exact
            if exact == "Type":
                cases.append(f"WHEN '{thing.prefix}' THEN '{thing.name}'")
            elif own in thing.fields:
                inner = f'SELECT "{own}" FROM "{thing.name}" WHERE Id = {id_sql}'  # noqa: S608
                cases.append(f"WHEN '{thing.prefix}' THEN ({inner})")
        kind = "boolean" if exact == "IsActive" else "string"
        made = Field(exact, "id" if exact == "Id" else kind, exact, 255)
        sql = f"(CASE substr({id_sql}, 1, 3) {' '.join(cases)} END)" if cases else "NULL"
        return Column(id_sql if exact == "Id" else sql, made, steps)

    def _invalid(self, path: Path, message: str) -> ApiError:
        return ApiError(400, "INVALID_FIELD", pointed(self.text, path.at, message))


def _sql(thing: Object, found: Field, alias: str) -> str:
    if found.type != "address":
        return f'{alias}."{found.name}"'
    stem = found.name.removesuffix("Address")
    present = [(part, f"{stem}{part[0].upper()}{part[1:]}") for part in ADDRESS_PARTS]
    pairs = ", ".join(
        f"'{part}', {alias}.\"{name}\"" if name in thing.fields else f"'{part}', NULL" for part, name in present
    )
    return f"json_object({pairs})"


def _no_relation(relation: str, path: Path) -> str:
    return (
        f"Didn't understand relationship '{relation}' in field path. If you are attempting to use a custom "
        f"relationship, "
        "be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe "
        f"call for the appropriate names. ({path})"
    )
