"""Run by the test in an environment of its own: HubSpot's newer SDK, told to validate every answer strictly.

Null values are the one thing in real answers that its models refuse, so only properties that always have a value are
asked for.
"""

import json
import sys

from hubspot_sdk import HubSpot

hubspot = HubSpot(access_token=sys.argv[2], base_url=sys.argv[1], _strict_response_validation=True, max_retries=0)
kept = ["hs_object_id"]
done = []
for name in (
    "companies",
    "contacts",
    "deals",
    "tickets",
    "line_items",
    "products",
    "emails",
    "calls",
    "meetings",
    "tasks",
):
    objects = getattr(hubspot.crm.objects, name)
    first = objects.list(limit=3, properties=kept, associations=["companies", "contacts"]).results
    every = [record.id for record in objects.list(limit=100, properties=kept)]
    assert len(every) == len(set(every)) >= len(first) > 0, name
    assert objects.get(first[0].id, properties=kept).id == first[0].id
    newer = {"filters": [{"property_name": "hs_object_id", "operator": "GT", "value": "0"}]}
    assert objects.search(filter_groups=[newer], limit=2, after="0", properties=kept, sorts=[]).total == len(every)
    inputs = [{"id": record.id} for record in first]
    assert len(objects.batch.get(inputs=inputs, properties=kept, properties_with_history=[]).results) == len(inputs)
    assert objects.batch.update(inputs=[{**one, "properties": {}} for one in inputs]).results
    done.append(name)
assert hubspot.crm.properties.list("companies").results
assert hubspot.crm.properties.get("name", object_type="companies").name == "name"
assert hubspot.crm.properties.groups.list("companies").results
assert hubspot.crm.owners.list(limit=5).results
assert hubspot.crm.pipelines.list("deals").results[0].stages
sys.stdout.write(json.dumps(done))
