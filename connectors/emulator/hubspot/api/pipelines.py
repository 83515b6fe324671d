"""Pipelines and their stages: read, made, changed, archived."""

from __future__ import annotations

from typing import Any

from connectors.emulator.hubspot.call import Call
from connectors.emulator.hubspot.schema.objects import ObjectType
from connectors.emulator.hubspot.schema.pipelines import pipeline as made_pipeline
from connectors.emulator.hubspot.wire import PORTAL_ID, Json, answer, bad_json, invalid, iso, no_content, not_found
from connectors.emulator.server.http import Response

# Properties whose options follow from the pipelines: of the pipeline, of the stage.
_FOLLOWING = {"deals": ("pipeline", "dealstage"), "tickets": ("hs_pipeline", "hs_pipeline_stage")}
_EDITED = ("label", "displayOrder")


def handle(call: Call, kind: ObjectType, rest: tuple[str, ...]) -> Response | None:
    """Anything under pipelines/{type}; None: no such endpoint."""
    method = call.request.method
    if method == "GET":
        call.reads(kind)
    else:
        call.writes(kind)
    if not rest:
        return _all(call, kind)
    pipeline = _of(call.portal.pipelines[kind.plural], rest[0])
    if rest[1:] == ("audit",) and method == "GET":
        return _audit(pipeline)
    if len(rest) == 1:
        return _one(call, kind, pipeline)
    if rest[1] != "stages":
        return None
    if len(rest) == 2:
        return _stages(call, kind, pipeline)
    stage = _of(pipeline["stages"], rest[2])
    if rest[3:] == ("audit",) and method == "GET":
        return _audit(stage)
    return _stage(call, kind, pipeline, stage) if len(rest) == 3 else None


def _all(call: Call, kind: ObjectType) -> Response | None:
    found = call.portal.pipelines[kind.plural]
    if call.request.method == "GET":
        return answer({"results": found})
    if call.request.method != "POST":
        return None
    body = call.body()
    identifier = str(body.get("pipelineId") or _serial(call))
    if any(one["id"] == identifier or one["label"] == body.get("label") for one in found):
        raise invalid(f"A pipeline with the label or id of '{body.get('label')}' already exists.")
    new = _filled(call, kind, identifier, body)
    found.append(new)
    _follow(call, kind)
    return answer(new, 201)


def _one(call: Call, kind: ObjectType, pipeline: Json) -> Response | None:
    method, found = call.request.method, call.portal.pipelines[kind.plural]
    if method == "GET":
        return answer(pipeline)
    if method == "PATCH":
        _edit(call, pipeline, _EDITED)
    elif method == "PUT":
        found[found.index(pipeline)] = pipeline = _filled(call, kind, pipeline["id"], call.body())
    elif method == "DELETE":
        found.remove(pipeline)
    else:
        return None
    _follow(call, kind)
    return no_content() if method == "DELETE" else answer(pipeline)


def _stages(call: Call, kind: ObjectType, pipeline: Json) -> Response | None:
    if call.request.method == "GET":
        return answer({"results": pipeline["stages"]})
    if call.request.method != "POST":
        return None
    stage = _new_stage(call, kind, call.body())
    pipeline["stages"].append(stage)
    _follow(call, kind)
    return answer(stage, 201)


def _stage(call: Call, kind: ObjectType, pipeline: Json, stage: Json) -> Response | None:
    method = call.request.method
    if method == "GET":
        return answer(stage)
    if method in ("PATCH", "PUT"):
        _edit(call, stage, (*_EDITED, "metadata"))
    elif method == "DELETE":
        if len(pipeline["stages"]) == 1:
            raise invalid("A pipeline needs at least one stage.")
        pipeline["stages"].remove(stage)
    else:
        return None
    _follow(call, kind)
    return no_content() if method == "DELETE" else answer(stage)


def _filled(call: Call, kind: ObjectType, identifier: str, body: Json) -> Json:
    stages = body.get("stages")
    if not isinstance(body.get("label"), str) or not isinstance(stages, list) or not stages:
        raise invalid("Some required fields were not set: [label, stages]")
    made = made_pipeline(identifier, body["label"], [])
    made |= {"displayOrder": _order(body), "stages": [_new_stage(call, kind, one) for one in stages]}
    return {**made, **_stamps(call)}


def _new_stage(call: Call, kind: ObjectType, body: Any) -> Json:
    if not isinstance(body, dict) or not isinstance(body.get("label"), str):
        raise invalid("A stage needs a label.")
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        raise invalid("A stage needs metadata.")
    if kind.plural == "deals" and "probability" not in metadata:
        raise invalid("The metadata of a deal stage needs a probability.")
    shown = {name: str(value) for name, value in metadata.items()}
    if kind.plural == "deals":
        shown.setdefault("isClosed", str(shown["probability"] in ("0", "0.0", "1", "1.0")).lower())
    identifier = str(body.get("stageId") or _serial(call))
    (stage,) = made_pipeline("", "", [(identifier, body["label"], shown)])["stages"]
    return {**stage, "displayOrder": _order(body), **_stamps(call)}


def _edit(call: Call, held: Json, names: tuple[str, ...]) -> None:
    body = call.body()
    if "metadata" in names and isinstance(body.get("metadata"), dict):
        held["metadata"] = {**held["metadata"], **{key: str(value) for key, value in body["metadata"].items()}}
    held |= {name: body[name] for name in names if name in body and name != "metadata"}
    held["updatedAt"] = iso(call.portal.now_ms())


def _order(body: Json) -> int:
    order = body.get("displayOrder", 0)
    if not isinstance(order, int) or isinstance(order, bool):
        raise bad_json("displayOrder must be a whole number")
    return order


def _stamps(call: Call) -> Json:
    now = iso(call.portal.now_ms())
    return {"createdAt": now, "updatedAt": now}


def _of(held: list[Json], identifier: str) -> Json:
    found = next((one for one in held if one["id"] == identifier), None)
    if found is None:
        raise not_found()
    return found


def _serial(call: Call) -> str:
    """An id that neither a pipeline nor a stage has."""
    call.portal.last_pipeline_id += 1
    return str(call.portal.last_pipeline_id)


def _audit(held: Json) -> Response:
    entry = {"portalId": PORTAL_ID, "identifier": held["id"], "action": "CREATE", "timestamp": held["createdAt"]}
    return answer({"results": [entry]})


def _follow(call: Call, kind: ObjectType) -> None:
    """Brings the options of the properties that hold pipelines and stages up to date."""
    definitions, found = call.portal.definitions(kind), call.portal.pipelines[kind.plural]
    stages = [stage for pipeline in found for stage in pipeline["stages"]]
    for name, held in zip(_FOLLOWING.get(kind.plural, ()), (found, stages), strict=False):
        definitions.live[name]["options"] = [
            {"label": one["label"], "value": one["id"], "displayOrder": at, "hidden": False}
            for at, one in enumerate(held)
        ]
