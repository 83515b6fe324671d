"""The fields and permission sets that an administrator, or `provision`, deploys."""

from __future__ import annotations

import io
import re
import tomllib
import zipfile
from pathlib import Path

import pytest
from lxml import etree

from connectors.records import STREAMS
from connectors.salesforce.config import SalesforceMapping
from connectors.salesforce.read.activities import objects
from connectors.salesforce.setup.component import bundle
from connectors.salesforce.setup.metadata import (
    INTEGRATION,
    STANDARD_READS,
    VIEWER,
    Grants,
    deployable,
    full_name,
    removal,
    source_tree,
)
from enrichment.fields import fields

SHIPPED = Path(__file__).parents[4] / "config/mappings/salesforce.toml"
PACKAGE = Path(__file__).parents[4] / "connectors/salesforce/package"
FULL = fields("full")


def test_the_shipped_project_is_what_the_catalogue_says() -> None:
    shipped = {
        str(path.relative_to(PACKAGE)): path.read_text("utf-8")
        for path in PACKAGE.rglob("*")
        if path.is_file()
        and (path.suffix == ".xml" or path.name == "sfdx-project.json")
        and not {"lwc", "extras"} & set(path.relative_to(PACKAGE).parts)
    }
    assert shipped == source_tree(FULL)


def test_every_document_is_valid_metadata(metadata_types: etree.XMLSchema) -> None:
    for path, text in source_tree(FULL).items():
        if path.endswith(".xml"):
            assert metadata_types.validate(etree.fromstring(text.encode())), (path, metadata_types.error_log)


@pytest.mark.parametrize("name", ["Account", "Contact", "Opportunity", "Case", "Event"])
def test_what_the_project_grants_is_what_a_real_organisation_hides(shared_data: Path, name: str) -> None:
    """From its recorded description: granting anything else fails the deployment, granting less leaves a column
    unknown.
    """
    folder = shared_data / "sf_cumulusci_cassettes/cumulusci/tests/shared_cassettes"
    if not folder.is_dir():
        pytest.skip(f"no recorded answers in {folder}")
    folded = (folder / f"GET_sobjects_{name}_describe.yaml").read_text("utf-8")
    text = re.sub(r"\s*\n\s*", " ", re.sub(r"\\\n\s*", "", folded)).replace("\\", "")
    hidden = set(re.findall(r'"name"\s*:\s*"(\w+)"[^{}]*?"permissionable"\s*:\s*true', text))
    mapping = SalesforceMapping.model_validate(tomllib.loads(SHIPPED.read_text("utf-8")))
    plain = [each for each in map(mapping.of, STREAMS) if each is not None]
    both = [*plain, *(each for _, each in objects(mapping.activities))]
    pulled = {path for each in both if each.object == name for path in each.fields.values()}
    compounds = {"BillingCountry": "BillingAddress"}
    assert set(STANDARD_READS[name]) == {compounds.get(path, path) for path in pulled & hidden}


def test_the_zip_is_valid_and_always_the_same(metadata_types: etree.XMLSchema) -> None:
    grants = Grants({"Account": ("Industry",)}, tuple(full_name(spec) for spec in FULL))
    archive = deployable(FULL, grants, bundle())
    assert archive == deployable(FULL, grants, bundle())
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        assert b"<members>bothwaysPanel</members>" in files.read("package.xml")
        for name in files.namelist():
            if name.startswith("lwc/") and not name.endswith(".xml"):
                continue
            document = etree.fromstring(files.read(name))
            for opaque in document.findall("{*}targetConfigs"):  # any XML; the WSDL calls it text
                document.remove(opaque)
            assert metadata_types.validate(document), (name, metadata_types.error_log)


def test_the_integration_may_edit_ours_and_only_read_theirs() -> None:
    tree = source_tree(FULL)
    ns = {"m": "http://soap.sforce.com/2006/04/metadata"}
    root = "force-app/main/default/permissionsets"
    for name, edits in ((INTEGRATION, True), (VIEWER, False)):
        document = etree.fromstring(tree[f"{root}/{name}.permissionset-meta.xml"].encode())
        rights = {
            each.findtext("m:field", namespaces=ns): each.findtext("m:editable", namespaces=ns) == "true"
            for each in document.findall("m:fieldPermissions", ns)
        }
        assert {full_name(spec) for spec in FULL} <= set(rights)
        assert all(edit == (edits and ".Bothways_" in field) for field, edit in rights.items())
        for flag in ("allowCreate", "allowDelete", "modifyAllRecords"):
            assert {each.text for each in document.iterfind(f".//m:{flag}", ns)} <= {"false"}


def test_a_removal_names_exactly_what_goes() -> None:
    with zipfile.ZipFile(io.BytesIO(removal(fields=["Account.Bothways_Stance__c"], permission_sets=[VIEWER]))) as files:
        gone = files.read("destructiveChangesPost.xml").decode()
        assert "Bothways" not in files.read("package.xml").decode()
    assert gone.count("<members>") == 2
