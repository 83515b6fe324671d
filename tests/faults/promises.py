"""Each promise of the reliability page, and the tests that would fail if it were untrue."""

PROMISES = {
    "P1": ("converges", "tests/faults/test_kills.py, tests/faults/test_kill_sweep.py, tests/faults/test_power_loss.py"),
    "P2": ("repeats little", "tests/faults/test_kill_sweep.py, tests/sync/test_kill.py, tests/sync/test_run.py"),
    "P3": ("counts everything", "every run of tests/faults (tests/faults/case.py), tests/sync/test_run.py"),
    "P4": ("writes nothing else", "every test (tests/conftest.py); that it notices: tests/project/test_witness.py"),
    "P5": (
        "leaves quota",
        "rows Q1 and Q2, tests/connectors/http/test_circuit_breaker.py, tests/connectors/http/test_server_clock.py",
    ),
    "P6": ("never scores half a pull", "rows N5 and N6, tests/sync/test_run.py"),
    "P7": ("brakes", "tests/sync/test_run.py"),
    "P8": ("one at a time", "tests/faults/test_starts.py, tests/faults/test_postgres.py, tests/sync/test_run.py"),
    "P9": ("ends", "tests/e2e/test_signals.py, tests/connectors/http/test_deadline.py"),
    "P10": ("tells the truth", "every run of tests/faults (tests/faults/case.py), tests/faults/test_soak.py"),
    "P11": ("keeps secrets", "tests/faults/test_canaries.py, tests/connectors/test_redaction.py"),
    "P12": ("survives its own state", "tests/faults/test_state_damage.py, tests/sync/state/test_database.py"),
    "P13": ("same in, same out", "tests/faults/test_shuffles.py, tests/sync/land/test_normalize.py"),
    "P14": ("can be undone", "tests/sync/test_operate.py"),
    "P15": ("upgrades", "tests/sync/state/test_upgrade.py"),
}
