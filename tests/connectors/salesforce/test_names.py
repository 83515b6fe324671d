"""Our properties' names in Salesforce."""

from __future__ import annotations

import pytest

from connectors.errors import ConfigError
from connectors.salesforce.names import field_name, is_ours
from enrichment.fields import FIELDS


def test_every_property_has_a_name_that_salesforce_allows() -> None:
    names = [field_name(spec.name) for spec in FIELDS]
    assert "Bothways_Deal_Stance__c" in names
    assert len(set(names)) == len(names)
    for name in names:
        assert is_ours(name)
        assert len(name) <= 43
        assert "__" not in name[:-3]


@pytest.mark.parametrize(
    "stem", ["name", "Name", "OwnerId", "bothways", "x_bothways_stance", "bothways_a__b", "bothways_" + "x" * 40]
)
def test_nothing_else_has_one(stem: str) -> None:
    with pytest.raises(ConfigError, match=stem[:20]):
        field_name(stem)


@pytest.mark.parametrize(
    "name", ["Name", "OwnerId", "Bothways__c", "NotBothways_Stance__c", "Bothways_Stance", "Spend__c"]
)
def test_their_fields_are_not_ours(name: str) -> None:
    assert not is_ours(name)


def test_a_package_may_put_its_namespace_before_ours() -> None:
    assert is_ours("acme__Bothways_Stance__c")
