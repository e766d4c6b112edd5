"""What each transition changes besides the state: one small function per transition, found by its name."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from backend.directory.eligibility import today_at
from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.problems import Conflict, invalid
from backend.referrals import attachments, deadlines, gates, reports, sharing
from backend.referrals import workflow as w
from backend.referrals.inputs import role_named
from backend.referrals.models import (
    ContactAttempt,
    Guest,
    OfferedTime,
    Package,
    PoolPass,
    Referral,
    ReferralVisit,
    Report,
)
from backend.referrals.move import Move
from backend.visits import services as visits
from backend.visits.models import Visit

ATTEMPTS_BEFORE_GIVING_UP = 3
# What a practitioner decides with a license in force; sending, accepting and signing ask theirs in gates of their own.
NEEDS_CREDENTIAL = frozenset({"start", "acknowledge", "return_report"})


Effect = Callable[[Move], None]
_effects: dict[str, Effect] = {}


def of(*names: str) -> Callable[[Effect], Effect]:
    def register(effect: Effect) -> Effect:
        _effects.update(dict.fromkeys(names, effect))
        return effect

    return register


def apply(move: Move, target: str) -> None:
    """Runs the transition's own effect, and what every way into the target brings."""
    _name_practitioner(move)
    if move.row.name in NEEDS_CREDENTIAL:
        check_who_acts(move)
    if scan := (move.details.get("recorded") or {}).get("attachment_id"):
        attachments.attach([scan], referral=move.referral, actor=move.actor)
    if effect := _effects.get(move.row.name):
        effect(move)
    if target in (w.DECLINED, w.WITHDRAWN, w.CLIENT_DECLINED, w.UNREACHABLE, w.EXPIRED):
        cancel_current_visit(move)
    if target not in (w.TIMES_OFFERED, move.referral.state) and move.referral.state == w.TIMES_OFFERED:
        move.referral.offered_times.filter(is_open=True).update(is_open=False)


def follow_up(move: Move) -> None:
    """Runs after the referral was saved: access is opened and ended by what is true now."""
    for act in move.after:
        act()
    referral = move.referral
    if referral.state in (*w.FINISHED, w.DECLINED, w.EXPIRED, w.UNREACHABLE, w.CLIENT_DECLINED):
        end_access(referral, move.actor, because=move.row.name)


def _name_practitioner(move: Move) -> None:
    """The practitioner a system acts for, or a member's own role that fits the referral best."""
    if move.is_recorded_for_guest:
        return
    named = role_named(move.details) if move.row.name != "assign" else None
    wanted = [named] if named else sorted(move.actor.role_ids) if move.actor.treats else []
    if not wanted:
        return
    roles = PractitionerRole.objects.select_related("practitioner", "organization").filter(
        pk__in=wanted, organization_id=move.actor.organization_id, ended_at=None
    )
    sides = (move.referral.sender_role_id, move.referral.recipient_role_id)
    role = min(roles, key=lambda r: (r.id not in sides, r.discipline != move.referral.discipline, r.id), default=None)
    if role is None:
        raise invalid(
            "/practitioner_role_id", "There is no such practitioner role in your clinic.", code="unknown_role"
        )
    move.on_behalf_of = role


def check_who_acts(move: Move) -> None:
    """409 unless the practitioner who decides has a credential in force; a guest attested theirs at the door."""
    if not move.actor.is_staff or move.is_recorded_for_guest:
        return
    if move.on_behalf_of is None:
        raise Conflict("A practitioner with a license in force decides this.", code="credential_invalid")
    gates.check_role(move.on_behalf_of, of_discipline=move.on_behalf_of.discipline, who=move.party)


# --- sending -----------------------------------------------------------------------------------------------------


@of("send")
def send(move: Move) -> None:
    """A coordinator may have prepared it without a name: then it is the practitioner's who presses."""
    if move.referral.sender_role is None:
        move.referral.sender_role = move.on_behalf_of
    check_and_send(move)


def check_and_send(move: Move) -> None:
    """All gates of sending; then the package freezes and opens to the recipient."""
    referral = move.referral
    package = Package.objects.select_for_update(no_key=True).get(pk=referral.pk)
    check_sender(referral)
    gates.check_region(referral)
    gates.check_not_oneself(referral)
    gates.check_recipient(referral)
    gates.check_red_flags(referral, package)
    guest = Guest.objects.filter(pk=referral.pk).first() if referral.is_guest else None
    if gates.needs_consent(referral):
        consent = gates.covering_consent(referral, guest_email=guest.email if guest else "")
        if consent is None:
            raise gates.consent_missing(referral)
        referral.consent = consent
    freeze_and_open(move, package)


def check_sender(referral: Referral) -> None:
    if referral.sender_role is None:
        raise Conflict("Name the practitioner who refers.", code="practitioner_required")
    gates.check_role(referral.sender_role, of_discipline=referral.sender_role.discipline, who="sender")


def freeze_and_open(move: Move, package: Package) -> None:
    referral, now = move.referral, clock.now()
    referral.sent_at = referral.sent_at or now
    referral.has_red_flag = bool((package.red_flags or {}).get("positive"))
    package.frozen_at = now
    package.save(update_fields=["frozen_at"])
    if gates.holds_region(package) and referral.client_id is not None:
        move.after.append(
            lambda: sharing.hold_regions(
                client_id=move.client_id,
                regions=referral.regions,
                referral_id=referral.id,
                organization_id=referral.sender_organization_id,
                actor=move.actor,
            )
        )
    if gates.needs_consent(referral) and referral.recipient_organization_id is not None:
        move.after.append(lambda: _guard("send_package", uuid7(), referral.id))
        move.after.append(lambda: sharing.tell_access_started(move.client_id, referral, move.actor))


@of("ask_consent")
def ask_consent(move: Move) -> None:
    check_sender(move.referral)
    gates.check_not_oneself(move.referral)
    gates.check_recipient(move.referral)
    if not gates.needs_consent(move.referral):
        raise Conflict("No consent is needed for this referral; send it.", code="consent_not_needed")


@of("consent_given")
def consent_given(move: Move) -> None:
    """The client's yes makes the consent that covers this recipient; then all gates of sending again."""
    referral = move.referral
    guest = Guest.objects.filter(pk=referral.pk).first()
    email = guest.email if guest and referral.is_guest else ""
    sharing.record_the_yes(referral, email, details=move.details, actor=move.actor)
    check_and_send(move)


@of("consent_refused")
def consent_refused(move: Move) -> None:
    sharing.record_the_no(move.referral, details=move.details, actor=move.actor)


# --- answering ---------------------------------------------------------------------------------------------------


@of("ask_information")
def ask_information(move: Move) -> None:
    move.referral.paused_minutes = deadlines.open_minutes_left(move.referral)
    move.say("question", move.details["question"])


@of("give_information")
def give_information(move: Move) -> None:
    move.say("answer", move.details["answer"])
    move.due_at = deadlines.due_for(move.referral, w.SENT)
    move.referral.paused_minutes = None


@of("accept")
def accept(move: Move) -> None:
    """Who takes it, with the credential gate again; a pool's winner joins the circle; the shared record opens."""
    referral, actor = move.referral, move.actor
    if referral.is_guest:
        accept_as_guest(move)
        return
    role = move.on_behalf_of if (move.details.get("practitioner_role_id") or actor.treats) else referral.recipient_role
    role = role or referral.recipient_role
    if role is None:
        raise invalid(
            "/practitioner_role_id", "Name the practitioner who takes the client on.", code="practitioner_required"
        )
    gates.check_role(role, of_discipline=referral.discipline)
    gates.check_not_excluded(referral, role)
    referral.recipient_role = role
    if referral.recipient_organization_id != role.organization_id:
        referral.recipient_organization = role.organization
    gates.check_not_oneself(referral)
    if referral.is_pool:
        referral.release_until = deadlines.release_until(referral)
    if identifier := move.details.get("recipient_identifier"):
        referral.recipient_identifier = identifier
        gates.check_identifier_free(
            referral, recipient_organization=role.organization, recipient_identifier=dict(identifier)
        )
    referral.accepted_at = clock.now()
    referral.no_show_count = 0
    if referral.client_id is None:
        return
    if referral.is_pool:
        move.after.append(lambda: _guard("join_circle", referral.id))
    if not referral.is_inside_one_organization:
        move.after.append(lambda: _guard("share_record", uuid7(), referral.id))
        move.after.append(lambda: sharing.tell_access_started(move.client_id, referral, actor))
    if own := move.details.get("own_client_id"):
        move.after.append(lambda: sharing.link_own_client(referral, own, actor=actor))


def accept_as_guest(move: Move) -> None:
    guest = Guest.objects.filter(pk=move.referral.pk).first()
    if guest is None or (guest.attested_at is None and not move.details.get("recorded")):
        raise Conflict("Say who you are first: name, clinic and license.", code="attestation_required")
    move.referral.accepted_at = clock.now()


@of("pass")
def pass_on(move: Move) -> None:
    passed = PoolPass(referral=move.referral, organization_id=move.actor.clinic_id)
    passed.save(force_insert=True)
    move.due_at = move.referral.due_at


@of("release")
def release(move: Move) -> None:
    referral = move.referral
    move.also_tell = (referral.recipient_organization_id,) if referral.recipient_organization_id else ()
    referral.release_until = None
    end_access(referral, move.actor, because="release")
    _guard("leave_circle", referral.id)
    PoolPass(referral=referral, organization_id=move.actor.clinic_id).save(force_insert=True)
    referral.recipient_role = None
    referral.recipient_organization = None
    referral.accepted_at = None


@of("decline")
def decline(move: Move) -> None:
    move.say("decline", move.details.get("detail"))
    suggested = move.details.get("suggested_practitioner_role_id")
    if suggested is not None:
        role = PractitionerRole.objects.filter(pk=suggested, ended_at=None).first()
        if role is None:
            raise invalid("/suggested_practitioner_role_id", "There is no such colleague.", code="unknown_role")
        move.related["suggested_practitioner_role_id"] = str(role.id)
        move.say("suggestion", f"Suggested instead: {role.practitioner}, {role.organization}.")


@of("assign")
def assign(move: Move) -> None:
    """A colleague of one's own clinic; on the recipient's side with the credential gate."""
    referral = move.referral
    side = move.details.get("side") or move.party
    if side == w.SENDER and referral.sender_organization_id != move.actor.organization_id:
        raise invalid("/side", "That is not your side.", code="wrong_party")
    if referral.is_inside_one_organization and not move.details.get("side"):
        raise invalid("/side", "Say which side: sender or recipient.", code="side_required")
    role = (
        PractitionerRole.objects.select_related("practitioner", "organization")
        .filter(pk=move.details["practitioner_role_id"], organization_id=move.actor.organization_id, ended_at=None)
        .first()
    )
    if role is None:
        raise invalid("/practitioner_role_id", "There is no such colleague in your clinic.", code="unknown_role")
    if side == w.RECIPIENT:
        if referral.recipient_organization_id != move.actor.organization_id:
            raise invalid("/side", "That is not your side.", code="wrong_party")
        gates.check_role(role, of_discipline=referral.discipline)
        gates.check_not_excluded(referral, role)
        referral.recipient_role = role
    else:
        referral.sender_role = role
    gates.check_not_oneself(referral)
    move.related["practitioner_role_id"] = str(role.id)


# --- times and visits --------------------------------------------------------------------------------------------


@of("offer_times")
def offer_times(move: Move) -> None:
    zone = deadlines.clinic_that_counts(move.referral, w.RECIPIENT).time_zone
    for index, span in enumerate(move.details["times"]):
        if span["starts_at"] <= clock.now():
            raise invalid(f"/times/{index}/starts_at", "Offer times that are still to come.", code="in_the_past")
        OfferedTime(
            referral=move.referral,
            starts_at=span["starts_at"],
            ends_at=span["ends_at"],
            time_zone=span.get("time_zone") or zone,
        ).save(force_insert=True)


@of("choose_time")
def choose_time(move: Move) -> None:
    offer = move.referral.offered_times.filter(pk=move.details["time_id"], is_open=True).first()
    if offer is None:
        raise invalid("/time_id", "This time is not on offer any more.", code="unknown_time")
    if offer.starts_at <= clock.now():
        raise Conflict("This time has passed; choose another one.", code="time_passed")
    book_time(move, offer.starts_at, offer.ends_at, offer.time_zone)


@of("times_lapsed")
def times_lapsed(move: Move) -> None:
    move.comes_back = True


@of("waitlist")
def waitlist(move: Move) -> None:
    referral, review_on = move.referral, move.details["review_on"]
    if review_on <= today_at(deadlines.clinic_that_counts(referral, w.RECIPIENT)):
        raise invalid("/review_on", "Promise a day that is still to come.", code="in_the_past")
    if referral.waitlist_count and not move.details.get("detail"):
        raise invalid(
            "/detail", "From the second time on, say in a sentence why it takes longer.", code="detail_required"
        )
    referral.review_on = review_on
    referral.waitlist_count += 1
    move.restarts_state = True
    move.say("waitlist", move.details.get("detail"))


@of("book")
def book(move: Move) -> None:
    if visit_id := move.details.get("visit_id"):
        visit = clients_visit(move, visit_id)
        cancel_current_visit(move)
        attach_visit(move, visit)
        return
    span = move.details["visit"]
    zone = span.get("time_zone") or deadlines.clinic_that_counts(move.referral, w.RECIPIENT).time_zone
    cancel_current_visit(move)
    book_time(move, span["starts_at"], span["ends_at"], zone)


def clients_visit(move: Move, visit_id: UUID) -> Any:
    visit = Visit.objects.visible_to(move.actor).filter(pk=visit_id, client_id=move.client_id).first()
    if visit is None:
        raise invalid("/visit_id", "There is no such visit of this client.", code="unknown_visit")
    return visit


def book_time(move: Move, starts_at: datetime, ends_at: datetime, time_zone: str) -> None:
    referral = move.referral
    visit = visits.book_visit(
        client_id=referral.client_id,
        organization_id=referral.recipient_organization_id,
        practitioner_role_id=referral.recipient_role_id,
        starts_at=starts_at,
        ends_at=ends_at,
        time_zone=time_zone,
        actor=move.actor,
    )
    attach_visit(move, visit)


def attach_visit(move: Move, visit: Any) -> None:
    ReferralVisit(referral=move.referral, visit=visit).save(force_insert=True)
    move.related["visit_id"] = str(visit.id)
    move.restarts_state = True


def cancel_current_visit(move: Move, *, by: str = "") -> None:
    """The visit that was booked will not take place; nothing is deleted."""
    end_current_visit(move, state="cancelled", by=by)


def end_current_visit(move: Move, *, state: str, by: str = "") -> None:
    current = move.referral.visits.filter(is_current=True).select_related("visit").first()
    if current is None:
        return
    visits.end_visit(current.visit, state=state, by=by, actor=move.actor)
    current.is_current = False
    current.save(update_fields=["is_current"])
    move.related["visit_id"] = str(current.visit_id)


@of("cancel_visit")
def cancel_visit(move: Move) -> None:
    by = "client" if move.party == w.CLIENT else move.details["by"]
    cancel_current_visit(move, by=by)
    move.comes_back = True
    move.say("visit_cancelled", move.details.get("detail"))


@of("record_no_show")
def record_no_show(move: Move) -> None:
    current = move.referral.visits.select_related("visit").get(is_current=True)
    if current.visit.starts_at > clock.now():
        raise Conflict("The visit has not begun yet.", code="visit_not_begun")
    end_current_visit(move, state="missed")
    move.referral.no_show_count += 1
    move.comes_back = True
    move.say("no_show", move.details.get("detail"))


@of("log_contact")
def log_contact(move: Move) -> None:
    ContactAttempt(
        referral=move.referral, channel=move.details["channel"], outcome=move.details["outcome"], by=move.by
    ).save(force_insert=True)


@of("give_up_contact")
def give_up_contact(move: Move) -> None:
    days = {attempt.at.date() for attempt in move.referral.contact_attempts.exclude(outcome="reached")}
    if len(days) < ATTEMPTS_BEFORE_GIVING_UP:
        raise Conflict(
            f"Try to reach the client on three different days first; {len(days)} noted so far.", code="too_few_attempts"
        )


# --- care and reports --------------------------------------------------------------------------------------------


@of("start")
def start(move: Move) -> None:
    seen_at = move.details.get("seen_at") or move.occurred_at or clock.now()
    mark_seen(move, seen_at)


def mark_seen(move: Move, seen_at: datetime) -> None:
    if seen_at > clock.now():
        raise invalid("/seen_at", "This is in the future.", code="in_the_future")
    move.referral.first_seen_at = seen_at
    end_current_visit(move, state="done")


@of("report")
def report(move: Move) -> None:
    referral = move.referral
    if referral.state in (w.ACCEPTED, w.BOOKED) and not referral.is_advice:
        if "seen_at" not in move.details:
            raise Conflict(
                "Start care first, or say in the report when the client was seen (seen_at).",
                code="wrong_state",
                state=referral.state,
                available=[row.name for row in w.WORKFLOW.available(referral, {move.party})],
            )
        mark_seen(move, move.details["seen_at"])
    if referral.state != w.IN_CARE and not move.details["final"]:
        raise Conflict("An interim report belongs to care that has begun.", code="final_only")
    made = reports.sign_report(move)
    move.related["report_id"] = str(made.id)
    if not made.is_final:
        referral.due_at = deadlines.next_report_due(referral)
        referral.reminders = 0
        if made.read_due_at is not None:
            reports.watch_unread(referral, made, due_at=made.read_due_at)
    if (
        made.is_final
        and made.supersedes is None
        and referral.kind in (Referral.Kind.EVALUATE_AND_TREAT, Referral.Kind.CO_MANAGE)
    ):
        move.after.append(lambda: _guard("join_care_team", uuid7(), referral.id))
    if referral.accepted_at is None and made.is_final:
        referral.accepted_at = clock.now()


@of("read_report")
def read_report(move: Move) -> None:
    found = move.referral.reports.filter(pk=move.details["report_id"], read_at=None).first()
    if found is None:
        raise invalid("/report_id", "There is no such unread report.", code="unknown_report")
    mark_read(found, move, move.details["plan_change"])


def mark_read(found: Report, move: Move, plan_change: str) -> None:
    found.read_at, found.read_by, found.plan_change = clock.now(), move.by, plan_change
    found.save(update_fields=["read_at", "read_by", "plan_change"])
    move.related["report_id"] = str(found.id)


@of("return_report")
def return_report(move: Move) -> None:
    last = move.referral.reports.filter(is_final=True).order_by("-received_at").first()
    if last is not None and last.read_at is None:
        mark_read(last, move, "no_change")
    move.referral.return_count += 1
    move.report_was_returned = True
    move.say("return", move.details["missing"])


@of("acknowledge")
def acknowledge(move: Move) -> None:
    if move.referral.state == w.REPORTED:
        plan_change = move.details.get("plan_change")
        if not plan_change:
            raise invalid(
                "/plan_change", "Say whether the plan was updated, or no_change.", code="plan_change_required"
            )
        for unread in move.referral.reports.filter(read_at=None):
            mark_read(unread, move, plan_change)
        move.referral.closed_how = "acknowledged"
        return
    if not move.details.get("client_told"):
        raise invalid("/client_told", "Say what the client was told.", code="client_told_required")
    move.say("client_told", move.details["client_told"])
    move.referral.closed_how = "not_fulfilled"


# --- ending ------------------------------------------------------------------------------------------------------


@of("withdraw")
def withdraw(move: Move) -> None:
    move.say("withdrawal", move.details.get("detail"))
    if move.details["reason"] == "sent_in_error":
        move.referral.content_gone_because = "sent_in_error"
    move.referral.closed_how = "withdrawn"


@of("request_cancellation")
def request_cancellation(move: Move) -> None:
    move.say("cancellation", move.details["reason"])


@of("refuse")
def refuse(move: Move) -> None:
    move.say("refusal", move.details["reason"])
    move.due_at = deadlines.next_report_due(move.referral) if move.referral.reports.exists() else None


@of("agree")
def agree(move: Move) -> None:
    move.referral.closed_how = "cancelled"


@of("close_without_report")
def close_without_report(move: Move) -> None:
    move.referral.closed_how = "without_report"


@of("close_unacknowledged")
def close_unacknowledged(move: Move) -> None:
    move.referral.closed_how = "unacknowledged"


def end_access(referral: Referral, actor: Actor, *, because: str) -> None:
    """Ends what the referral had opened, and tells those who lost it to stop showing their copy."""
    if referral.client_id is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, organization_id FROM end_access_of_referral(%s, %s)", [referral.id, because])
        ended = cursor.fetchall()
    sharing.tell_access_ended(referral.client_id, ended, because=because, actor=actor)


def _guard(function: str, *values: Any) -> None:
    """Calls one of the guard's functions: the only way to rows of access."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}({', '.join(['%s'] * len(values))})", list(values))
