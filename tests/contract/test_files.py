"""The files connector over a folder of CSV tables in canonical columns."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

import pytest

from connectors.base import Connector, Organisation, PropertySpec, Value
from connectors.file.config import FilesConfig, FilesMapping
from connectors.file.connector import FileConnector
from connectors.records import SCHEMAS, Stream
from connectors.testing.harness import Harness
from connectors.testing.organisation import OWN_DOMAIN, ROWS
from connectors.testing.suite import ContractSuite
from enrichment.fields import fields


class FilesHarness(Harness):
    name = "files"
    essential = fields("essential")
    full = fields("full")
    merges = False
    has_server = False

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._rows = {stream: {str(row["id"]): dict(row) for row in rows} for stream, rows in ROWS.items()}
        self.streams = frozenset(self._rows)
        folder.joinpath("in").mkdir()
        for stream in self._rows:
            self._export(stream)

    def connect(self, owned: Sequence[PropertySpec] = ()) -> Connector:
        config = FilesConfig(input=str(self._folder / "in"), output=str(self._folder / "out"))
        organisation = Organisation((OWN_DOMAIN,), "EUR")
        return self._stack.enter_context(closing(FileConnector(config, FilesMapping(), owned, organisation)))

    def id_of(self, stream: Stream, key: str) -> str:
        return key

    def edit(self, stream: Stream, key: str, column: str, value: Value) -> None:
        self._rows[stream][key][column] = value
        self._export(stream)

    def delete(self, stream: Stream, key: str) -> None:
        del self._rows[stream][key]
        self._export(stream)

    def revoke(self, spec: PropertySpec) -> None:
        """Somebody takes the column out of the file."""
        path = self._folder / "out" / f"{spec.stream}_scores.csv"
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
            kept = [
                name for name in csv.DictReader(path.read_text().splitlines()).fieldnames or () if name != spec.name
            ]
        with path.open("w", newline="") as file:
            table = csv.DictWriter(file, kept, extrasaction="ignore")
            table.writeheader()
            table.writerows(rows)

    def _export(self, stream: Stream) -> None:
        with (self._folder / "in" / f"{stream}.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, SCHEMAS[stream].names)
            table.writeheader()
            table.writerows({name: _cell(value) for name, value in row.items()} for row in self._rows[stream].values())


def _cell(value: object) -> object:
    if isinstance(value, list):
        return json.dumps(value)
    return value.isoformat() if isinstance(value, datetime) else value


class TestFiles(ContractSuite):
    @pytest.fixture
    def harness(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harness]:
        monkeypatch.setattr("connectors.file.connector.PAGE_ROWS", 200)
        with ExitStack() as stack:
            yield FilesHarness(tmp_path, stack)
