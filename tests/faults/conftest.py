"""A small organisation in an emulated CRM, a run over it, and what must be true after every run whatever went wrong."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "sync"))
sys.path.insert(0, str(Path(__file__).parent))

from case import NOW, SPECS, TOKEN, VARIABLE, Case
from chaos import ChaosProxy
from proxy import FaultProxy

from config import settings as config_settings
from connectors.emulator.organisation.model import Organisation, demo_organisation
from sync.onboarding.demo import build_emulator, write_demo_settings
from sync.registry import connect


@pytest.fixture(scope="session")
def organisation() -> Organisation:
    return demo_organisation(7, 24, now=NOW, opportunities_per_account=1, activities_per_account=1)


@pytest.fixture
def emulated(
    tmp_path: Path, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Case]]:
    """Makes a provisioned case of a CRM; `through` and `chaos` put a fault proxy before it, `toml` is added to
    [crm].
    """
    with ExitStack() as stack:

        def make(
            crm: str,
            *,
            through: dict[str, Any] | None = None,
            chaos: dict[str, Any] | None = None,
            toml: str = "",
            provision: bool = True,
        ) -> Case:
            folder = tmp_path / f"{crm}{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            server = stack.enter_context(build_emulator(crm, organisation, limits=False, token=TOKEN))
            monkeypatch.setitem(os.environ, VARIABLE, TOKEN)
            path = write_demo_settings(crm, server.url, organisation, folder)
            if provision:
                connector = connect(config_settings.load(path))
                connector.provision(SPECS)
                connector.close()
            proxy: FaultProxy | ChaosProxy | None = None
            if through is not None:
                proxy = stack.enter_context(FaultProxy(server.port, **through))
            elif chaos is not None:
                proxy = stack.enter_context(ChaosProxy(server.port, **chaos))
            if proxy is not None:
                path.write_text(path.read_text().replace(server.url, proxy.url))
            unhurried = "" if crm != "hubspot" or "rate_limit" in toml else "rate_limit = 1000\nsearch_limit = 1000\n"
            path.write_text(path.read_text().replace("\n\n[workspace]", f"\n{unhurried}{toml}\n\n[workspace]", 1))
            return Case(crm, server, config_settings.load(path), folder, proxy=proxy)

        yield make


_clean: dict[str, dict[str, dict[str, Any]]] = {}


@pytest.fixture
def clean(emulated: Callable[..., Case]) -> Callable[[str], dict[str, dict[str, Any]]]:
    """What an undisturbed sync leaves in a CRM."""

    def of(crm: str) -> dict[str, dict[str, Any]]:
        if crm not in _clean:
            case = emulated(crm)
            assert case.sync().code == 0
            _clean[crm] = case.held()
        return _clean[crm]

    return of


def pytest_sessionfinish() -> None:
    from rows import DONE

    target = os.environ.get("FAULT_TABLE")
    if target and DONE:
        path = Path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Tests of several workers at once: a file each, `report.py` takes them all.
        worker = os.environ.get("PYTEST_XDIST_WORKER")
        path = path.with_stem(f"{path.stem}-{worker}") if worker else path
        path.write_text(json.dumps(DONE, indent=1))
