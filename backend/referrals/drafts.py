"""Writing a referral: create, change while it is a draft, and copy when it goes to somebody else."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from backend.catalog.queries import catalog
from backend.clients.models import Client
from backend.directory.models import Organization, PractitionerRole
from backend.lib import clock, prepared
from backend.lib.actor import Actor
from backend.lib.problems import BadRequest, Conflict, FieldError, Forbidden, invalid
from backend.lib.rest.views import check_version
from backend.referrals import effects, files, gates, policies, recognizing, services
from backend.referrals import workflow as w
from backend.referrals.models import Guest, Package, Referral
from backend.referrals.move import Move
from backend.referrals.sources import Roles, client_named, demographics, roles_named, sender_role
from backend.referrals.workflow import WORKFLOW

PACKAGE_FIELDS = ("reason", "question", "red_flags", "findings", "scores", "tried", "goals", "feedback_wanted")


def create_referral(*, actor: Actor, fields: dict[str, Any]) -> tuple[Referral, list[dict[str, Any]]]:
    """Writes a referral and, when asked, sends it or asks the client in the same transaction.

    Returns the referral and warnings (a similar one is open). A refused send stores nothing. Raises 400 for bad fields,
    403 for who may not write referrals, 404 for a client that is not the caller's, 409 when a gate is closed.
    """
    policies.refuse_who_writes_none(actor)
    facts = client_named(fields, actor)
    if facts and facts.client.status == Client.Status.DECEASED:
        raise gates.client_deceased()
    roles = roles_named(fields, actor)
    role = sender_role(fields, actor, roles)
    referral = Referral(
        client=facts.client if facts else None,
        kind=fields["kind"],
        priority=fields["priority"],
        sender_organization=role.organization if role else Organization.objects.get(pk=actor.clinic_id),
        sender_role=role,
    )
    refuse_care_without_client(referral)
    guest = address(referral, fields["to"], roles)
    fill(referral, fields)
    gates.check_not_oneself(referral)
    check_identifier(referral)
    package = Package(
        referral=referral,
        client=demographics(facts.client) if facts else None,
        precautions=facts.precautions if facts else [],
    )
    fill_package(package, fields)
    refuse_names_without_client(referral, fields, actor)
    warnings = warnings_about(referral)
    draft: list[Package | Guest] = [package, guest] if guest else [package]
    prepared.insert(referral, *draft)
    files.attach(fields.get("attachment_ids", []), referral=referral, actor=actor)
    if fields.get("send") or fields.get("ask_consent"):
        name = "send" if fields.get("send") else "ask_consent"
        referral = start_off(referral, name, draft, fields, actor)
    return referral, warnings


def refuse_care_without_client(referral: Referral) -> None:
    if referral.client_id is None and not referral.is_advice:
        raise invalid("/client_id", "Only advice can be asked without a client.", code="client_required")


def start_off(
    referral: Referral, name: str, draft: Sequence[Package | Guest], fields: dict[str, Any], actor: Actor
) -> Referral:
    """Sends a draft that was written in this transaction."""
    row = WORKFLOW[name]
    named = ("on_behalf_of", "practitioner_role_id")
    details = {name: fields[name] for name in named if fields.get(name)}
    policies.check_rights(actor, row, referral, details)
    return services.carry_out(
        Move(referral=referral, row=row, actor=actor, party=w.SENDER, details=details, draft=draft)
    )


def change_draft(
    referral_id: UUID | str, *, actor: Actor, expected_version: int | None, fields: dict[str, Any]
) -> Referral:
    """Changes a draft; what was sent is never changed."""
    return change(
        draft_to_change(referral_id, actor=actor, expected_version=expected_version), actor=actor, fields=fields
    )


def draft_to_change(referral_id: UUID | str, *, actor: Actor, expected_version: int | None) -> Referral:
    """The draft, locked: 403 for who may not change it, 412 when it changed, 409 when it was sent."""
    referral = own_referral(referral_id, actor)
    check_version(referral.version, expected_version)
    if referral.state != w.DRAFT:
        raise Conflict(
            "What was sent is not changed; write a message, or withdraw it and send another.",
            code="wrong_state",
            state=referral.state,
            available=[row.name for row in WORKFLOW.available(referral, policies.parties_of(actor, referral))],
        )
    return referral


def own_referral(referral_id: UUID | str, actor: Actor) -> Referral:
    """One the caller may write, locked; 403 for the other side and for who writes none."""
    referral = services.locked(referral_id, actor)
    if w.SENDER not in policies.parties_of(actor, referral):
        raise Forbidden("Only the sender changes a draft.", code="wrong_party")
    policies.refuse_who_writes_none(actor)
    return referral


def change(referral: Referral, *, actor: Actor, fields: dict[str, Any]) -> Referral:
    """Writes the changed fields of a draft that may be changed."""
    roles = roles_named(fields, actor)
    if "practitioner_role_id" in fields:
        referral.sender_role = sender_role(fields, actor, roles)
    if "to" in fields:
        Guest.objects.filter(pk=referral.pk).delete()
        guest = address(referral, fields["to"], roles)
        if guest is not None:
            guest.save(force_insert=True)
    fill(referral, fields)
    refuse_care_without_client(referral)
    gates.check_not_oneself(referral)
    check_identifier(referral)
    referral.version += 1
    referral.updated_at = clock.now()
    referral.save()
    package = Package.objects.get(pk=referral.pk)
    fill_package(package, fields)
    refuse_names_without_client(referral, fields, actor)
    package.save()
    services.record("referral.changed", referral, actor)
    return referral


def address(referral: Referral, to: dict[str, Any], roles: Roles) -> Guest | None:
    """Writes down the recipient; for a guest, returns the guest's row, which is not written yet."""
    referral.recipient_role = referral.recipient_organization = None
    referral.pool_near = ""
    kinds = Referral.RecipientKind
    if pk := to.get("practitioner_role_id"):
        role = roles.get(pk)
        if role is None:
            raise invalid("/to/practitioner_role_id", "There is no such colleague.", code="unknown_role")
        referral.recipient_kind, referral.discipline = kinds.ROLE, role.discipline
        referral.recipient_role, referral.recipient_organization = role, role.organization
    elif pk := to.get("organization_id"):
        clinic = Organization.objects.filter(pk=pk).first()
        if clinic is None:
            raise invalid("/to/organization_id", "There is no such clinic.", code="unknown_organization")
        referral.recipient_kind, referral.recipient_organization = kinds.ORGANIZATION, clinic
        referral.discipline = to.get("discipline") or _only_discipline(clinic)
    elif guest := to.get("guest"):
        referral.recipient_kind, referral.discipline = kinds.GUEST, guest["discipline"]
        return Guest(
            referral=referral, name=guest["name"], discipline=guest["discipline"], email=guest["email"].lower()
        )
    else:
        referral.recipient_kind, referral.discipline = kinds.POOL, to["discipline"]
        referral.pool_near = to.get("near", "")
    return None


def _only_discipline(clinic: Organization) -> str:
    found = set(clinic.roles.filter(ended_at=None).values_list("discipline", flat=True))
    if len(found) != 1:
        raise invalid(
            "/to/discipline", "This clinic practices several disciplines; say which one.", code="discipline_required"
        )
    return str(found.pop())


def fill(referral: Referral, fields: dict[str, Any]) -> None:
    for name in ("kind", "priority", "transfer", "regions", "technique_ids", "sender_identifier"):
        if name in fields:
            setattr(referral, name, fields[name])
    if "order" in fields:
        order = fields["order"] or {}
        referral.order_number, referral.order_by = order.get("number", ""), order.get("by", "")
        referral.order_visits, referral.order_until = order.get("visits"), order.get("until")
    wrong = [t for t in referral.technique_ids if referral.discipline not in catalog().technique(t).disciplines]
    if wrong:
        raise invalid(
            "/technique_ids",
            f"{catalog().technique(wrong[0]).label} is not done by this discipline.",
            code="out_of_scope",
        )


def fill_package(package: Package, fields: dict[str, Any]) -> None:
    for name in PACKAGE_FIELDS:
        if name in fields:
            value = fields[name]
            setattr(package, name, [as_json(score) for score in value] if name == "scores" else value)


def as_json(score: dict[str, Any]) -> dict[str, Any]:
    """A score with its number and day as text."""
    on = score.get("on")
    return {"measure": score["measure"], "value": str(score["value"]), "on": str(on) if on else None}


def refuse_names_without_client(referral: Referral, fields: dict[str, Any], actor: Actor) -> None:
    """A corridor question holds no attachment; names and dates of birth are refused where they can be recognized."""
    if referral.client_id is not None:
        return
    recognizing.refuse_who_it_is_about(recognizing.sentences_of(fields, PACKAGE_FIELDS), actor=actor)
    if fields.get("attachment_ids"):
        raise BadRequest(
            "A question without a client has no attachment.",
            code="client_required",
            errors=[FieldError("/attachment_ids", "A question without a client has no attachment.", "client_required")],
        )


def check_identifier(referral: Referral) -> None:
    """409 when the sender has used this number already."""
    if not referral.sender_identifier:
        return
    gates.check_identifier_free(
        referral, sender_organization=referral.sender_organization_id, sender_identifier=referral.sender_identifier
    )


def warnings_about(referral: Referral) -> list[dict[str, Any]]:
    similar = gates.similar_open(referral)
    if not similar:
        return []
    return [
        {
            "code": "possible_duplicate",
            "detail": "A referral of this client to the same recipient is open already.",
            "referral_ids": [str(pk) for pk in similar],
        }
    ]


@effects.of("redirect", "convert")
def send_another(move: Move) -> None:
    """A new, linked referral takes over; consent and every other gate are asked again."""
    made = copy_and_send(move)
    if move.row.name == "redirect":
        move.referral.redirected_to = made
        move.related["redirected_to_id"] = str(made.id)
        move.say("redirect", move.details.get("reason"))
        return
    for unread in move.referral.reports.valid().filter(read_at=None):
        effects.mark_read(unread, move, "updated")
    move.referral.converted_to = made
    move.referral.closed_how = "converted"
    move.related["converted_to_id"] = str(made.id)


def copy_and_send(move: Move) -> Referral:
    """The same package to somebody else, or the advice as a referral, sent at once."""
    old, details = move.referral, move.details
    package = Package.objects.get(pk=old.pk)
    to = details.get("to") or _same_recipient(old)
    fields: dict[str, Any] = {
        "client_id": old.client_id or details.get("client_id"),
        "to": to,
        "kind": details.get("kind", old.kind),
        "priority": old.priority,
        "transfer": old.transfer,
        "regions": details.get("regions") or old.regions,
        "technique_ids": old.technique_ids if _discipline_of(to) == old.discipline else [],
        "order": _order_of(old),
        "practitioner_role_id": old.sender_role_id,
        **{name: getattr(package, name) for name in PACKAGE_FIELDS},
        "send": True,
    }
    if details.get("question"):
        fields["question"] = details["question"]
    made, _ = create_referral(actor=move.actor, fields=fields)
    files.copy(old, to=made, actor=move.actor)
    return made


def _order_of(old: Referral) -> dict[str, Any] | None:
    if not old.order_number:
        return None
    return {"number": old.order_number, "by": old.order_by, "visits": old.order_visits, "until": old.order_until}


def _discipline_of(to: dict[str, Any]) -> str | None:
    """The discipline a recipient is asked in; None when the clinic has only one."""
    if pk := to.get("practitioner_role_id"):
        return PractitionerRole.objects.filter(pk=pk).values_list("discipline", flat=True).first()
    discipline: str | None = to.get("discipline") or (to.get("guest") or {}).get("discipline")
    return discipline


def _same_recipient(referral: Referral) -> dict[str, Any]:
    if referral.recipient_role_id:
        return {"practitioner_role_id": referral.recipient_role_id}
    if referral.recipient_organization_id:
        return {"organization_id": referral.recipient_organization_id, "discipline": referral.discipline}
    if referral.is_guest:
        guest = Guest.objects.get(pk=referral.pk)
        return {"guest": {"name": guest.name, "discipline": guest.discipline, "email": guest.email}}
    return {"discipline": referral.discipline, "near": referral.pool_near}
