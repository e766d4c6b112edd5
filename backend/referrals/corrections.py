"""What was signed or sent by mistake: it stays, struck through, and is gone for the other side when it was about another client."""

from uuid import UUID

from backend.clients.policies import SAID_ALREADY, WRONG_CLIENT, says_more
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import Conflict, Forbidden
from backend.referrals import services
from backend.referrals.models import Message, Referral, Report
from backend.referrals.models.content import CanBeInError


def enter_report_in_error(referral_id: UUID, report_id: UUID, *, actor: Actor, reason: str, note: str = "") -> Report:
    """Says that a report was a mistake. By its author or an admin of that clinic; a system, what it delivered itself.

    The referral keeps its state: the sender is told, and returns the report or closes the loop. That it is about a wrong
    client can be said also of one that is in error for another reason.
    """
    referral = services.locked(referral_id, actor)
    report: Report = Report.objects.visible_to(actor).filter(referral=referral).one(report_id)
    if not _is_ones_own(report, actor):
        raise Forbidden(
            "Only who signed this report, or an admin of that clinic, says that it was a mistake.",
            code="not_the_author",
        )
    if report.read_at is None and report.in_error_at is None:
        referral.unread_reports -= 1
    _enter_in_error(report, actor, reason, note)
    _count(referral)
    services.record("referral.report_entered_in_error", referral, actor, related={"report_id": str(report.id)})
    return report


def enter_message_in_error(
    referral_id: UUID, message_id: UUID, *, actor: Actor, reason: str, note: str = ""
) -> Message:
    """The same for a message."""
    referral = services.locked(referral_id, actor)
    message: Message = Message.objects.visible_to(actor).filter(referral=referral).one(message_id)
    wrote = actor.member_id is not None and actor.member_id == message.member_id
    if not (wrote or _is_admin_of(message.organization_id, actor)):
        raise Forbidden(
            "Only who wrote this message, or an admin of that clinic, says that it was a mistake.",
            code="not_the_author",
        )
    _enter_in_error(message, actor, reason, note)
    _count(referral)
    services.record("referral.message_entered_in_error", referral, actor, related={"message_id": str(message.id)})
    return message


def can_enter_in_error(report: Report, actor: Actor) -> bool:
    """Whether this caller may still say of a report that it was a mistake, or that it is about a wrong client, too."""
    return _is_ones_own(report, actor) and report.in_error_reason != WRONG_CLIENT


def _is_ones_own(report: Report, actor: Actor) -> bool:
    return _signed(report, actor) or _is_admin_of(_clinic_of(report), actor)


def _signed(report: Report, actor: Actor) -> bool:
    if actor.kind == ActorKind.SYSTEM:
        return report.application_id is not None and report.application_id == actor.application_id
    return report.signed_by_role_id is not None and report.signed_by_role_id in actor.role_ids


def _clinic_of(report: Report) -> UUID | None:
    """The sender's staff wrote down what a guest said; a guest's own report is nobody's here."""
    if report.signature_kind == Report.SignatureKind.RECORDED_BY_SENDER:
        return report.referral.sender_organization_id
    return report.organization_id


def _is_admin_of(organization_id: UUID | None, actor: Actor) -> bool:
    return actor.has_right("admin") and organization_id is not None and organization_id == actor.organization_id


def _enter_in_error(written: CanBeInError, actor: Actor, reason: str, note: str) -> None:
    if written.in_error_at is not None and not says_more(reason, written.in_error_reason):
        raise Conflict(SAID_ALREADY, code="already_in_error")
    written.in_error_at, written.in_error_by = clock.now(), actor.display
    written.in_error_reason, written.in_error_note = reason, note
    written.save(update_fields=["in_error_at", "in_error_by", "in_error_reason", "in_error_note"])


def _count(referral: Referral) -> None:
    referral.version += 1
    referral.updated_at = clock.now()
    referral.save(update_fields=["version", "updated_at", "unread_reports"])
