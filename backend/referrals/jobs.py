"""What the worker does with referrals: reminders, lapses, delivery, the end of a consent, roles that end."""

from uuid import UUID

from django.db.models import Q

from backend.audit import reactions, work
from backend.audit.models import Event
from backend.clients.models import Client, Consent
from backend.directory import services as directory
from backend.lib import clock
from backend.lib.actor import Actor, system_of
from backend.lib.unit_of_work import acting_as
from backend.referrals import deadlines, gates, reports, services
from backend.referrals import workflow as w
from backend.referrals.models import Referral, Report

CONSENT_ENDED = "referral.consent_ended"
# To the party that has the move; at the due time both sides learn that it is overdue.
REMINDERS = {"remind": "referral.reminded", "overdue": "referral.overdue"}


@work.handles(services.CLOCK)
def clock_struck(claim: work.Claim) -> None:
    """Does the one thing that is due now; what comes next is queued again by doing it."""
    assert claim.organization_id is not None
    actor = system_of(claim.organization_id)
    with acting_as(actor):
        referral = services.locked(claim.subject_id, actor)  # first, as everybody: then the row of work
        work.finish(claim)
        timer = deadlines.next_timer(referral)
        if timer is None or timer.at > clock.now():
            services.set_clock(referral)
        elif gates.client_died(referral):
            go_on_in_silence(referral, timer.action, actor)
        elif timer.action in REMINDERS:
            services.record(REMINDERS[timer.action], referral, actor)
            count_reminder(referral)
        else:
            services.move_referral(referral.id, timer.action, actor=actor)


def count_reminder(referral: Referral) -> None:
    referral.reminders += 1
    referral.version += 1
    referral.updated_at = clock.now()
    referral.save(update_fields=["reminders", "version", "updated_at"])
    services.set_clock(referral)


def go_on_in_silence(referral: Referral, action: str, actor: Actor) -> None:
    """After a death nobody is reminded; what ends by itself still does, and what has not begun is withdrawn."""
    if referral.state in w.BEFORE_CARE:
        services.move_referral(referral.id, "withdraw", actor=actor, reason="client_died")
    elif action in REMINDERS:
        count_reminder(referral)
    else:
        services.move_referral(referral.id, action, actor=actor)


@work.handles(reports.UNREAD)
def report_unread(claim: work.Claim) -> None:
    """An interim report has a due time of its own until it is read: the sender is reminded then, and every week after."""
    assert claim.organization_id is not None
    actor = system_of(claim.organization_id)
    with acting_as(actor):
        report = Report.objects.visible_to(actor).valid().filter(pk=claim.subject_id, read_at=None).first()
        referral = services.locked(report.referral_id, actor) if report else None
        work.finish(claim)
        if report is None or referral is None or referral.state in w.FINISHED or gates.client_died(referral):
            return
        services.record("referral.report_unread", referral, actor, related={"report_id": str(report.id)})
        reports.watch_unread(referral, report, due_at=clock.now() + deadlines.REMIND_AGAIN)


@reactions.on("referral.sent")
@reactions.on("referral.consent_given")
def deliver(event: Event) -> None:
    """The recipient's copy of the event has arrived: that is delivery to a clinic here."""
    actor = system_of(event.organization_id)
    referral = Referral.objects.visible_to(actor).filter(pk=event.subject_id, delivered_at=None).first()
    if referral is None or referral.recipient_organization_id != event.organization_id:
        return
    services.mark_delivered(referral, actor)


def end_with_consent(consent: Consent, actor: Actor) -> None:
    """Called in the transaction of a withdrawal or an expiry: queues the end of what waited under this consent.

    Of the client's referrals that the caller sees; each clinic of the circle queues its own when it hears of it.
    """
    queue_end_with_consent(consent.client_id, consent.pk, actor)


@reactions.on("consent.withdrawn")
@reactions.on("consent.expired")
def end_elsewhere_with_consent(event: Event) -> None:
    """What this clinic had sent, when another clinic of the circle wrote the withdrawal down."""
    if event.client_id is not None:
        queue_end_with_consent(event.client_id, event.subject_id, system_of(event.organization_id))


def queue_end_with_consent(client_id: UUID, consent_id: UUID, actor: Actor) -> None:
    """Whether another consent still covers a referral is asked when the work is done."""
    open_ones = Referral.objects.visible_to(actor).filter(
        Q(consent_id=consent_id) | ~Q(state=w.AWAITING_CONSENT),
        client_id=client_id,
        state__in=w.WORKFLOW["consent_ended"].sources,
    )
    work.queue_all(
        CONSENT_ENDED,
        [(pk, org) for pk, org in open_ones.values_list("id", "sender_organization_id")],
        due_at=clock.now(),
    )


@work.handles(CONSENT_ENDED)
def consent_ended(claim: work.Claim) -> None:
    def act() -> None:
        assert claim.organization_id is not None
        actor = system_of(claim.organization_id)
        referral = Referral.objects.visible_to(actor).one(claim.subject_id)
        if referral.state in w.WORKFLOW["consent_ended"].sources and not gates.consent_holds(referral):
            services.move_referral(referral.id, "consent_ended", actor=actor)

    work.do_in_organization(claim, act)


def end_with_death(client: Client, actor: Actor) -> None:
    """Called in the transaction that records a death: what has not begun ends, what has waits for its final report."""
    end_for(client.pk, actor)


def end_for(client_id: UUID, actor: Actor) -> None:
    """What this organization sent and has not begun is withdrawn; the clock of the rest goes on in silence."""
    mine = Referral.objects.visible_to(actor).filter(
        client_id=client_id, sender_organization_id=actor.organization_id, state__in=w.BEFORE_CARE
    )
    system = system_of(actor.organization_id) if actor.organization_id else actor
    for referral in mine:
        services.move_referral(referral.id, "withdraw", actor=system, reason="client_died")


@reactions.on("client.deceased")
def end_elsewhere_with_death(event: Event) -> None:
    """The same for what other clinics of the circle had sent."""
    end_for(event.subject_id, system_of(event.organization_id))


@reactions.on("practitioner_role.ended")
def hand_over(event: Event) -> None:
    """A role ended: its open referrals go to the organization's queue, both sides are told, due times stand."""
    actor = system_of(event.organization_id)
    role_id = event.subject_id
    held = Referral.objects.visible_to(actor).filter(
        Q(sender_role_id=role_id) | Q(recipient_role_id=role_id), state__in=w.UNFINISHED
    )
    for pk in held.values_list("id", flat=True):
        referral = services.locked(pk, actor)
        if referral.recipient_role_id == role_id:
            referral.recipient_role = None
        if referral.sender_role_id == role_id and referral.state != w.DRAFT:
            referral.sender_role = None
        referral.version += 1
        referral.updated_at = clock.now()
        referral.save(update_fields=["recipient_role", "sender_role", "version", "updated_at"])
        services.record("referral.handed_over", referral, actor, related={"practitioner_role_id": str(role_id)})


@reactions.on("referral.accepted")
@reactions.on("referral.declined")
def measure_answer(event: Event) -> None:
    """How long the recipient took to answer, for matching. Runs once per event, in the recipient's copy."""
    actor = system_of(event.organization_id)
    referral = Referral.objects.visible_to(actor).filter(pk=event.subject_id).first()
    if referral is None or referral.recipient_organization_id != event.organization_id or referral.sent_at is None:
        return
    if referral.recipient_role_id is not None:
        minutes = int((event.recorded_at - referral.sent_at).total_seconds() // 60)
        directory.record_answer(referral.recipient_role_id, referral.sender_organization_id, minutes)
