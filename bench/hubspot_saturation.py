"""How much of HubSpot's published limit a full load and a write-back use, and whether any call is refused for its rate.

    .venv/bin/python bench/hubspot_saturation.py               100,000 companies; alone, then beside another client
    .venv/bin/python bench/hubspot_saturation.py --companies 5000 --latency 0.05 --beside 60

On a busy machine give `--slower 4`: then time runs so many times slower for both sides, and what the processor takes
does not count as latency. On an idle one both give the same.

The emulator runs in a process of its own with the limits of an Enterprise account (190 requests in any ten seconds) and
answers each request after about `--latency` seconds. The other client makes `--beside` requests in ten seconds of the
same limit, evenly, and looks at nothing. Exits 1 if a claim does not hold: at least 95 % of the limit in use by both
together when we are alone, no refused call of ours, none of the other's beyond 0.5 %, and write calls within 1 % of
companies / 100.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import urllib3

from connectors.base import Change
from connectors.hubspot.api.client import Client
from connectors.hubspot.config import HubSpotConfig, HubSpotMapping
from connectors.hubspot.connector import HubSpotConnector
from connectors.records import SCHEMAS
from enrichment.fields import fields

LIMIT, SECONDS = 190, 10.0
OURS, OTHERS = "ours-00000001", "others-00000001"
MAPPING = Path(__file__).parents[1] / "config" / "mappings" / "hubspot.toml"
_EXEMPT = ("/search", "/associations/")


@dataclass(frozen=True)
class Clock:
    """The machine's monotonic time, so many times slower; the same in every process."""

    slower: float

    def __call__(self) -> float:
        return time.monotonic() / self.slower

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds) * self.slower)


def serve(companies: int, latency: float, clock: Clock, pipe: Connection) -> None:
    """The emulated portal: tells its address, then the calls seen so far whenever it is asked."""
    from connectors.emulator.hubspot.app import HubSpotEmulator
    from connectors.emulator.organisation.model import Organisation
    from connectors.emulator.server.http import EmulatorServer, Request, Response

    now = datetime.now(UTC)
    started = clock()
    rows = [
        {"id": f"A{n:07}", "name": f"Company {n}", "domain": f"c{n}.example", "industry": "Retail"}
        for n in range(companies)
    ]
    tables = {
        name: pa.Table.from_pylist(
            [{c: row.get(c) for c in shape.names} for row in (rows if name == "accounts" else [])], schema=shape
        )
        for name, shape in SCHEMAS.items()
    }
    app = HubSpotEmulator(
        Organisation(tables, ("us.example",), "USD", "UTC", now),
        tier="enterprise",
        clock=lambda: now.timestamp() + clock() - started,
    )
    seen: list[tuple[float, str, str, int]] = []
    chance = random.Random(1)
    plain = app.handle

    def slow(request: Request) -> Response:
        there = latency * chance.uniform(0.2, 0.6)
        clock.sleep(there)
        answer = plain(request)
        who = "other" if OTHERS in request.headers.get("authorization", "") else "we"
        seen.append((clock(), who, request.path, answer.status))
        clock.sleep(latency * chance.uniform(0.6, 1.4) - there)
        return answer

    app.handle = slow  # type: ignore[method-assign]
    with EmulatorServer(app) as server:
        pipe.send(server.url)
        while pipe.recv():
            pipe.send(list(seen))


@contextmanager
def portal(
    companies: int, latency: float, clock: Clock
) -> Iterator[tuple[str, Callable[[], list[tuple[float, str, str, int]]]]]:
    """Address of a portal, and what asks it for the calls that it has seen."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=serve, args=(companies, latency, clock, theirs))
    process.start()

    def seen() -> list[tuple[float, str, str, int]]:
        ours.send(True)
        calls: list[tuple[float, str, str, int]] = ours.recv()
        return calls

    try:
        yield ours.recv(), seen
    finally:
        ours.send(False)
        process.join(30)


@contextmanager
def beside(url: str, rate: int, clock: Clock) -> Iterator[None]:
    """Another client of the same limit, with so many calls in ten seconds."""
    stop, pool = threading.Event(), urllib3.PoolManager(maxsize=16)
    headers = {"Authorization": f"Bearer {OTHERS}"}

    def work() -> None:
        with ThreadPoolExecutor(8) as threads:
            while rate and not stop.wait(SECONDS / rate * clock.slower):
                threads.submit(
                    pool.request, "GET", f"{url}/crm/v3/objects/companies?limit=1", headers=headers, retries=0
                )

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@dataclass
class Phase:
    """What was measured between two moments."""

    name: str
    work: int
    seconds: float
    calls: list[tuple[float, str, str, int]]

    def of(self, who: str, refused: bool | None = None) -> int:
        return sum(w == who and refused in (None, status == 429) for _, w, _, status in self.calls)

    @property
    def counted(self) -> int:
        """Calls of both that count against the limit in ten seconds and were taken."""
        return sum(status != 429 and not any(part in path for part in _EXEMPT) for _, _, path, status in self.calls)

    @property
    def share(self) -> float:
        return self.counted / (self.seconds / SECONDS) / LIMIT

    def show(self) -> None:
        print(
            f"  {self.name:11} {self.work:,} companies in {self.seconds:.1f} s, {self.of('we'):,} calls of ours, "
            f"{self.of('we') / self.seconds * SECONDS:.1f} in ten seconds; {self.share:.1%} of the limit in use"
            f"; refused: {self.of('we', True)} of ours, {self.of('other', True)} of {self.of('other')} of the other"
        )


def measured(name: str, work: int, seen: Callable[[], list[Any]], clock: Clock, run: Callable[[], None]) -> Phase:
    before, begun = len(seen()), clock()
    run()
    ended = clock()
    phase = Phase(name, work, ended - begun, seen()[before:])
    phase.show()
    return phase


def bench(companies: int, latency: float, rate: int, clock: Clock) -> bool:
    """One portal, loaded and written back; False if a claim failed."""
    print(f"{companies:,} companies, {latency * 1000:.0f} ms a call, another client with {rate} calls in ten seconds")
    specs = fields("essential")
    with portal(companies, latency, clock) as (url, seen):
        os.environ["BENCH_TOKEN"] = OURS
        config = HubSpotConfig.model_validate(
            {"url": url, "auth": {"method": "token", "token": {"env": "BENCH_TOKEN"}}}
        )
        mapping = HubSpotMapping.model_validate(tomllib.loads(MAPPING.read_text()))
        with mock.patch("connectors.hubspot.connector.Client", partial(Client, monotonic=clock, sleep=clock.sleep)):
            connector = HubSpotConnector(config, mapping, specs)
        connector.provision(specs)
        clock.sleep(SECONDS)  # the calls of provisioning have left the window
        ids: list[str] = []
        with beside(url, rate, clock):
            clock.sleep(SECONDS if rate else 0.0)
            loaded = measured("full load", companies, seen, clock, lambda: _load(connector, ids))
            clock.sleep(SECONDS)
            written = measured("write-back", companies, seen, clock, lambda: _write(connector, ids))
        connector.close()
    batches = Counter(status for _, who, path, status in written.calls if who == "we" and "batch/update" in path)
    least = -(-companies // 100)
    print(f"  write calls {sum(batches.values()):,}, least possible {least:,}")
    return all(
        (
            len(set(ids)) == companies,
            sum(batches.values()) <= least * 1.01,
            loaded.of("we", True) + written.of("we", True) == 0,
            all(p.of("other", True) <= 0.005 * max(1, p.of("other")) for p in (loaded, written)),
            rate > 0 or min(loaded.share, written.share) >= 0.95,
        )
    )


def _load(connector: HubSpotConnector, ids: list[str]) -> None:
    for page in connector.read("accounts", None):
        ids.extend(page.batch.column("id").to_pylist())


def _write(connector: HubSpotConnector, ids: list[str]) -> None:
    size = connector.capabilities.write_batch
    changes = [Change("accounts", i, {"bothways_confidence": 50.0, "bothways_stance": "protect"}, i) for i in ids]
    with ThreadPoolExecutor(connector.capabilities.write_workers) as workers:
        for results in workers.map(
            lambda start: list(connector.write(changes[start : start + size])), range(0, len(changes), size)
        ):
            failed = [result.error for result in results if result.error is not None]
            if failed:
                raise SystemExit(f"a write failed: {failed[0]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, default=100_000)
    parser.add_argument("--latency", type=float, default=0.02, help="seconds that a call takes")
    parser.add_argument(
        "--beside", type=int, nargs="*", default=[0, 60], help="calls of the other client in ten seconds"
    )
    parser.add_argument("--slower", type=float, default=1.0, help="how many times slower time runs")
    arguments = parser.parse_args()
    clock = Clock(arguments.slower)
    held = [bench(arguments.companies, arguments.latency, rate, clock) for rate in arguments.beside]
    print("every claim holds" if all(held) else "A CLAIM DOES NOT HOLD")
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
