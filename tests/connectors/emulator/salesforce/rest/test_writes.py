"""Claims about writes over REST: results, stamps, refusals, side effects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

OFF = {"Sforce_Auto_Assign": "FALSE"}


def accounts(running, count=3):
    return [row["Id"] for row in running.call.rows(f"SELECT Id FROM Account ORDER BY Id LIMIT {count}")]


def patch(running, *records, all_or_none=False, **headers):
    body = {"allOrNone": all_or_none, "records": [{"attributes": {"type": "Account"}, **r} for r in records]}
    return running.call("PATCH", "composite/sobjects", body, **{**OFF, **headers})


def test_results_are_one_each_in_the_order_of_the_request(scored):
    running = scored()
    one, two, three = accounts(running)
    answer = patch(
        running,
        {"id": one, "Bw_Score__c": 1.005, "Bw_As_Of__c": "2026-01-02T03:04:05Z"},
        {"id": two, "Bw_Reason__c": "x" * 21},
        {"id": three[:15], "Bw_Score__c": -3},
    )
    first, second, third = answer.json()
    assert ({"id": one, "success": True, "errors": []}, three) == (first, third["id"])
    assert not second["success"]
    (error,) = second["errors"]
    assert (error["statusCode"], error["fields"]) == ("STRING_TOO_LONG", ["Bw_Reason__c"])
    assert error["message"].endswith("(max length=20)")
    row = running.call.one(f"SELECT Bw_Score__c, Bw_As_Of__c FROM Account WHERE Id = '{one}'")
    assert (row["Bw_Score__c"], row["Bw_As_Of__c"]) == (1.01, "2026-01-02T03:04:05.000+0000")


def test_all_or_none_takes_the_good_ones_back(scored):
    running = scored()
    one, two, _ = accounts(running)
    answer = patch(running, {"id": one, "Bw_Score__c": 7}, {"id": two, "Bw_Score__c": 10**6}, all_or_none=True).json()
    codes = ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "NUMBER_OUTSIDE_VALID_RANGE"]
    assert codes == [result["errors"][0]["statusCode"] for result in answer]
    assert running.call.one(f"SELECT Bw_Score__c FROM Account WHERE Id = '{one}'")["Bw_Score__c"] is None


def test_more_than_200_records_are_refused_whole(scored):
    running = scored()
    one = accounts(running)[0]
    answer = patch(running, *[{"id": one, "Bw_Score__c": 1}] * 201)
    assert (answer.status, answer.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


def test_malformed_bodies_are_refused(scored):
    running = scored()
    for body in (b"{", b"[]", b'{"records": 1}', b'{"records": [], "bacon": 1}'):
        answer = running.call("PATCH", "composite/sobjects", body, **OFF)
        assert (answer.status, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_every_write_bumps_the_stamps_even_of_equal_values(scored):
    moment = [datetime(2026, 11, 20, 12, tzinfo=UTC)]
    running = scored(clock=lambda: moment[0])
    one = accounts(running)[0]
    ask = f"SELECT SystemModstamp, LastModifiedDate, LastModifiedById FROM Account WHERE Id = '{one}'"
    stamps = [running.call.one(ask)["SystemModstamp"]]
    for _ in range(3):
        patch(running, {"id": one, "Bw_Score__c": 5})
        row = running.call.one(ask)
        assert row["LastModifiedDate"] == row["SystemModstamp"]
        assert running.app.seeded.integration_user == row["LastModifiedById"]
        stamps.append(row["SystemModstamp"])
        moment[0] += timedelta(seconds=2)
    assert stamps == sorted(set(stamps))
    assert stamps[1] == "2026-11-20T12:00:01.000+0000", "one second after the read at 12:00:00"


def test_two_writes_without_a_read_between_may_share_a_second(scored):
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    running = scored(clock=lambda: noon)
    one, two, _ = accounts(running)
    patch(running, {"id": one, "Bw_Score__c": 5}, {"id": two, "Bw_Score__c": 5})
    rows = running.call.rows(f"SELECT SystemModstamp FROM Account WHERE Id IN ('{one}', '{two}')")
    assert len({row["SystemModstamp"] for row in rows}) == 1


def test_a_field_without_field_level_security_cannot_be_written(scored):
    running = scored()
    one = accounts(running)[0]
    for values in ({"Industry": "Retail"}, {"CreatedDate": "2020-01-01T00:00:00Z"}):
        (result,) = patch(running, {"id": one, **values}).json()
        assert result["errors"][0]["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    (result,) = patch(running, {"id": one, "Bacon__c": 1}).json()
    assert result["errors"][0]["statusCode"] == "INVALID_FIELD"


def test_the_deleted_the_unknown_and_the_malformed(scored):
    running = scored()
    one, two, _ = accounts(running)
    running.app.delete("Account", one)
    answer = patch(
        running,
        {"id": one, "Bw_Score__c": 1},
        {"id": "001000000000000AAA", "Bw_Score__c": 1},
        {"id": two.replace("001", "003"), "Bw_Score__c": 1},
        {"Bw_Score__c": 1},
    )
    codes = ["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "MISSING_ARGUMENT"]
    assert codes == [result["errors"][0]["statusCode"] for result in answer.json()]
    assert running.call("PATCH", f"sobjects/Account/{one}", {"Bw_Score__c": 1}, **OFF).status == 404


def test_a_missing_auto_assign_header_changes_the_owner(scored):
    running = scored()
    one, two, _ = accounts(running)
    owner = {row["Id"]: row["OwnerId"] for row in running.call.rows("SELECT Id, OwnerId FROM Account")}
    patch(running, {"id": one, "Bw_Score__c": 1})
    patch(running, {"id": two, "Bw_Score__c": 1}, Sforce_Auto_Assign="")
    after = {row["Id"]: row["OwnerId"] for row in running.call.rows("SELECT Id, OwnerId FROM Account")}
    assert owner[one] == after[one]
    assert running.app.seeded.queue_user == after[two] != owner[two]
    assert running.app.stats()["owner_changes"] == 1


def test_validation_rules_and_row_locks(scored):
    running = scored()
    one, two, _ = accounts(running)
    running.app.add_validation_rule("Account", lambda row: (row.get("Bw_Score__c") or 0) > 50, "Too good to be true")
    (result,) = patch(running, {"id": one, "Bw_Score__c": 51}).json()
    assert (
        result["errors"][0]["statusCode"],
        result["errors"][0]["message"],
    ) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Too good to be true")
    running.app.lock(two, times=1)
    (first,) = patch(running, {"id": two, "Bw_Score__c": 1}).json()
    (second,) = patch(running, {"id": two, "Bw_Score__c": 1}).json()
    assert (first["errors"][0]["statusCode"], second["success"]) == ("UNABLE_TO_LOCK_ROW", True)


def test_a_single_row_patch_answers_204_without_a_body(scored):
    running = scored()
    one = accounts(running)[0]
    answer = running.call("PATCH", f"sobjects/Account/{one}", {"Bw_Score__c": 3}, **OFF)
    assert (answer.status, answer.raw) == (204, b"")
    assert "content-type" not in answer.headers
    assert running.call("GET", f"sobjects/Account/{one}").json()["Bw_Score__c"] == 3.0


def test_create_needs_the_right_and_the_required_fields(scored):
    running = scored()
    assert (
        running.call("POST", "sobjects/Account", {"Name": "x"}).json()[0]["errorCode"]
        == "INSUFFICIENT_ACCESS_OR_READONLY"
    )
    refused = running.admin("POST", "sobjects/Account", {"Industry": "Retail"})
    assert (refused.status, refused.json()[0]["errorCode"]) == (400, "REQUIRED_FIELD_MISSING")
    created = running.admin("POST", "sobjects/Account", {"Name": "New Co"})
    assert (created.status, created.json()["success"]) == (201, True)
    record = running.admin("GET", f"sobjects/Account/{created.json()['id']}").json()
    assert ("New Co", running.app.seeded.admin_user) == (record["Name"], record["OwnerId"])
    assert running.admin("DELETE", f"sobjects/Account/{record['Id']}").status == 204
    assert running.admin("GET", f"sobjects/Account/{record['Id']}").json()[0]["errorCode"] == "ENTITY_IS_DELETED"


def test_merge_moves_children_and_hides_the_loser(start):
    running = start()
    winner, loser, _ = accounts(running)
    before = running.call.query(f"SELECT COUNT() FROM Contact WHERE AccountId IN ('{winner}', '{loser}')").json()[
        "totalSize"
    ]
    running.app.merge("Account", winner, [loser])
    assert before == running.call.query(f"SELECT COUNT() FROM Contact WHERE AccountId = '{winner}'").json()["totalSize"]
    row = running.call.rows(f"SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '{loser}'", "queryAll")[0]
    assert (True, winner) == (row["IsDeleted"], row["MasterRecordId"])
    assert running.call.rows(f"SELECT Id FROM Account WHERE Id = '{loser}'") == []


def test_a_late_commit_appears_with_its_old_stamp(start):
    running = start()
    one = accounts(running)[0]
    ask = f"SELECT Name, SystemModstamp FROM Account WHERE Id = '{one}'"
    running.app.change_later("Account", one, {"Name": "Late"}, seconds=3600)
    assert running.call.one(ask)["Name"] != "Late"
    other = accounts(running)[1]
    running.app.change("Account", other, {"Name": "Meanwhile"})
    meanwhile = running.call.one(f"SELECT SystemModstamp FROM Account WHERE Id = '{other}'")["SystemModstamp"]
    running.app.commit()
    row = running.call.one(ask)
    assert row["Name"] == "Late"
    assert row["SystemModstamp"] <= meanwhile


def test_updated_and_deleted(scored):
    running = scored()
    one, two, _ = accounts(running)
    patch(running, {"id": one, "Bw_Score__c": 1})
    running.app.delete("Account", two)
    end = running.app.org.now().replace(microsecond=0)
    span = (
        f"start={(end - timedelta(hours=1)):%Y-%m-%dT%H:%M:%SZ}&end={(end + timedelta(minutes=2)):%Y-%m-%dT%H:%M:%SZ}"
    )
    updated = running.call("GET", f"sobjects/Account/updated/?{span}").json()
    deleted = running.call("GET", f"sobjects/Account/deleted/?{span}").json()
    assert one in updated["ids"]
    assert two not in updated["ids"]
    assert [two] == [row["id"] for row in deleted["deletedRecords"]]
    same = f"start={end:%Y-%m-%dT%H:%M:%SZ}&end={end:%Y-%m-%dT%H:%M:%SZ}"
    assert running.call("GET", f"sobjects/Account/updated/?{same}").json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_stats_count_every_written_field(scored):
    running = scored()
    one, two, _ = accounts(running)
    patch(running, {"id": one, "Bw_Score__c": 1, "Bw_Reason__c": "a"}, {"id": two, "Bw_Score__c": 1})
    assert running.app.stats()["records_written"]["Account"] == {"Bw_Score__c": 2, "Bw_Reason__c": 1}
    stored = {row["Id"]: row["Bw_Score__c"] for row in running.app.records("accounts")}
    assert (stored[one], stored[two]) == (1.0, 1.0)
