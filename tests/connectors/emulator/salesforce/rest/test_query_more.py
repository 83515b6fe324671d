"""The rest of SOQL: TYPEOF, subtotals, date functions and literals, columns without rows."""

from __future__ import annotations

from collections import Counter
from datetime import date
from urllib.parse import quote

from connectors.emulator.salesforce.store.dates import day_range


def test_typeof_gives_each_type_its_own_fields(org):
    rows = org.call.rows(
        "SELECT Id, TYPEOF What WHEN Account THEN Name, Industry WHEN Opportunity THEN StageName ELSE Name "
        "END FROM Task LIMIT 500"
    )
    shapes = {
        row["What"]["attributes"]["type"]: sorted(set(row["What"]) - {"attributes"}) for row in rows if row["What"]
    }
    assert shapes["Account"] == ["Industry", "Name"]
    assert shapes["Opportunity"] == ["StageName"]
    assert all(row["What"]["Name"] for row in rows if row["What"] and row["What"]["attributes"]["type"] == "Account")
    refused = org.call.query("SELECT TYPEOF Account WHEN Account THEN Name END FROM Contact")
    assert refused.json()[0]["errorCode"] == "MALFORMED_QUERY"


def test_rollup_adds_subtotals_that_add_up(org):
    rows = org.call.rows(
        "SELECT StageName, Type, COUNT(Id) n, GROUPING(Type) g FROM Opportunity GROUP BY ROLLUP(StageName, Type)"
    )
    parts = Counter()
    for row in rows:
        if row["g"] == 0:
            parts[row["StageName"]] += row["n"]
    subtotals = {row["StageName"]: row["n"] for row in rows if row["g"] == 1 and row["StageName"]}
    (total,) = [row["n"] for row in rows if row["StageName"] is None]
    assert subtotals == parts
    assert total == sum(parts.values())


def test_having_filters_groups(org):
    every = org.call.rows("SELECT StageName, COUNT(Id) n FROM Opportunity GROUP BY StageName")
    least = sorted(row["n"] for row in every)[-2]
    kept = org.call.rows(
        f"SELECT StageName, COUNT(Id) n FROM Opportunity GROUP BY StageName HAVING COUNT(Id) >= {least}"
    )
    assert {row["StageName"] for row in kept} == {row["StageName"] for row in every if row["n"] >= least}


def test_date_functions_agree_with_the_calendar(org):
    functions = (
        "DAY_IN_WEEK(CloseDate) w, DAY_IN_YEAR(CloseDate) d, WEEK_IN_YEAR(CloseDate) y, FISCAL_QUARTER(CloseDate) q"
    )
    rows = org.call.rows(
        f"SELECT CloseDate day, {functions} FROM Opportunity "
        "GROUP BY CloseDate, DAY_IN_WEEK(CloseDate), DAY_IN_YEAR(CloseDate), WEEK_IN_YEAR(CloseDate), "
        "FISCAL_QUARTER(CloseDate)"
    )
    assert rows
    for row in rows:
        day = date.fromisoformat(row["day"])
        of_year = day.timetuple().tm_yday
        wanted = (day.isoweekday() % 7 + 1, of_year, (of_year - 1) // 7 + 1, (day.month + 2) // 3)
        assert wanted == (row["w"], row["d"], row["y"], row["q"])


def test_relative_literals():
    today = date(2026, 11, 20)
    assert (date(2026, 10, 1), date(2027, 1, 1)) == day_range("THIS_FISCAL_QUARTER", today)
    assert (date(2026, 1, 1), date(2026, 10, 1)) == day_range("LAST_N_FISCAL_QUARTERS:3", today)
    assert (date(2025, 1, 1), date(2026, 1, 1)) == day_range("LAST_FISCAL_YEAR", today)
    assert (date(2026, 4, 1), date(2026, 7, 1)) == day_range("N_QUARTERS_AGO:2", today)
    assert day_range("LAST_FISCAL_WEEK", today) is None


def test_columns_of_a_parent_are_joined_under_its_relationship(org):
    """The Salesforce CLI makes a table of them and stops at two columns of one name."""
    asked = quote("SELECT Id, Name, Owner.Name, (SELECT LastName FROM Contacts) FROM Account")
    columns = org.call("GET", f"query?columns=true&q={asked}").json()["columnMetadata"]
    shape = {column["columnName"]: [joined["columnName"] for joined in column["joinColumns"]] for column in columns}
    assert shape == {"Id": [], "Name": [], "Owner": ["Name"], "Contacts": ["LastName"]}
    grouped = quote("SELECT Industry, COUNT(Id) FROM Account GROUP BY Industry")
    last = org.call("GET", f"query?columns=true&q={grouped}").json()["columnMetadata"][-1]
    assert (last["aggregate"], last["displayName"]) == (True, "COUNT(Id)")
