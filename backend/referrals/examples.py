"""The examples of the OpenAPI document; a test sends the requests among them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

from backend.attachments.examples import FILE

REFERRAL_ID = "019a9f00-0000-7000-8000-000000000001"
CLIENT = {"id": "019a9f00-0000-7000-8000-000000000002", "display": "Lee Moss"}
NORTH = {"id": "019a9f00-0000-7000-8000-000000000003", "display": "Elm Street Massage"}
SOUTH = {"id": "019a9f00-0000-7000-8000-000000000004", "display": "Harbor Physical Therapy"}
LINE_ID = "019a9f00-0000-7000-8000-00000000000f"
NOTE_ID = "019a9f00-0000-7000-8000-00000000000c"
ROLE = {"id": "019a9f00-0000-7000-8000-000000000005", "display": "Sam Ito"}
SENDER = {"id": "019a9f00-0000-7000-8000-000000000006", "display": "Dana Cole"}

BODY: dict[str, Any] = {
    "client_id": CLIENT["id"],
    "to": {"practitioner_role_id": ROLE["id"]},
    "kind": "evaluate_and_treat",
    "priority": "routine",
    "reason": "Numb thumb and index finger since 10 November, worse at night",
    "question": "Is the arm pain from the neck, and what loading is safe?",
    "regions": [{"region": "cervical", "side": "left"}],
    "red_flags": {"asked": True, "positive": []},
    "sender_identifier": {"system": "urn:elm-street:referral", "value": "R-1042"},
    "send": True,
}
SUMMARY_BODY: dict[str, Any] = {
    "id": REFERRAL_ID,
    "version": 2,
    "state": "sent",
    "state_group": "waiting_for_them",
    "whose_move": "recipient",
    "due_at": "2026-11-27T01:00:00Z",
    "is_overdue": False,
    "kind": "evaluate_and_treat",
    "priority": "routine",
    "transfer": False,
    "discipline": "physical_therapy",
    "regions": [{"region": "cervical", "side": "left"}],
    "technique_ids": [],
    "client": CLIENT,
    "reason": BODY["reason"],
    "question": BODY["question"],
    "sender": {"organization": NORTH, "practitioner_role": SENDER, "discipline": "massage_therapy"},
    "recipient": {
        "kind": "practitioner_role",
        "organization": SOUTH,
        "practitioner_role": ROLE,
        "discipline": "physical_therapy",
        "near": None,
        "guest": None,
    },
    "tracking": {"sent_at": "2026-11-24T17:40:00Z", "delivered_at": None, "opened_at": None, "reminders": 0},
    "unread_report_count": 0,
    "created_at": "2026-11-24T17:40:00Z",
    "updated_at": "2026-11-24T17:40:00Z",
}
DETAIL_BODY: dict[str, Any] = {
    **SUMMARY_BODY,
    "tracking": {
        **SUMMARY_BODY["tracking"],
        "accepted_at": None,
        "first_seen_at": None,
        "no_shows": 0,
        "contact_attempts": [],
    },
    "available_transitions": [
        {
            "name": "withdraw",
            "label": "Withdraw",
            "summary": "Take it back, with a reason.",
            "party": "sender",
            "fields": [{"name": "reason", "required": True}, {"name": "detail", "required": False}],
        }
    ],
    "package": {
        "client": {
            **CLIENT,
            "family_name": "Moss",
            "given_name": "Lee",
            "birth_date": "1985-03-02",
            "gender": "female",
            "email": "lee@example.org",
            "phone": "+1 303 555 0100",
            "address": "",
            "city": "Denver",
            "region": "CO",
            "postal_code": "80202",
            "country": "US",
            "language": "en",
        },
        "reason": BODY["reason"],
        "question": BODY["question"],
        "red_flags": BODY["red_flags"],
        "precautions": [],
        "findings": "",
        "scores": [],
        "tried": "",
        "goals": "",
        "feedback_wanted": "",
    },
    "attachments": [],
    "offered_times": [],
    "order": None,
    "identifiers": {"sender": BODY["sender_identifier"], "recipient": None},
    "review_on": None,
    "visits": [],
    "unread_reports": [],
    "history": [
        {
            "name": "send",
            "from": "draft",
            "to": "sent",
            "party": "sender",
            "by": "Dana Cole",
            "at": "2026-11-24T17:40:00Z",
            "occurred_at": None,
            "recorded_at": "2026-11-24T17:40:00Z",
            "reason": "",
            "manner": "",
            "on_behalf_of": SENDER["id"],
            "application_id": None,
        }
    ],
    "closed_how": None,
    "suggested_practitioner_role": None,
    "redirected_to_id": None,
    "converted_to_id": None,
    "came_from_id": None,
    "plan_version": None,
    "withheld": [],
}
NEW = OpenApiExample("Send to a colleague", value=BODY, request_only=True)
BY_NUMBER = {"client": {"identifier": {"system": "urn:elm-street:client", "value": "C-1042"}}}
NEW_BY_NUMBER = OpenApiExample(
    "Of a client by your own number",
    value={**{name: value for name, value in BODY.items() if name != "client_id"}, **BY_NUMBER},
    request_only=True,
)
CHANGE = OpenApiExample("Change the question", value={"question": "Is loading safe?"}, request_only=True)
SUMMARY = OpenApiExample("A sent referral", value=SUMMARY_BODY, response_only=True)
DETAIL = OpenApiExample("As its sender reads it", value=DETAIL_BODY, response_only=True, status_codes=["200", "201"])
SEARCH = OpenApiExample("By number", value={"identifier": BODY["sender_identifier"]}, request_only=True)
MOVE_BODIES: dict[str, dict[str, Any]] = {
    "accept": {"name": "accept"},
    "ask_information": {"name": "ask_information", "question": "Any dizziness?"},
    "give_information": {"name": "give_information", "answer": "None."},
    "book": {"name": "book", "visit": {"starts_at": "2026-12-01T16:00:00Z", "ends_at": "2026-12-01T16:50:00Z"}},
    "start": {"name": "start"},
    "report": {
        "name": "report",
        "final": True,
        "report": {
            "answer": "Rotation 50 to 70 degrees after two visits.",
            "findings": "Trigger points left levator scapulae.",
            "recommendations": "Load from next week.",
        },
    },
    "acknowledge": {"name": "acknowledge", "plan_change": "no_change"},
    "decline": {"name": "decline", "reason": "no_capacity"},
    "withdraw": {"name": "withdraw", "reason": "client_request"},
}
MOVES = [OpenApiExample(name.replace("_", " "), value=body, request_only=True) for name, body in MOVE_BODIES.items()]
NEW_MESSAGE = OpenApiExample("A sentence", value={"text": "She can come on Tuesdays."}, request_only=True)
MESSAGE = OpenApiExample(
    "A message",
    value={
        "id": "019a9f00-0000-7000-8000-000000000007",
        "kind": "message",
        "party": "sender",
        "by": "Dana Cole",
        "text": "She can come on Tuesdays.",
        "created_at": "2026-11-25T08:12:00Z",
        "entered_in_error": None,
    },
    response_only=True,
)
IN_ERROR = OpenApiExample("About another client", value={"reason": "wrong_client"}, request_only=True)
REPORT = OpenApiExample(
    "A final report",
    value={
        "id": "019a9f00-0000-7000-8000-000000000009",
        "is_final": True,
        "answer": "Rotation 50 to 70 degrees after two visits.",
        "findings": "Trigger points left levator scapulae.",
        "recommendations": "Load from next week.",
        "outcome": "answered",
        "not_completed_reason": None,
        "has_red_flag": False,
        "new_precautions": [],
        "signature": {
            "kind": "here",
            "practitioner": "Sam Ito, Harbor Physical Therapy",
            "license": "License PT-100, CO",
            "signed_at": "2026-12-08T18:00:00Z",
            "received_at": "2026-12-08T18:00:00Z",
            "application": None,
        },
        "content_hash": FILE["sha256"],
        "supersedes_id": None,
        "read_due_at": "2026-12-16T01:00:00Z",
        "read_at": None,
        "read_by": None,
        "plan_change": None,
        "entered_in_error": None,
        "attachments": [],
        "quotes": [
            {
                "note_id": NOTE_ID,
                "kind": "progress",
                "signed_by": "Sam Ito, Harbor Physical Therapy",
                "signed_at": "2026-12-08T17:30:00Z",
                "occurred_at": "2026-12-08T16:00:00Z",
                "content_hash": FILE["sha256"],
                "stands": True,
                "is_readable": False,
            }
        ],
    },
    response_only=True,
)
DRAFT_REPORT = OpenApiExample("From all notes since it was accepted", value={}, request_only=True)
REPORT_DRAFT = OpenApiExample(
    "From one note",
    value={
        "answer": "Seen once, on 8 December 2026.\nNumeric pain rating scale: 4 points on 8 December 2026.",
        "findings": "8 December 2026: Rotation 70 degrees.\nDone: Trigger-point therapy (manual compression) (Neck, left).",
        "recommendations": "Avoid: Neck, left, until 15 December 2026. No thrust for a week.",
        "outcome": None,
        "new_precautions": [],
        "quoted_note_ids": [NOTE_ID],
        "quotes": [
            {
                "note_id": NOTE_ID,
                "signed_at": "2026-12-08T17:30:00Z",
                "signature": "Sam Ito, Harbor Physical Therapy",
                "section": "objective",
                "text": "Rotation 70 degrees.",
                "content_hash": FILE["sha256"],
            }
        ],
    },
    response_only=True,
)
TRANSITIONS = OpenApiExample(
    "One row",
    value={
        "results": [
            {
                "name": "accept",
                "label": "Accept",
                "summary": "Take the client on.",
                "sources": ["sent"],
                "targets": ["accepted"],
                "by": ["recipient", "pool"],
                "event": "referral.accepted",
                "fields": [{"name": "practitioner_role_id", "required": False}],
            }
        ],
        "next": None,
        "previous": None,
    },
    response_only=True,
)
FIGURES = OpenApiExample(
    "A Monday morning",
    value={
        "ours": 7,
        "theirs": 12,
        "client": 3,
        "overdue": 1,
        "unsent": 2,
        "closed": 41,
        "by_the_system": {
            "times_lapsed": 1,
            "withdraw": 0,
            "agree": 0,
            "consent_ended": 2,
            "expire": 1,
            "close_unacknowledged": 0,
        },
    },
    response_only=True,
)
NEW_VISIT = OpenApiExample(
    "A visit of care that took place",
    value={
        "referral_id": REFERRAL_ID,
        "practitioner_role_id": ROLE["id"],
        "state": "done",
        "starts_at": "2026-12-08T16:00:00Z",
        "ends_at": "2026-12-08T16:50:00Z",
    },
    request_only=True,
)
VISIT_BY_NUMBER = OpenApiExample(
    "Of a client by your own number",
    value={**BY_NUMBER, "starts_at": "2026-12-08T16:00:00Z", "ends_at": "2026-12-08T16:50:00Z"},
    request_only=True,
)
VISIT = OpenApiExample(
    "A booked visit",
    value={
        "id": "019a9f00-0000-7000-8000-00000000000a",
        "version": 1,
        "client": CLIENT,
        "organization": SOUTH,
        "practitioner_role": ROLE,
        "referral_id": REFERRAL_ID,
        "state": "booked",
        "starts_at": "2026-12-08T16:00:00Z",
        "ends_at": "2026-12-08T16:50:00Z",
        "time_zone": "America/Denver",
        "cancelled_by": None,
        "line_ids": None,
        "counts_for": [{"line_id": LINE_ID, "because": "discipline"}],
        "occurred_at": None,
        "available_transitions": [
            {
                "name": "cancel",
                "label": "Cancel",
                "summary": "It will not take place.",
                "party": "clinic",
                "fields": [{"name": "by", "required": True}],
            }
        ],
        "created_at": "2026-12-01T16:00:00Z",
        "updated_at": "2026-12-01T16:00:00Z",
    },
    response_only=True,
)
VISIT_CHANGE = OpenApiExample("For one of two lines", value={"line_ids": [LINE_ID]}, request_only=True)
VISIT_MOVES = [
    OpenApiExample("It took place", value={"name": "record_done"}, request_only=True),
    OpenApiExample("For one line of the plan", value={"name": "record_done", "line_ids": [LINE_ID]}, request_only=True),
    OpenApiExample("The client cancelled", value={"name": "cancel", "by": "client"}, request_only=True),
]
