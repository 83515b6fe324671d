"""The columns of activity rows, in the order that the seed writes them."""

from __future__ import annotations

_ROWS = {
    "Task": """
    Id WhoId WhatId Subject ActivityDate Status Priority OwnerId Type AccountId IsClosed IsArchived
    CallDurationInSeconds CallType CallDisposition CompletedDateTime TaskSubtype WhoCount WhatCount
    Automated__c Mandated__c
    """,
    "Event": """
    Id WhoId WhatId Subject IsAllDayEvent ActivityDateTime ActivityDate DurationInMinutes StartDateTime
    EndDateTime EndDate AccountId OwnerId ShowAs IsChild IsGroupEvent GroupEventType IsArchived EventSubtype
    WhoCount WhatCount Automated__c Mandated__c Meeting_Outcome__c
    """,
    "EmailMessage": """
    Id ParentId ActivityId Subject TextBody FromName FromAddress ToAddress CcAddress Incoming Status
    MessageDate MessageIdentifier ThreadIdentifier RelatedToId IsBounced Automated__c Mandated__c
    """,
    "EventRelation": """
    Id EventId RelationId AccountId IsWhat IsParent IsInvitee IsOrganizer Status
    """,
    "TaskRelation": """
    Id TaskId RelationId AccountId IsWhat
    """,
    "EmailMessageRelation": """
    Id EmailMessageId RelationId RelationType RelationAddress RelationObjectType
    """,
    "TaskWhoRelation": "Id TaskId RelationId AccountId Type",
    "EventWhoRelation": "Id EventId RelationId AccountId Type",
}
_AUDIT = "IsDeleted CreatedDate CreatedById LastModifiedDate LastModifiedById SystemModstamp"
COLUMNS = {name: f"{columns} {_AUDIT}".split() for name, columns in _ROWS.items()}
