"""What `/tooling` can be asked about: custom fields, components, and what runs when a record is saved, as rows."""

from __future__ import annotations

from typing import Any

from connectors.emulator.salesforce.metadata.apply import Metadata
from connectors.emulator.salesforce.metadata.xml_files import custom_fields
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.schema import Field

Json = dict[str, Any]
_USAGES = ("BeforeInsert", "AfterInsert", "BeforeUpdate", "AfterUpdate", "BeforeDelete", "AfterDelete", "AfterUndelete")
_EMPTY = (
    "apexclass",
    "apexcomponent",
    "apexpage",
    "auradefinitionbundle",
    "installedsubscriberpackage",
    "subscriberpackage",
)
NAMES = (
    "ApexClass",
    "ApexComponent",
    "ApexPage",
    "ApexTrigger",
    "AuraDefinitionBundle",
    "CustomField",
    "EntityDefinition",
    "FieldDefinition",
    "Flow",
    "FlowDefinitionView",
    "InstalledSubscriberPackage",
    "LightningComponentBundle",
    "LightningComponentResource",
    "MetadataComponentDependency",
    "ValidationRule",
    "WorkflowRule",
)


class ToolingRows:
    """Rows of the Tooling objects, made from the organisation as it is now."""

    def __init__(self, org: Org, metadata: Metadata) -> None:
        self._org = org
        self._metadata = metadata
        self._makers = {
            "apextrigger": self._triggers,
            "customfield": self._custom_fields,
            "entitydefinition": self._entities,
            "fielddefinition": self._fields,
            "flow": self._flows,
            "flowdefinitionview": self._flow_definitions,
            "lightningcomponentbundle": self._bundles,
            "lightningcomponentresource": self._sources,
            "metadatacomponentdependency": self._dependencies,
            "validationrule": self._validation_rules,
            "workflowrule": self._workflow_rules,
        }

    def of(self, name: str) -> list[Json] | None:
        """All rows; None when there is no such object."""
        maker = self._makers.get(name.lower())
        if maker is None:
            return [] if name.lower() in _EMPTY else None
        return maker()

    def columns(self, name: str) -> dict[str, str]:
        """Column -> type, as far as the rows that are there show it."""
        found: dict[str, str] = {"Id": "id"}
        for row in (self.of(name) or [])[:50]:
            for column, value in row.items():
                kind = "boolean" if isinstance(value, bool) else "int" if isinstance(value, int) else "string"
                found.setdefault(column, "reference" if isinstance(value, dict) else kind)
        return found

    def _entities(self) -> list[Json]:
        return [
            {
                "DurableId": t.name,
                "QualifiedApiName": t.name,
                "DeveloperName": t.name,
                "Label": t.label,
                "MasterLabel": t.label,
                "PluralLabel": t.plural,
                "KeyPrefix": t.prefix,
                "IsCustomizable": "setup" not in t.flags,
                "IsQueryable": True,
                "NamespacePrefix": None,
            }
            for t in self._org.schema.objects.values()
        ]

    def _fields(self) -> list[Json]:
        return [
            {"DurableId": f"{t.name}.{f.name}", "QualifiedApiName": f.name, "DeveloperName": f.name.removesuffix("__c"),
             "Label": f.label, "MasterLabel": f.label, "DataType": f.type, "Length": f.length, "Precision": f.precision,
             "Scale": f.scale, "IsIndexed": f.indexed, "EntityDefinitionId": t.name,
             "EntityDefinition": {"QualifiedApiName": t.name}}
            for t in self._org.schema.objects.values() for f in t.fields.values()
        ]  # fmt: skip

    def _bundles(self) -> list[Json]:
        return [
            {"Id": held.id, "DeveloperName": bundle, "NamespacePrefix": None}
            for (kind, bundle), held in self._metadata.components.items()
            if kind == "LightningComponentBundle"
        ]

    def _sources(self) -> list[Json]:
        return [
            {"Id": f"0Rd{held.id[3:-2]}{number:02}", "FilePath": path, "Source": content.decode("utf-8", "replace"),
             "LightningComponentBundleId": held.id}
            for (kind, _), held in self._metadata.components.items()
            if kind == "LightningComponentBundle"
            for number, (path, content) in enumerate(held.files.items())
        ]  # fmt: skip

    def _dependencies(self) -> list[Json]:
        return [
            {"Id": None, "MetadataComponentName": page, "MetadataComponentType": "FlexiPage",
             "RefMetadataComponentId": held.id, "RefMetadataComponentName": bundle,
             "RefMetadataComponentType": "LightningComponentBundle"}
            for (kind, bundle), held in self._metadata.components.items()
            if kind == "LightningComponentBundle"
            for page in self._metadata.pages_with(bundle)
        ]  # fmt: skip

    def _custom_fields(self) -> list[Json]:
        rows: list[Json] = []
        for full_name, f in custom_fields(self._org).items():
            held = self._metadata.components.get(("CustomField", full_name))
            rows.append(
                {
                    "Id": held.id if held else None,
                    "DeveloperName": f.name.removesuffix("__c"),
                    "TableEnumOrId": full_name.partition(".")[0],
                    "FullName": full_name,
                    "Metadata": _metadata_of(f),
                    "NamespacePrefix": None,
                    "InlineHelpText": f.help_text,
                    "Length": f.length or None,
                    "Precision": f.precision or None,
                    "Scale": f.scale,
                    "ManageableState": "unmanaged",
                }
            )
        return rows

    def _validation_rules(self) -> list[Json]:
        return [
            {
                "Id": rule.id,
                "EntityDefinitionId": owner,
                "EntityDefinition": self._entity(owner),
                "ValidationName": rule.name,
                "Active": True,
                "Description": None,
                "ErrorDisplayField": rule.fields[0] if rule.fields else None,
                "ErrorMessage": rule.message,
                "NamespacePrefix": None,
                "ManageableState": "unmanaged",
                "FullName": f"{owner}.{rule.name}",
                "Metadata": {"active": True, "errorConditionFormula": "TRUE", "errorMessage": rule.message},
            }
            for owner, rules in self._org.behaviours.validation_rules.items()
            for rule in rules
        ]

    def _triggers(self) -> list[Json]:
        return [
            {
                "Id": each.id,
                "Name": each.name,
                "TableEnumOrId": each.object,
                "EntityDefinitionId": each.object,
                "EntityDefinition": self._entity(each.object),
                "Status": "Active" if each.active else "Inactive",
                "IsValid": True,
                "NamespacePrefix": None,
                "ManageableState": "unmanaged",
                **{f"Usage{usage}": "Update" in usage for usage in _USAGES},
            }
            for each in self._automations("ApexTrigger")
        ]

    def _workflow_rules(self) -> list[Json]:
        """Whether one is active is only in its Metadata."""
        return [
            {
                "Id": each.id,
                "Name": each.name,
                "TableEnumOrId": each.object,
                "NamespacePrefix": None,
                "ManageableState": "unmanaged",
                "FullName": f"{each.object}.{each.name}",
                "Metadata": {"active": each.active, "triggerType": "onAllChanges"},
            }
            for each in self._automations("WorkflowRule")
        ]

    def _flows(self) -> list[Json]:
        return [
            {
                "Id": each.id,
                "DefinitionId": _definition(each.id),
                "Definition": {"DeveloperName": each.name},
                "MasterLabel": each.name,
                "Status": "Active" if each.active else "Obsolete",
                "ProcessType": "AutoLaunchedFlow",
                "VersionNumber": 1,
                "ManageableState": "unmanaged",
                "FullName": each.name,
                "Metadata": {"start": {"object": each.object, "triggerType": "RecordAfterSave"}},
            }
            for each in self._automations("Flow")
        ]

    def _flow_definitions(self) -> list[Json]:
        return [
            {
                "Id": None,
                "DurableId": _definition(each.id),
                "ApiName": each.name,
                "Label": each.name,
                "ActiveVersionId": each.id if each.active else None,
                "LatestVersionId": each.id,
                "IsActive": each.active,
                "ProcessType": "AutoLaunchedFlow",
                "TriggerType": "RecordAfterSave",
                "RecordTriggerType": "Update",
                "TriggerObjectOrEventId": each.object,
                "TriggerObjectOrEventLabel": str(self._entity(each.object)["Label"]),
                "TriggerObjectOrEvent": {"QualifiedApiName": each.object},
                "NamespacePrefix": None,
                "Description": None,
                "ManageableState": "unmanaged",
            }
            for each in self._automations("Flow")
        ]

    def _automations(self, kind: str) -> list[Any]:
        return [each for each in self._org.behaviours.automations if each.kind == kind]

    def _entity(self, name: str) -> Json:
        label = self._org.schema.objects[name].label
        return {"QualifiedApiName": name, "DeveloperName": name, "Label": label, "MasterLabel": label}


def _definition(flow_id: str) -> str:
    """The id of the definition (prefix 300) of a version (prefix 301)."""
    return "300" + flow_id[3:]


_KINDS = {"double": "Number", "currency": "Currency", "percent": "Percent", "string": "Text", "datetime": "DateTime",
          "date": "Date", "email": "Email", "phone": "Phone", "url": "Url", "picklist": "Picklist"}  # fmt: skip
_UNSET = (
    "caseSensitive", "defaultValue", "deleteConstraint", "description", "displayFormat", "encryptionScheme", "formula",
    "formulaTreatBlanksAs", "length", "maskChar", "maskType", "precision", "referenceTo", "relationshipLabel",
    "relationshipName", "scale", "startingNumber", "trackHistory", "unique", "valueSet", "visibleLines",
)  # fmt: skip


def _metadata_of(f: Field) -> Json | None:
    """The `Metadata` of a field as JSON, every attribute named whether it is set or not, as Tooling gives it; that of
    types which nothing here patches is not emulated.
    """
    kind = _KINDS.get(f.type) or ("LongTextArea" if f.type == "textarea" and f.length > 255 else None)
    if kind is None:
        return None
    made: Json = dict.fromkeys(_UNSET)
    made |= {"externalId": f.external_id, "inlineHelpText": f.help_text, "label": f.label, "required": f.required,
             "type": kind}  # fmt: skip
    if kind in ("Number", "Currency", "Percent"):
        made |= {"precision": f.precision, "scale": f.scale, "unique": f.unique}
    elif kind in ("Text", "LongTextArea"):
        made |= {"length": f.length, **({"unique": f.unique} if kind == "Text" else {"visibleLines": 3})}
    elif kind == "Picklist":
        values = [
            {"color": None, "default": v == f.default, "description": None, "isActive": None,
             "label": f.labels.get(v, v), "urls": None, "valueName": v}
            for v in f.values
        ]  # fmt: skip
        definition = {"sorted": False, "value": values}
        made["valueSet"] = {"controllingField": None, "restricted": f.restricted, "valueSetDefinition": definition}
    return made
