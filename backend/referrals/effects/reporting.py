"""Care, reports, and reading them."""

from datetime import datetime

from backend.careplans import services as careplans
from backend.lib import clock
from backend.lib.ids import uuid7
from backend.lib.late_facts import check_late_fact
from backend.lib.problems import Conflict, invalid
from backend.referrals import deadlines, gates, plan_changes, reports
from backend.referrals import workflow as w
from backend.referrals.effects.access import guard
from backend.referrals.effects.answering import take_by_answering
from backend.referrals.effects.registry import of
from backend.referrals.effects.visiting import end_current_visit
from backend.referrals.models import Referral, Report
from backend.referrals.move import Move


@of("start")
def start(move: Move) -> None:
    seen_at = move.details.get("seen_at") or move.occurred_at or clock.now()
    mark_seen(move, seen_at)


def mark_seen(move: Move, seen_at: datetime) -> None:
    check_late_fact(seen_at, pointer="/seen_at")
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
    if move.party == w.POOL:
        take_by_answering(move)
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
        move.after.append(lambda: stay_on_the_care_team(move))
    if referral.accepted_at is None and made.is_final:
        referral.accepted_at = clock.now()


def stay_on_the_care_team(move: Move) -> None:
    """The recipient keeps the shared record with the plan it works from, and hears when that ends."""
    place = uuid7()
    guard("join_care_team", place, move.referral.id)
    careplans.watch_access(place, actor=move.actor)


@of("read_report")
def read_report(move: Move) -> None:
    found = move.referral.reports.valid().filter(pk=move.details["report_id"], read_at=None).first()
    if found is None:
        raise invalid("/report_id", "There is no such unread report.", code="unknown_report")
    mark_read(found, move, move.details["plan_change"])
    plan_changes.keep_plan_change(move, found)


def mark_read(found: Report, move: Move, plan_change: str) -> None:
    found.read_at, found.read_by, found.plan_change = clock.now(), move.by, plan_change
    found.save(update_fields=["read_at", "read_by", "plan_change"])
    move.referral.unread_reports -= 1
    move.related["report_id"] = str(found.id)


@of("return_report")
def return_report(move: Move) -> None:
    gates.check_recipient_reads(move.referral)
    last = move.referral.reports.valid().filter(is_final=True).order_by("-received_at").first()
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
        for unread in move.referral.reports.valid().filter(read_at=None):
            mark_read(unread, move, plan_change)
        last = move.referral.reports.valid().filter(is_final=True).order_by("-received_at").first()
        plan_changes.keep_plan_change(move, last)
        move.referral.closed_how = "acknowledged"
        return
    if not move.details.get("client_told"):
        raise invalid("/client_told", "Say what the client was told.", code="client_told_required")
    move.say("client_told", move.details["client_told"])
    move.referral.closed_how = "not_fulfilled"
