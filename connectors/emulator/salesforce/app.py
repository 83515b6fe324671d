"""The Salesforce stand-in: routes of the REST API and what every answer carries."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from connectors.emulator.organisation.model import Organisation
from connectors.emulator.salesforce.auth import identity
from connectors.emulator.salesforce.auth.oauth import Client, Tokens
from connectors.emulator.salesforce.bulk.ingest import BulkIngests
from connectors.emulator.salesforce.bulk.query import LARGEST_PAGE, BulkQueries
from connectors.emulator.salesforce.bulk.v1 import BulkV1
from connectors.emulator.salesforce.call import Call, answer
from connectors.emulator.salesforce.life import Life
from connectors.emulator.salesforce.metadata.deploy import Deployments
from connectors.emulator.salesforce.noise import add_noise
from connectors.emulator.salesforce.rest.query import Queries
from connectors.emulator.salesforce.rest.records import whole_record
from connectors.emulator.salesforce.routes import LATEST, OLDEST, VERSION, Routes, refuse_version, version_json
from connectors.emulator.salesforce.seed.organisation import seed
from connectors.emulator.salesforce.soap.partner import PartnerCalls
from connectors.emulator.salesforce.soap.routes import Soap
from connectors.emulator.salesforce.store import person_accounts as persons
from connectors.emulator.salesforce.store.errors import ApiError, not_found
from connectors.emulator.salesforce.store.org import Clock, Org, system_clock
from connectors.emulator.salesforce.store.quota import Quota
from connectors.emulator.salesforce.store.writes import Writer
from connectors.emulator.server.http import Request, Response

_HEAD_LIMIT = 16_384
_KINDS: dict[str, tuple[str, ...]] = {
    "accounts": ("Account",),
    "people": ("Contact",),
    "users": ("User",),
    "opportunities": ("Opportunity",),
    "opportunity_people": ("OpportunityContactRole",),
    "line_items": ("OpportunityLineItem",),
    "activities": ("Task", "Event", "EmailMessage"),
    "cases": ("Case",),
    "contracts": ("Contract",),
    "assets": ("Asset",),
    "rivals": ("OpportunityCompetitor",),
    "currency_rates": ("CurrencyType", "DatedConversionRate"),
}
_LOCAL = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?\Z")
_ID = re.compile(r"(?<=/)(?=\w*\d)(?:[A-Za-z0-9]{15}|[A-Za-z0-9]{18})(?=/|\Z)")


class SalesforceEmulator(Life):
    """An organisation behind its API; an `Application` of `EmulatorServer`.

    `token` is a system administrator's, `runtime_token` that of the integration user, who may read what is seeded (edit
    nothing until a permission set says so) and not deploy. `consumer_key` and `consumer_secret` are of an external
    client app whose Run-As user is the integration user.
    """

    crm = "salesforce"

    def __init__(
        self,
        organisation: Organisation,
        *,
        token: str | None = None,
        runtime_token: str | None = None,
        consumer_key: str = "3MVG9emulatedConsumerKey",
        consumer_secret: str = "emulated-consumer-secret",  # noqa: S107
        daily_limit: int = 1_000_000,
        job_polls: int = 1,
        bulk_page_rows: int = LARGEST_PAGE,
        deploy_polls: int = 2,
        page_weight: int = 200,
        newline_in_quotes_fails: bool = True,
        assignment_rules: bool = True,
        session_lifetime: timedelta | None = None,
        rotate_refresh_tokens: bool = False,
        user_password: str | None = None,
        person_accounts: bool = False,
        noise: bool = False,
        clock: Clock = system_clock,
    ) -> None:
        rates = organisation.tables["currency_rates"].num_rows
        self.org = Org(multi_currency=rates > 0, clock=clock)
        if person_accounts:
            persons.switch_on(self.org)
        self.seeded = seed(self.org, organisation)
        if assignment_rules:
            self.org.behaviours.assignment_owner = self.seeded.queue_user
        self.writer = Writer(self.org)
        self.noise = add_noise(self) if noise else {}
        """Ids of records that are nobody's effort, by kind."""
        self.quota = Quota(daily_limit)
        self.queries = Queries(self.org, page_weight=page_weight)
        self.bulk_queries = BulkQueries(self.org, polls=job_polls, page_rows=bulk_page_rows)
        self.bulk_ingests = BulkIngests(
            self.org, self.writer, polls=job_polls, newline_in_quotes_fails=newline_in_quotes_fails
        )
        self.bulk_v1 = BulkV1(self.org, self.writer, polls=job_polls)
        self.deployments = Deployments(self.org, polls=deploy_polls)
        self.tokens = Tokens(
            self.org,
            Client(consumer_key, consumer_secret, self.seeded.integration_user, self.seeded.usernames),
            lifetime=session_lifetime,
            rotate=rotate_refresh_tokens,
            password=user_password,
        )
        self.password = user_password
        short = self.org.org_id[:15]
        self.token = self.tokens.add(token or f"{short}!admin", self.seeded.admin_user)
        self.runtime_token = self.tokens.add(runtime_token or f"{short}!runtime", self.seeded.integration_user)
        self.refresh_token = self.tokens.grant(self.seeded.integration_user)
        self._routes = Routes(
            self.org,
            self.quota,
            self.writer,
            self.queries,
            self.bulk_queries,
            self.bulk_ingests,
            self.deployments,
            self.bulk_v1,
        )
        partner = PartnerCalls(self.org, self.writer, self.queries, self._routes.answer)
        self.soap = Soap(self.org, self.tokens, self.deployments, partner, user_password)

    # the Application protocol

    def handle(self, request: Request) -> Response:
        """Never raises for bad input."""
        self.org.settle()
        try:
            if int(request.headers.get("x-emulator-head-bytes", "0")) > _HEAD_LIMIT:
                long_target = len(request.target) > _HEAD_LIMIT // 2
                return Response(414 if long_target else 431, b"", "text/html;charset=UTF-8")
            return self._handle(request)
        except ApiError as error:
            return answer(error.body(), error.status)

    def endpoint(self, request: Request) -> str:
        path = _ID.sub("{id}", re.sub(r"0r8\w{15}-\d+", "{locator}", request.path.rstrip("/")))
        match = VERSION.match(path)
        return f"{request.method} {match.group(3) or 'versions' if match else path}"

    def records(self, kind: str) -> list[dict[str, Any]] | None:
        names = _KINDS.get(kind) or ((kind,) if kind in self.org.schema.objects else None)
        if names is None:
            return None
        self.org.settle()
        found = []
        for name in names:
            thing = self.org.schema.objects[name]
            found += [whole_record(thing, row, f"{LATEST}.0") for row in self.org.store.rows(f'SELECT * FROM "{name}"')]  # noqa: S608
        return found

    def stats(self) -> dict[str, Any]:
        return {
            "records_written": {name: dict(fields) for name, fields in self.org.written.items()},
            "owner_changes": self.org.owner_changes,
            "api_usage": {"used": self.quota.used, "max": self.quota.daily},
        }

    def ways_in(self) -> dict[str, Any]:
        """Tokens of the administrator and of the integration user, the external client app, and the users who may log
        in.
        """
        return {
            "token": self.token,
            "runtime_token": self.runtime_token,
            "client_id": self.tokens.client.key,
            "client_secret": self.tokens.client.secret,
            "refresh_token": self.refresh_token,
            "usernames": {user: name for name, user in self.tokens.client.users.items()},
            "admin_user": self.seeded.admin_user,
            "integration_user": self.seeded.integration_user,
            "password": self.password,
        }

    def vendor_id(self, stream: str, canonical_id: str) -> str:
        """The record id that a canonical id of the seeded organisation became. Raises KeyError."""
        return self.seeded.ids[stream][canonical_id]

    # requests

    def _handle(self, request: Request) -> Response:
        base = _base(request)
        if request.path == "/services/oauth2/token":
            return self.tokens.handle(request, base)
        if request.path.rstrip("/") == "/services/data":
            return answer([version_json(number) for number in range(OLDEST, LATEST + 1)])
        if request.path == "/services/oauth2/introspect":
            return self.tokens.introspect(request)
        if request.path == "/services/oauth2/userinfo":
            return identity.userinfo(self.org, self._user(request), base)
        if request.path == "/services/oauth2/revoke":
            return self.tokens.revoked(request)
        if request.path.startswith("/id/"):
            return identity.identity(self.org, self._user(request), base)
        if self.soap.serves(request.path):
            self.quota.take()
            return self.soap.handle(request, base)
        if self.bulk_v1.serves(request.path):
            self.quota.take()
            user_id = self.tokens.user_of(request.headers.get("x-sfdc-session", ""))
            return self.bulk_v1.handle(request, None if user_id is None else self.org.access.of(user_id))
        match = VERSION.match(request.path)
        if match is None:
            raise not_found()
        refuse_version(int(match.group(1)))
        user_id = self._user(request)
        self.quota.take()
        call = Call(request, (match.group(3) or "").strip("/"), f"{int(match.group(1))}.0", self.org.access.of(user_id))
        if "ApiEnabled" not in call.rights.system:
            raise ApiError(403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this user")
        try:
            response = self._routes.answer(call)
        except ApiError as error:
            response = answer(error.body(), error.status)
        response.headers.update(self.quota.header())
        return response

    def _user(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if token.count(" ") or "[" in token:  # such as the sentence that `sf org display` puts in a token's place
            raise ApiError(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
        user_id = self.tokens.user_of(token.strip()) if scheme.lower() in ("bearer", "oauth") else None
        if user_id is None:
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return user_id


def _base(request: Request) -> str:
    """The organisation's address as the client reached it: a name that is not of this machine came through a proxy, by
    TLS.
    """
    host = request.headers.get("host", "localhost")
    local = _LOCAL.match(host) is not None
    scheme = request.headers.get("x-forwarded-proto") or ("http" if local else "https")
    return f"{scheme}://{host}"
