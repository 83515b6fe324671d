"""The optional list views and report type: what is shipped is what the catalogue of fields says, and never deployed by
us.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from generate.extras import LIST_VIEWS, extras_tree
from lxml import etree

from connectors.salesforce.names import field_name
from connectors.salesforce.setup.component import bundle
from connectors.salesforce.setup.metadata import Grants, deployable, source_tree
from enrichment.fields import FIELDS, fields

EXTRAS = Path(__file__).parents[4] / "connectors/salesforce/package/extras"
ESSENTIAL = fields("essential")
BY_NAME = {spec.name: spec for spec in ESSENTIAL}


def test_the_shipped_project_is_what_the_catalogue_says() -> None:
    """With the fields of the smaller profile, so that it deploys whichever is installed."""
    shipped = {str(p.relative_to(EXTRAS)): p.read_text("utf-8") for p in EXTRAS.rglob("*") if p.is_file()}
    assert shipped == extras_tree(ESSENTIAL)


def test_every_document_is_valid_metadata(metadata_types: etree.XMLSchema) -> None:
    for path, text in extras_tree(ESSENTIAL).items():
        if path.endswith(".xml"):
            assert metadata_types.validate(etree.fromstring(text.encode())), (path, metadata_types.error_log)


def test_filters_ask_for_what_there_can_be() -> None:
    for view in LIST_VIEWS:
        for each in view.filters:
            if not each.field.startswith("bothways_"):
                continue
            spec = BY_NAME[each.field]
            assert spec.stream == view.stream
            if spec.type == "enumeration":
                assert set(each.value.split(",")) <= {code for code, _ in spec.options}
                assert each.operation == "equals"
            else:
                assert spec.type == "number"
                assert float(each.value) > 0
        assert all(BY_NAME[name].stream == view.stream for name in view.columns)
        assert len(view.label) <= 40
        assert len(view.name) <= 40


def test_a_field_that_is_not_installed_is_not_listed() -> None:
    with pytest.raises(KeyError):
        extras_tree([spec for spec in ESSENTIAL if spec.name != "bothways_confidence"])


def test_no_deployment_of_ours_carries_them() -> None:
    archive = deployable(FIELDS, Grants({}, ()), bundle())
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        sent = b"".join(map(files.read, files.namelist()))
    for word in (b"ListView", b"listView", b"ReportType", b"reportType"):
        assert word not in sent
    assert not any("listViews" in path or "reportTypes" in path for path in source_tree(FIELDS))
    assert field_name("bothways_stance").encode() in sent
