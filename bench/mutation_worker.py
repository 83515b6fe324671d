"""One scoring per mutation: what the plain-Python reference says of a few organisations is worked out once and kept in
a file, and a process of its own (`python mutation_worker.py COPY CASES`) scores them with the formulas of a copy until
a figure differs.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import pickle
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
SHIPPED_SEEDS, VARIANT_SEEDS = (1, 3, 2), (7, 5)


@dataclass
class Case:
    """An organisation's rows, the stances it is told, whether by the variant model, and what the reference says."""

    name: str
    rows: dict[str, list[dict[str, Any]]]
    previous: Any
    variant: bool
    accounts: dict[str, Any]
    deals: dict[str, Any]


def loaded(name: str, path: Path) -> ModuleType:
    """A module of the tests, which are no packages."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def keep_cases(kept: Path) -> None:
    """Writes the organisations to a file, with what the reference says that the formulas ought to give."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    organisation = loaded("enrichment_organisation", ROOT / "tests/enrichment/organisation.py")
    agreement = loaded("test_agreement", ROOT / "tests/oracle/test_agreement.py")
    found = []
    for seed in (*SHIPPED_SEEDS, *VARIANT_SEEDS):
        variant = seed in VARIANT_SEEDS
        model = organisation.VARIANT if variant else organisation.ScoringModel()
        maker, previous = agreement.made(seed, organisation.AS_OF)
        told = agreement.referred(maker.rows, previous, organisation.AS_OF, model)
        found.append(Case(f"seed {seed}", maker.rows, previous, variant, told.account_rows(), told.deal_rows()))
    org, previous = agreement.of_every_stance(organisation)
    told = agreement.referred(org.rows, previous, org.as_of, organisation.ScoringModel())
    found.insert(2, Case("every stance", org.rows, previous, False, told.account_rows(), told.deal_rows()))
    kept.write_bytes(pickle.dumps([vars(one) for one in found]))


def difference(folder: Path, wanted: Sequence[Case]) -> str | None:
    """The first figure of the formulas in `folder` that is not the reference's; None when there is none."""
    organisation = loaded("enrichment_organisation", ROOT / "tests/enrichment/organisation.py")
    assert Path(str(sys.modules["enrichment"].__file__)).is_relative_to(folder.resolve())
    agreement = loaded("test_agreement", ROOT / "tests/oracle/test_agreement.py")
    for case in wanted:
        org = organisation.Organisation()
        org.rows = case.rows
        model = organisation.VARIANT if case.variant else organisation.ScoringModel()
        scored = org.score(model, case.previous, deals=True)
        for mine, written, audit in (
            (case.accounts, scored.accounts, scored.account_audit),
            (case.deals, scored.deals, scored.deal_audit),
        ):
            if set(mine) != set(written):
                return f"{case.name}: other records"
            for record in sorted(mine):
                told = agreement.differences(mine[record], written[record], audit[record])
                if told:
                    return f"{case.name}: {told[0].split(':')[0]}"
    return None


def noticed(folder: Path, kept: Path) -> tuple[str | None, float]:
    """`difference` in a process of its own, and the seconds of processor time it took."""
    command = [sys.executable, __file__, str(folder), str(kept)]
    environment = {**os.environ, "BOTHWAYS_CACHE": str(folder / "cache")}  # broken statements are kept by nobody else
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"the scoring could not run:\n{run.stderr}")
    found: tuple[str | None, float] = json.loads(run.stdout)
    return found


def main(folder: Path, kept: Path) -> None:
    sys.path[:0] = [str(folder), str(ROOT / "tests")]  # the kept cases hold values of the reference's own classes
    try:
        found = difference(folder.resolve(), [Case(**one) for one in pickle.loads(kept.read_bytes())])
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        found = type(error).__name__  # formulas that cannot be run are noticed too
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([found, used.ru_utime + used.ru_stime]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
