"""Signing a report: who signed, where, and a hash over what was signed."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from backend.audit import work
from backend.directory.eligibility import today_at
from backend.directory.models import Credential, PractitionerRole
from backend.lib import clock
from backend.lib.actor import ActorKind
from backend.lib.problems import Forbidden, invalid
from backend.lib.rest.views import canonical
from backend.notes.models import Note
from backend.referrals import deadlines, files, gates, quoting
from backend.referrals.models import Guest, Referral, Report
from backend.referrals.move import Move

UNREAD = "report.unread"
HASHED = (
    "answer",
    "findings",
    "recommendations",
    "outcome",
    "not_completed_reason",
    "has_red_flag",
    "new_precautions",
    "is_final",
    "signed_by",
    "signed_license",
    "signature_kind",
)


def sign_report(move: Move) -> Report:
    """Writes the report with its signature. The signer is the signed-in person, never a parameter.

    Raises 403 ``signature_required`` or ``transmission_not_agreed``, 409 when the signer's credential is not in force.
    """
    body, referral = move.details["report"], move.referral
    alarming = body["has_red_flag"] or bool(body.get("new_precautions"))
    report = Report(
        referral=referral,
        organization_id=move.actor.organization_id if not move.details.get("recorded") else None,
        is_final=move.details["final"],
        supersedes=referral.reports.valid().filter(is_final=True).order_by("-received_at").first()
        if move.details["final"]
        else None,
        answer=body["answer"],
        findings=body["findings"],
        recommendations=body["recommendations"],
        outcome=body["outcome"],
        not_completed_reason=body.get("not_completed_reason", ""),
        has_red_flag=body["has_red_flag"],
        new_precautions=body.get("new_precautions", []),
        read_due_at=deadlines.report_read_due(referral, alarming=alarming),
        **signature(move),
    )
    quoted = quoting.quoted_in(move)
    report.content_hash = content_hash(report, quoted)
    report.save(force_insert=True)
    quoting.keep_quotes(report, quoted, move.actor)
    referral.unread_reports += 1
    files.attach(body.get("attachment_ids", []), referral=referral, report=report, actor=move.actor)
    return report


def watch_unread(referral: Referral, report: Report, *, due_at: datetime) -> None:
    """Queues the reminder to read an interim report."""
    work.queue(UNREAD, report.id, organization_id=referral.sender_organization_id, due_at=due_at)


def content_hash(report: Report, quoted: Iterable[Note] = ()) -> str:
    """SHA-256 over the canonical JSON of what was signed, quoted notes included; a changed word gives another one."""
    content: dict[str, Any] = {name: getattr(report, name) for name in HASHED}
    content["referral_id"], content["signed_at"] = str(report.referral_id), report.signed_at.isoformat()
    if notes := quoting.hashed(quoted):
        content["quotes"] = notes
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def signature(move: Move) -> dict[str, Any]:
    if recorded := move.details.get("recorded"):
        return {
            "signature_kind": Report.SignatureKind.RECORDED_BY_SENDER,
            "signed_by": f"{recorded['who']} (recorded by {move.actor.display})",
            "signed_at": move.occurred_at or clock.now(),
        }
    if move.actor.kind == ActorKind.GUEST:
        return _of_guest(move)
    if elsewhere := move.details.get("signed_elsewhere"):
        return _elsewhere(move, elsewhere)
    return _here(move)


def _here(move: Move) -> dict[str, Any]:
    role = move.on_behalf_of
    if role is None or role.id not in move.actor.role_ids:
        raise Forbidden("A report is signed by a practitioner, signed in as themselves.", code="signature_required")
    gates.check_role(role, of_discipline=role.discipline, who="signer")
    return {
        "signature_kind": Report.SignatureKind.HERE,
        "signed_by_role": role,
        "signed_by": f"{role.practitioner}, {role.organization}",
        "signed_license": license_of(role),
        "signed_at": clock.now(),
    }


def _elsewhere(move: Move, elsewhere: dict[str, Any]) -> dict[str, Any]:
    role = (
        PractitionerRole.objects.select_related("practitioner", "organization")
        .filter(pk=elsewhere["practitioner_role_id"], organization_id=move.actor.organization_id, ended_at=None)
        .first()
    )
    if role is None:
        raise invalid(
            "/signed_elsewhere/practitioner_role_id", "There is no such role in your clinic.", code="unknown_role"
        )
    if role.transmission_agreed_at is None:
        raise Forbidden(
            f"{role.practitioner} has not agreed that this system delivers what they sign elsewhere.",
            code="transmission_not_agreed",
        )
    if elsewhere["signed_at"] > clock.now():
        raise invalid("/signed_elsewhere/signed_at", "This is in the future.", code="in_the_future")
    if move.referral.sent_at is not None and elsewhere["signed_at"] < move.referral.sent_at:
        raise invalid(
            "/signed_elsewhere/signed_at", "This is before the referral was sent.", code="before_the_referral"
        )
    gates.check_role(role, of_discipline=role.discipline, who="signer")
    return {
        "signature_kind": Report.SignatureKind.ELSEWHERE,
        "signed_by_role": role,
        "signed_by": f"{role.practitioner}, {role.organization}",
        "signed_license": license_of(role),
        "signed_at": elsewhere["signed_at"],
        "application_id": move.actor.application_id,
        "source": elsewhere["source"],
        "document_sha256": elsewhere.get("document_sha256", ""),
    }


def _of_guest(move: Move) -> dict[str, Any]:
    guest = Guest.objects.get(pk=move.referral.pk)
    if guest.attested_at is None:
        raise Forbidden("Say who you are first: name, clinic and license.", code="attestation_required")
    return {
        "signature_kind": Report.SignatureKind.GUEST,
        "signed_by": f"{guest.attested_name}, {guest.attested_clinic} ({guest.email})",
        "signed_license": f"{guest.license_kind} {guest.license_number}, {guest.license_place} (attested, not verified)",
        "signed_at": clock.now(),
    }


def license_of(role: PractitionerRole) -> str:
    """The license the signer held, as it stood at signing."""
    held = Credential.objects.filter(
        practitioner_id=role.practitioner_id, kind=Credential.Kind.LICENSE, discipline=role.discipline
    ).order_by("-expires_on")
    first = next((c for c in held if c.is_in_force(today_at(role.organization))), None)
    return f"{first.name} {first.number}, {first.jurisdiction}".strip(", ") if first else ""
