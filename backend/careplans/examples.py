"""The examples of the OpenAPI document; a test holds them against the schema."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

PLAN_ID = "019aa000-0000-7000-8000-000000000001"
GOAL_ID = "019aa000-0000-7000-8000-000000000002"
LINE_ID = "019aa000-0000-7000-8000-000000000003"
CLIENT = {"id": "019aa000-0000-7000-8000-000000000004", "display": "Nora Feld"}
LEAD = {"id": "019aa000-0000-7000-8000-000000000005", "display": "Elm Street Chiropractic"}
MASSAGE = {"id": "019aa000-0000-7000-8000-000000000006", "display": "Calm Hands Massage"}
IMRE = {"id": "019aa000-0000-7000-8000-000000000007", "display": "Imre Vale"}
JO = {"id": "019aa000-0000-7000-8000-000000000008", "display": "Jo Lind"}
AT = "2026-11-24T17:40:00Z"
EDITED = {"entered_in_error": None, "changed_by": "Jo Lind", "created_at": AT, "updated_at": AT}
ERROR = {"reason": "wrong_entry", "note": "Meant for the plan of last year.", "by": "Imre Vale", "at": AT}
IN_FORCE = {"state": "in_force", "in_force_for_you": True, "agreed": None, "waiting_for": []}

PROBLEM_FIELDS: dict[str, Any] = {"text": "Daily band headache for five months", "icd10": "G44.2"}
GOAL_FIELDS: dict[str, Any] = {
    "words": "Work six hours at the screen",
    "measure": "hours at the screen",
    "unit": "h",
    "baseline": 3.5,
    "target": 6,
    "due_on": "2027-01-15",
}
LINE_FIELDS: dict[str, Any] = {
    "focus": "Suboccipital and upper trapezius trigger points",
    "technique_ids": ["tpt"],
    "regions": [{"region": "cervical", "side": "bilateral"}],
    "times_per_week": 1,
    "weeks": 6,
    "minutes": 50,
    "load": "moderate",
    "avoid": [],
    "home_programme": "Heat for ten minutes in the evening.",
    "visit_budget": 6,
}
PHASE_FIELDS: dict[str, Any] = {"name": "Calm down", "position": 1, "from_on": "2026-11-24", "until_on": "2026-12-08"}
NOT_LEFT = {"decision": None, "decision_sentence": None, "continues_id": None}
PROBLEM_ROW = {
    "id": "019aa000-0000-7000-8000-000000000009", "version": 1, "organization": LEAD, **PROBLEM_FIELDS, "state": "active", **NOT_LEFT, **EDITED,
}  # fmt: skip
GOAL_ROW = {
    "id": GOAL_ID, "version": 1, "organization": LEAD, **GOAL_FIELDS, "state": "active", "agreement": IN_FORCE, **NOT_LEFT, **EDITED,
}  # fmt: skip
LINE_ROW = {
    "id": LINE_ID, "version": 1, "organization": MASSAGE, "practitioner_role": JO, "discipline": "massage_therapy", **LINE_FIELDS,
    "state": "active", "ended_reason": None, "ended_detail": None, "ended_at": None, **NOT_LEFT,
    "agreement": IN_FORCE, **EDITED,
}  # fmt: skip
PHASE_ROW = {
    "id": "019aa000-0000-7000-8000-000000000010",
    "version": 1,
    "organization": LEAD,
    "entered_in_error": None,
    **PHASE_FIELDS,
    **EDITED,
}
MEMBER_ROW = {
    "id": "019aa000-0000-7000-8000-000000000011", "organization": MASSAGE, "practitioner_role": JO, "role": "member",
    "from_at": AT, "until": None, "ended_because": None, "is_live": True,
}  # fmt: skip
WITHDRAW = {
    "name": "withdraw", "label": "Withdraw", "summary": "Take it back.", "party": "party that proposed it", "fields": [],
}  # fmt: skip
CHANGED_ROW = {
    "id": "019aa000-0000-4000-8000-000000000012", "at": AT, "recorded_at": "2026-11-24T17:40:00.204118Z", "by": "Imre Vale",
    "organization": LEAD, "actor": "member", "request_id": "req-019aa000-0000-7000-8000-000000000013",
    "what": {"type": "goal", "id": GOAL_ID}, "action": "changed",
    "fields": [{"name": "target", "from": 6, "to": 7}],
    "label": "Goal “Work six hours at the screen”: target changed",
}  # fmt: skip
PROPOSAL_ROW = {
    "id": "019aa000-0000-7000-8000-000000000012", "version": 1, "organization": LEAD, "owner": MASSAGE, "kind": "change",
    "about": "intervention", "row_id": LINE_ID, "changes": {"times_per_week": 2}, "why": "She responds well; twice a week until Christmas.",
    "state": "open", "is_stale": False, "by": "Imre Vale", "answer": None, "answered_by": None, "answered_at": None,
    "occurred_at": None, "available_transitions": [WITHDRAW], "created_at": AT, "updated_at": AT,
}  # fmt: skip
VERSION_ROW = {"number": 1, "by": "Imre Vale", "organization": LEAD, "published_at": AT}
CHANGE_ROW = {
    "what": "line", "id": LINE_ID, "organization": MASSAGE["display"], "name": LINE_FIELDS["focus"], "change": "added",
}  # fmt: skip
SUMMARY_BODY: dict[str, Any] = {
    "id": PLAN_ID, "version": 4, "state": "active", "state_reason": None, "state_detail": None, "occurred_at": None,
    "title": "Tension headache with suboccipital trigger points", "client": CLIENT,
    "lead": {"organization": LEAD, "practitioner_role": IMRE}, "review_on": "2026-12-15", "published": 1, "entered_in_error": None, "identifiers": [],
    "changed_by": "Imre Vale", "created_at": AT, "updated_at": AT,
}  # fmt: skip
DETAIL_BODY: dict[str, Any] = {
    **SUMMARY_BODY,
    "available_transitions": [
        {
            "name": "hold",
            "label": "Hold",
            "summary": "Pause the plan.",
            "party": "lead",
            "fields": [{"name": "reason", "required": True}],
        }
    ],
    "team": [MEMBER_ROW],
    "phases": [PHASE_ROW],
    "problems": [PROBLEM_ROW],
    "goals": [GOAL_ROW],
    "interventions": [LINE_ROW],
    "proposals": [PROPOSAL_ROW],
    "to_decide": [],
    "agreement": {
        "version": 1,
        "published_at": AT,
        "is_asked": True,
        "parties": [
            {"organization": MASSAGE, "answer": "agree", "sentence": None, "answered_at": AT, "agreed_version": 1}
        ],
    },
    "unpublished": [],
}


def _sent(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def _answered(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True)


NOTHING = _sent("Nothing to add", {})
NEW_PLAN = _sent(
    "A new plan", {"client_id": CLIENT["id"], "title": SUMMARY_BODY["title"], "review_on": SUMMARY_BODY["review_on"]}
)
PLAN_BY_NUMBER = _sent(
    "Of a client by your own number",
    {"client": {"identifier": {"system": "urn:elm-street:client", "value": "C-1042"}}, "title": SUMMARY_BODY["title"]},
)
CHANGE_PLAN = _sent("Another review date", {"review_on": "2027-01-05"})
ACTIVATE = _sent("Begin", {"name": "activate"})
HOLD_LATE = _sent(
    "The client called on Monday", {"name": "hold", "reason": "away", "occurred_at": "2026-11-23T16:00:00Z"}
)
SUMMARY, DETAIL = _answered("A plan", SUMMARY_BODY), _answered("A plan, whole", DETAIL_BODY)
NEW_PROBLEM, PROBLEM = _sent("A problem", PROBLEM_FIELDS), _answered("A problem", PROBLEM_ROW)
CHANGE_PROBLEM = _sent("It is over", {"state": "resolved"})
NEW_GOAL, GOAL = _sent("A goal", GOAL_FIELDS), _answered("A goal", GOAL_ROW)
CHANGE_GOAL = _sent("Reached", {"state": "achieved"})
NEW_LINE, LINE = _sent("A line", LINE_FIELDS), _answered("A line", LINE_ROW)
CHANGE_LINE = _sent("A shorter visit", {"minutes": 30})
NEW_PHASE, PHASE = _sent("A phase", PHASE_FIELDS), _answered("A phase", PHASE_ROW)
CHANGE_PHASE = _sent("A week longer", {"until_on": "2026-12-15"})
NEW_MEMBER = _sent("A clinic", {"organization_id": MASSAGE["id"]})
MEMBER = _answered("A member", MEMBER_ROW)
NEW_LEAD = _sent("Another clinic of the team", {"organization_id": MASSAGE["id"]})
NEW_DECISION = _sent("Drop it", {"answer": "drop", "sentence": "She needs no more of this."})
DECISION = _answered(
    "Dropped",
    {
        "line_id": LINE_ID,
        "goal_id": None,
        "problem_id": None,
        "answer": "drop",
        "sentence": "She needs no more of this.",
        "by": "Imre Vale",
        "decided_at": AT,
    },
)
TAKE_OVER = _sent("Go on with it", {"answer": "take_over"})
TAKEN_OVER = _answered(
    "Taken over",
    {
        "line_id": None,
        "goal_id": GOAL_ID,
        "problem_id": None,
        "answer": "take_over",
        "sentence": None,
        "by": "Imre Vale",
        "decided_at": AT,
    },
)
NEW_PROPOSAL = _sent(
    "Twice a week",
    {
        "kind": "change",
        "about": "intervention",
        "row_id": LINE_ID,
        "changes": {"times_per_week": 2},
        "why": PROPOSAL_ROW["why"],
    },
)
PROPOSAL = _answered("A proposal", PROPOSAL_ROW)
DECLINE_PROPOSAL = _sent("Not now", {"name": "decline", "answer": "Once a week is what she can carry."})
IN_ERROR = _sent("A wrong entry", {"reason": ERROR["reason"], "note": ERROR["note"]})
PLAN_IN_ERROR = _answered(
    "Entered in error", {"id": PLAN_ID, "version": 5, "state": "revoked", "entered_in_error": ERROR}
)
ROW_IN_ERROR = _answered(
    "Entered in error", {"id": LINE_ID, "version": 2, "organization": LEAD, "entered_in_error": ERROR}
)
VERSION_SUMMARY = _answered("A version", VERSION_ROW)
VERSION = _answered(
    "The first version",
    {
        **VERSION_ROW,
        "body": {"title": SUMMARY_BODY["title"], "interventions": [LINE_FIELDS]},
        "changes": [CHANGE_ROW],
        "taken_back": [],
        "difference": [f"{MASSAGE['display']}, line “{LINE_FIELDS['focus']}”: added."],
    },
)
NEW_AGREEMENT = _sent("Agree", {"number": 1, "answer": "agree"})
AGREEMENT = _answered(
    "Agreed",
    {
        "id": "019aa000-0000-7000-8000-000000000013", "organization": MASSAGE, "number": 1, "answer": "agree", "sentence": None,
        "by": "Jo Lind", "answered_at": AT,
    },
)  # fmt: skip
CHANGED = _answered("A goal changed", CHANGED_ROW)
PROGRESS = _answered(
    "So far",
    {
        "goals": [{"id": GOAL_ID, **GOAL_FIELDS, "state": "active", "latest": None, "latest_at": None}],
        "interventions": [
            {
                "id": LINE_ID, "organization": MASSAGE, "focus": LINE_FIELDS["focus"], "state": "active", "visit_budget": 6,
                "visits_done": 2, "visits_booked": 1,
            }
        ],
    },
)  # fmt: skip
