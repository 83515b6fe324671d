"""No text from outside changes what a query asks: names are those that a describe call confirmed, values stay
values.
"""

from __future__ import annotations

import ast
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from corpus import TEXTS
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.emulator.salesforce.soql.lexer import Token
from connectors.emulator.salesforce.soql.parser import parse
from connectors.hubspot.config import KindMapping
from connectors.salesforce.api.client import soql
from connectors.salesforce.config import ObjectMapping

ROOT = Path(__file__).parents[3]
hostile = st.one_of(st.sampled_from(TEXTS), st.text(st.characters(codec="utf-8"), max_size=60))


ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def shape(statement):
    """(the tree without its texts and places, the texts in their order)"""
    values = []

    def walk(node):
        if isinstance(node, Token):
            if node.kind == "string":
                plain = re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), node.text[1:-1], flags=re.S)
                values.append(plain)
                return "string"
            return node.kind, node.text
        if is_dataclass(node):
            return type(node).__name__, [
                walk(getattr(node, f.name)) for f in fields(node) if f.name not in ("at", "text")
            ]
        return [walk(part) for part in node] if isinstance(node, list | tuple) else node

    return walk(parse(statement)), values


@given(text=hostile.filter(lambda t: len(t) < 20_000))
@settings(max_examples=300)
def test_a_value_never_leaves_its_quotes(text):
    for template in (
        "SELECT Id FROM Account WHERE Name = {}",
        "SELECT Id FROM Account WHERE Name = {} AND IsDeleted = false LIMIT 5",
    ):
        tree, values = shape(soql(template, text))
        assert (tree, values) == (shape(soql(template, "plain"))[0], [text])
    tree, values = shape(soql("SELECT Id FROM Account WHERE Name IN {}", [text, "other", text]))
    assert (tree, values) == (
        shape(soql("SELECT Id FROM Account WHERE Name IN {}", ["a", "b", "c"]))[0],
        [text, "other", text],
    )


NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")


@given(text=hostile.filter(lambda t: not re.fullmatch(r"[A-Za-z0-9_., :()*+%-]*", t)))
@settings(max_examples=200)
def test_what_is_no_name_is_refused_where_a_name_belongs(text):
    with pytest.raises(ValueError, match=r"."):
        soql("SELECT Id FROM {:literal}", text)


@given(text=hostile)
@settings(max_examples=200)
def test_a_mapping_takes_names_of_fields_and_objects_only(text):
    def taken(make):
        try:
            make()
        except ValidationError:
            return False
        return True

    assert not taken(lambda: ObjectMapping(object="Account", fields={"name": text})) or not text or NAME.fullmatch(text)
    assert not taken(lambda: ObjectMapping(object=text, fields={})) or NAME.fullmatch(text)
    assert not taken(lambda: KindMapping(object="companies", fields={"name": text})) or re.fullmatch(
        r"[a-z0-9_]*", text
    )
    assert not taken(lambda: KindMapping(object=text)) or re.fullmatch(r"[A-Za-z0-9_-]*", text)


def queries_put_together(tree):
    """Lines where a query is made of pieces: an f-string, a `%`, a `+` or a `.format` with SELECT in it."""

    def asks(text):
        return isinstance(text, str) and re.search(r"\bselect\b.*\bfrom\b|\bselect\b\s*$", text, re.I | re.S)

    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and asks(
            "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        ):
            yield node.lineno
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
            sides = [side.value for side in (node.left, node.right) if isinstance(side, ast.Constant)]
            if any(asks(side) for side in sides):
                yield node.lineno
        filled = (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "join")
        )
        if filled and isinstance(node.func.value, ast.Constant) and asks(node.func.value.value):
            yield node.lineno


@pytest.mark.parametrize(
    "text",
    ['f"SELECT Id FROM {x}"', '"SELECT Id FROM %s" % x', '"SELECT Id FROM " + x', '"SELECT {} FROM A".format(x)'],
)
def test_the_rule_finds_a_query_that_is_put_together(text):
    assert list(queries_put_together(ast.parse(text))) == [1]


@pytest.mark.parametrize("connector", ["salesforce", "hubspot"])
def test_no_query_of_a_connector_is_put_together_from_pieces(connector):
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in (ROOT / "connectors" / connector).rglob("*.py")
        for line in queries_put_together(ast.parse(path.read_text(encoding="utf-8")))
    }

    assert found == set()
