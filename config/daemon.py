"""Settings of the long-lived mode: `bothways daemon`, its health pages and its webhook receiver."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.http.addresses import address
from connectors.secrets import Secret


def _address(value: str) -> str:
    host, port = split_address(value)
    if not host or not 0 <= port <= 65535:
        raise ValueError(f"{value!r} is not an address; write it like 127.0.0.1:9464")
    return value


def split_address(value: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[v6]:port`; ("", -1) for anything else."""
    host, colon, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "", -1
    return (host, int(port)) if colon and port.isascii() and port.isdigit() else ("", -1)


Address = Annotated[str, AfterValidator(_address)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DaemonSettings(_Section):
    """Runs inside one process."""

    every_hours: float = Field(default=6.0, ge=1 / 60, le=24 * 31)
    """A sync is due so often, counted from the last one."""
    health: Address | None = None
    """Where /healthz, /readyz and /metrics are served; loopback only. None: nowhere."""

    @field_validator("health")
    @classmethod
    def _loopback(cls, value: str | None) -> str | None:
        if value is not None and not ipaddress.ip_address(split_address(value)[0]).is_loopback:
            raise ValueError("health and metrics are served on loopback only, e.g. 127.0.0.1:9464")
        return value

    @property
    def every(self) -> timedelta:
        return timedelta(hours=self.every_hours)


class WebhookSettings(_Section):
    """The receiver of `bothways daemon --webhooks`."""

    public_url: str | None = None
    """The address that the CRM calls, exactly as it stands in the app: it is part of what is signed."""
    client_secret: Secret | None = None
    """Of the app that subscribes; the signatures are checked with it."""
    listen: Address = "127.0.0.1:8808"
    """Where deliveries come in, from a proxy that speaks TLS."""
    public: bool = False
    """Allows `listen` beyond this machine, where everybody in the network can reach it in the clear."""
    hosts: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$")], ...] = ()
    """Further names under which the proxy asks; that of `public_url` and this machine's are known."""
    portal_id: int | None = Field(default=None, gt=0)
    """Events of other accounts that have the same app are left out. None: there is only one."""
    run_after_minutes: float = Field(default=0.0, ge=0, le=1440)
    """A sync is run early, so long after the first record was marked. 0: marks wait for the next one that is due."""

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            address(value)
        except ValueError as error:
            raise ValueError(f"{error}: write the whole address, with https://, as it stands in the app") from None
        return value

    @model_validator(mode="after")
    def _not_by_accident(self) -> Self:
        if not self.public and not ipaddress.ip_address(split_address(self.listen)[0]).is_loopback:
            raise ValueError("listen is beyond this machine; set public = true if the network before it is trusted")
        return self

    @property
    def all_hosts(self) -> frozenset[str]:
        """The names that a delivery may ask for."""
        own = [address(self.public_url).host] if self.public_url is not None else []
        return frozenset({*own, *self.hosts})

    @property
    def run_after(self) -> timedelta | None:
        return timedelta(minutes=self.run_after_minutes) if self.run_after_minutes else None
