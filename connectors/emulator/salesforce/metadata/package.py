"""A metadata package: the zip in mdapi format, taken apart into components."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

_MOST_FILES = 10_000
_MOST_BYTES = 39 * 1024 * 1024
_FOLDERS = {
    "lwc": "LightningComponentBundle",
    "flexipages": "FlexiPage",
    "layouts": "Layout",
    "tabs": "CustomTab",
    "applications": "CustomApplication",
    "labels": "CustomLabels",
    "staticresources": "StaticResource",
    "classes": "ApexClass",
    "reports": "Report",
    "reportTypes": "ReportType",
    "dashboards": "Dashboard",
    "compactLayouts": "CompactLayout",
    "quickActions": "QuickAction",
}


class Unreadable(Exception):
    """The zip or one of its files cannot be read at all."""


@dataclass(slots=True)
class Component:
    """One thing to deploy or delete; `xml` for what is understood, `text` the sources of a bundle, `files` what is only
    kept.
    """

    type: str
    name: str
    file: str
    xml: ET.Element | None = None
    text: str = ""
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Package:
    components: list[Component] = field(default_factory=list)
    deletions: list[Component] = field(default_factory=list)
    listed: dict[str, list[str]] = field(default_factory=dict)
    """Type -> members of package.xml."""


def read_package(data: bytes) -> Package:
    """Takes a zip apart. Raises Unreadable."""
    if len(data) > _MOST_BYTES:
        raise Unreadable("Maximum size of request reached. Maximum size of request is 52428800 bytes.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
            if len(names) > _MOST_FILES:
                raise Unreadable(f"The zip holds {len(names)} files; the most is {_MOST_FILES}")
            files = {name: archive.read(name) for name in names}
    except zipfile.BadZipFile:
        raise Unreadable("Invalid zip file") from None
    manifest = next((name for name in sorted(files, key=len) if name.split("/")[-1] == "package.xml"), None)
    if manifest is None:
        raise Unreadable("No package.xml found")
    root = manifest.removesuffix("package.xml")
    made = Package(listed=_members(files[manifest], manifest))
    inside = {name.removeprefix(root): data for name, data in files.items() if name.startswith(root)}
    for name, content in sorted(inside.items()):
        if re.fullmatch(r"destructiveChanges(Pre|Post)?\.xml", name):
            for kind, members in _members(content, name).items():
                made.deletions += [Component(kind, member, name) for member in members]
    made.components = list(_components(inside))
    return made


def _components(files: dict[str, bytes]) -> Iterator[Component]:
    bundles: dict[str, Component] = {}
    for path, content in sorted(files.items()):
        folder, _, rest = path.partition("/")
        stem = rest.split("/")[-1].split(".")[0]
        if folder == "objects" and path.endswith(".object"):
            yield from _of_object(stem, path, parse_xml(content, path))
        elif folder == "permissionsets" and path.endswith(".permissionset"):
            yield Component("PermissionSet", stem, path, parse_xml(content, path))
        elif folder in ("lwc", "aura") and "/" in rest:
            name = rest.split("/")[0]
            kind = "LightningComponentBundle" if folder == "lwc" else "AuraDefinitionBundle"
            bundle = bundles.setdefault(f"{folder}/{name}", Component(kind, name, f"{folder}/{name}"))
            bundle.text += content.decode("utf-8", "replace") + "\n"
            bundle.files[path] = content
            if path.endswith(".js-meta.xml"):
                bundle.xml = parse_xml(content, path)
        elif folder in _FOLDERS and not path.endswith("-meta.xml"):
            yield Component(_FOLDERS[folder], rest.rsplit(".", 1)[0], path, files={path: content})
    yield from bundles.values()


def _of_object(owner: str, path: str, root: ET.Element) -> Iterator[Component]:
    if child_text(root, "label") and owner.endswith("__c"):
        yield Component("CustomObject", owner, path, root)
    for inner in root.findall("fields"):
        yield Component("CustomField", f"{owner}.{child_text(inner, 'fullName')}", path, inner)
    for inner in root.findall("listViews"):
        yield Component("ListView", f"{owner}.{child_text(inner, 'fullName')}", path, inner)


def parse_xml(content: bytes, path: str) -> ET.Element:
    """The root with namespaces removed. Raises Unreadable."""
    try:
        root = ET.fromstring(content)  # noqa: S314  (a loopback stand-in reads what its own tests and users send)
    except ET.ParseError as error:
        raise Unreadable(f"{path}: Error parsing file: {error}") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def child_text(element: ET.Element, name: str, default: str = "") -> str:
    return (element.findtext(name) or default).strip()


def _members(content: bytes, path: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for types in parse_xml(content, path).findall("types"):
        members = [(member.text or "").strip() for member in types.findall("members")]
        found.setdefault(child_text(types, "name"), []).extend(members)
    return found
