"""`/sobjects` and `/sobjects/X/describe`: the schema as the calling user may see it, in the shape of recorded
answers.
"""

from __future__ import annotations

from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.schema import Field, Object, Schema

Json = dict[str, object]

_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
}
_UNGROUPABLE = ("double", "currency", "percent", "datetime", "address", "combobox")


def global_describe(schema: Schema, rights: Rights, version: str) -> Json:
    """Every object the user may read."""
    visible = [thing for thing in schema.objects.values() if rights.allows(thing, "read")]
    return {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [summary(thing, rights, version) for thing in visible],
    }


def summary(thing: Object, rights: Rights, version: str) -> Json:
    """One object without its fields."""
    base = f"/services/data/v{version}/sobjects/{thing.name}"
    setup = "setup" in thing.flags
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": rights.allows(thing, "create"),
        "custom": thing.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": rights.allows(thing, "delete"),
        "deprecatedAndHidden": False,
        "feedEnabled": "feed" in thing.flags,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": thing.prefix,
        "label": thing.label,
        "labelPlural": thing.plural,
        "layoutable": not setup,
        "mergeable": "merge" in thing.flags,
        "mruEnabled": "feed" in thing.flags,
        "name": thing.name,
        "queryable": True,
        "replicateable": thing.replicateable,
        "retrieveable": True,
        "searchable": not setup,
        "triggerable": not setup,
        "undeletable": "undelete" in thing.flags,
        "updateable": rights.allows(thing, "edit"),
        "urls": {
            "rowTemplate": f"{base}/{{ID}}",
            "describe": f"{base}/describe",
            "layouts": f"{base}/describe/layouts",
            "sobject": base,
        },
    }


def describe(schema: Schema, thing: Object, rights: Rights, version: str, record_types: list[Json]) -> Json:
    """One object with the fields that exist for the user."""
    top = summary(thing, rights, version)
    return {
        "actionOverrides": [],
        **top,
        "childRelationships": [
            {
                "cascadeDelete": False,
                "childSObject": child,
                "deprecatedAndHidden": False,
                "field": reference,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": name,
                "restrictedDelete": False,
            }
            for child, reference, name in schema.children(thing.name)
            if rights.allows(schema.objects[child], "read")
            and reference.lower() in rights.fields(schema.objects[child])
        ],
        "compactLayoutable": top["layoutable"],
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [field_json(thing, f, rights) for f in rights.fields(thing).values()],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": record_types,
        "searchLayoutable": top["layoutable"],
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {thing.plural.lower()}", "name": "everything"}],
    }


def field_json(thing: Object, f: Field, rights: Rights) -> Json:
    """One field, with the keys of a real describe."""
    length = f.length if f.is_text or f.is_id else 0
    writes = rights.edits(thing, f)
    return {
        "aggregatable": not f.long and f.type not in ("boolean", "address"),
        "aiPredictionField": False,
        "autoNumber": f.name in ("CaseNumber", "ContractNumber"),
        "byteLength": length if f.is_id else length * 3,
        "calculated": False,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": False,
        "compoundFieldName": _compound(thing, f),
        "controllerName": None,
        "createable": f.createable and writes and rights.allows(thing, "create"),
        "custom": f.custom,
        "defaultValue": bool(f.default) if f.type == "boolean" else f.default,
        "defaultValueFormula": None,
        "defaultedOnCreate": f.defaulted,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": 8 if f.type == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": f.external_id,
        "extraTypeInfo": "plaintextarea" if f.type == "textarea" else None,
        "filterable": f.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": f.filterable and not f.long and f.type not in _UNGROUPABLE,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": f.id_lookup or f.external_id,
        "inlineHelpText": f.help_text,
        "label": f.label,
        "length": length,
        "mask": None,
        "maskType": None,
        "name": f.name,
        "nameField": f.name_field,
        "namePointing": f.polymorphic or len(f.refers_to) > 1,
        "nillable": not f.required and f.type != "boolean",
        "permissionable": f.permissionable,
        "picklistValues": [
            {
                "active": True,
                "defaultValue": value == f.default,
                "label": f.labels.get(value, value),
                "validFor": None,
                "value": value,
            }
            for value in f.values
        ],
        "polymorphicForeignKey": f.polymorphic or len(f.refers_to) > 1,
        "precision": f.precision,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(f.refers_to),
        "relationshipName": f.relationship,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": f.restricted,
        "scale": f.scale,
        "searchPrefilterable": False,
        "soapType": _SOAP.get(f.type, "xsd:string"),
        "sortable": not f.long and f.type != "address",
        "type": f.type,
        "unique": f.unique,
        "updateable": f.updateable and writes and rights.allows(thing, "edit"),
        "writeRequiresMasterRead": False,
    }


def _compound(thing: Object, f: Field) -> str | None:
    if f.name in ("FirstName", "LastName", "Salutation") and "Name" in thing.fields:
        return "Name"
    if f.name.startswith("Billing") and f.type != "address" and "BillingAddress" in thing.fields:
        return "BillingAddress"
    return None
