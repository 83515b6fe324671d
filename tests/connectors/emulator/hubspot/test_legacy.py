"""What clients of the APIs before v3 read, and the object types that every portal knows."""

from __future__ import annotations


def test_legacy_lists_hold_the_records_of_v3(portal):
    wanted = {one["id"] for one in portal.get("/crm/v3/objects/companies?limit=100")["results"]}
    found, offset = [], 0
    while True:
        page = portal.get(f"/companies/v2/companies/paged?limit=20&offset={offset}&properties=name")
        found += page["companies"]
        if not page["has-more"]:
            break
        offset = page["offset"]
    assert wanted == {str(one["companyId"]) for one in found}
    assert len(wanted) == len(found)
    assert all(one["properties"]["name"]["value"] for one in found)


def test_a_legacy_deal_names_what_it_is_associated_with(portal):
    page = portal.get("/deals/v1/deal/paged?limit=5&properties=dealname&properties=createdate&includeAssociations=true")
    deal = page["deals"][0]
    held = portal.get(f"/crm/v4/objects/deals/{deal['dealId']}/associations/companies")["results"]
    assert [one["toObjectId"] for one in held] == deal["associations"]["associatedCompanyIds"]
    assert deal["properties"]["createdate"]["value"].isdigit()
    assert deal == portal.get("/deals/v1/deal/paged?limit=1&properties=dealname&properties=createdate")["deals"][0]
    newest = portal.get("/deals/v1/deal/recent/modified?count=2")
    assert (len(newest["results"]), newest["hasMore"]) == (2, True)


def test_legacy_contacts_and_products_by_their_ids(portal):
    page = portal.get("/contacts/v1/lists/all/contacts/all?count=2&property=email")
    vids = [one["vid"] for one in page["contacts"]]
    several = portal.get(f"/contacts/v1/contact/vids/batch?vid={vids[0]}&vid={vids[1]}&vid=7&property=email")
    assert {str(vid) for vid in vids} == set(several)
    email = page["contacts"][0]["properties"]["email"]["value"]
    assert vids[0] == portal.get(f"/contacts/v1/contact/email/{email}/profile")["vid"]
    products = portal.get("/crm-objects/v1/objects/products/paged?properties=name")
    now = portal.get("/crm/v3/objects/products?limit=100")["results"]
    assert [int(one["id"]) for one in now] == [one["objectId"] for one in products["objects"]]


def test_legacy_owners_and_pipelines(portal):
    owners = portal.get("/owners/v2/owners?includeInactive=true")
    now = portal.get("/crm/v3/owners")["results"] + portal.get("/crm/v3/owners?archived=true")["results"]
    assert {int(one["id"]) for one in now} == {one["ownerId"] for one in owners}
    stages = portal.get("/deals/v1/pipelines")[0]["stages"]
    assert [one["id"] for one in portal.get("/crm/v3/pipelines/deals/default/stages")["results"]] == [
        s["stageId"] for s in stages
    ]
    assert portal.get("/crm-pipelines/v1/pipelines/tickets")["results"][0]["objectType"] == "TICKET"
    assert portal.call("GET", "/deals/v1/nothing/here").status == 404


def test_types_without_records_are_known(portal):
    for kind in ("quotes", "leads", "goal_targets", "0-136", "deal_split"):
        assert portal.get(f"/crm/v3/objects/{kind}")["results"] == []
        assert "hs_object_id" in {one["name"] for one in portal.get(f"/crm/v3/properties/{kind}")["results"]}
        assert portal.get(f"/properties/v2/{kind}/properties")
    assert portal.call("GET", "/crm/v3/objects/unicorns").status == 400


def test_through_a_proxy_the_next_page_is_where_the_client_found_this_one(portal):
    path = "/crm/v3/objects/companies?limit=1"
    there = portal.call("GET", path, headers={"Host": "api.hubapi.com"}).json["paging"]["next"]["link"]
    here = portal.get(path)["paging"]["next"]["link"]
    assert there.startswith("https://api.hubapi.com/crm/v3/objects/companies?limit=1&after=")
    assert here.startswith(f"http://127.0.0.1:{portal.server.port}/crm/v3/objects/companies?limit=1&after=")
