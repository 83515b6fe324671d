"""The emulator's answers have the shape of answers recorded from real organisations."""

from __future__ import annotations

import json
import re

import pytest

RECORDED = "sf_cumulusci_cassettes/cumulusci/tests/shared_cassettes"
DESCRIBED = ("Account", "Contact", "Opportunity", "Case", "Event", "OpportunityContactRole", "Lead")
CHECKED = (
    "type",
    "soapType",
    "scale",
    "precision",
    "digits",
    "length",
    "byteLength",
    "filterable",
    "sortable",
    "nillable",
    "createable",
    "updateable",
    "referenceTo",
    "relationshipName",
    "polymorphicForeignKey",
    "nameField",
    "permissionable",
    "defaultedOnCreate",
)
# Where the recorded organisation's own set-up decides: its features, its licences, its picklists.
OWN = {
    "referenceTo",
    "length",
    "byteLength",
    "createable",
    "updateable",
    "defaultedOnCreate",
    "nillable",
    "permissionable",
    "filterable",
    "sortable",
}


@pytest.fixture(scope="session")
def recorded(shared_data):
    folder = shared_data / RECORDED
    if not folder.is_dir():
        pytest.skip(f"no recorded answers in {folder}")

    def read(name):
        return json.loads(_body(folder / f"GET_sobjects_{name}.yaml"))

    return read


def _body(path):
    """The body of a recorded answer: a quoted YAML scalar, folded over lines."""
    text = path.read_text(encoding="utf-8")
    if block := re.search(r"string: >-?\n(.*)\Z", text, re.DOTALL):
        body = re.match(r"(?:[ ]{12}[^\n]*\n|\n)*", block.group(1)).group()
        return " ".join(line.strip() for line in body.splitlines())
    if single := re.search(r"string:\s*'((?:[^']|'')*)'", text):
        return re.sub(r"\s*\n\s*", " ", single.group(1)).replace("''", "'")
    double = re.search(r'string:\s*"((?:[^"\\]|\\.)*)"', text, re.DOTALL).group(1)
    joined = re.sub(r"\s*\n\s*", " ", re.sub(r"\\\n\s*", "", double))
    return json.loads('"' + joined.replace("\\ ", " ") + '"')


@pytest.mark.parametrize("name", DESCRIBED)
def test_describes_have_the_recorded_keys(org, recorded, name):
    real, ours = recorded(f"{name}_describe"), org.admin("GET", f"sobjects/{name}/describe").json()
    assert set(real) <= set(ours)
    assert set(ours) - set(real) <= {"associateEntityType", "associateParentEntity", "sobjectDescribeOption"}, (
        "newer keys"
    )
    assert set(real["fields"][0]) == set(ours["fields"][0])
    assert all(set(real["childRelationships"][0]) == set(child) for child in ours["childRelationships"])


@pytest.mark.parametrize("name", DESCRIBED)
def test_fields_are_described_as_recorded(org, recorded, name):
    real = {f["name"]: f for f in recorded(f"{name}_describe")["fields"]}
    ours = {f["name"]: f for f in org.admin("GET", f"sobjects/{name}/describe").json()["fields"]}
    differing = {
        (field, key): (real[field][key], ours[field][key])
        for field in real.keys() & ours.keys()
        for key in CHECKED
        if key not in OWN and real[field][key] != ours[field][key]
    }
    assert differing == {}
    assert len(real.keys() & ours.keys()) >= 8


def test_the_list_of_objects_has_the_recorded_keys(org, recorded):
    real, ours = recorded("Global_describe"), org.admin("GET", "sobjects").json()
    assert set(real) == set(ours)
    assert set(real["sobjects"][0]) == set(ours["sobjects"][0])
    prefixes = {thing["name"]: thing["keyPrefix"] for thing in real["sobjects"]}
    assert {
        thing["name"]: (thing["keyPrefix"], prefixes[thing["name"]])
        for thing in ours["sobjects"]
        if prefixes.get(thing["name"]) not in (None, thing["keyPrefix"])
    } == {}


def test_an_unknown_object_is_refused_in_the_recorded_words(org):
    text = (
        "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' "
        "is not supported. If "
        "you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please "
        "reference your "
        "WSDL or the describe call for the appropriate names."
    )
    assert [{"message": text, "errorCode": "INVALID_TYPE"}] == org.call.query("select count() from XYZZY").json()
