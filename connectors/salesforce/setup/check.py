"""What `bothways check` says about a Salesforce organisation. A problem is a finding; nothing here raises for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.base import Diagnosis, Finding, FindingLevel, Organisation, PropertySpec
from connectors.errors import AuthError, BothwaysError, FatalError, SchemaError
from connectors.records import STREAMS, Stream
from connectors.salesforce.api.answers import Found
from connectors.salesforce.api.client import Client, soql
from connectors.salesforce.api.describe import FieldInfo, Schema
from connectors.salesforce.api.failures import WHO_SEES_ALL, TooLarge
from connectors.salesforce.config import ObjectMapping, SalesforceConfig, SalesforceMapping
from connectors.salesforce.names import OBJECTS, field_name
from connectors.salesforce.read import activities
from connectors.salesforce.read.lookups import RELATION_OBJECTS
from connectors.salesforce.setup import check_channels, check_data, check_money, check_rules, check_user, check_words
from connectors.salesforce.setup.check_cost import Cost, estimate
from connectors.salesforce.write.writer import PROVISION

_COUNTED = ("Account", "Opportunity", "Contact", "Case")
_ACTIVITIES = ("Task", "Event", "EmailMessage")
_SEES_RECORDS = "Give it View All Records (the permission set Bothways_Integration does)."
_UNSEEN_SHARE = 0.05
_MOST_NAMED = 5
NOTHING_YET = (
    "Run `bothways provision` as an administrator; if that was done, assign the permission set "
    "Bothways_Integration to this user."
)


@dataclass(frozen=True, slots=True)
class Checker:
    """Runs every check it can."""

    client: Client
    config: SalesforceConfig
    mapping: SalesforceMapping
    schema: Schema
    owned: Sequence[PropertySpec]
    organisation: Organisation = field(default_factory=Organisation)

    def run(self) -> Diagnosis:
        """All findings. Stops early only where nothing more can be asked."""
        self.client.transport.observe_reserve = False
        try:
            findings = list(self._guarded("credentials", self._credentials))
            if all(finding.level != "fail" for finding in findings):
                self.schema.forget()
                for topic, checked in (
                    ("objects", self._streams),
                    ("properties", self._properties),
                    ("limits", self._limits),
                    ("objects", self._visibility),
                    ("objects", lambda: check_data.duplicates(self.client, self.mapping, self.schema)),
                    ("objects", lambda: check_data.merges(self.client, self.schema)),
                    (
                        "money",
                        lambda: check_money.currencies(self.client, self.schema, self.mapping, self.organisation),
                    ),
                    ("money", lambda: check_money.late_deals(self.client, self.schema, self.mapping)),
                    ("activity", lambda: check_channels.mail(self.client, self.mapping.activities, self.schema)),
                    ("activity", lambda: check_channels.silent(self.client, self.mapping.activities, self.schema)),
                    ("activity", lambda: check_channels.lengths(self.client, self.mapping.activities, self.schema)),
                    ("activity", lambda: check_channels.unread(self.client, self.mapping.activities, self.schema)),
                    ("activity", lambda: check_channels.coverage(self.client, self.mapping, self.schema)),
                    (
                        "activity",
                        lambda: check_words.senders(self.client, self.schema, self.mapping, self.organisation),
                    ),
                    ("fields", lambda: check_words.unmapped(self.client, self.schema, self.mapping)),
                    ("rules", lambda: check_rules.rules(self.client)),
                ):
                    findings += self._guarded(topic, checked)
        finally:
            self.client.transport.observe_reserve = True
        return Diagnosis(tuple(findings))

    def _guarded(self, topic: str, checked: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        try:
            yield from checked()
        except BothwaysError as error:
            yield Finding("fail", topic, str(error.args[0]), error.remedy)

    def _credentials(self) -> Iterator[Finding]:
        versions = self.client.send("GET", "/services/data")
        served = [str(each["version"]) for each in versions]
        user = self.client.send("GET", "/services/oauth2/userinfo")
        name = user.get("preferred_username") or user.get("user_id")
        yield Finding("ok", "credentials", f"Signed in as {name} of organisation {user.get('organization_id')}.")
        if self.config.api_version in served:
            yield from check_user.rights(self.client, str(user.get("user_id")))
            yield from check_user.ending(self.config.api_version, served)
        if self.config.api_version not in served:
            yield Finding(
                "fail",
                "credentials",
                f"The organisation does not serve API version {self.config.api_version} (it has "
                f"{', '.join(served[-3:])}).",
                "Set crm.api_version to one that it serves.",
            )

    def _streams(self) -> Iterator[Finding]:
        plain: list[tuple[Stream, ObjectMapping]] = [(s, m) for s in STREAMS if (m := self.mapping.of(s)) is not None]
        kinds: list[tuple[Stream, ObjectMapping]] = [
            ("activities", m) for _, m in activities.objects(self.mapping.activities)
        ]
        for stream, mapping in (*plain, *kinds):
            yield from self._stream(stream, mapping)
        absent = [name for name in RELATION_OBJECTS if self.schema.object(name) is None]
        if absent:
            verb = "is" if len(absent) == 1 else "are"
            yield Finding(
                "warn",
                "activity",
                f"{', '.join(absent)} {verb} not available: only the main person of an activity is known.",
                "Turn on Enhanced Email and Shared Activities, or give the integration user access.",
            )

    def _stream(self, stream: Stream, mapping: ObjectMapping) -> Iterator[Finding]:
        try:
            selection = self.schema.select(mapping, stream)
        except SchemaError as error:
            yield Finding("fail", "fields", str(error.args[0]), error.remedy)
            return
        if selection is None:
            needed = stream in OBJECTS
            yield Finding(
                "fail" if needed else "warn",
                "objects",
                f"{mapping.object} is not available: the stream {stream} is empty.",
                "Give the integration user read access to it, if the organisation has it.",
            )
            return
        yield Finding("ok", "objects", f"{mapping.object} feeds {stream}.")
        if selection.missing:
            names = ", ".join(f"{mapping.object}.{path}" for path in dict.fromkeys(selection.missing.values()))
            unknown = ", ".join(selection.missing)
            yield Finding(
                "warn",
                "fields",
                f"Not there or not readable: {names}. Unknown of {stream}: {unknown}.",
                "Give the integration user read access to it, or map another field.",
            )
        formulas = [
            name for name in selection.paths if getattr(self.schema.find(mapping.object, name), "calculated", False)
        ]
        if formulas:
            yield Finding(
                "warn",
                "fields",
                f"{', '.join(f'{mapping.object}.{name}' for name in formulas)} is computed by a formula: it "
                f"changes without a"
                " trace on the record, so a change is seen by the next whole read (`sync.full_every_hours`).",
                "Map a field that holds the value, if it matters within days.",
            )

    def _properties(self) -> Iterator[Finding]:
        """Ours: nothing there yet is to be done, some missing is a fault."""
        wanted = [(OBJECTS[spec.stream], field_name(spec.name)) for spec in self.owned]
        found = {name: self.schema.find(*name) for name in wanted}
        missing = [".".join(name) for name, info in found.items() if info is None]
        if missing and len(missing) == len(wanted):
            yield Finding("todo", "properties", f"{len(wanted)} fields to install.", NOTHING_YET)
            return
        locked = [".".join(name) for name, info in found.items() if info is not None and not info.updateable]
        for names, what in (
            (missing, "not installed, or hidden from this user"),
            (locked, "readable but not editable by this user"),
        ):
            if names:
                listed = ", ".join(names[:_MOST_NAMED]) + (
                    f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
                )
                yield Finding(
                    "fail", "properties", f"{len(names)} of {len(wanted)} fields are {what}: {listed}.", PROVISION
                )
        yield from self._options(found)
        closed = [n for n in OBJECTS.values() if (info := self.schema.object(n)) is not None and not info.updateable]
        if closed:
            remedy = "Assign the permission set Bothways_Integration."
            yield Finding(
                "fail", "properties", f"{' and '.join(closed)} records cannot be edited by this user.", remedy
            )

    def _options(self, found: Mapping[tuple[str, str], FieldInfo | None]) -> Iterator[Finding]:
        """Values of our picklists that somebody has removed or deactivated, or that an older version did not have."""
        for spec in self.owned:
            name = OBJECTS[spec.stream], field_name(spec.name)
            info = found.get(name)
            if info is None or info.type != "picklist":
                continue
            lacking = [code for code, _ in spec.options if code not in info.options]
            if lacking:
                effect = "are refused" if info.restricted else "are shown as codes, and missing from filters"
                yield Finding(
                    "fail" if info.restricted else "warn",
                    "properties",
                    f"{'.'.join(name)} lacks the values {', '.join(lacking)}: scores with them {effect}.",
                    f"Run `bothways provision`, or add them in Setup > Object Manager > {name[0]} > Fields & "
                    f"Relationships > {spec.label}.",
                )

    def _limits(self) -> Iterator[Finding]:
        most, left = self._day()
        level: FindingLevel = "warn" if most and left < self.config.quota_reserve * most else "ok"
        remedy = "" if level == "ok" else "Runs are deferred until the day's calls are free again."
        yield Finding(level, "limits", f"{left} of {most} API calls are left today.", remedy)
        cost = self._cost()
        if cost is None:
            yield Finding("ok", "limits", "What a run takes is not known: this user may not count records.")
            return
        usable = left - self.config.quota_reserve * most
        text = f"A first run takes about {cost.first} API calls, one without changes about {cost.unchanged}."
        if most and cost.first > usable:
            remedy = (
                "It is continued on the next days; lower crm.quota_reserve, or set crm.bulk_read_rows "
                "lower to save calls."
            )
            yield Finding("warn", "limits", f"{text} Only {max(0, usable):.0f} are free today.", remedy)
        else:
            yield Finding("ok", "limits", text)

    def _day(self) -> tuple[int, int]:
        """API calls of the day, and how many are left; from the last answer's header for who may not see the limits."""
        try:
            day = self.client.limits().get("DailyApiRequests") or {}
        except (AuthError, FatalError):
            used, allowed = self.client.transport.usage or (0, 0)
            return allowed, allowed - used
        return int(day.get("Max") or 0), int(day.get("Remaining") or 0)

    def _sizes(self, objects: Sequence[str]) -> dict[str, int]:
        """About how many records there are; empty for who may not know."""
        try:
            return self.client.record_counts(objects)
        except (AuthError, FatalError):
            return {}

    def _cost(self) -> Cost | None:
        plain = [[m.object] for s in STREAMS if (m := self.mapping.of(s)) is not None]
        acts = [m.object for _, m in activities.objects(self.mapping.activities)]
        read = [[name for name in each if self.schema.object(name) is not None] for each in (*plain, acts)]
        there = [name for each in (*read, RELATION_OBJECTS) for name in each if self.schema.object(name) is not None]
        sizes = self._sizes(there)
        return estimate(sizes, [each for each in read if each], self.config) if sizes else None

    def _visibility(self) -> Iterator[Finding]:
        """What this user sees against what there is; archived activities included, deleted records not."""
        there = [name for name in (*_COUNTED, *_ACTIVITIES) if self.schema.object(name) is not None]
        count = "SELECT COUNT() FROM {:literal} WHERE IsDeleted = false"
        answers = self.client.queries([soql(count, name) for name in there], everything=True)
        found = dict(zip(there, answers, strict=True))
        large = [name for name, answer in found.items() if isinstance(answer, TooLarge)]
        if large:
            yield Finding(
                "warn",
                "objects",
                f"{' and '.join(large)} records are about too many people to be queried as a whole by this user"
                " (OPERATION_TOO_LARGE): they are read in smaller windows, which takes more calls.",
                WHO_SEES_ALL,
            )
        sizes = self._sizes(list(found))
        for names, remedy in ((_COUNTED, _SEES_RECORDS), (_ACTIVITIES, WHO_SEES_ALL)):
            hidden = [
                f"{answer.total} of about {sizes[name]} {name}"
                for name in names
                if name in sizes and isinstance(answer := found.get(name), Found) and _hides(answer.total, sizes[name])
            ]
            if hidden:
                text = f"This user sees {', '.join(hidden)} records: what is hidden looks like silence."
                yield Finding("warn", "objects", text, remedy)


def _hides(seen: int, about: int) -> bool:
    return about > 100 and seen < about * (1 - _UNSEEN_SHARE)
