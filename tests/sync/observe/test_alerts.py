"""The shipped alert rules ask for metrics that exist, and fire when they should."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sync.observe import metrics

RULES = Path(__file__).parents[3] / "examples" / "alerts.yml"
SOURCE = Path(metrics.__file__).read_text(encoding="utf-8")
CASES = """
rule_files: [{rules}]
evaluation_interval: 1h
tests:
  - interval: 1h
    input_series:
      - {{series: 'bothways_last_success_timestamp_seconds{{crm="hubspot"}}', values: '0x60'}}
      - {{series: 'bothways_last_run_timestamp_seconds{{crm="hubspot"}}', values: '0x60'}}
      - {{series: 'bothways_last_run_exit_code{{crm="hubspot"}}', values: '0x29 5x30'}}
      - {{series: 'bothways_records{{crm="hubspot",object="accounts",outcome="scored"}}', values: '100x29 70x30'}}
      - {{series: 'bothways_records{{crm="hubspot",object="accounts",outcome="written"}}', values: '97x60'}}
      - {{series: 'bothways_records{{crm="hubspot",object="accounts",outcome="rejected"}}', values: '1x29 3x30'}}
    alert_rule_test:
      - {{eval_time: 25h, alertname: BothwaysNoSuccess, exp_alerts: []}}
      - {{eval_time: 25h, alertname: BothwaysRejected, exp_alerts: []}}
      - {{eval_time: 25h, alertname: BothwaysRecordCount, exp_alerts: []}}
    promql_expr_test:
      - {{expr: 'count(ALERTS{{alertname="BothwaysNoSuccess"}})', eval_time: 31h, exp_samples: [{{value: 1}}]}}
      - {{expr: 'count(ALERTS{{alertname="BothwaysBrake"}})', eval_time: 31h, exp_samples: [{{value: 1}}]}}
      - {{expr: 'count(ALERTS{{alertname="BothwaysRejected"}})', eval_time: 31h, exp_samples: [{{value: 1}}]}}
      - {{expr: 'count(ALERTS{{alertname="BothwaysRecordCount"}})', eval_time: 31h, exp_samples: [{{value: 1}}]}}
      - {{expr: 'count(ALERTS{{alertname="BothwaysCredentials"}})', eval_time: 31h, exp_samples: []}}
"""


def test_every_metric_of_the_rules_is_one_that_is_made():
    asked = set(re.findall(r"bothways_(\w+?)(?=[{\s>)])", RULES.read_text(encoding="utf-8")))

    assert {name for name in asked if f'"{name}"' not in SOURCE and f'"bothways_{name}"' not in SOURCE} == set()
    assert len(asked) >= 5


@pytest.mark.slow
def test_the_rules_fire_when_they_should(tmp_path):
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (it comes with Prometheus)")
    (tmp_path / "test.yml").write_text(CASES.format(rules=RULES))
    for words in (["check", "rules", str(RULES)], ["test", "rules", str(tmp_path / "test.yml")]):
        done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
