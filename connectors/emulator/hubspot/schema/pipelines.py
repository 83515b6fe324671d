"""Pipelines and their stages as the API shows them."""

from __future__ import annotations

from connectors.emulator.hubspot.wire import Json

_STAMPS: Json = {"createdAt": "2024-01-01T00:00:00.000Z", "updatedAt": "2024-01-01T00:00:00.000Z", "archived": False}


def pipeline(identifier: str, label: str, stages: list[tuple[str, str, dict[str, str]]]) -> Json:
    """A pipeline of stages, each (id, label, metadata), in the order shown."""
    return {
        "id": identifier,
        "label": label,
        "displayOrder": 0,
        "stages": [
            {
                "id": stage,
                "label": name,
                "displayOrder": order,
                "metadata": metadata,
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                **_STAMPS,
            }
            for order, (stage, name, metadata) in enumerate(stages)
        ],
        **_STAMPS,
    }
