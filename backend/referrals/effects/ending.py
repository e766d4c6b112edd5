"""The other ways a referral ends."""

from backend.referrals import deadlines
from backend.referrals.effects.registry import of
from backend.referrals.move import Move


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
    move.due_at = deadlines.next_report_due(move.referral) if move.referral.reports.valid().exists() else None


@of("agree")
def agree(move: Move) -> None:
    move.referral.closed_how = "cancelled"


@of("close_without_report")
def close_without_report(move: Move) -> None:
    move.referral.closed_how = "without_report"


@of("close_unacknowledged")
def close_unacknowledged(move: Move) -> None:
    move.referral.closed_how = "unacknowledged"
