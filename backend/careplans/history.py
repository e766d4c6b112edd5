"""What changed in a plan: its own words always, those of others while it is open to the reader."""

from typing import Any

from django.db.models import F

from backend.careplans import words
from backend.careplans.changes import FIELD_WORDS, IN_WORDS, KINDS, suggested
from backend.careplans.models import CarePlan, Goal, Intervention, Phase, Problem, Proposal, TeamMember
from backend.careplans.rendering import CLINICAL, CLINICAL_OF_A_LINE
from backend.directory.history import History, Told
from backend.directory.wording import Wording, in_words
from backend.lib.actor import Actor
from backend.lib.expressions import Utc

IN_ERROR = words.IN_ERROR.lower()


def _state(code: str) -> str:
    return words.STATES[code].lower()


def _version(number: int) -> str:
    return f"version {number}" if number else ""


OF_PLAN = Wording(
    begun="begun",
    fields=FIELD_WORDS,
    states={
        "active": "activated", "on_hold": "put on hold", "on_hold>active": "resumed", "completed": "completed",
        "revoked": "revoked", "completed>on_hold": "reopened", "revoked>on_hold": "reopened",
    },
    events={"entered_in_error_reason": IN_ERROR, "published": "version {to} published", "lead": "now led by {to}"},
    reasons={"entered_in_error_reason": words.IN_ERROR_BECAUSE, "state_reason": words.REASONS},
    implied=("state_detail", "occurred_at"),
    values={**IN_WORDS, "state": _state, "published": _version},
)  # fmt: skip
OF_MEMBER = Wording(
    begun="joined the team",
    fields={"from_at": "beginning", "until": "end"},
    events={"role": "is now {to}", "ended_because": "no longer on the team"},
    reasons={"ended_because": words.LEFT_BECAUSE},
    implied=("until",),
)
OF_ROW = Wording(
    fields=FIELD_WORDS,
    states={
        "achieved": "reached", "not_achieved": "not reached", "active": "taken up again", "paused>active": "goes on",
    },
    events={"entered_in_error_reason": IN_ERROR},
    reasons={"entered_in_error_reason": words.IN_ERROR_BECAUSE, "ended_reason": words.ENDED},
    implied=("ended_detail",),
    values={**IN_WORDS, "state": in_words},
)  # fmt: skip
OF_PROPOSAL = Wording(
    begun="made",
    fields={"why": "reason"},
    implied=("answer", "answered_by", "occurred_at"),
    values={"about": {"goal": "a goal", "intervention": "a line"}.__getitem__, "changes": suggested, "state": in_words},
)


def _of_row(model: Any, kind: str, what: str, word: str, **more: Any) -> Told:
    """A kind of row whose fields are those that versions compare."""
    names, fields = KINDS[kind][1:]
    shows = {name: F(name) for name in ("entered_in_error_reason", *fields)} | more.pop("shows", {})
    signed = F("changed_by")
    return Told(model, what, word, shows, named=names, within="plan_id", wording=OF_ROW, signed=signed, **more)


WHOLE = History(
    Told(
        CarePlan, "care_plan", "",
        {
            **{name: F(name) for name in ("title", "entered_in_error_reason", "state", "state_reason", "state_detail", "review_on", "published")},
            "occurred_at": Utc("occurred_at"),
            "lead": F("lead_organization__name"),
        },
        signed=F("changed_by"), wording=OF_PLAN,
    ),
    Told(
        TeamMember, "team_member", "Team member",
        {
            "organization": F("organization__name"), "role": F("role"), "from_at": Utc("from_at"), "until": Utc("until"),
            "ended_because": F("ended_because"),
        },
        named="organization", within="plan_id", wording=OF_MEMBER,
    ),
    _of_row(Problem, "problems", "problem", "Problem"),
    _of_row(Goal, "goals", "goal", "Goal"),
    _of_row(Intervention, "interventions", "intervention", "Line", shows={"ended_detail": F("ended_detail")}),
    _of_row(Phase, "phases", "phase", "Phase"),
    Told(
        Proposal, "proposal", "Proposal",
        {
            **{name: F(name) for name in ("kind", "about", "changes", "why", "state", "answer", "answered_by")},
            "occurred_at": Utc("occurred_at"),
        },
        within="plan_id", wording=OF_PROPOSAL,
    ),
)  # fmt: skip
# What a coordinator, who plans times, reads of a plan.
OF_TIMES = History(
    *(
        kind.without(*CLINICAL, *CLINICAL_OF_A_LINE) if kind.model in (CarePlan, Intervention) else kind
        for kind in WHOLE.kinds.values()
        if kind.model not in (Problem, Goal, Proposal)
    )
)


def history_for(actor: Actor) -> History:
    """What the actor reads of what changed in a plan they may see, by the API and on pages."""
    return WHOLE if actor.reads_clinical else OF_TIMES
