"""What `bothways check` says about a Salesforce organisation. A problem is a finding; nothing here raises for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from connectors.base import Diagnosis, Finding, FindingLevel, PropertySpec
from connectors.errors import AuthError, BothwaysError, FatalError, SchemaError
from connectors.records import STREAMS, Stream
from connectors.salesforce.api.answers import Found
from connectors.salesforce.api.client import Client, soql
from connectors.salesforce.api.describe import Schema
from connectors.salesforce.config import ObjectMapping, SalesforceConfig, SalesforceMapping
from connectors.salesforce.names import OBJECTS, field_name
from connectors.salesforce.read import activities
from connectors.salesforce.read.lookups import RELATION_OBJECTS
from connectors.salesforce.setup import check_data, check_rules, check_user
from connectors.salesforce.setup.check_cost import Cost, estimate
from connectors.salesforce.write.writer import PROVISION

_COUNTED = ("Account", "Opportunity", "Contact", "Case")
_UNSEEN_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Checker:
    """Runs every check it can."""

    client: Client
    config: SalesforceConfig
    mapping: SalesforceMapping
    schema: Schema
    owned: Sequence[PropertySpec]

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
                    ("activity", self._channels),
                    ("activity", self._silence),
                    ("activity", self._coverage),
                    ("rules", lambda: check_rules.rules(self.client)),
                ):
                    findings += self._guarded(topic, checked)
        finally:
            self.client.transport.observe_reserve = True
        return Diagnosis(tuple(findings))

    def _guarded(self, topic: str, checked: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        try:
            yield from checked()
        except AuthError as error:
            yield Finding("fail", "credentials" if topic == "credentials" else topic, str(error), error.remedy)
        except BothwaysError as error:
            yield Finding("fail", topic, str(error), error.remedy)

    def _credentials(self) -> Iterator[Finding]:
        versions = self.client.send("GET", "/services/data")
        served = [str(each["version"]) for each in versions]
        user = self.client.send("GET", "/services/oauth2/userinfo")
        name = user.get("preferred_username") or user.get("user_id")
        yield Finding("ok", "credentials", f"Signed in as {name} of organisation {user.get('organization_id')}.")
        if self.config.api_version in served:
            yield from check_user.rights(self.client, str(user.get("user_id")))
        if self.config.api_version not in served:
            yield Finding(
                "fail",
                "credentials",
                f"The organisation does not serve API version {self.config.api_version} (it has {', '.join(served[-3:])}).",
                "Set crm.api_version to one that it serves.",
            )

    def _streams(self) -> Iterator[Finding]:
        plain: list[tuple[Stream, ObjectMapping]] = [(s, m) for s in STREAMS if (m := self.mapping.of(s)) is not None]
        kinds: list[tuple[Stream, ObjectMapping]] = [
            ("activities", m) for _, m in activities.objects(self.mapping.activities)
        ]
        for stream, mapping in (*plain, *kinds):
            yield from self._stream(stream, mapping)
        for name in RELATION_OBJECTS:
            if self.schema.object(name) is None:
                yield Finding(
                    "warn",
                    "activity",
                    f"{name} is not available: only the main person of an activity is known.",
                    "Turn on Enhanced Email and Shared Activities, or give the integration user access.",
                )

    def _stream(self, stream: Stream, mapping: ObjectMapping) -> Iterator[Finding]:
        try:
            selection = self.schema.select(mapping, stream)
        except SchemaError as error:
            yield Finding("fail", "fields", str(error), error.remedy)
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
        for column, path in selection.missing.items():
            yield Finding(
                "warn",
                "fields",
                f"{mapping.object}.{path} is not there or not readable: {stream}.{column} is unknown.",
                "Give the integration user read access to it, or map another field.",
            )

    def _properties(self) -> Iterator[Finding]:
        for spec in self.owned:
            name = f"{OBJECTS[spec.stream]}.{field_name(spec.name)}"
            found = self.schema.find(OBJECTS[spec.stream], field_name(spec.name))
            if found is None:
                yield Finding("fail", "properties", f"{name} is not installed, or hidden from this user.", PROVISION)
            elif not found.updateable:
                yield Finding("fail", "properties", f"{name} can be read but not edited by this user.", PROVISION)
        for object_name in OBJECTS.values():
            info = self.schema.object(object_name)
            if info is not None and not info.updateable:
                remedy = "Assign the permission set Bothways_Integration."
                yield Finding("fail", "properties", f"{object_name} records cannot be edited by this user.", remedy)

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
            remedy = "It is continued on the next days; lower crm.quota_reserve, or set crm.bulk_read_rows lower to save calls."
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

    def _silence(self) -> Iterator[Finding]:
        return check_data.silent_channels(self.client, self.mapping.activities, self.schema)

    def _coverage(self) -> Iterator[Finding]:
        return check_data.coverage(self.client, self.mapping, self.schema)

    def _visibility(self) -> Iterator[Finding]:
        there = [name for name in _COUNTED if self.schema.object(name) is not None]
        visible = self.client.counts(there)
        for name, about in self._sizes(there).items():
            seen = visible.get(name, about)
            if about > 100 and seen < about * (1 - _UNSEEN_SHARE):
                yield Finding(
                    "warn",
                    "objects",
                    f"This user sees {seen} of about {about} {name} records: what is hidden looks like silence.",
                    "Give it View All Records (the permission set Bothways_Integration does).",
                )

    def _channels(self) -> Iterator[Finding]:
        email = self.mapping.activities.email
        if email is None or self.schema.object(email.object) is None:
            yield Finding(
                "warn", "activity", "E-mail is not in this organisation: reciprocity rests on calls and meetings."
            )
            return
        template = "SELECT COUNT() FROM {:literal}"
        statements = [soql(template, email.object)]
        incoming, sent_at = email.fields.get("incoming"), email.fields.get("occurred_at")
        if incoming and sent_at:
            recent = template + " WHERE {:literal} = true AND {:literal} = LAST_N_DAYS:30"
            statements.append(soql(recent, email.object, incoming, sent_at))
        counts = [answer.total for answer in self.client.queries(statements) if isinstance(answer, Found)]
        if counts and 0 in counts:
            how = "is empty" if counts[0] == 0 else "has had no incoming message for 30 days"
            yield Finding(
                "warn",
                "activity",
                f"{email.object} {how}: e-mail is either not logged, or captured outside the organisation.",
                "With Einstein Activity Capture, turn on 'Sync Email as Salesforce Activity'.",
            )
