"""What the demo seller sells, to whom it loses, and the words its CRM uses; and how neutral ids are written."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connectors.records import SCHEMAS, Stream

Whole = npt.NDArray[np.int64]

OWN_DOMAINS = ("halden.example", "halden-systems.example")
CORPORATE_CURRENCY = "EUR"
TIME_ZONE = "Europe/Berlin"


class Family(NamedTuple):
    """What a product family is to those who buy it, each 0..1; `modular` 1 means it can be swapped piece by piece."""

    strategic: float
    critical: float
    modular: float


DEMO_FAMILIES: dict[str, Family] = {
    "Control platform": Family(0.90, 1.00, 0.05),
    "Safety monitoring": Family(0.70, 0.95, 0.25),
    "Analytics": Family(0.80, 0.45, 0.50),
    "Field service": Family(0.35, 0.60, 0.60),
    "Archive storage": Family(0.10, 0.15, 0.05),
    "Spare parts": Family(0.15, 0.35, 0.85),
    "Training": Family(0.25, 0.10, 0.90),
    "Consumables": Family(0.05, 0.10, 1.00),
}


class Product(NamedTuple):
    """A product with its list price in corporate units."""

    id: str
    family: str
    price: int


PRODUCTS: tuple[Product, ...] = (
    Product("CP-200", "Control platform", 24_000),
    Product("CP-210", "Control platform", 9_500),
    Product("SM-40", "Safety monitoring", 6_800),
    Product("AN-10", "Analytics", 5_200),
    Product("FS-1", "Field service", 1_900),
    Product("AR-7", "Archive storage", 3_100),
    Product("SP-88", "Spare parts", 640),
    Product("TR-2", "Training", 1_250),
    Product("CN-5", "Consumables", 85),
)
PRODUCT_BY_ID = {p.id: p for p in PRODUCTS}

STAGES: dict[str, float] = {
    "Qualification": 0.10,
    "Discovery": 0.25,
    "Proposal": 0.50,
    "Negotiation": 0.75,
    "Commitment": 0.90,
    "Closed Won": 1.0,
    "Closed Lost": 0.0,
}
"""Stage -> probability: a deal's `probability` is always its stage's."""
OPEN_STAGES = tuple(stage for stage, p in STAGES.items() if 0 < p < 1)

RIVALS = ("Orbital Controls", "Vantec", "Greyline Automation", "Kobalt Instruments")
INDUSTRIES = ("Manufacturing", "Healthcare", "Logistics", "Retail", "Energy", "Food", "Finance", "Education")
COUNTRIES: tuple[tuple[str, str, float], ...] = (
    ("Germany", "EUR", 0.34),
    ("Netherlands", "EUR", 0.12),
    ("France", "EUR", 0.14),
    ("Austria", "EUR", 0.08),
    ("United States", "USD", 0.20),
    ("United Kingdom", "GBP", 0.12),
)
"""Country, the currency its companies are billed in, and its share of the book."""

PER_CORPORATE_UNIT = {"USD": (1.25, 1.28, 1.25, 1.28), "GBP": (0.8, 0.78125, 0.8, 0.78125)}
"""Units of each currency that one corporate unit buys, in successive half years; the canonical rate is the inverse.
Both have at most six decimals, so that a CRM that keeps either of the two to six gives the other back exactly.
"""


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


FIRST_NAMES = words(
    "Anna Boris Clara Dario Elena Felix Greta Hugo Irene Jonas Katja Leon Marta Nils Olga Paul Rosa Sven "
    "Tessa Ugo Vera Willem Xenia Yann Zoe"
)
LAST_NAMES = words(
    "Adler Brandt Conti Dekker Engel Fabre Greco Holm Ivers Jansen Keller Lund Moreau Novak Ostrow Peeters "
    "Quist Rossi Sander Thorne Urban Visser Weiss Young Zeller"
)
TITLES = (
    "Head of Operations",
    "Plant Manager",
    "Procurement Lead",
    "IT Director",
    "Finance Director",
    "Maintenance Engineer",
)
ROLES = ("Decision Maker", "Evaluator", "Economic Buyer", "Business User")

_IDS: dict[str, tuple[str, int]] = {
    "accounts": ("A", 6),
    "people": ("P", 7),
    "users": ("U", 4),
    "opportunities": ("O", 7),
    "opportunity_people": ("R", 7),
    "line_items": ("L", 8),
    "activities": ("X", 8),
    "cases": ("C", 7),
    "contracts": ("K", 7),
    "assets": ("S", 7),
    "rivals": ("V", 7),
    "currency_rates": ("F", 5),
    "threads": ("H", 8),
    "messages": ("M", 8),
}


def record_id(kind: str, number: int) -> str:
    """The neutral id of the n-th record of a kind, for example `A000123`."""
    prefix, width = _IDS[kind]
    return f"{prefix}{number:0{width}d}"


def record_ids(kind: str, numbers: Whole) -> pa.Array:
    """`record_id` of many at once."""
    prefix, width = _IDS[kind]
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, digits, "")


def table(stream: Stream, rows: int, columns: dict[str, object]) -> pa.Table:
    """A table in exactly the stream's canonical schema from some of its columns (arrays or numpy arrays); the columns
    left out are null. Whole seconds given for a time column are taken as seconds since 1970, UTC."""
    schema = SCHEMAS[stream]
    unknown = set(columns) - set(schema.names)
    if unknown:
        raise ValueError(f"{stream} has no column {sorted(unknown)}")
    return pa.table([_column(field, columns.get(field.name), rows) for field in schema], schema=schema)


def _column(field: pa.Field, values: object, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, field.type)
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    if pa.types.is_timestamp(field.type) and pa.types.is_integer(array.type):
        array = pc.multiply(array, 1_000_000)
    return array.cast(field.type)
