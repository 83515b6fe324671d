"""Makes and takes away the files that scores are written to, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from connectors.base import PropertySpec, ProvisionItem, ProvisionPlan
from connectors.errors import SchemaError
from connectors.file.output_files import WrittenFile
from connectors.records import STREAMS, Stream


def plan(folder: Path, specs: Sequence[PropertySpec]) -> ProvisionPlan:
    """One item for each file and column; a path that something else takes is a conflict."""
    if any(p.exists() and not p.is_dir() for p in (folder, *folder.parents)):
        return ProvisionPlan((ProvisionItem("conflict", "folder", str(folder), "the path is a file, not a folder"),))
    items = []
    for stream in _streams(specs):
        try:
            file = WrittenFile.load(folder, stream)
        except SchemaError as error:
            items.append(ProvisionItem("conflict", "file", f"{stream}_scores.csv", str(error)))
            continue
        items.append(ProvisionItem("exists" if file.header else "create", "file", file.path.name))
        items += [
            ProvisionItem("exists" if name in file.header else "create", "column", f"{file.path.name}: {name}")
            for name in _names(specs, stream)
        ]
    return ProvisionPlan(tuple(items))


def apply(folder: Path, specs: Sequence[PropertySpec]) -> ProvisionPlan:
    """Adds what `plan` says is missing. Raises SchemaError on a conflict, before any change."""
    todo = plan(folder, specs)
    if todo.conflicts:
        raise SchemaError(f"Cannot provision {folder}: {todo.conflicts[0].name}: {todo.conflicts[0].detail}")
    for stream in _streams(specs):
        file = WrittenFile.load(folder, stream)
        if set(_names(specs, stream)) - set(file.header):
            file.add_columns(_names(specs, stream))
            file.save()
    return todo


def plan_removal(folder: Path, specs: Sequence[PropertySpec]) -> ProvisionPlan:
    """The columns of ours that are there, and the files that hold no others."""
    items = []
    for stream in _streams(specs):
        file = WrittenFile.load(folder, stream)
        ours = [name for name in _names(specs, stream) if name in file.header]
        items += [ProvisionItem("delete", "column", f"{file.path.name}: {name}") for name in ours]
        if ours and set(file.header) == {"id", *ours}:
            items.append(ProvisionItem("delete", "file", file.path.name))
    return ProvisionPlan(tuple(items))


def remove(folder: Path, specs: Sequence[PropertySpec]) -> ProvisionPlan:
    """Does what `plan_removal` says; the folder goes too once it is empty."""
    todo = plan_removal(folder, specs)
    for stream in _streams(specs):
        file = WrittenFile.load(folder, stream)
        kept = [name for name in file.header if name not in _names(specs, stream)]
        if kept == ["id"]:
            file.path.unlink()
        elif kept != file.header:
            file.header = kept
            file.save()
    if todo.items and not any(folder.iterdir()):
        folder.rmdir()
    return todo


def _streams(specs: Sequence[PropertySpec]) -> list[Stream]:
    return [s for s in STREAMS if any(p.stream == s for p in specs)]


def _names(specs: Sequence[PropertySpec], stream: Stream) -> list[str]:
    return [p.name for p in specs if p.stream == stream]
