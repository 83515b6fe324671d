"""CPU time that a page of HubSpot costs: a call of 100 records fetched, checked and typed, against bare urllib3 and
orjson.

    .venv/bin/python bench/hubspot_pages.py
    .venv/bin/python bench/hubspot_pages.py --pages 400 --rounds 5

A server on loopback, in a process of its own, answers every list with one prepared page of 100 records and every batch
read of associations with 1,000 pairs; it computes nothing. Measured is this process's CPU time, which includes the
kernel's share of the sockets. The rounds of both alternate; the medians count. Exits 1 above 2 ms a call.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import socket
import statistics
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson
import urllib3

from connectors.base import Organisation
from connectors.hubspot.config import HubSpotConfig, HubSpotMapping
from connectors.hubspot.connector import HubSpotConnector
from connectors.records import Stream

MAPPING = Path(__file__).parents[1] / "config" / "mappings" / "hubspot.toml"
MOST = 2.0
"""CPU milliseconds a call."""
_KINDS = {"emails": "activities", "deals": "opportunities", "contacts": "people"}
_AFTER = re.compile(rb"[?&]after=(\d+)")
_STAMP = "2026-10-01T10:00:00.123Z"
_VALUES = {
    "hs_email_direction": "INCOMING_EMAIL",
    "hs_email_status": "SENT",
    "hs_email_from_email": "ada@customer.example",
    "hs_email_to_email": "sam@seller.example",
    "hs_email_headers": '{"from":{"email":"ada@customer.example","firstName":"Ada"},'
    '"to":[{"email":"sam@seller.example"}]}',
    "amount": "1200.5",
    "amount_in_home_currency": "1200.5",
    "hs_deal_stage_probability": "0.4",
    "hs_is_closed": "false",
    "hs_is_closed_won": "false",
    "closedate": _STAMP,
    "hs_timestamp": _STAMP,
    "hubspot_owner_id": "77",
}


def _record(number: int, names: list[str]) -> dict[str, Any]:
    ids = {"hs_email_thread_id": f"thread-{number // 4}", "hs_email_message_id": f"<{number}@customer.example>"}
    properties = {name: ids.get(name) or _VALUES.get(name) for name in names} | {
        "hs_object_id": str(number),
        "createdate": _STAMP,
    }
    stamps = {"createdAt": _STAMP, "updatedAt": _STAMP, "archived": False}
    return {"id": str(number), "properties": properties, **stamps}


def _page(first: int, last: int, names: list[str]) -> bytes:
    body: dict[str, Any] = {"results": [_record(first + n, names) for n in range(100)]}
    if first + 100 <= last:
        body["paging"] = {"next": {"after": str(first + 100), "link": "https://api.hubapi.com/"}}
    return orjson.dumps(body)


def _links(asked: bytes, target: str) -> bytes:
    kinds = {"contacts": 198, "companies": 186, "deals": 210}
    ids = [one["id"] for one in orjson.loads(asked)["inputs"]]
    to = [
        {
            "toObjectId": 5001,
            "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": kinds.get(target, 224), "label": None}],
        }
    ]
    return orjson.dumps({"status": "COMPLETE", "results": [{"from": {"id": one}, "to": to} for one in ids]})


def _answer(request: bytes, body: bytes, pages: int, made: dict[bytes, bytes], names: dict[str, list[str]]) -> bytes:
    line = request.split(b"\r\n", 1)[0]
    path = line.split(b" ")[1]
    if b"/associations/" in path:
        return _links(body, path.split(b"/")[-3].decode())
    if path not in made:
        kind = path.partition(b"?")[0].rsplit(b"/", 1)[-1].decode()
        found = _AFTER.search(path)
        if path.startswith(b"/crm/pipelines"):
            made[path] = b'{"results":[{"id":"default","stages":[]}]}'
        elif kind in names:
            made[path] = _page(int(found.group(1)) if found else 1001, 1000 + 100 * pages, names[kind])
        elif kind == "details":
            made[path] = b'{"portalId":1,"companyCurrency":"EUR","additionalCurrencies":[],"timeZone":"UTC"}'
        else:
            made[path] = b'{"results":[]}'
    return made[path]


def serve(pages: int, names: dict[str, list[str]], out: Connection) -> None:
    """Answers until the process is ended; sends its port first."""
    listener = socket.create_server(("127.0.0.1", 0))
    out.send(listener.getsockname()[1])
    made: dict[bytes, bytes] = {}

    def talk(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        held = b""
        while True:
            while b"\r\n\r\n" not in held:
                more = connection.recv(1 << 16)
                if not more:
                    return
                held += more
            head, _, rest = held.partition(b"\r\n\r\n")
            size = re.search(rb"(?i)content-length: *(\d+)", head)
            need = int(size.group(1)) if size else 0
            while len(rest) < need:
                rest += connection.recv(1 << 16)
            body, held = rest[:need], rest[need:]
            answer = _answer(head, body, pages, made, names)
            stamp = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\nDate: %b\r\nContent-Length: "
                b"%d\r\n\r\n%b" % (stamp.encode(), len(answer), answer)
            )

    while True:
        client, _ = listener.accept()
        threading.Thread(target=talk, args=(client,), daemon=True).start()


def bare(url: str, kind: str, names: list[str]) -> int:
    """The same pages by urllib3 and orjson alone; returns the calls."""
    calls, after = 0, ""
    with urllib3.PoolManager() as pool:
        while True:
            query = f"?limit=100&archived=false&properties={','.join(names)}" + (f"&after={after}" if after else "")
            answer = pool.request(
                "GET", f"{url}/crm/objects/2026-03/{kind}{query}", headers={"Authorization": "Bearer x"}
            )
            body = orjson.loads(answer.data)
            calls += 1
            after = ((body.get("paging") or {}).get("next") or {}).get("after") or ""
            if not after:
                return calls


def ours(url: str, stream: Stream, mapping: HubSpotMapping) -> int:
    """A full read of the stream by the connector, typed; returns the calls."""
    auth = {"method": "token", "token": {"env": "HUBSPOT_PAGES_TOKEN"}}
    config = HubSpotConfig.model_validate({"url": url, "auth": auth, "rate_limit": 1000, "search_limit": 1000})
    connector = HubSpotConnector(config, mapping, (), Organisation(("seller.example",), "EUR"))
    try:
        rows = sum(page.batch.num_rows for page in connector.read(stream, None))
        calls = connector.calls().read
    finally:
        connector.close()
    assert rows, "the server answered with nothing"
    return calls


def spent(work: Callable[[], int]) -> float:
    """CPU milliseconds a call."""
    before = time.process_time()
    calls = work()
    return 1000 * (time.process_time() - before) / calls


def only(mapping: dict[str, Any], kind: str) -> HubSpotMapping:
    """The mapping with one kind of activity."""
    kept = {
        k: v
        for k, v in mapping.items()
        if kind != "emails" or k not in ("calls", "meetings", "tasks", "communications")
    }
    return HubSpotMapping.model_validate(kept)


def measured(arguments: argparse.Namespace) -> Iterator[tuple[str, float, float]]:
    """(kind, ours, bare) in CPU milliseconds a call, medians of the rounds."""
    raw = tomllib.loads(MAPPING.read_text("utf-8"))
    of_kind = {"emails": "emails", "deals": "opportunities", "contacts": "people"}
    names = {kind: [n for n in raw[of_kind[kind]]["fields"].values() if n] for kind in _KINDS}
    mine, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(arguments.pages, names, theirs), daemon=True
    )
    server.start()
    url = f"http://127.0.0.1:{mine.recv()}"
    try:
        for kind, stream in _KINDS.items():
            mapping = only(raw, kind)
            ours(url, stream, mapping)  # type: ignore[arg-type]  # loads the library
            pairs = [
                (spent(lambda s=stream, m=mapping: ours(url, s, m)), spent(lambda k=kind: bare(url, k, names[k])))
                for _ in range(arguments.rounds)
            ]
            yield kind, statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)
    finally:
        server.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    os.environ["HUBSPOT_PAGES_TOKEN"] = "pat-na1-0000"
    worst = 0.0
    for kind, mine, least in measured(arguments):
        worst = max(worst, mine)
        print(f"{kind:10} {mine:6.2f} ms CPU a call, bare urllib3 + orjson {least:5.2f}, ratio {mine / least:4.1f}")
    print(f"limit {MOST:.1f} ms a call: {'held' if worst <= MOST else 'MISSED'}")
    return 0 if worst <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
