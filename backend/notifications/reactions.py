"""From events of referrals to mails and notices: who is told, when, and once."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.audit import reactions
from backend.audit.models import Event
from backend.clients.models import Consent
from backend.directory.models import Application, Member
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind, system_of
from backend.lib.worktime import outside_night
from backend.links.models import Link
from backend.notifications import doors, services, words
from backend.notifications.models import Mail, Notice
from backend.notifications.told import CLIENT, CLIENT_REMINDED, CONSENT_ENDS, GUEST, INVITES, TOLD, guest_mail
from backend.referrals import deadlines
from backend.referrals import workflow as w
from backend.referrals.models import Referral

SENDER, RECIPIENT = w.SENDER, w.RECIPIENT
TIMED = frozenset({"referral.reminded", "referral.overdue"})
QUEUE = ("practitioner", "coordinator")
DESK = ("coordinator", "admin")
ADMIN_HEARS_AFTER = 2


@reactions.on("referral.*")
def tell(event: Event) -> None:
    """Everything this organization's copy of the event asks for. Running it again writes nothing more."""
    actor = system_of(event.organization_id)
    referral = (
        Referral.objects.visible_to(actor)
        .select_related(
            "sender_organization",
            "recipient_organization",
            "sender_role__practitioner",
            "recipient_role__practitioner",
            "client",
        )
        .filter(pk=event.subject_id)
        .first()
    )
    if referral is None:
        return
    for side in (SENDER, RECIPIENT):
        if _organization_on(side, referral) == event.organization_id and _is_told(side, event, referral):
            for member in members_on(side, event, referral):
                tell_member(member, side, event, referral)
    if referral.sender_organization_id == event.organization_id:
        doors.keep_links(referral, actor)
        tell_guest(event, referral, actor)
        tell_client(event, referral, actor)


@reactions.on("client.deceased")
def stop_elsewhere(event: Event) -> None:
    """The other clinics of the circle stop what they had waiting, too."""
    services.stop_mails_of(event.subject_id, system_of(event.organization_id))


@reactions.on(CONSENT_ENDS)
def tell_of_consent_that_ends(event: Event) -> None:
    """Who wrote the client's yes down is asked to renew it; else whoever works at that clinic."""
    actor = system_of(event.organization_id)
    consent = Consent.objects.visible_to(actor).in_force().filter(pk=event.subject_id).first()
    if consent is None or consent.organization_id != event.organization_id:
        return
    here = Member.objects.filter(organization_id=event.organization_id, ended_at=None).select_related(
        "user", "organization"
    )
    queue = list(here.filter(rights__overlap=list(QUEUE)))
    for member in [m for m in queue if m.pk == consent.recorded_by_member_id] or queue:
        if member.daily_digest:
            digest = mail_in_digest(member)
            digest.event_type = CONSENT_ENDS
            digest.save(update_fields=["event_type"])
        else:
            _mail_of_consent(member, event)


def _mail_of_consent(member: Member, event: Event) -> None:
    services.write_mail(
        organization_id=member.organization_id,
        key=f"{event.change_id}:{member.pk}",
        kind="consent",
        to=member.user.email,
        subject="A consent ends soon",
        hold_until=outside_night(clock.now(), member.organization.time_zone, (member.quiet_from, member.quiet_until)),
        event_type=CONSENT_ENDS,
        member=member,
    )


# --- members ------------------------------------------------------------------------------------------------------


def _organization_on(side: str, referral: Referral) -> UUID | None:
    return referral.sender_organization_id if side == SENDER else referral.recipient_organization_id


def _is_told(side: str, event: Event, referral: Referral) -> bool:
    told = TOLD.get(event.type)
    if told is None or not told.line(side):
        return False
    mover = w.STATES[referral.state].mover
    if event.type == "referral.reminded":
        return mover == side
    if event.type == "referral.overdue":
        return mover == side or side == SENDER or deadlines.drags_on(referral)
    if event.type == "referral.message_added":
        return _came_from(event, referral) != side
    if event.type == "referral.acknowledged":
        return str(referral.closed_how) == "acknowledged"
    if event.type == "referral.withdrawn" and side == SENDER:
        return _nobody_pressed(event)
    if event.type == "referral.assigned":
        role = referral.sender_role_id if side == SENDER else referral.recipient_role_id
        return bool(str(role) == event.related.get("practitioner_role_id"))
    return True


def _came_from(event: Event, referral: Referral) -> str:
    """The side that did it; the guest and the client have no organization."""
    if event.actor_kind in (ActorKind.GUEST, ActorKind.CLIENT):
        return RECIPIENT
    role = event.actor_role_id
    if referral.is_inside_one_organization:
        return SENDER if role is not None and role == referral.sender_role_id else RECIPIENT
    return SENDER if is_by(event, referral.sender_organization_id) else RECIPIENT


def is_by(event: Event, organization_id: UUID) -> bool:
    """Whether a member or a system of this organization did it."""
    by_member = Member.objects.filter(pk__in=[event.actor_member_id], organization_id=organization_id)
    by_system = Application.objects.filter(pk__in=[event.actor_application_id], organization_id=organization_id)
    return by_member.exists() or by_system.exists()


def members_on(side: str, event: Event, referral: Referral) -> list[Member]:
    """The assigned colleague, else whoever works the clinic's queue; never who did it."""
    role = referral.sender_role if side == SENDER else referral.recipient_role
    here = Member.objects.filter(organization_id=event.organization_id, ended_at=None).select_related(
        "user", "organization"
    )
    if event.type in TIMED and deadlines.drags_on(referral):
        return list(here.filter(rights__overlap=list(DESK)))
    account = role.practitioner.user_id if role is not None and role.ended_at is None else None
    assigned = list(here.filter(user_id=account)) if account is not None else []
    found = assigned or list(here.filter(rights__overlap=list(QUEUE)))
    if event.type in TIMED and referral.state == w.REPORTED and referral.reminders >= ADMIN_HEARS_AFTER:
        found += here.filter(rights__contains=["admin"])
    return [m for m in dict.fromkeys(found) if m.pk != event.actor_member_id]


def tell_member(member: Member, side: str, event: Event, referral: Referral) -> None:
    """A notice, and the mail that will carry it: at once when it cannot wait, else the member's next digest."""
    notice, is_new = Notice.objects.get_or_create(
        change_id=event.change_id,
        member=member,
        defaults={
            "organization_id": member.organization_id,
            "event_type": event.type,
            "side": side,
            "told_state": referral.state,
            "referral_id": referral.pk,
        },
    )
    if not is_new:
        return
    if cannot_wait(referral) or event.type == "referral.mail_bounced" or not member.daily_digest:
        notice.mail = _mail_now(member, side, event, referral)
        notice.save(update_fields=["mail"])
    else:
        mail_in_digest(member)


def cannot_wait(referral: Referral) -> bool:
    """Priority asap, a red flag, or a report that carries one: told at once, also at night."""
    return (
        referral.priority == Referral.Priority.ASAP
        or referral.has_red_flag
        or (referral.state == w.REPORTED and deadlines.is_alarming(referral))
    )


def _mail_now(member: Member, side: str, event: Event, referral: Referral) -> Mail | None:
    at = clock.now() if event.type in TIMED else clock.now() + services.hold()
    if not cannot_wait(referral):
        at = outside_night(at, member.organization.time_zone, (member.quiet_from, member.quiet_until))
    return services.write_mail(
        organization_id=member.organization_id,
        key=f"{event.change_id}:{member.pk}",
        kind="notice",
        to=member.user.email,
        subject=words.line(event.type, side, referral),
        hold_until=at,
        event_type=event.type,
        told_state=referral.state,
        referral_id=referral.pk,
        member=member,
    )


def mail_in_digest(member: Member) -> Mail:
    """The member's next digest."""
    at = next_morning(clock.now(), member)
    key = f"digest:{at.astimezone(ZoneInfo(member.organization.time_zone)).date()}:{member.pk}"
    written = services.write_mail(
        organization_id=member.organization_id,
        key=key,
        kind="digest",
        to=member.user.email,
        subject=f"What is new at {words.one_line(member.organization.name)}",
        hold_until=at,
        member=member,
    )
    return written or Mail.objects.get(organization_id=member.organization_id, key=key)


def mail_of_what_waits(member: Member, kind: str, subject: str) -> None:
    """In the member's next digest, else in one mail a day: what waits is counted when it leaves.

    When today's has left already, it is tomorrow's.
    """
    if member.daily_digest:
        mail_in_digest(member)
        return
    now, zone = clock.now(), member.organization.time_zone
    today = outside_night(now, zone, (member.quiet_from, member.quiet_until))
    for leaves_at in (today, next_morning(now, member)):
        key = f"{kind}:{leaves_at.astimezone(ZoneInfo(zone)).date()}:{member.pk}"
        services.write_mail(
            organization_id=member.organization_id,
            key=key,
            kind=kind,
            to=member.user.email,
            subject=subject,
            hold_until=leaves_at,
            member=member,
        )
        if not Mail.objects.get(organization_id=member.organization_id, key=key).is_over:
            return


def next_morning(now: datetime, member: Member) -> datetime:
    """When the member's quiet hours end next, by the clock of their clinic."""
    zone = ZoneInfo(member.organization.time_zone)
    today = now.astimezone(zone).date()
    this_morning = datetime.combine(today, member.quiet_until, zone)
    return this_morning if this_morning > now else datetime.combine(today + timedelta(days=1), member.quiet_until, zone)


# --- guests and clients -------------------------------------------------------------------------------------------


def tell_guest(event: Event, referral: Referral, actor: Actor) -> None:
    """A colleague without an account gets a mail with the link; one who has claimed it is told as a member."""
    if not referral.is_guest or referral.recipient_organization_id or event.type not in GUEST or _is_over(referral):
        return
    if event.actor_kind == ActorKind.GUEST or not _guest_is_asked(event, referral):
        return
    invites = event.type in INVITES
    if not invites and not _was_invited(referral, actor):
        return
    link = doors.guest_link(referral, actor, may_make=invites)
    if link is not None:
        write_behind_link("guest", guest_mail(event.type, is_advice=referral.is_advice)[0], link, event, referral)


def _guest_is_asked(event: Event, referral: Referral) -> bool:
    if event.type in TIMED:
        return w.STATES[referral.state].mover == RECIPIENT
    if event.type == "referral.acknowledged":
        return referral.closed_how == "acknowledged"
    return True


def _was_invited(referral: Referral, actor: Actor) -> bool:
    """Nobody is told that something ended which they never heard of."""
    mails = Mail.objects.visible_to(actor).filter(referral_id=referral.pk, kind="guest")
    return mails.filter(sent_at__isnull=False).exists()


def tell_client(event: Event, referral: Referral, actor: Actor) -> None:
    """The client gets a link when it is their move, and when somebody else moved their visit."""
    if referral.client_id is None or event.actor_kind == ActorKind.CLIENT or _is_over(referral):
        return
    purposes = {w.AWAITING_CONSENT: Link.Purpose.CONSENT, w.TIMES_OFFERED: Link.Purpose.TIMES}
    if event.type == "referral.reminded" and w.STATES[referral.state].mover == w.CLIENT:
        subject, purpose = CLIENT_REMINDED[0], purposes[referral.state]
    elif event.type in CLIENT:
        subject, purpose = CLIENT[event.type][0], purposes.get(referral.state, Link.Purpose.CLIENT)
    else:
        return
    link = doors.client_link(referral, purpose, actor)
    if link is not None:
        clinic = words.one_line(referral.sender_organization.name)
        write_behind_link("client", subject.format(clinic=clinic), link, event, referral)


def _is_over(referral: Referral) -> bool:
    """Sent in error, or the client died: no more mails."""
    return bool(referral.content_gone_because) or (referral.client is not None and referral.client.status == "deceased")


def _nobody_pressed(event: Event) -> bool:
    """The service did it itself, because of the clock or of something else that happened."""
    return event.actor_kind == ActorKind.SYSTEM and event.actor_application_id is None


def write_behind_link(kind: str, subject: str, link: Link, event: Event, referral: Referral) -> None:
    at = clock.now() + services.hold()
    if _nobody_pressed(event):
        at = outside_night(clock.now(), referral.sender_organization.time_zone)
    services.write_mail(
        organization_id=referral.sender_organization_id,
        key=f"{event.change_id}:{kind}",
        kind=kind,
        to=link.contact,
        subject=subject,
        hold_until=at,
        event_type=event.type,
        told_state=referral.state,
        referral_id=referral.pk,
        link_id=link.pk,
    )
