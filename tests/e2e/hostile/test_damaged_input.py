"""Input of any shape ends in a value or in an error of ours: settings, model, deliveries, answers, Parquet files.

`make check-all` runs many more examples (`-m slow`); what they find becomes an example here.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from importlib import resources
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config import settings as config_settings
from config.loading import load_model
from config.toml_file import read_toml
from connectors.base import Organisation
from connectors.errors import ConfigError
from connectors.file.config import FilesConfig, FilesMapping
from connectors.file.connector import FileConnector
from connectors.http import strict_json
from connectors.hubspot.config import HubSpotMapping
from connectors.hubspot.webhooks.reader import HubSpotWebhooks
from connectors.secrets import Secret
from connectors.webhooks import Malformed

DEEP = 100_000
FEW = pytest.param(20, id="few")
MANY = pytest.param(3_000, id="many", marks=pytest.mark.slow)
PIECES = [
    "=",
    "[",
    "]",
    "[[",
    "{",
    "}",
    '"',
    "'",
    '"""',
    "\n",
    "#",
    ".",
    ",",
    "inf",
    "nan",
    "-1",
    "1e400",
    "true",
    "\x00",
    "\ufeff",
    "9" * 400,
    "2026-02-30",
    "\\u0000",
    "\\ud800",
    "crm",
    "sync",
    "weights",
]
SETTINGS = (resources.files("config") / "bothways.toml").read_text(encoding="utf-8")
MODEL = (resources.files("config") / "model.toml").read_text(encoding="utf-8")
MAPPING = HubSpotMapping.model_validate(
    read_toml(Path(str(resources.files("config") / "mappings" / "hubspot.toml")))[0]
)


def mutated(text: str) -> st.SearchStrategy[str]:
    """The text with pieces put in, taken out and exchanged."""
    change = st.tuples(st.integers(0, len(text)), st.integers(0, 30), st.sampled_from(PIECES) | st.text(max_size=8))

    def applied(changes: list[tuple[int, int, str]]) -> str:
        found = text
        for place, length, piece in changes:
            found = found[:place] + piece + found[place + length :]
        return found

    return st.lists(change, min_size=1, max_size=4).map(applied)


def tried(examples: int):
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.mark.parametrize("examples", [FEW, MANY])
def test_settings(examples, tmp_path):
    path = tmp_path / "bothways.toml"

    @tried(examples)
    @given(mutated(SETTINGS))
    @example("x = " + "{a = " * DEEP)
    @example("a" + ".a" * DEEP + " = 1")
    @example("[" + "a." * DEEP + "a]")
    def check(text: str) -> None:
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            config_settings.load(path)
        except ConfigError:
            return

    check()


@pytest.mark.parametrize("examples", [FEW, MANY])
def test_model(examples, tmp_path):
    path = tmp_path / "bothways.toml"
    path.write_text('[crm]\nkind = "files"\ninput = "in"\n[score]\nmodel = "model.toml"\n')

    @tried(examples)
    @given(mutated(MODEL))
    @example("[product_families]\n" + "a = 1\n")
    def check(text: str) -> None:
        (tmp_path / "model.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            load_model(config_settings.load(path))
        except ConfigError:
            return

    check()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "subscriptionType",
                    "objectId",
                    "portalId",
                    "mergedObjectIds",
                    "objectTypeId",
                    "changeSource",
                    "propertyName",
                    "fromObjectId",
                    "toObjectTypeId",
                    "associationType",
                    "primaryObjectId",
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("examples", [FEW, MANY])
def test_deliveries(examples):
    reader = HubSpotWebhooks(Secret(env="NOT_ASKED"), "https://hooks.example.com/", MAPPING)

    @tried(examples)
    @given(st.binary(max_size=60) | JSON.map(orjson.dumps) | st.lists(JSON, max_size=5).map(orjson.dumps))
    @example(b"[" * DEEP + b"]" * DEEP)
    @example(b'[{"objectId": ' + b"9" * 5_000 + b"}]")
    def check(body: bytes) -> None:
        try:
            notices = reader.notices(body)
        except Malformed:
            return
        assert all(mark.record_id for mark in notices.marks)

    check()


@pytest.mark.parametrize("examples", [FEW, MANY])
def test_answers(examples):
    @tried(examples)
    @given(st.binary(max_size=80) | JSON.map(orjson.dumps).map(lambda raw: raw.replace(b'":', b'" :')))
    @example(b"[" * DEEP + b"]" * DEEP)
    @example(b'{"a":' * DEEP + b"1" + b"}" * DEEP)
    @example(b'{"a" : ' + b"9" * 5_000 + b"}")
    @example(b'{"a" : 1e999}')
    def check(raw: bytes) -> None:
        try:
            strict_json.loads(raw)
        except ValueError:
            return

    check()


@pytest.fixture(scope="module")
def parquet(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "accounts.parquet"
    names = [f"Customer {n}" for n in range(300)]
    table = pa.table(
        {"id": [f"A{n}" for n in range(300)], "name": names, "annual_revenue": [n * 1.5 for n in range(300)]}
    )
    pq.write_table(table, path, row_group_size=100)
    return path.read_bytes()


@pytest.mark.parametrize(
    "examples", [pytest.param(8, id="few"), pytest.param(1_000, id="many", marks=pytest.mark.slow)]
)
def test_parquet_files(examples, parquet, tmp_path):
    """Bits flipped, bytes replaced, cut short: rows, rejects, or an error that names the file."""
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "accounts.parquet"

    @tried(examples)
    @given(
        st.lists(st.tuples(st.integers(0, len(parquet) - 1), st.integers(0, 255)), min_size=1, max_size=6),
        st.none() | st.integers(0, len(parquet)),
    )
    def check(changes: list[tuple[int, int]], cut: int | None) -> None:
        whole = bytearray(parquet)
        for place, value in changes:
            whole[place] = value
        path.write_bytes(bytes(whole[:cut]))
        config = FilesConfig(kind="files", input=str(tmp_path / "in"), output=str(tmp_path / "out"), time_zone="UTC")
        try:
            with ExitStack() as stack:
                connector = stack.enter_context(closing(FileConnector(config, FilesMapping(), (), Organisation())))
                rows = sum(page.batch.num_rows for page in connector.read("accounts", None))
        except ConfigError as refused:
            if "accounts.parquet" not in str(refused):
                raise
            return
        assert rows <= 300

    check()
