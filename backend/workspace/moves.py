"""The buttons of a referral: one form for each transition that is possible now, made from its own input serializer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.http import QueryDict

from backend.catalog.queries import catalog
from backend.clients.models import Client
from backend.clients.queries import merged_with, possible_matches
from backend.lib.actor import Actor
from backend.referrals import deadlines, inputs, plan_changes, report_drafts
from backend.referrals import workflow as w
from backend.referrals.models import Referral
from backend.referrals.workflow import WORKFLOW
from backend.workspace import keys, words
from backend.workspace.colleagues import colleagues_here, recipient_choices, suggestions
from backend.workspace.forms import Choices, Field, Form

# What a side mostly does next comes first; everything else that is possible follows.
MAIN = (
    "accept", "consent_given", "give_information", "send", "ask_consent", "choose_time", "book", "offer_times", "start", "report",
    "acknowledge", "read_report", "agree", "redirect", "convert", "decline", "ask_information", "consent_refused", "refuse",
    "return_report",
)  # fmt: skip
MOST_MAIN = 4
NEVER_ASKED = (
    "occurred_at", "on_behalf_of", "signed_elsewhere", "visit_id", "report.attachment_ids", "care_plan_id", "version",
)  # fmt: skip
# After a report: one press says whether the plan changed, and goes on.
PLAN_BUTTONS = {
    "acknowledge": [("no_change", "Acknowledge: no change of plan"), ("updated", "Acknowledge: plan updated")],
    "read_report": [("no_change", "Read: no change of plan"), ("updated", "Read: plan updated")],
}
MOST_VERSIONS = 20
EXTRAS = ("recipient_identifier", "recorded.at", "expires_on", "categories", "report.new_precautions")
NOTES = "report.quoted_note_ids"
RECENT_CLIENTS = 50
BUTTONS = {
    "decline": "Decline",
    "report": "Sign and send",
    "assign": "Give it to them",
    "withdraw": "Withdraw",
    "redirect": "Send it to them",
    "offer_times": "Offer these times",
    "acknowledge": "Acknowledge and close",
}


@dataclass(slots=True)
class MoveForm:
    """One possible transition, closed until it is pressed."""

    name: str
    label: str
    button: str
    summary: str
    form: Form
    consequences: list[str] = field(default_factory=list)
    plan_buttons: list[tuple[str, str]] = field(default_factory=list)
    begins_plan_for: str = ""
    is_open: bool = False
    is_main: bool = False

    @property
    def key(self) -> str:
        """The letter that opens it."""
        return keys.MOVES.get(self.name, "")

    @property
    def takes_files(self) -> bool:
        return self.name == "report"

    @property
    def notes(self) -> Field | None:
        """The signed notes that a report can be drafted from: asked first of all."""
        return next((each for each in self.form.fields if each.name == NOTES), None)

    @property
    def asked(self) -> list[Field]:
        return [each for each in self.form.fields if not each.name.startswith((*EXTRAS, NOTES))]

    @property
    def extras(self) -> list[Field]:
        return [each for each in self.form.fields if each.name.startswith(EXTRAS)]

    @property
    def has_extras_filled(self) -> bool:
        """What is sent along is seen."""
        return any(each.value or each.error for each in self.extras)


def move_forms(
    body: dict[str, Any],
    actor: Actor,
    zone: str,
    *,
    moving: str = "",
    typed: QueryDict | None = None,
    errors: Mapping[str, str] | None = None,
) -> list[MoveForm]:
    """The forms in the order they are offered; ``moving`` is the one that is open, with what was typed."""
    found = [
        _move_form(step, body, actor, zone, moving=moving, typed=typed, errors=errors)
        for step in body["available_transitions"]
    ]
    found.sort(key=lambda move: MAIN.index(move.name) if move.name in MAIN else len(MAIN))
    for move in found[:MOST_MAIN]:
        move.is_main = move.name in MAIN
    return found


def _move_form(
    step: dict[str, Any],
    body: dict[str, Any],
    actor: Actor,
    zone: str,
    *,
    moving: str,
    typed: QueryDict | None,
    errors: Mapping[str, str] | None,
) -> MoveForm:
    name = step["name"]
    choices = choices_for(name, body, actor, zone)
    is_open = name == moving
    presses = PLAN_BUTTONS.get(name, []) if _asks_for_plan(name, body) else []
    left = left_out(name, body, step["party"], choices, actor)
    form = Form(
        WORKFLOW[name].input or inputs.Details,
        zone=zone,
        key=f"{name}-",
        typed=typed if is_open else None,
        errors=errors if is_open else None,
        choices=choices,
        initial=_initial(name, choices),
        required=_required(name, body, actor),
        labels={"reason": "Why"} if name in ("request_cancellation", "refuse") else {},
        leave_out=(*left, "plan_change") if presses else left,
    )
    return MoveForm(
        name=name,
        label=step["label"],
        button=BUTTONS.get(name, step["label"]),
        summary=step["summary"],
        form=form,
        consequences=_consequences(name, body, actor, zone),
        plan_buttons=presses,
        begins_plan_for=_without_plan(body, actor) if presses else "",
        is_open=is_open,
    )


def details_of(name: str, body: dict[str, Any], actor: Actor, zone: str, typed: QueryDict) -> dict[str, Any]:
    """What was typed for a transition, in the shape of the contract."""
    row = WORKFLOW.known(name)
    party = next((step["party"] for step in body["available_transitions"] if step["name"] == name), "")
    choices = choices_for(name, body, actor, zone)
    form = Form(
        row.input or inputs.Details,
        zone=zone,
        typed=typed,
        choices=choices,
        leave_out=left_out(name, body, party, choices, actor),
    )
    said = form.data()
    if said.get("plan_change") != "updated":  # the newest version stands chosen, whichever button was pressed
        said.pop("plan_version_id", None)
    return said


def left_out(
    name: str, body: dict[str, Any], party: str, choices: Mapping[str, Choices], actor: Actor
) -> tuple[str, ...]:
    """Fields that make no sense here."""
    out = set(NEVER_ASKED)
    is_guest = bool(body["recipient"].get("guest"))
    if not (is_guest and party == w.RECIPIENT) and name != "choose_time":
        out |= {"recorded"}
    if is_guest and name == "accept":
        out |= {"practitioner_role_id", "own_client_id", "recipient_identifier"}
    if not _is_inside(body):
        out.add("side")
    if not (name == "report" and body["state"] in (w.ACCEPTED, w.BOOKED)) and name != "start":
        out.add("seen_at")
    if name == "report" and body["state"] != w.IN_CARE:
        out.add("final")
    if name == "acknowledge":
        out.add("client_told" if body["state"] == w.REPORTED else "plan_change")
    if name == "convert" and body.get("client"):
        out.add("client_id")
    named = ("own_client_id", "suggested_practitioner_role_id", "plan_version_id", NOTES)
    out |= {each for each in named if not choices.get(each)}
    return tuple(out)


def choices_for(name: str, body: dict[str, Any], actor: Actor, zone: str) -> dict[str, Choices]:
    """The rows that a transition's fields can name."""
    region = body["regions"][0]["region"] if body["regions"] else ""
    match name:
        case "accept":
            return {
                "practitioner_role_id": _takers(body, actor),
                "own_client_id": _same_person(body, actor),
            }
        case "decline":
            found = suggestions(actor, body)
            return {"suggested_practitioner_role_id": [*found, ("", "Nobody")] if found else []}
        case "assign":
            ours_to_treat = words.is_recipient(body, actor) and not _is_inside(body)
            return {"practitioner_role_id": colleagues_here(actor, body["discipline"] if ours_to_treat else "")}
        case "choose_time":
            offered = body.get("offered_times", [])
            return {"time_id": [(time["id"], words.moment(time["starts_at"], zone)) for time in offered]}
        case "acknowledge":
            return {"plan_version_id": _plan_versions(body, actor, zone)}
        case "read_report":
            return {
                "plan_version_id": _plan_versions(body, actor, zone),
                "report_id": [
                    (report["id"], f"Received {words.moment(report['received_at'], zone)}")
                    for report in body.get("unread_reports", [])
                ],
            }
        case "redirect":
            return {"to": recipient_choices(actor, region=region)}
        case "convert":
            same = [("", "The same colleague")]
            return {"to": [*same, *recipient_choices(actor, region=region)], "client_id": _recent_clients(actor)}
        case "report":
            return {
                NOTES: _notes(body, actor, zone),
                "report.new_precautions": [(code, row.label) for code, row in catalog().precautions.items()],
            }
    return {}


def _asks_for_plan(name: str, body: dict[str, Any]) -> bool:
    return name == "read_report" or (name == "acknowledge" and body["state"] == w.REPORTED)


def _plan_versions(body: dict[str, Any], actor: Actor, zone: str) -> Choices:
    """The published versions of the plans the reader works from for this client, the newest first."""
    if not body.get("client") or not words.is_sender(body, actor):
        return []
    plans = plan_changes.open_plans(UUID(body["client"]["id"]), actor)
    found = plan_changes.plan_versions(UUID(body["client"]["id"]), actor).filter(plan__in=plans.values("pk"))
    newest = found.select_related("plan").order_by("-published_at", "-id")[:MOST_VERSIONS]
    return [
        (str(each.pk), f"Version {each.number} of {each.plan.title}, {words.moment(each.published_at, zone)}")
        for each in newest
    ]


def _without_plan(body: dict[str, Any], actor: Actor) -> str:
    """The client, when care goes on together and there is no plan yet; else nothing."""
    goes_on = body["kind"] in (Referral.Kind.EVALUATE_AND_TREAT, Referral.Kind.CO_MANAGE)
    if not goes_on or not body.get("client") or not words.is_sender(body, actor):
        return ""
    client_id = str(body["client"]["id"])
    return "" if plan_changes.open_plans(UUID(client_id), actor).exists() else client_id


def _notes(body: dict[str, Any], actor: Actor, zone: str) -> Choices:
    """What the reader's clinic signed since it accepted, for a report to be written from."""
    if not actor.treats or not words.is_recipient(body, actor):
        return []
    referral = Referral.objects.visible_to(actor).one(body["id"])
    found = report_drafts.notes_since(referral, actor)
    newest = found.order_by("-occurred_at", "-id")[: report_drafts.MOST_NOTES]
    own = merged_with(referral.client_id, actor) if referral.client_id else []
    return [
        (
            str(note.pk),
            f"{words.spoken(note.kind)}, {words.moment(note.occurred_at, zone)}, {note.signed_by}"
            f"{'' if note.client_id in own else ', from another record of this client'}",
        )
        for note in newest
    ]


def _takers(body: dict[str, Any], actor: Actor) -> Choices:
    here = colleagues_here(actor, body["discipline"])
    mine = {str(role) for role in actor.role_ids}
    ordered = sorted(here, key=lambda choice: choice[0] not in mine)
    return [(pk, f"{name}, you" if pk in mine else name) for pk, name in ordered]


def _same_person(body: dict[str, Any], actor: Actor) -> Choices:
    """Possible matches among the reader's own clients."""
    client = (body.get("package") or {}).get("client")
    if not client or not words.is_recipient(body, actor) or words.is_sender(body, actor):
        return []
    found = possible_matches(
        actor,
        family_name=client["family_name"],
        given_name=client["given_name"] or "",
        birth_date=None if not client["birth_date"] else date.fromisoformat(client["birth_date"]),
        email=client["email"] or "",
        phone=client["phone"] or "",
    )
    matches = [(str(own.pk), f"Yes: {own.display}, born {own.birth_date or 'unknown'}") for own in found]
    return [("", "No, new to us"), *matches] if matches else []


def _recent_clients(actor: Actor) -> Choices:
    clients = Client.objects.visible_to(actor).surviving(actor).order_by("-updated_at")[:RECENT_CLIENTS]
    return [(str(client.pk), client.display) for client in clients]


def _initial(name: str, choices: Mapping[str, Choices]) -> dict[str, Any]:
    """What is chosen before anybody presses: the first of what was ordered by fit."""
    first = {key: found[0][0] for key, found in choices.items() if found}
    return {} if name in ("report", "redirect", "assign", "convert") else first


def _required(name: str, body: dict[str, Any], actor: Actor) -> tuple[str, ...]:
    if name == "acknowledge":
        return ("plan_change",) if body["state"] == w.REPORTED else ("client_told",)
    if name == "report":
        return ("seen_at",)
    if name == "accept" and not actor.treats and not body["recipient"].get("practitioner_role"):
        return ("practitioner_role_id",)
    if name == "assign":
        return ("side",)
    if name == "choose_time":
        return ("recorded.who", "recorded.how")
    if name == "convert":
        return ("client_id",)
    if name in ("consent_given", "consent_refused"):
        return ("method",)
    return ()


def _is_inside(body: dict[str, Any]) -> bool:
    sender, recipient = (body.get("sender") or {}).get("organization"), body["recipient"].get("organization")
    return sender is not None and recipient is not None and bool(sender["id"] == recipient["id"])


def _consequences(name: str, body: dict[str, Any], actor: Actor, zone: str) -> list[str]:
    """What a press means, before it is made."""
    sender, recipient = words.side_name(body.get("sender")), words.recipient_name(body["recipient"])
    match name:
        case "accept":
            lines = [f"{sender} is told at once."]
            if promised := _promised(body, actor):
                day = words.day(words.local(promised, zone).date(), words.today(zone))
                promise = "You answer by" if body["kind"] == Referral.Kind.ADVICE else "You promise a first visit by"
                lines.append(f"{promise} {day}.")
            if body.get("client") and not _is_inside(body):
                lines.append("Your clinic joins the client's care circle, and the shared record opens to you.")
            return lines
        case "decline":
            return [f"{sender} is told at once, with the reason."]
        case "send":
            return [f"{recipient} is told, and can read what is shown below. Nothing of it can be changed afterwards."]
        case "ask_consent":
            return ["The client gets a link. It is sent when they say yes."]
        case "withdraw":
            return ["A future visit is cancelled. Sent in error: the other side can no longer read any of it."]
        case "report":
            return ["Your name, license and the time are signed under it; a signed report is never changed."]
        case "acknowledge" if body["state"] == w.REPORTED:
            return ["The report counts as read, and the referral is closed."]
    return []


def _promised(body: dict[str, Any], actor: Actor) -> Any:
    """Until when the first visit is promised with an accept; None for a guest, whose days are not known."""
    referral = (
        Referral.objects.visible_to(actor)
        .select_related("sender_organization", "recipient_organization")
        .filter(pk=body["id"])
        .first()
    )
    return deadlines.due_for(referral, w.ACCEPTED) if referral is not None and not referral.is_guest else None
