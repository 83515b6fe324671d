"""Phrases of the words with their figures filled in, as expressions."""

from __future__ import annotations

import string
from functools import reduce

import ibis

from enrichment.expressions import Expr
from enrichment.words import Phrase, figure

_NONE = ibis.null("string")


def _number(value: Expr) -> Expr:
    return value if value.type().is_string() else value.cast("int64").cast("string")


def tenths(value: Expr) -> Expr:
    """A number of 0 or more with one decimal, as people read it."""
    units = (value * 10.0).round().cast("int64")
    return (units // 10).cast("string") + "." + (units % 10).cast("string")


def said(rows: Expr, name: str, phrase: Phrase) -> Expr:
    """A phrase with its figure filled in; null where the figure is."""
    return counted(phrase, rows[figure(name)])


def counted(phrase: Phrase, number: Expr) -> Expr:
    """A phrase for a number; null where it is unknown."""
    text = filled(phrase.many, n=number)
    if phrase.one is not None:
        text = (number == 1).ifelse(phrase.one, text)
    if phrase.zero is not None:
        text = (number == 0).ifelse(phrase.zero, text)
    return number.isnull().ifelse(_NONE, text)


def filled(template: str, **figures: Expr) -> Expr:
    """A text with whole numbers, or texts, in place of the names in braces."""
    parts = []
    for before, name, _, _ in string.Formatter().parse(template):
        parts += [ibis.literal(before)] if before else []
        parts += [_number(figures[name])] if name is not None else []
    return reduce(lambda one, other: one + other, parts, ibis.literal(""))
