"""The examples of the OpenAPI document; a test sends the requests among them."""

from typing import Any

from backend.attachments.examples import FILE

NOTE_ID = "019a9f00-0000-7000-8000-000000000011"
CLIENT = {"id": "019a9f00-0000-7000-8000-000000000002", "display": "Nora Feld"}
CLINIC = {"id": "019a9f00-0000-7000-8000-000000000003", "display": "Calm Hands Massage"}
AUTHOR = {"id": "019a9f00-0000-7000-8000-000000000006", "display": "Jo Lind"}
NECK = {"region": "cervical", "side": "right"}
FINDING: dict[str, Any] = {
    "kind": "trigger_point",
    **NECK,
    "muscle": "subocc",
    "intensity": None,
    "refers_to": ["eye", "forehead"],
    "remark": None,
}
TECHNIQUE: dict[str, Any] = {"technique": "tpt", "regions": [NECK], "minutes": 15}
ASK: dict[str, Any] = {
    "kind": "avoid",
    **NECK,
    "technique": "hvla",
    "sentence": "No thrust within 48 hours of deep work on the suboccipitals.",
    "until": "2026-12-09",
}
MEASURE = {"measure": "nprs", "value": 5.0}
BY_NUMBER: dict[str, Any] = {
    "client": {"identifier": {"system": "urn:calm-hands:client", "value": "C-1042"}},
    "kind": "phone",
    "subjective": "Slept through for the first time.",
}
NEW: dict[str, Any] = {
    "client_id": CLIENT["id"],
    "kind": "progress",
    "subjective": "Headache 5/10, better in the mornings.",
    "objective": "Taut bands suboccipital right, upper trapezius both; referral to the eye reproduced.",
    "assessment": "Findings fit the referral pattern.",
    "plan": "Weekly; water, heat at home.",
    "measures": [MEASURE],
    "findings": [FINDING],
    "techniques": [TECHNIQUE],
    "asks": [ASK],
}
CHANGE: dict[str, Any] = {"subjective": "Headache 4/10.", "confirmed": ["findings"]}
SIGNATURE: dict[str, Any] = {
    "kind": "here",
    "practitioner": "Jo Lind, Calm Hands Massage",
    "license": "License MT-2210, CO",
    "signed_at": "2026-11-25T17:52:00Z",
    "received_at": "2026-11-25T17:52:00Z",
    "application": None,
    "source": None,
    "document_sha256": None,
}
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
DELIVERED: dict[str, Any] = {
    "signed_elsewhere": {
        "practitioner_role_id": AUTHOR["id"],
        "signed_at": "2026-11-25T17:50:00Z",
        "source": {"system": "urn:calm-hands:notes", "value": "N-4711"},
        "document_sha256": DIGEST,
    }
}
AMEND = {"reason": "correction", "section": "objective", "text": "Right, not left: the taut band is on the right."}
ADDENDUM: dict[str, Any] = {
    "id": "019a9f00-0000-7000-8000-000000000015",
    **AMEND,
    "occurred_at": None,
    "recorded_at": "2026-11-25T18:20:00Z",
    "signature": {**SIGNATURE, "signed_at": "2026-11-25T18:20:00Z", "received_at": "2026-11-25T18:20:00Z"},
    "content_hash": DIGEST,
}
NOTE: dict[str, Any] = {
    "id": NOTE_ID,
    "version": 2,
    "state": "signed",
    "kind": "progress",
    "discipline": "massage_therapy",
    "visibility": "care_team",
    "shared_sections": ["subjective", "objective", "assessment", "plan"],
    "is_sensitive": False,
    "client": CLIENT,
    "organization": CLINIC,
    "author": AUTHOR,
    "visit_id": None,
    "occurred_at": "2026-11-25T17:00:00Z",
    "recorded_at": "2026-11-25T17:45:00Z",
    "updated_at": "2026-11-25T17:52:00Z",
    **{name: NEW[name] for name in ("subjective", "objective", "assessment", "plan", "measures")},
    "findings": [{"id": "019a9f00-0000-7000-8000-000000000012", **FINDING}],
    "techniques": [{"id": "019a9f00-0000-7000-8000-000000000013", **TECHNIQUE}],
    "asks": [{"id": "019a9f00-0000-7000-8000-000000000014", **ASK, "ended_at": None}],
    "attachments": [{**FILE, "name": "posture.jpg", "media_type": "image/jpeg"}],
    "addenda": [],
    "signature": SIGNATURE,
    "cosignature": None,
    "content_hash": DIGEST,
    "integrity": "intact",
    "copied_from_id": None,
    "copied_parts": [],
    "untouched": [],
    "entered_in_error": None,
    "closed_unsigned": None,
    "identifiers": [],
    "available_transitions": ["amend", "enter_in_error"],
    "withheld": [],
}
CHANGED: dict[str, Any] = {
    "id": "019a9f00-0000-4000-8000-000000000015",
    "at": "2026-11-25T17:52:00Z",
    "recorded_at": "2026-11-25T17:52:00.118204Z",
    "by": "Jo Lind",
    "organization": CLINIC,
    "actor": "member",
    "request_id": "req-019a9f00-0000-7000-8000-000000000016",
    "what": {"type": "note", "id": NOTE_ID},
    "action": "changed",
    "fields": [
        {"name": "state", "from": "draft", "to": "signed"},
        {"name": "signed_by", "from": None, "to": "Jo Lind, Calm Hands Massage"},
    ],
    "label": "Signed",
}
ASKED: dict[str, Any] = {
    "id": "019a9f00-0000-7000-8000-000000000014",
    "note_id": NOTE_ID,
    **ASK,
    "organization": CLINIC,
    "author": AUTHOR,
    "asked_at": "2026-11-25T17:52:00Z",
    "ended_at": None,
    "withheld": [],
}
ASKS: dict[str, Any] = {"results": [ASKED], "next": None, "previous": None, "contact_first": []}
