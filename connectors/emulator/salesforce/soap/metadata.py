"""The Metadata API calls that are no deployment: describe, list, read, retrieve, and single components made or
deleted.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from connectors.emulator.salesforce.metadata.deploy import Deployments, refuse_without_metadata_rights
from connectors.emulator.salesforce.metadata.package import Component, Package, child_text
from connectors.emulator.salesforce.metadata.xml_files import (
    FOLDERS,
    Held,
    custom_fields,
    field_xml,
    inventory,
    object_xml,
    permission_set_xml,
    retrieved,
)
from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.dates import stamp
from connectors.emulator.salesforce.store.errors import ApiError
from connectors.emulator.salesforce.store.org import Org

_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_MOST_COMPONENTS = 10
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """XML that is already written."""

    text: str


@dataclass(slots=True)
class _Retrieval:
    id: str
    data: bytes
    files: list[Held]


class MetadataCalls:
    """The operations by name."""

    def __init__(self, org: Org, deployments: Deployments) -> None:
        self._org = org
        self._metadata = deployments.metadata
        self._retrievals: dict[str, _Retrieval] = {}
        self._calls: dict[str, Callable[[ET.Element, Rights, str], Any]] = {
            "describeMetadata": self._describe,
            "listMetadata": self._list,
            "readMetadata": self._read,
            "retrieve": self._retrieve,
            "checkRetrieveStatus": self._retrieval,
            "createMetadata": self._create,
            "updateMetadata": self._update,
            "upsertMetadata": self._upsert,
            "deleteMetadata": self._delete,
        }

    def serves(self, operation: str) -> bool:
        return operation in self._calls

    def retrieved(self, job_id: str) -> bool:
        """Whether the id is of a retrieval."""
        return job_id[:15] in self._retrievals

    def call(self, call: ET.Element, rights: Rights, version: str) -> Any:
        """The result: a mapping, or a list of them. Raises ApiError."""
        refuse_without_metadata_rights(rights)
        return self._calls[call.tag](call, rights, version)

    def _describe(self, *_: object) -> Json:
        objects = [
            {
                "childXmlNames": list(inside),
                "directoryName": folder,
                "inFolder": kind in ("Report",),
                "metaFile": suffix in ("cls", "trigger"),
                "suffix": suffix,
                "xmlName": kind,
            }
            for kind, (folder, suffix, inside) in FOLDERS.items()
        ]
        return {
            "metadataObjects": objects,
            "organizationNamespace": "",
            "partialSaveAllowed": True,
            "testRequired": False,
        }

    def _list(self, call: ET.Element, rights: Rights, _: str) -> list[Json]:
        kinds = [child_text(query, "type") for query in call.findall("queries")]
        if len(kinds) > 3:
            raise ApiError(500, "EXCEEDED_ID_LIMIT", "Exceeded the maximum of 3 queries")
        return [self._properties(held, rights) for kind in kinds for held in inventory(self._org, self._metadata, kind)]

    def _properties(self, held: Held, rights: Rights) -> Json:
        now = stamp(self._org.schema_changed)
        name = (self._org.store.get("User", rights.user_id) or {}).get("Name")
        return {
            "createdById": rights.user_id,
            "createdByName": name,
            "createdDate": now,
            "fileName": f"unpackaged/{held.file}",
            "fullName": held.name,
            "id": held.id or "",
            "lastModifiedById": rights.user_id,
            "lastModifiedByName": name,
            "lastModifiedDate": now,
            "manageableState": "unmanaged",
            "type": held.type,
        }

    def _read(self, call: ET.Element, *_: object) -> Json:
        kind = child_text(call, "type")
        names = [(name.text or "").strip() for name in call.findall("fullNames")]
        if len(names) > _MOST_COMPONENTS:
            raise ApiError(500, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot read more than {_MOST_COMPONENTS}")
        records = "".join(f'<records xsi:type="{kind}">{self._inside(kind, name)}</records>' for name in names)
        return {"": Verbatim(records)}

    def _inside(self, kind: str, name: str) -> str:
        """Empty for what is not there, as the API answers."""
        if kind == "CustomField":
            found = custom_fields(self._org).get(name)
            return field_xml(found, name) if found is not None else ""
        if kind == "PermissionSet":
            return permission_set_xml(self._org, name) or ""
        if kind == "CustomObject":
            return object_xml(self._org, name) or ""
        raise ApiError(500, "INVALID_TYPE", f"{kind} cannot be read here")

    def _retrieve(self, call: ET.Element, _: Rights, version: str) -> Json:
        request = next(iter(call), None)  # retrieveRequest in the WSDL; not every client calls it so
        if request is None:
            raise ApiError(500, "INVALID_OPERATION", "retrieveRequest is missing")
        wanted: dict[str, list[str]] = {}
        for types in request.findall("unpackaged/types"):
            members = [(member.text or "").strip() for member in types.findall("members")]
            wanted.setdefault(child_text(types, "name"), []).extend(members)
        data, files = retrieved(self._org, self._metadata, wanted, version)
        made = _Retrieval(self._org.serials.next("09S"), data, files)
        self._retrievals[made.id[:15]] = made
        return {"done": False, "id": made.id, "state": "Queued"}

    def _retrieval(self, call: ET.Element, rights: Rights, _: str) -> Json:
        made = self._retrievals.get(child_text(call, "asyncProcessId")[:15])
        if made is None:
            raise ApiError(500, "INVALID_ID_FIELD", "no retrieval of that id")
        zipped = base64.b64encode(made.data).decode() if child_text(call, "includeZip", "true") != "false" else None
        return {
            "done": True,
            "fileProperties": [self._properties(held, rights) for held in made.files],
            "id": made.id,
            "status": "Succeeded",
            "success": True,
            "zipFile": zipped,
        }

    def _create(self, call: ET.Element, rights: Rights, _: str) -> list[Json]:
        return self._save(call, rights, "create")

    def _update(self, call: ET.Element, rights: Rights, _: str) -> list[Json]:
        return self._save(call, rights, "update")

    def _upsert(self, call: ET.Element, rights: Rights, _: str) -> list[Json]:
        return self._save(call, rights, "upsert")

    def _delete(self, call: ET.Element, rights: Rights, _: str) -> list[Json]:
        kind = child_text(call, "type")
        names = [(name.text or "").strip() for name in call.findall("fullNames")]
        self._refuse_many(names)
        return [self._done(Package(deletions=[Component(kind, name, "")]), name, rights) for name in names]

    def _save(self, call: ET.Element, rights: Rights, how: str) -> list[Json]:
        items = call.findall("metadata")
        self._refuse_many(items)
        return [self._one(item, rights, how) for item in items]

    def _one(self, item: ET.Element, rights: Rights, how: str) -> Json:
        kind = (item.get(_TYPE) or "").rpartition(":")[2]
        name = child_text(item, "fullName")
        if kind not in ("CustomField", "CustomObject", "PermissionSet"):
            return _result(name, f"{kind or 'A component without a type'} cannot be made one by one here")
        there = any(held.name == name for held in inventory(self._org, self._metadata, kind))
        if there and how == "create":
            return _result(name, f"There is already a {kind} named {name}", code="DUPLICATE_DEVELOPER_NAME")
        if not there and how == "update":
            return _result(name, f"no {kind} named {name} found", code="INVALID_CROSS_REFERENCE_KEY")
        if kind == "CustomField" and (full := item.find("fullName")) is not None:
            full.text = name.partition(".")[2]
        package = Package([Component(kind, name, "", item)])
        if kind == "CustomObject":
            package.components += [
                Component("CustomField", f"{name}.{child_text(inner, 'fullName')}", "", inner)
                for inner in item.findall("fields")
            ]
        made = self._done(package, name, rights)
        return {"created": made["success"] and not there, **made} if how == "upsert" else made

    def _done(self, package: Package, name: str, rights: Rights) -> Json:
        _, failures = self._metadata.deploy(package, rights.user_id, check_only=False, rollback=True)
        return _result(name, str(failures[0]["problem"]) if failures else None)

    def _refuse_many(self, items: list[Any]) -> None:
        if len(items) > _MOST_COMPONENTS:
            message = f"record limit reached. cannot submit more than {_MOST_COMPONENTS} records in this operation"
            raise ApiError(500, "EXCEEDED_ID_LIMIT", message)


def _result(name: str, problem: str | None, code: str = "FIELD_INTEGRITY_EXCEPTION") -> Json:
    errors = {"errors": {"message": problem, "statusCode": code}} if problem else {}
    return {**errors, "fullName": name, "success": problem is None}
