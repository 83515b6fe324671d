"""The portal: its records, associations, properties, pipelines and owners, and what one write does to a record."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connectors.emulator.hubspot.behaviours import Behaviours
from connectors.emulator.hubspot.schema.objects import PRIMARY, ObjectType, Registry
from connectors.emulator.hubspot.schema.properties import Properties
from connectors.emulator.hubspot.schema.values import Unacceptable, normal
from connectors.emulator.hubspot.store import calculated, validation
from connectors.emulator.hubspot.store.columns import Column
from connectors.emulator.hubspot.store.exports import Exports
from connectors.emulator.hubspot.store.links import LinkStore
from connectors.emulator.hubspot.store.lists import Lists
from connectors.emulator.hubspot.store.money import Rates
from connectors.emulator.hubspot.store.search import Searcher
from connectors.emulator.hubspot.store.table import ARCHIVED, GONE, LIVE, Table, Version
from connectors.emulator.hubspot.wire import (
    APP_ID,
    Json,
    bad_json,
    invalid,
    invalid_properties,
    whole,
)


class Portal:
    """All state of one emulated account. Not thread-safe: the application holds a lock."""

    def __init__(
        self,
        registry: Registry,
        rates: Rates,
        behaviours: Behaviours,
        clock: Callable[[], float],
        time_zone: str = "UTC",
    ) -> None:
        self.registry, self.rates, self.behaviours, self.clock = registry, rates, behaviours, clock
        self.time_zone = time_zone
        self.tables: dict[str, Table] = {}
        self.properties: dict[str, Properties] = {}
        self.links = LinkStore()
        self.lists = Lists()
        self.exports = Exports()
        self.pipelines: dict[str, list[Json]] = defaultdict(list)
        self.last_pipeline_id = 7_000_000
        self.owners: list[Json] = []
        self.flows: dict[str, Json] = {}
        self.written: dict[str, Counter[str]] = defaultdict(Counter)
        self.listeners: list[Callable[[str, ObjectType, int, Json], None]] = []
        """Told of what happens: the kind of event, the object type, when (epoch ms), and the event's own fields."""
        self._searchers: dict[str, Searcher] = {}
        self._due: list[tuple[float, Table, int]] = []

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    def tell(self, what: str, kind: ObjectType, fields: Json) -> None:
        """Something happened that webhooks may be about."""
        for listener in self.listeners:
            listener(what, kind, self.now_ms(), fields)

    def tick(self) -> None:
        """Lets time pass: search indexes catch up, enrichment of new records happens."""
        now = self.clock()
        for table in self.tables.values():
            if table.lag:
                table.catch_up(now)
        for due in [due for due in self._due if due[0] <= now]:
            self._due.remove(due)
            due[1].touch(due[2], int(due[0] * 1000))

    def kind(self, name: str) -> ObjectType:
        """The object type of any of its names. Raises ApiError."""
        found = self.registry.find(name)
        if found is None:
            raise invalid(f"Unable to infer object type from: {name}")
        return found

    def table(self, kind: ObjectType) -> Table:
        if kind.plural not in self.tables:
            self.tables[kind.plural] = Table(kind, (), {})
        return self.tables[kind.plural]

    def definitions(self, kind: ObjectType) -> Properties:
        if kind.plural not in self.properties:
            self.properties[kind.plural] = Properties(kind, 0, self.clock, lambda: self.behaviours.property_delay)
        return self.properties[kind.plural]

    def searcher(self, kind: ObjectType) -> Searcher:
        if kind.plural not in self._searchers:

            def plural_of(name: str) -> str | None:
                found = self.registry.find(name)
                return None if found is None else found.plural

            self._searchers[kind.plural] = Searcher(self.table(kind), self.definitions(kind), self.links, plural_of)
        return self._searchers[kind.plural]

    def shown(self, kind: ObjectType, names: Iterable[str], *, thin: bool = False) -> list[tuple[str, Column | None]]:
        """The columns that an answer shows for the requested names: what the portal does not know is left out."""
        table, definitions = self.table(kind), self.definitions(kind)
        wanted = {"hs_object_id", kind.created, kind.modified, *names}
        known = sorted(name for name in wanted if definitions.get(name) is not None)
        if thin:
            known = [name for name in known if definitions.live[name].get("hubspotDefined")]
        return [(name, table.columns.get(name)) for name in known]

    def find(self, kind: ObjectType, text: object) -> int | None:
        """The row of a live record by its id in text."""
        identifier = whole(text)
        return None if identifier is None else self.table(kind).row(identifier)

    def check(self, kind: ObjectType, given: Any, row: int | None, *, rules: bool = False) -> dict[str, str | None]:
        """The values in normal form. Raises ApiError listing everything that is wrong with them."""
        if given is None:
            given = {}
        if not isinstance(given, dict):
            raise bad_json("properties must be an object")
        definitions, problems, values = self.definitions(kind), [], {}
        for name, value in given.items():
            found = definitions.get(name)
            if found is None:
                problems.append(validation.problem(f'Property "{name}" does not exist', "PROPERTY_DOESNT_EXIST", name))
            elif found["modificationMetadata"]["readOnlyValue"]:
                problems.append(
                    validation.problem(
                        f'"{name}" is a read only property; its value cannot be set.', "READ_ONLY_VALUE", name
                    )
                )
            elif value is not None:
                try:
                    values[name] = normal(found, value)
                except Unacceptable as reason:
                    problems.append(validation.problem(str(reason), reason.code, name))
        problems += self._taken(kind, values, row)
        if problems:
            raise invalid_properties(problems)
        if rules:
            validation.enforce(self.behaviours, self.table(kind), values, row)
        return values

    def _taken(self, kind: ObjectType, values: Mapping[str, str | None], row: int | None) -> list[Json]:
        """Values of unique properties that another live record holds."""
        definitions, found = self.definitions(kind), []
        for name, value in values.items():
            if value is None or not (definition := definitions.get(name)) or not definition["hasUniqueValue"]:
                continue
            holder = self.row_with(kind, name, value)
            if holder is not None and holder != row:
                found.append(validation.problem(f"{value} already has that value.", "CONFLICTING_UNIQUE_VALUE", name))
        return found

    def row_with(self, kind: ObjectType, name: str, value: str) -> int | None:
        """The first live record that holds a value."""
        table = self.table(kind)
        rows = (row for row in range(len(table.ids)) if table.state[row] == LIVE and table.get(row, name) == value)
        return next(rows, None)

    def create(self, kind: ObjectType, values: Mapping[str, str | None], source: str = "INTEGRATION") -> int:
        """A new record with checked values; gives its row."""
        table, now = self.table(kind), self.now_ms()
        row = table.append(table.next_id())
        if self.behaviours.index_lag:
            table.remember(row, self.clock() + self.behaviours.index_lag, (), created=True)
        for name in {kind.created, "hs_createdate"}:
            table.columns[name].set(row, str(now))
        self._put(table, row, values, source, now)
        table.touch(row, now)
        if self.behaviours.enrichment_after is not None:
            self._due.append((self.clock() + self.behaviours.enrichment_after, table, row))
        if source != "MERGE_OBJECTS":
            self.tell("creation", kind, {"objectId": table.ids[row]})
        return row

    def update(self, table: Table, row: int, values: Mapping[str, str | None], source: str = "INTEGRATION") -> None:
        """Writes checked values on a live record and moves its modification stamp."""
        changed = {name for name, value in values.items() if table.get(row, name) != value}
        if not changed and not self.behaviours.same_value_bumps:
            return
        self._lag(table, row, values)
        self._put(table, row, values, source, self.now_ms())
        table.touch(row, self.now_ms())
        for name in sorted(changed):
            fields = {"objectId": table.ids[row], "propertyName": name, "propertyValue": values[name] or ""}
            self.tell("propertyChange", table.kind, fields)

    def archive(self, table: Table, row: int) -> None:
        """Moves a record to the recycle bin and takes its associations away."""
        self._lag(table, row, ())
        if row in table.lag:
            table.lag[row].archived = True
        table.state[row] = ARCHIVED
        table.archived_at[row] = self.now_ms()
        table.version += 1
        self.links.drop(table.kind.plural, table.ids[row])
        self.tell("deletion", table.kind, {"objectId": table.ids[row]})

    def merge(self, kind: ObjectType, primary: int, other: int) -> int:
        """Merges two records into one, which may have a new id; gives the survivor's row."""
        table = self.table(kind)
        kept, lost = table.ids[primary], table.ids[other]
        old = ";".join(
            filter(None, [table.get(primary, "hs_merged_object_ids"), table.get(other, "hs_merged_object_ids")])
        )
        names = [name for name in table.columns if self._copied(kind, name)]
        values = {name: table.get(primary, name) or table.get(other, name) for name in names}
        losers = [lost]
        survivor = primary
        if self.behaviours.merge_makes_new_id:
            survivor = self.create(kind, {}, "MERGE_OBJECTS")
            created = table.created.ms(primary)
            table.columns[kind.created].set(survivor, None if created is None else str(created))
            losers = [kept, lost]
        self._put(table, survivor, values, "MERGE_OBJECTS", self.now_ms())
        merged = ";".join(filter(None, [old, *map(str, losers)]))
        table.column("hs_merged_object_ids").set(survivor, merged)
        if kind.plural == "contacts":
            at = self.now_ms()
            table.column("hs_calculated_merged_vids").set(
                survivor, ";".join(f"{one}:{at}" for one in merged.split(";"))
            )
        for loser in losers:
            table.state[table.rows_between(loser, loser)[0]] = GONE
            table.merged_into[loser] = table.ids[survivor]
            self.links.move(kind.plural, loser, table.ids[survivor])
        table.touch(survivor, self.now_ms())
        into = table.ids[survivor]
        told = {
            "primaryObjectId": kept,
            "mergedObjectIds": [lost],
            "newObjectId": into,
            "numberOfPropertiesMoved": len(values),
        }
        self.tell("merge", kind, told)
        return survivor

    def erase(self, table: Table, row: int) -> None:
        """Removes a record and its associations as if it had never been; both events are told (Developer Changelog,
        "Webhooks now support privacy-compliant contact deletions")."""
        self.tell("privacyDeletion", table.kind, {"objectId": table.ids[row]})
        self.tell("deletion", table.kind, {"objectId": table.ids[row]})
        self.links.drop(table.kind.plural, table.ids[row])
        table.state[row] = GONE
        table.version += 1

    def linked(self, pair: tuple[str, str], source: int) -> None:
        """Brings the properties that follow from associations up to date; nothing's stamp moves."""
        if pair == ("contacts", "companies"):
            self._follow(pair, source, PRIMARY, "associatedcompanyid")
        if pair == ("companies", "companies"):
            self._follow(pair, source, "Parent Company", "hs_parent_company_id")

    def _follow(self, pair: tuple[str, str], source: int, label: str, name: str) -> None:
        table = self.tables[pair[0]]
        row = table.row(source)
        found = [str(to) for to, kinds in self.links.of(pair, source) if any(kind.label == label for kind in kinds)]
        if row is not None:
            table.column(name).set(row, found[0] if found else None)

    def _copied(self, kind: ObjectType, name: str) -> bool:
        found = self.definitions(kind).live.get(name)
        return found is not None and not found["modificationMetadata"]["readOnlyValue"] and name != kind.created

    def _lag(self, table: Table, row: int, names: Iterable[str]) -> None:
        if self.behaviours.index_lag:
            table.remember(row, self.clock() + self.behaviours.index_lag, names)

    def _put(self, table: Table, row: int, values: Mapping[str, str | None], source: str, now: int) -> None:
        for name, value in values.items():
            column = table.column(name)
            versions = table.history.setdefault((row, name), [])
            if not versions and (first := column.get(row)) is not None:
                versions.append(Version(first, table.created.ms(row) or now, "CRM_UI", "userId:1"))
            versions.append(Version(value, now, source, str(APP_ID)))
            column.set(row, value)
            self.written[table.kind.plural][name] += source == "INTEGRATION"
        if table.kind.plural == "deals":
            calculated.deal(table, row, values, self.stage("deals", table.get(row, "dealstage")), self.rates, now)
        if table.kind.plural == "tickets":
            calculated.ticket(table, row, values, self.stage("tickets", table.get(row, "hs_pipeline_stage")), now)
        if table.kind.plural == "tasks":
            calculated.task(table, row, values, now)
        if table.kind.plural == "emails":
            calculated.email(table, row, values)
        if table.kind.plural == "line_items":
            calculated.line_item(table, row, values)

    def stage(self, plural: str, stage_id: str | None) -> Json | None:
        """A pipeline stage by its id."""
        stages = (stage for pipeline in self.pipelines[plural] for stage in pipeline["stages"])
        return next((stage for stage in stages if stage["id"] == stage_id), None)
