"""Sending mails: claimed in one transaction, sent outside of any, marked in another; at least once."""

import logging
from smtplib import SMTPException, SMTPRecipientsRefused
from uuid import UUID

from django.core.mail import EmailMessage
from django.db.models import Q

from backend.audit import work
from backend.clients.queries import consents_ending
from backend.directory.models import Organization
from backend.lib import clock
from backend.lib.actor import Actor, system_of
from backend.lib.unit_of_work import acting_as
from backend.links.actors import holder_of
from backend.links.models import Link
from backend.links.services import note_not_sent
from backend.notifications import doors, services, words
from backend.notifications.about_notes import SIGNATURES, signatures_waited_for
from backend.notifications.about_plans import PLANS, plans_waited_for
from backend.notifications.client_links import renew_own_link
from backend.notifications.models import Mail, Notice
from backend.notifications.told import (
    CLIENT,
    CLIENT_REMINDED,
    CONSENT_ENDS,
    EMERGENCY,
    GLASS_BROKEN,
    GUEST_ASKED,
    OWN_PAGE,
    TOLD,
    guest_mail,
)
from backend.referrals import workflow as w
from backend.referrals.models import Referral
from backend.referrals.workflow import WORKFLOW

log = logging.getLogger(__name__)
BOUNCED = "mail.bounced"


@work.handles(services.SEND)
def send_mail(claim: work.Claim) -> None:
    assert claim.organization_id is not None
    actor = system_of(claim.organization_id)
    with acting_as(actor):
        mail = Mail.objects.visible_to(actor).select_related("organization").locked().one(claim.subject_id)
        message = None if mail.is_over else compose(mail, actor)
        if message is None:
            _drop(mail)
            work.finish(claim)
            return
        mail.attempts += 1
        mail.save(update_fields=["attempts"])
    was_refused = False
    try:
        message.send()
    except SMTPRecipientsRefused:
        was_refused = True
    with acting_as(actor):
        if was_refused:
            services.mark_bounced(mail, actor)
        else:
            services.mark_sent(mail, actor)
        work.finish(claim)


def compose(mail: Mail, actor: Actor) -> EmailMessage | None:
    """The mail as it leaves; None when what it tells of was taken back, or its reader is gone."""
    text = _text_for_members(mail, actor) if mail.member_id else _text_behind_link(mail, actor)
    if text is None:
        return None
    headers = {"Message-ID": services.message_id(mail), "Auto-Submitted": "auto-generated"}
    return EmailMessage(mail.subject, text, words.from_address(mail.organization), [mail.to], headers=headers)


def deliver_code(link: Link, code: str) -> None:
    """Sends a code at once. A refused address is an event; when it did not leave, the page that waits for it says so."""
    actor = system_of(link.organization_id)
    with acting_as(actor):
        organization: Organization = Organization.objects.one(link.organization_id)
    message = EmailMessage(
        "Your code",
        words.for_code(code, organization),
        words.from_address(organization),
        [link.contact],
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except SMTPRecipientsRefused:
        with acting_as(actor):
            services.tell_of_bounce(link.pk, actor)
        with acting_as(holder_of(link)):
            note_not_sent(link)
    except (SMTPException, OSError):
        log.exception("a code of link %s was not sent", link.pk)
        with acting_as(holder_of(link)):
            note_not_sent(link)


@work.handles(services.NEW_LINK)
def renew_link(claim: work.Claim) -> None:
    """A new address to the same person, when the old one ran out by itself and the referral is still open to them."""

    def act() -> None:
        assert claim.organization_id is not None
        actor = system_of(claim.organization_id)
        old = Link.objects.visible_to(actor).filter(pk=claim.subject_id, revoked_at=None).first()
        if old is not None and old.referral_id is None:
            renew_own_link(old, actor, key=f"new_link:{claim.id}")
            return
        referral = _referral(old.referral_id, actor) if old and old.referral_id else None
        if old is None or referral is None or not _may_be_renewed(referral):
            return
        if services.was_renewed_enough(referral, actor):
            return
        is_guest = old.purpose == Link.Purpose.GUEST
        purpose = Link.Purpose(old.purpose)
        link = (
            doors.guest_link(referral, actor, may_make=True)
            if is_guest
            else doors.client_link(referral, purpose, actor)
        )
        if link is not None:
            services.write_mail(
                organization_id=referral.sender_organization_id,
                key=f"new_link:{claim.id}",
                kind="guest.new_link" if is_guest else "client.new_link",
                to=link.contact,
                subject="Your new link",
                hold_until=clock.now(),
                referral_id=referral.pk,
                link_id=link.pk,
            )

    work.do_in_organization(claim, act)


@work.handles(BOUNCED)
def note_bounce(claim: work.Claim) -> None:
    assert claim.organization_id is not None
    actor = system_of(claim.organization_id)
    with acting_as(actor):
        services.bounce(claim.subject_id, actor)
        work.finish(claim)


def _may_be_renewed(referral: Referral) -> bool:
    if referral.content_gone_because or referral.state == w.DRAFT:
        return False
    return referral.closed_at is None or referral.closed_at + doors.AFTER_THE_END > clock.now()


def _drop(mail: Mail) -> None:
    if not mail.is_over:
        mail.dropped_at = clock.now()
        mail.save(update_fields=["dropped_at"])


def _text_for_members(mail: Mail, actor: Actor) -> str | None:
    """One notice, or the day's digest. Notices that lost their reason are left out."""
    member = mail.member
    if member is None or member.ended_at is not None:
        return None
    if mail.kind == EMERGENCY and mail.client_id is not None:
        return words.for_member([(GLASS_BROKEN, words.client_address(mail.client_id))])
    waiting = Q(mail=mail) if mail.kind != "digest" else Q(mail=mail) | Q(mail=None)
    notices = Notice.objects.visible_to(actor).filter(waiting, member_id=member.pk).order_by("created_at", "id")
    lines = []
    for notice in notices:
        referral = _referral(notice.referral_id, actor)
        if referral is not None and _still_true(notice.event_type, notice.told_state, notice.side, referral):
            lines.append((words.line(notice.event_type, notice.side, referral), words.referral_address(referral)))
    notices.update(mail=mail)
    if mail.event_type == CONSENT_ENDS and (ending := consents_ending(actor).count()):
        lines.append((words.consents_line(ending), words.consents_address()))
    if mail.kind in ("digest", SIGNATURES):
        lines += signatures_waited_for(member)
    if mail.kind in ("digest", PLANS):
        lines += plans_waited_for(member)
    return words.for_member(list(dict.fromkeys(lines))) if lines else None


def _text_behind_link(mail: Mail, actor: Actor) -> str | None:
    link = Link.objects.visible_to(actor).filter(pk=mail.link_id).first() if mail.link_id else None
    if mail.kind in OWN_PAGE:
        if link is None or not link.is_live:
            return None
        return words.for_client(OWN_PAGE[mail.kind][1], mail.organization, link)
    referral = _referral(mail.referral_id, actor) if mail.referral_id else None
    if link is None or not link.is_live or referral is None or referral.content_gone_because:
        return None
    if mail.kind == "guest.new_link":
        return words.for_guest("Here is your new link to the request of {clinic}{by}.", referral, link)
    if mail.kind == "client.new_link":
        return words.for_client("Here is your new link.", mail.organization, link)
    if mail.kind == "guest":
        asks = mail.event_type in GUEST_ASKED
        if (asks and referral.state != mail.told_state) or _was_taken_back(mail.event_type, mail.told_state, referral):
            return None
        return words.for_guest(guest_mail(mail.event_type, is_advice=referral.is_advice)[1], referral, link)
    if referral.state != mail.told_state:
        return None
    _, sentence = CLIENT.get(mail.event_type, CLIENT_REMINDED)
    return words.for_client(sentence, mail.organization, link)


def _still_true(event_type: str, told_state: str, side: str, referral: Referral) -> bool:
    if side == "recipient" and referral.content_gone_because and event_type != "referral.withdrawn":
        return False
    if TOLD[event_type].asks and referral.state != told_state:
        return False
    return not _was_taken_back(event_type, told_state, referral)


def _was_taken_back(event_type: str, told_state: str, referral: Referral) -> bool:
    """Whether the referral stands again where the step it tells of began."""
    if referral.state == told_state:
        return False
    return any(row.event == event_type and referral.state in row.sources for row in WORKFLOW.rows)


def _referral(referral_id: UUID, actor: Actor) -> Referral | None:
    rows = Referral.objects.visible_to(actor).select_related(
        "sender_organization", "sender_role__practitioner", "recipient_organization"
    )
    return rows.filter(pk=referral_id).first()
