"""`check` tells what is there, what is left out and what is missing, and never raises for a finding."""

from __future__ import annotations


def _told(connector) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in connector.check().findings:
        found.setdefault(finding.level, []).append(f"{finding.message} {finding.remedy}")
    return found


def test_rows_coverage_and_unused_columns_and_files(folder) -> None:
    folder.put("accounts.csv", "id,name,contry\n1,Acme,FR\n2,,DE\n")
    folder.put("spare.csv", "a\n1\n")
    told = _told(folder.connect())
    assert any("accounts: 2 records, 0 rejects, name 50%" in t for t in told["ok"])
    assert any("leaves unused: contry. did you mean 'country'?" in t for t in told["warn"])
    assert any("No mapping uses spare.csv" in t for t in told["warn"])
    assert any("stays unknown (null), never 0" in t for t in told["warn"])


def test_rejects_are_counted_with_an_example(folder) -> None:
    folder.put("accounts.csv", "id,name\n1\n2,Beta\n")
    told = _told(folder.connect())
    assert any("accounts: 1 records, 1 rejects" in t and "accounts.csv:2" in t for t in told["warn"])


def test_a_failing_expression_and_a_missing_currency_are_findings(folder) -> None:
    folder.put("a.csv", "x\n1\n")
    mapping = {"accounts": {"from": "a.csv", "columns": {"id": "nosuch"}}}
    connector = folder.connect(mapping, currency=None)
    diagnosis = connector.check()
    assert not diagnosis.ok
    told = _told(connector)
    assert any("nosuch" in t for t in told["fail"])
    assert any("corporate_currency" in t for t in told["warn"])


def test_an_output_that_cannot_be_written_is_a_failure(folder) -> None:
    folder.put("accounts.csv", "id\n1\n")
    folder.output.write_text("a file")
    assert any("Cannot write to" in t for t in _told(folder.connect())["fail"])


def test_a_stream_in_which_no_record_says_what_it_belongs_to_is_warned_of(folder) -> None:
    folder.put("accounts.csv", "id,name\n1,Acme\n")
    folder.put("people.csv", "id,name\n" + "".join(f"p{i},P\n" for i in range(300)))
    folder.put("activities.csv", "id,channel,occurred_at,person_ids\na,email,2026-01-01,p1\n")
    told = _told(folder.connect())
    assert any(
        "people: 300 records" in t and "account_id 0%" in t and "map account_id or email" in t for t in told["warn"]
    )
    assert not any("account_id 0%" in t for t in told["ok"])  # of activities, which their people attribute
