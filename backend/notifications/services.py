"""Writing mails and notices, and what becomes of them: held, sent, dropped, bounced."""

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction

from backend.audit import work
from backend.clients.models import Client
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind, system_of
from backend.lib.problems import Conflict, Forbidden, TooMany, invalid
from backend.lib.unit_of_work import acting_as
from backend.links.models import Link
from backend.links.services import revoke_links_of_client, revoke_links_of_referral
from backend.notifications import doors
from backend.notifications.models import Mail
from backend.notifications.told import INVITES
from backend.referrals import gates, policies
from backend.referrals import workflow as w
from backend.referrals.models import Guest, Referral
from backend.referrals.services import locked, mark_delivered, record

SEND, NEW_LINK = "mail.send", "mail.new_link"
RENEWALS_A_DAY = 3
MESSAGE_ID = re.compile(r"<?(?P<mail>[0-9a-f-]{36})\.(?P<organization>[0-9a-f-]{36})@[^<>@]*>?")


def hold() -> timedelta:
    """How long a mail waits, in domain time, so that what is taken back within it sends nothing."""
    return timedelta(seconds=settings.MAIL_HOLD_SECONDS)


def write_mail(
    *, organization_id: UUID, key: str, kind: str, to: str, subject: str, hold_until: datetime, **more: object
) -> Mail | None:
    """A mail that will be sent when its hold is over, or None when it was written before."""
    mail, is_new = Mail.objects.get_or_create(
        organization_id=organization_id,
        key=key,
        defaults={"kind": kind, "to": to, "subject": subject[:200], "hold_until": hold_until, **more},
    )
    if not is_new:
        return None
    work.queue(SEND, mail.pk, organization_id=organization_id, due_at=hold_until)
    return mail


def message_id(mail: Mail) -> str:
    """The same for every try, so that a mail that arrives twice can be told from two mails."""
    return f"<{mail.pk}.{mail.organization_id}@{urlsplit(settings.BASE_URL).hostname or 'trialogue'}>"


def mail_named(message_id: str) -> tuple[UUID, UUID] | None:
    """The mail and the clinic in a Message-ID of ours; None for any other."""
    found = MESSAGE_ID.fullmatch(message_id.strip())
    try:
        return (UUID(found["mail"]), UUID(found["organization"])) if found else None
    except ValueError:
        return None


def record_bounce(message_id: str) -> bool:
    """A mail came back: an event at once, and the sender is told. False for an id that is no mail of ours.

    Called outside of a request's transaction: by the worker, or a command that reads a mailbox of bounces.
    """
    named = mail_named(message_id)
    if named is None:
        return False
    mail_id, organization_id = named
    actor = system_of(organization_id)
    with acting_as(actor):
        return bounce(mail_id, actor)


def bounce(mail_id: UUID, actor: Actor) -> bool:
    """Inside a transaction of the clinic that sent it. False when it is not theirs, or its bounce is known."""
    mail = Mail.objects.visible_to(actor).locked().filter(pk=mail_id, bounced_at=None).first()
    if mail is None:
        return False
    mark_bounced(mail, actor)
    return True


def mark_sent(mail: Mail, actor: Actor) -> None:
    """The mail left. The one that invites a guest is the delivery of the referral."""
    Mail.objects.visible_to(actor).filter(pk=mail.pk).update(sent_at=clock.now())
    if mail.kind == "guest" and mail.event_type in INVITES and mail.referral_id is not None:
        mark_delivered(locked(mail.referral_id, actor), actor)


def mark_bounced(mail: Mail, actor: Actor) -> None:
    """Inside a transaction of the clinic that sent it."""
    mail.bounced_at = clock.now()
    mail.save(update_fields=["bounced_at"])
    if mail.link_id is not None:
        tell_of_bounce(mail.link_id, actor)


def tell_of_bounce(link_id: UUID, actor: Actor) -> None:
    """The address behind a link does not take mail."""
    link = Link.objects.visible_to(actor).filter(pk=link_id).first()
    if link is None or link.referral_id is None:
        return
    referral = Referral.objects.visible_to(actor).filter(pk=link.referral_id).first()
    if referral is None:
        return
    if link.purpose == Link.Purpose.GUEST:
        Guest.objects.visible_to(actor).filter(pk=referral.pk).update(bounced_at=clock.now())
    record("referral.mail_bounced", referral, actor, related={"link_id": str(link.pk)})


def ask_for_new_link(link: Link) -> None:
    """Whoever holds an old address asks for a new one; it goes to the same address as before, when it still may."""
    work.queue(NEW_LINK, link.pk, organization_id=link.organization_id, due_at=clock.now())


def end_guest_link(referral_id: UUID, *, actor: Actor) -> Referral:
    """The sender ends the guest's link: whoever holds the address is out with their next press.

    409 when there is none. An answer can still be recorded by hand, and a fresh link be sent.
    """
    referral = _open_to_a_guest(referral_id, actor)
    if not doors.end_guest_links(referral, actor):
        raise Conflict("There is no link to end.", code="no_link")
    record("referral.link_ended", referral, actor)
    return referral


def send_fresh_link(referral_id: UUID, *, actor: Actor) -> Mail | None:
    """The sender sends the guest a new link to the same address; the earlier ones end.

    409 for a guest without an address, 429 when too many went out within a day.
    """
    referral = _open_to_a_guest(referral_id, actor)
    guest = Guest.objects.visible_to(actor).filter(pk=referral.pk).first()
    if guest is None or not guest.email:
        raise Conflict("There is no e-mail address to send a link to; record the answer by hand.", code="no_address")
    if was_renewed_enough(referral, actor):
        raise TooMany("Three links went out within a day. Ring them, or try again tomorrow.", code="too_many_links")
    doors.end_guest_links(referral, actor)
    link = doors.make_guest_link(referral, guest.email, actor)
    record("referral.link_sent", referral, actor, related={"link_id": str(link.pk)})
    return write_mail(
        organization_id=referral.sender_organization_id,
        key=f"new_link:{link.pk}",
        kind="guest.new_link",
        to=link.contact,
        subject="Your new link",
        hold_until=clock.now() + hold(),
        referral_id=referral.pk,
        link_id=link.pk,
    )


def correct_guest_address(referral_id: UUID, *, actor: Actor, email: str) -> Referral:
    """The same person at another address, in the referral and in the client's yes; the old link ends, a new one is mailed.

    409 once somebody has opened it: then another address is another person, and the client is asked again.
    """
    referral = _open_to_a_guest(referral_id, actor)
    gates.check_client_lives(referral)
    guest = Guest.objects.visible_to(actor).locked().get(pk=referral.pk)
    address = checked_address(email)
    if address == guest.email:
        raise Conflict("It went to this address already; send a fresh link.", code="same_address")
    opened = Link.objects.visible_to(actor).filter(referral_id=referral.pk, purpose=Link.Purpose.GUEST)
    if guest.attested_at or referral.opened_at or opened.exclude(opened_at=None).exists():
        raise Conflict(
            "Somebody has opened it at the address it went to. Withdraw it, and send another with a yes that names the new one.",
            code="already_opened",
        )
    if not gates.consent_holds(referral):
        raise gates.consent_missing(referral)
    doors.end_guest_links(referral, actor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT correct_guest_address(%s, %s)", [referral.pk, address])
    referral.version += 1
    referral.updated_at = clock.now()
    referral.save(update_fields=["version", "updated_at"])
    related = {"consent_id": str(referral.consent_id)} if referral.consent_id else {}
    record("referral.guest_address_corrected", referral, actor, related=related)
    return referral


def checked_address(email: str) -> str:
    try:
        validate_email(email)
    except ValidationError as error:
        raise invalid("/email", "This is not an e-mail address.") from error
    return email.strip().lower()


def was_renewed_enough(referral: Referral, actor: Actor) -> bool:
    """Whether as many new links went out within a day as may."""
    renewed = Mail.objects.visible_to(actor).filter(referral_id=referral.pk, kind__endswith=".new_link")
    return renewed.filter(created_at__gt=clock.now() - timedelta(days=1)).count() >= RENEWALS_A_DAY


def is_open_to_a_guest(referral: Referral) -> bool:
    """Sent to a colleague without an account, who has not claimed it, and not finished."""
    unsent = (w.DRAFT, w.AWAITING_CONSENT)
    return (
        referral.is_guest
        and referral.recipient_organization_id is None
        and referral.state not in (*unsent, *w.FINISHED)
        and not referral.content_gone_because
    )


def _open_to_a_guest(referral_id: UUID, actor: Actor) -> Referral:
    """The caller's own referral, locked."""
    referral = locked(referral_id, actor)
    if referral.sender_organization_id != actor.organization_id:
        raise Forbidden("Only the sender does that.", code="wrong_party")
    policies.refuse_who_writes_none(actor)
    if not is_open_to_a_guest(referral):
        raise Conflict("This referral is not open to a colleague without an account.", code="not_open_to_a_guest")
    return referral


def stop_with_death(client: Client, actor: Actor) -> None:
    """In the transaction that records a death: no link leads to the client's page, no mail leaves.

    A guest who has begun care keeps the link for the final report.
    """
    if actor.organization_id is None and actor.kind != ActorKind.CLIENT:
        return
    revoke_links_of_client(client.pk)
    stop_mails_of(client.pk, actor)


def stop_mails_of(client_id: UUID, actor: Actor) -> None:
    """What the actor's clinic had waiting for guests and the client."""
    mails = Mail.objects.visible_to(actor).filter(client_id=client_id, member=None, sent_at=None, dropped_at=None)
    mails.update(dropped_at=clock.now())
    mine = Referral.objects.visible_to(actor).filter(client_id=client_id, sender_organization_id=actor.organization_id)
    for referral in mine:
        if referral.state not in (w.IN_CARE, w.CANCELLATION_REQUESTED):
            revoke_links_of_referral(referral.pk, actor=actor)
        waiting = Mail.objects.visible_to(actor).filter(referral_id=referral.pk, member=None, sent_at=None)
        waiting.filter(dropped_at=None).update(dropped_at=clock.now())


def send_code(link: Link, code: str) -> None:
    """Mails a one-time code when this transaction is over. The code is kept nowhere but in that mail."""
    from backend.notifications.sending import deliver_code

    transaction.on_commit(lambda: deliver_code(link, code))
