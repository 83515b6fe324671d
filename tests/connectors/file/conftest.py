from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from connectors.base import Organisation, Page
from connectors.file.config import FilesConfig, parse_mapping
from connectors.file.connector import FileConnector
from connectors.records import Stream
from enrichment.fields import FIELDS


class Folder:
    """An input folder and an output folder, and connectors over them."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.input, self.output = root / "in", root / "out"
        self.input.mkdir()
        self._stack = stack

    def put(self, name: str, content: str | bytes) -> None:
        path = self.input / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def connect(
        self,
        mapping: object = None,
        *,
        currency: str | None = "EUR",
        zone: str | None = "UTC",
        own: tuple[str, ...] = (),
    ) -> FileConnector:
        config = FilesConfig(input=str(self.input), output=str(self.output), time_zone=zone)
        parsed = parse_mapping(mapping or {}, "mapping.toml")
        connector = FileConnector(config, parsed, FIELDS, Organisation(own, currency))
        return self._stack.enter_context(closing(connector))

    def read(
        self, stream: Stream, mapping: object = None, **settings: str
    ) -> tuple[list[dict[str, object]], list[str]]:
        """All rows of a stream, and its rejects as `record field source: message`."""
        return gathered(self.connect(mapping, **settings).read(stream, None))


def gathered(pages: Iterator[Page]) -> tuple[list[dict[str, object]], list[str]]:
    rows: list[dict[str, object]] = []
    rejects: list[str] = []
    for page in pages:
        rows += page.batch.to_pylist()
        rejects += [f"{r.record_id} {r.field} {r.source}: {r.message}".strip() for r in page.rejects]
    return rows, rejects


@pytest.fixture(scope="session")
def a_folder() -> type[Folder]:
    """For tests that need a fresh one for each of many examples."""
    return Folder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with ExitStack() as stack:
        yield Folder(tmp_path, stack)
