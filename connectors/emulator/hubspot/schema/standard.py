"""The properties that HubSpot defines itself, as far as a portal of this kind uses them.

Each line reads `name type/fieldType`, `!` marking a value that cannot be written and `=` one that is calculated.
"""

from __future__ import annotations

_COMMON = """
hs_object_id number/number !
hs_createdate datetime/date !
hs_lastmodifieddate datetime/date !
hs_merged_object_ids enumeration/checkbox !
hs_object_source string/text !
hs_object_source_label string/text !
hs_created_by_user_id number/number !
hs_updated_by_user_id number/number !
hs_all_owner_ids enumeration/checkbox !
hubspot_owner_id enumeration/select
hubspot_team_id enumeration/select
"""
_ACTIVITY = """
hs_timestamp datetime/date
hs_engagement_source string/text
hs_body_preview string/text !
"""
_OF_TYPE: dict[str, str] = {
    "companies": """
name string/text
domain string/text
website string/text
industry enumeration/select
type enumeration/radio
country string/text
city string/text
phone string/phonenumber
description string/textarea
about_us string/textarea
annualrevenue number/number
hs_annual_revenue_currency_code enumeration/select
numberofemployees number/number
lifecyclestage enumeration/radio
createdate datetime/date
hs_parent_company_id number/number =
hs_num_child_companies number/number =
hs_additional_domains enumeration/checkbox
num_associated_contacts number/number =
num_associated_deals number/number =
notes_last_updated datetime/date !
""",
    "contacts": """
firstname string/text
lastname string/text
email string/text
hs_additional_emails enumeration/checkbox
jobtitle string/text
phone string/phonenumber
company string/text
lifecyclestage enumeration/radio
createdate datetime/date
lastmodifieddate datetime/date !
associatedcompanyid number/number =
hs_calculated_merged_vids enumeration/checkbox !
hs_email_optout bool/booleancheckbox
hs_full_name_or_email string/calculation_equation =
""",
    "deals": """
dealname string/text
amount number/number
amount_in_home_currency number/number =
deal_currency_code enumeration/select
hs_exchange_rate number/number =
closedate datetime/date
createdate datetime/date
dealstage enumeration/radio
pipeline enumeration/select
dealtype enumeration/radio
description string/textarea
closed_lost_reason string/textarea
closed_won_reason string/textarea
hs_deal_stage_probability number/number
hs_is_closed bool/calculation_equation =
hs_is_closed_won bool/calculation_equation =
hs_is_closed_lost bool/calculation_equation =
hs_v2_date_entered_current_stage datetime/date !
hs_acv number/number
hs_arr number/number
hs_mrr number/number
hs_tcv number/number
""",
    "tickets": """
subject string/text
content string/textarea
createdate datetime/date
closed_date datetime/date
hs_pipeline enumeration/select
hs_pipeline_stage enumeration/select
hs_ticket_priority enumeration/select
hs_ticket_category enumeration/checkbox
source_type enumeration/select
first_agent_reply_date datetime/date !
time_to_first_agent_reply number/number =
time_to_close number/number =
hs_is_closed bool/calculation_equation =
hs_last_message_received_at datetime/date !
hs_last_message_sent_at datetime/date !
""",
    "products": """
name string/text
description string/textarea
price number/number
hs_sku string/text
hs_product_type enumeration/select
createdate datetime/date
""",
    "line_items": """
name string/text
quantity number/number
price number/number
amount number/calculation_equation =
discount number/number
hs_product_id number/number
hs_sku string/text
hs_line_item_currency_code enumeration/select
hs_recurring_billing_period string/text
recurringbillingfrequency enumeration/select
hs_tcv number/calculation_equation =
createdate datetime/date
""",
    "emails": """
hs_email_direction enumeration/select
hs_email_status enumeration/select
hs_email_subject string/text
hs_email_text string/textarea
hs_email_html string/html
hs_email_headers string/text
hs_email_from_email string/text !
hs_email_from_firstname string/text !
hs_email_from_lastname string/text !
hs_email_to_email string/text !
hs_email_to_firstname string/text !
hs_email_to_lastname string/text !
hs_email_cc_email string/text !
hs_email_bcc_email string/text !
hs_email_sender_email string/text !
hs_email_thread_id string/text
hs_email_message_id string/text
hs_incoming_email_is_out_of_office bool/booleancheckbox !
""",
    "calls": """
hs_call_title string/text
hs_call_body string/html
hs_call_direction enumeration/select
hs_call_status enumeration/select
hs_call_duration number/number
hs_call_disposition enumeration/select
hs_call_from_number string/text
hs_call_to_number string/text
hs_call_callee_object_id number/number
hs_activity_type enumeration/select
""",
    "meetings": """
hs_meeting_title string/text
hs_meeting_body string/html
hs_internal_meeting_notes string/html
hs_meeting_start_time datetime/date
hs_meeting_end_time datetime/date
hs_meeting_outcome enumeration/select
hs_meeting_source enumeration/select
hs_meeting_location string/text
hs_attendee_owner_ids enumeration/checkbox
hs_activity_type enumeration/select
""",
    "tasks": """
hs_task_subject string/text
hs_task_body string/html
hs_task_status enumeration/select
hs_task_type enumeration/select
hs_task_priority enumeration/select
hs_task_completion_date datetime/date !
""",
    "notes": """
hs_note_body string/html
""",
    "communications": """
hs_communication_channel_type enumeration/select
hs_communication_logged_from enumeration/select
hs_communication_body string/html
hs_communication_conversations_thread_id string/text !
""",
    "contracts": "",
    "assets": "",
}
_PLAIN_GROUP = {"companies": "companyinformation", "contacts": "contactinformation", "deals": "dealinformation"}

CALL_DISPOSITIONS: dict[str, str] = {
    "9d9162e7-6cf3-4944-bf63-4dff82258764": "Busy",
    "f240bbac-87c9-4f6e-bf70-924b57d47db7": "Connected",
    "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "Left live message",
    "b2cf5968-551e-4856-9783-52b3da59a7d0": "Left voicemail",
    "73a0d17f-1163-4015-bdd5-ec830791da20": "No answer",
    "17b47fee-58de-441e-a44c-c6300d46f273": "Wrong number",
}

OPTIONS: dict[str, tuple[str | dict[str, str], ...]] = {
    "hs_call_disposition": tuple({"value": key, "label": label} for key, label in CALL_DISPOSITIONS.items()),
    "hs_email_direction": ("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL", "DRAFT_EMAIL"),
    "hs_email_status": ("BOUNCED", "FAILED", "SCHEDULED", "SENDING", "SENT"),
    "hs_call_direction": ("INBOUND", "OUTBOUND"),
    "hs_call_status": (
        "BUSY",
        "CALLING_CRM_USER",
        "CANCELED",
        "COMPLETED",
        "CONNECTING",
        "FAILED",
        "IN_PROGRESS",
        "NO_ANSWER",
        "QUEUED",
        "RINGING",
    ),
    "hs_meeting_outcome": ("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED"),
    "hs_task_status": ("NOT_STARTED", "IN_PROGRESS", "WAITING", "DEFERRED", "COMPLETED"),
    "hs_task_type": ("EMAIL", "CALL", "TODO"),
    "hs_task_priority": ("NONE", "LOW", "MEDIUM", "HIGH"),
    "source_type": ("CHAT", "EMAIL", "FORM", "PHONE"),
    "recurringbillingfrequency": (
        "weekly",
        "biweekly",
        "monthly",
        "quarterly",
        "per_six_months",
        "annually",
        "per_two_years",
        "per_three_years",
        "per_four_years",
        "per_five_years",
    ),
    "hs_communication_channel_type": ("WHATS_APP", "LINKEDIN_MESSAGE", "SMS"),
    "lifecyclestage": (
        "subscriber",
        "lead",
        "marketingqualifiedlead",
        "salesqualifiedlead",
        "opportunity",
        "customer",
        "evangelist",
        "other",
    ),
}
# enumerations whose options are the portal's own records or open-ended: any value is taken
OPEN_OPTIONS = frozenset(
    {
        "hubspot_owner_id",
        "hubspot_team_id",
        "hs_attendee_owner_ids",
        "hs_all_owner_ids",
        "hs_merged_object_ids",
        "hs_calculated_merged_vids",
        "hs_additional_domains",
        "hs_additional_emails",
        "hs_activity_type",
        "hs_product_type",
        "hs_communication_logged_from",
        "hs_ticket_category",
        "hs_meeting_source",
    }
)


def lines(plural: str) -> list[tuple[str, str, str, str]]:
    """(name, type, fieldType, mark) of every standard property of an object type."""
    activity = plural in ("emails", "calls", "meetings", "tasks", "notes", "communications")
    text = _COMMON + (_ACTIVITY if activity else "") + _OF_TYPE.get(plural, "")
    parsed = []
    for line in text.split("\n"):
        if not line:
            continue
        name, kinds, *mark = line.split()
        kind, field_type = kinds.split("/")
        if plural == "contacts" and name == "hs_lastmodifieddate":
            continue
        parsed.append((name, kind, field_type, mark[0] if mark else ""))
    return parsed


def group(plural: str) -> str:
    """The property group that HubSpot puts its own properties in."""
    return _PLAIN_GROUP.get(plural, f"{plural.removesuffix('s')}information")
