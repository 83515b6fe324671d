"""Claims about `/query` and `/queryAll`."""

from __future__ import annotations

import pytest


def test_a_record_carries_its_attributes_first_and_null_parents_as_null(org):
    row = org.call.rows("SELECT Id, Name, Parent.Name, Owner.Name FROM Account WHERE ParentId = null LIMIT 1")[0]
    assert list(row) == ["attributes", "Id", "Name", "Parent", "Owner"]
    assert {"type": "Account", "url": f"/services/data/v68.0/sobjects/Account/{row['Id']}"} == row["attributes"]
    assert row["Parent"] is None
    assert row["Owner"]["attributes"]["type"] == "User"


def test_pages_follow_the_locator_and_miss_nothing(org):
    answer = org.call.query("SELECT Id FROM Task", Sforce_Query_Options="batchSize=200").json()
    assert len(answer["records"]) == 200
    assert not answer["done"]
    locator, _, offset = answer["nextRecordsUrl"].rpartition("/")[2].partition("-")
    assert (locator[:3], len(locator), offset) == ("0r8", 18, "200")
    assert answer["totalSize"] == len({row["Id"] for row in org.call.rows("SELECT Id FROM Task")})


def test_a_batch_hint_below_200_is_raised_to_200(org):
    assert len(org.call.query("SELECT Id FROM Task", Sforce_Query_Options="batchSize=1").json()["records"]) == 200


def test_wide_rows_shrink_the_page(org):
    narrow = org.call.query("SELECT Id FROM Task", "queryAll").json()
    wide = org.call.query("SELECT Id, Description, Subject, Status, WhoId, WhatId FROM Task", "queryAll").json()
    assert len(narrow["records"]) == 2000
    wider = org.call.query("SELECT Id, TextBody, HtmlBody, Headers FROM EmailMessage").json()
    assert len(wide["records"]) == 2000
    assert 200 <= len(wider["records"]) < 2000


def test_an_unknown_locator_is_refused(org):
    answer = org.call("GET", "query/0r8000000000001AAA-2000")
    assert (answer.status, answer.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_query_all_adds_the_deleted_and_the_archived(org):
    live = {row["Id"] for row in org.call.rows("SELECT Id FROM Event")}
    every = org.call.rows("SELECT Id, IsDeleted, IsArchived, ActivityDate FROM Event", "queryAll")
    assert live == {row["Id"] for row in every if not row["IsDeleted"] and not row["IsArchived"]}
    archived = [row["ActivityDate"] for row in every if row["IsArchived"]]
    assert archived
    assert max(archived) < "2025-11-20"


def test_a_merged_account_is_deleted_and_names_its_master(org):
    loser = org.call.rows("SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true", "queryAll")
    assert [org.app.vendor_id("accounts", "A000022")] == [row["MasterRecordId"] for row in loser]


@pytest.mark.parametrize(
    ("soql", "code", "text"),
    [
        (
            "SELECT Bacon__c FROM Account",
            "INVALID_FIELD",
            "\nSELECT Bacon__c FROM Account\n       ^\nERROR at Row:1:Column:8\nNo such column 'Bacon__c' on "
            "entity 'Account'.",
        ),
        (
            "SELECT Id FROM XYZZY",
            "INVALID_TYPE",
            "\nSELECT Id FROM XYZZY\n               ^\nERROR at Row:1:Column:16\nsObject type",
        ),
        (
            "SELECT Id,\nName FRO Account",
            "MALFORMED_QUERY",
            "\nName FRO Account\n     ^\nERROR at Row:2:Column:6\nunexpected token: 'FRO'",
        ),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD", "\nSELECT Id FROM Account WHERE Name = 5\n"),
        ("SELECT Id FROM Account WHERE CreatedDate > '2026'", "INVALID_FIELD", "\nSELECT"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD", "\nSELECT"),
        ("SELECT Id, Id FROM Account", "MALFORMED_QUERY", "\nSELECT"),
        # no keyword may be an alias (SOQL and SOSL Reference, "Alias Notation")
        ("SELECT MIN(CreatedDate) first FROM Account", "MALFORMED_QUERY", "\nSELECT MIN(CreatedDate) first"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY", "\nSELECT"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT"),
        ("SELECT Name, COUNT(Id) FROM Account GROUP BY Industry", "MALFORMED_QUERY", "\nSELECT"),
        ("SELECT Owner.Bacon FROM Account", "INVALID_FIELD", "\nSELECT"),
        ("SELECT Bacon.Name FROM Account", "INVALID_FIELD", "\nSELECT"),
        ("SELECT Id FROM Account LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset"),
        ("SELECT Id FROM Account WHERE Name = 'a\\q'", "MALFORMED_QUERY", "\nSELECT"),
        ("", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    ],
)
def test_errors_point_at_their_place(org, soql, code, text):
    answer = org.call.query(soql)
    assert answer.status == 400
    (error,) = answer.json()
    assert list(error) == ["message", "errorCode"]
    assert code == error["errorCode"]
    assert error["message"].startswith(text)


def test_conditions_agree_with_filtering_by_hand(org):
    rows = org.call.rows("SELECT Id, Name, Industry, NumberOfEmployees, CreatedDate, IsDeleted FROM Account")

    def ids(where):
        return {row["Id"] for row in org.call.rows(f"SELECT Id FROM Account WHERE {where}")}

    def by_hand(test):
        return {row["Id"] for row in rows if test(row)}

    pick = sorted({row["Industry"] for row in rows})[0]
    assert by_hand(lambda r: r["Industry"] == pick) == ids(f"industry = '{pick.upper()}'")
    assert by_hand(lambda r: r["Industry"] != pick) == ids(f"NOT Industry = '{pick}'")
    assert by_hand(lambda r: r["NumberOfEmployees"] is None) == ids("NumberOfEmployees = null")
    few = by_hand(lambda r: r["NumberOfEmployees"] is not None and r["NumberOfEmployees"] < 500)
    assert few == ids("NumberOfEmployees < 500")
    assert {row["Id"] for row in rows} - few == ids("NOT NumberOfEmployees < 500"), (
        "NOT of a comparison with null is true"
    )
    assert by_hand(lambda r: r["NumberOfEmployees"] != 500) == ids("NumberOfEmployees != 500"), (
        "!= keeps the empty ones"
    )
    assert by_hand(lambda r: "er" in r["Name"].lower()) == ids("Name LIKE '%er%'")
    assert by_hand(lambda r: r["CreatedDate"] >= "2025-01-01") == ids("CreatedDate >= 2025-01-01T00:00:00Z")
    assert by_hand(lambda r: r["CreatedDate"] >= "2024-12-31T22") == ids("CreatedDate >= 2025-01-01T00:00:00+02:00")
    assert by_hand(lambda r: r["Id"] in (rows[0]["Id"], rows[1]["Id"])) == ids(
        f"Id IN ('{rows[0]['Id'][:15]}', '{rows[1]['Id']}')"
    ), "15 characters are as good as 18"


def test_like_takes_escaped_wildcards_literally(start):
    running = start()
    account = running.admin.rows("SELECT Id FROM Account LIMIT 1")[0]["Id"]
    running.app.change("Account", account, {"Name": r"50%_o'ff\x"})
    assert [account] == [
        row["Id"] for row in running.call.rows(r"SELECT Id FROM Account WHERE Name LIKE '50\%\_o\'ff\\x'")
    ]
    assert [account] == [row["Id"] for row in running.call.rows(r"SELECT Id FROM Account WHERE Name = '50%_o\'ff\\x'")]
    assert running.call.rows(r"SELECT Id FROM Account WHERE Name LIKE '50\%\_o\'ff_'") == []


def test_keyset_by_stamp_and_id_reads_every_row_once(org):
    seen: list[str] = []
    where = ""
    while True:
        page = org.call.rows(f"SELECT Id, SystemModstamp FROM Task {where} ORDER BY SystemModstamp, Id LIMIT 200")
        if not page:
            break
        seen += [row["Id"] for row in page]
        stamp, last = page[-1]["SystemModstamp"], page[-1]["Id"]
        where = f"WHERE (SystemModstamp = {stamp} AND Id > '{last}') OR SystemModstamp > {stamp}"
    assert len(seen) == len(set(seen)) == org.call.query("SELECT COUNT() FROM Task").json()["totalSize"]


def test_groups_and_counts(org):
    count = org.call.query("SELECT COUNT() FROM Opportunity").json()
    assert (count["records"], count["done"]) == ([], True)
    groups = org.call.rows("SELECT StageName, COUNT(Id), SUM(Amount) total FROM Opportunity GROUP BY StageName")
    assert groups[0]["attributes"] == {"type": "AggregateResult"}
    assert count["totalSize"] == sum(row["expr0"] for row in groups)
    assert {"attributes", "StageName", "expr0", "total"} == set(groups[0])


def test_polymorphic_parents_are_names(org):
    row = org.call.rows(
        "SELECT Id, Who.Name, Who.Type, What.Type, What.Name FROM Task WHERE WhatId != null AND WhoId != null LIMIT 1"
    )[0]
    assert (row["Who"]["attributes"]["type"], row["Who"]["Type"]) == ("Name", "Contact")
    assert row["What"]["Type"] in ("Account", "Opportunity", "Case")


def test_child_queries_nest(org):
    rows = org.call.rows("SELECT Id, (SELECT Id, AccountId FROM Contacts) FROM Account")
    children = [child for row in rows if row["Contacts"] for child in row["Contacts"]["records"]]
    assert org.call.query("SELECT COUNT() FROM Contact WHERE AccountId != null").json()["totalSize"] == len(children)
    assert all(
        child["AccountId"] == row["Id"] for row in rows if row["Contacts"] for child in row["Contacts"]["records"]
    )


def test_semi_joins(org):
    won = {row["AccountId"] for row in org.call.rows("SELECT AccountId FROM Opportunity WHERE IsWon = true")}
    rows = org.call.rows("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Opportunity WHERE IsWon = true)")
    assert won == {row["Id"] for row in rows}


def test_an_address_too_long_is_refused_before_it_is_read(org):
    assert org.call.query("SELECT Id FROM Account WHERE Name = '" + "x" * 17000 + "'").status == 414
    assert org.call("GET", "limits", X_Long="y" * 17000).status == 431


def test_fields_all_gives_every_visible_field(org):
    row = org.call.rows("SELECT FIELDS(ALL) FROM Case LIMIT 1")[0]
    described = org.call("GET", "sobjects/Case/describe").json()["fields"]
    assert {f["name"] for f in described} == set(row) - {"attributes"}


def test_columns_are_described_without_running(org):
    answer = org.call("GET", "query?columns=true&q=SELECT+Id,Name+FROM+Account").json()
    assert (answer["entityName"], [c["columnName"] for c in answer["columnMetadata"]]) == ("Account", ["Id", "Name"])
