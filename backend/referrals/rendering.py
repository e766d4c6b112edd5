"""From a row of a referral to what its reader sees; what is withheld is absent and named."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from backend.attachments.rendering import attachment
from backend.catalog.queries import catalog
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.rest.fields import utc
from backend.lib.rest.transitions import fields_of, offered
from backend.referrals import policies
from backend.referrals import workflow as w
from backend.referrals.inputs import Details
from backend.referrals.models import (
    Message,
    Referral,
)
from backend.referrals.models.content import CanBeInError
from backend.referrals.workflow import WORKFLOW


class _Envelope:
    """A row's envelope as the workflow's rules read it."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.__dict__.update(row)
        self.is_pool = row["recipient_kind"] == "pool"
        self.is_guest = row["recipient_kind"] == "guest"
        self.is_advice = row["kind"] == "advice"
        self.recipient_role = SimpleNamespace(ended_at=row["recipient_left"]) if row["recipient_role_id"] else None


def parties(row: Mapping[str, Any], actor: Actor) -> set[str]:
    return policies.parties_of(actor, _Envelope(row))  # type: ignore[arg-type]  # has every attribute that is asked


def available(row: Mapping[str, Any], actor: Actor) -> list[dict[str, Any]]:
    """The transitions the caller can make now, for buttons and integrators."""
    sides = parties(row, actor)
    rights = actor.rights if actor.kind == ActorKind.MEMBER else None
    subject: Any = _Envelope(row)
    if subject.is_guest and w.SENDER in sides:
        sides = sides | {w.RECIPIENT}  # the sender's staff may record an answer that came by phone, fax or letter
    steps = WORKFLOW.available(subject, sides, rights)
    unread = row["unread_reports"]
    return [
        offered(s, policies.party_for(s, sides), Details)
        for s in steps
        if (s.name != "read_report" or unread) and (s.name != "assign" or actor.kind != ActorKind.GUEST)
    ]


def label(pk: Any, display: Any) -> dict[str, Any] | None:
    return {"id": str(pk), "display": display} if pk else None


def moment(value: Any) -> str | None:
    return utc(value) if value else None


def summary(row: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """What lists show, and the beginning of what one referral shows."""
    sides = parties(row, actor)
    state = w.STATES[row["state"]]
    withheld: list[str] = []
    package = row["package_data"] if policies.may_read_content(actor) or actor.kind != ActorKind.MEMBER else None
    is_pool_glance = w.POOL in sides and row["recipient_organization_id"] != actor.organization_id
    body: dict[str, Any] = {
        "id": str(row["id"]),
        "version": row["version"],
        "state": row["state"],
        "state_group": w.state_group(row["state"], sides),
        "whose_move": state.mover,
        "due_at": moment(row["due_at"]),
        "is_overdue": row["due_at"] is not None and row["due_at"] < clock.now(),
        "kind": row["kind"],
        "priority": row["priority"],
        "discipline": row["discipline"],
        "regions": row["regions"],
        "technique_ids": row["technique_ids"],
        "created_at": moment(row["created_at"]),
        "updated_at": moment(row["updated_at"]),
    }
    if is_pool_glance:
        body["recipient"] = _recipient(row)
        body["withheld"] = ["client", "sender", "package", "history", "identifiers", "tracking"]
        return body
    body |= {
        "transfer": row["transfer"],
        "sender": {
            "organization": label(row["sender_organization_id"], row["sender_name"]),
            "practitioner_role": label(row["sender_role_id"], row["sender_person"]),
            "discipline": row["sender_discipline"],
        },
        "recipient": _recipient(row),
        "unread_report_count": row["unread_reports"],
        "tracking": {
            "sent_at": moment(row["sent_at"]),
            "delivered_at": moment(row["delivered_at"]),
            "opened_at": moment(row["opened_at"]),
            "reminders": row["reminders"],
        },
    }
    if package is not None:
        body["client"] = _client(row, package)
        body["reason"], body["question"] = package["reason"], package["question"]
    else:
        withheld += ["client", "reason", "question"]
    if withheld:
        body["withheld"] = withheld
    return body


def _client(row: Mapping[str, Any], package: Mapping[str, Any]) -> dict[str, Any] | None:
    return label(row["client_id"], (package["client"] or {}).get("display")) if row["client_id"] else None


def _known(client: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The package's client, whose empty fields were not known."""
    return {name: value or None for name, value in client.items()} if client else None


def _recipient(row: Mapping[str, Any]) -> dict[str, Any]:
    guest = row["guest_data"]
    return {
        "kind": row["recipient_kind"],
        "organization": label(row["recipient_organization_id"], row["recipient_name"]),
        "practitioner_role": label(row["recipient_role_id"], row["recipient_person"]),
        "discipline": row["discipline"],
        "near": row["pool_near"] or None,
        "guest": {**guest, "verified": False} if guest else None,
    }


def detail(row: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """One referral as this reader sees it; what is withheld is absent and named."""
    body = summary(row, actor)
    body["available_transitions"] = available(row, actor)
    if "sender" not in body:
        return body
    withheld = body.pop("withheld", [])
    package = row["package_data"]
    if package is not None and "client" in body:
        if actor.reads_clinical:
            body["attachments"] = row["file_list"]
        else:
            package = _front_desk(package)
            withheld += ["package.findings", "attachments"]
        body["package"] = {**package, "client": _known(package["client"])}
        body["offered_times"] = row["offer_list"]
        body["order"] = _order(row)
    else:
        withheld += ["package", "attachments", "offered_times", "order"]
    body |= {
        "identifiers": {"sender": row["sender_identifier"], "recipient": row["recipient_identifier"]},
        "tracking": {
            **body["tracking"],
            "accepted_at": moment(row["accepted_at"]),
            "first_seen_at": moment(row["first_seen_at"]),
            "no_shows": row["no_show_count"],
            "contact_attempts": row["attempt_list"],
        },
        "review_on": row["review_on"].isoformat() if row["review_on"] else None,
        "visits": row["visit_list"],
        "unread_reports": row["unread_list"],
        "history": row["step_list"],
        "closed_how": row["closed_how"] or None,
        "suggested_practitioner_role": label(row["suggested_role_id"], row["suggested_person"]),
        "redirected_to_id": str(row["redirected_to_id"]) if row["redirected_to_id"] else None,
        "converted_to_id": str(row["converted_to_id"]) if row["converted_to_id"] else None,
        "plan_version": row["plan_version"] if policies.may_read_content(actor) else None,
        "came_from_id": str(row["came_from"]) if row["came_from"] else None,
        "withheld": withheld,
    }
    return body


def let_go(referral: Referral) -> dict[str, Any]:
    """What a clinic still reads of a pool's referral that it passed on or gave back."""
    return {
        "id": str(referral.id),
        "version": referral.version,
        "state": referral.state,
        "state_group": w.state_group(referral.state, set()),
        "whose_move": w.STATES[referral.state].mover,
        "due_at": moment(referral.due_at),
        "kind": referral.kind,
        "priority": referral.priority,
        "discipline": referral.discipline,
        "available_transitions": [],
        "withheld": ["client", "sender", "package", "history", "identifiers", "tracking"],
    }


def _front_desk(package: Mapping[str, Any]) -> dict[str, Any]:
    """A coordinator reads reason, question and contact data, and precautions in one line."""
    precautions = ", ".join(
        catalog().precautions[p["code"]].label for p in package["precautions"] if p["code"] in catalog().precautions
    )
    return {
        "client": package["client"],
        "reason": package["reason"],
        "question": package["question"],
        "precautions_line": precautions or None,
    }


def _order(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if not row["order_number"]:
        return None
    until = row["order_until"]
    return {
        "number": row["order_number"],
        "by": row["order_by"] or None,
        "visits": row["order_visits"],
        "until": until.isoformat() if until else None,
    }


def report(found: Any) -> dict[str, Any]:
    """A signed report as a reader sees it, read with what hangs on it."""
    return {
        "id": str(found.id),
        "is_final": found.is_final,
        "answer": found.answer,
        "findings": found.findings,
        "recommendations": found.recommendations,
        "outcome": found.outcome,
        "not_completed_reason": found.not_completed_reason or None,
        "has_red_flag": found.has_red_flag,
        "new_precautions": found.new_precautions,
        "signature": {
            "kind": found.signature_kind,
            "practitioner": found.signed_by,
            "license": found.signed_license,
            "signed_at": moment(found.signed_at),
            "received_at": moment(found.received_at),
            "application": str(found.application_id) if found.application_id else None,
        },
        "content_hash": found.content_hash,
        "supersedes_id": str(found.supersedes_id) if found.supersedes_id else None,
        "read_due_at": moment(found.read_due_at),
        "read_at": moment(found.read_at),
        "read_by": found.read_by or None,
        "plan_change": found.plan_change or None,
        "entered_in_error": in_error(found),
        "attachments": [attachment(file.attachment) for file in found.files.all()],
        "quotes": [*map(quote, found.quotes.all()), *map(quote_taken_away, found.taken_away)],
    }


def quote(found: Any) -> dict[str, Any]:
    """A note that a report was written from, for who reads the report; what it says is read at the note's own address."""
    return {
        "note_id": str(found.note_id),
        "kind": found.note_kind,
        "signed_by": found.note_signed_by,
        "signed_at": moment(found.note_signed_at),
        "occurred_at": moment(found.note_occurred_at),
        "content_hash": found.content_hash,
        "stands": found.stands,
        "is_readable": found.is_readable,
    }


def quote_taken_away(note_id: UUID) -> dict[str, Any]:
    """A note that turned out to be about another client: its id tells what to strike out of a copy, and nothing else is told."""
    told = ("kind", "signed_by", "signed_at", "occurred_at", "content_hash")
    return {"note_id": str(note_id), **dict.fromkeys(told), "stands": False, "is_readable": False}


def message(found: Message) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "kind": found.kind,
        "party": found.party,
        "by": found.by,
        "text": found.text,
        "created_at": moment(found.created_at),
        "entered_in_error": in_error(found),
    }


def in_error(found: CanBeInError) -> dict[str, Any] | None:
    """That it was a mistake: who said so, when and why."""
    if found.in_error_at is None:
        return None
    return {
        "at": moment(found.in_error_at),
        "by": found.in_error_by,
        "reason": found.in_error_reason,
        "note": found.in_error_note or None,
    }


def transitions() -> list[dict[str, Any]]:
    """The workflow as data, for integrators and for pages that draw it."""
    return [
        {
            "name": row.name,
            "label": row.label,
            "summary": row.summary,
            "sources": list(row.sources),
            "targets": list(row.possible_targets),
            "by": list(row.by),
            "event": row.event,
            "fields": fields_of(row.input, Details),
        }
        for row in WORKFLOW.rows
    ]


def states() -> list[dict[str, Any]]:
    """Every state, with its side of the move and what FHIR and IHE 360X call it."""
    return [
        {
            "name": name,
            "label": state.words.format(them="the recipient", recipient="The recipient", sender="The sender"),
            "whose_move": state.mover,
            "fhir_task_status": state.fhir_task,
            "ihe_360x": state.ihe_360x or None,
        }
        for name, state in w.STATES.items()
    ]
