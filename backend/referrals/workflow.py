"""The life of a referral, as one table. Behaviour, refusals, buttons, OpenAPI, diagram and mappings come from here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from backend.lib import clock
from backend.lib.workflow import Transition, Workflow
from backend.referrals import inputs
from backend.referrals.models import Referral

SENDER, RECIPIENT, POOL, CLIENT, SYSTEM = "sender", "recipient", "pool", "client", "system"

DRAFT, AWAITING_CONSENT, SENT, NEEDS_INFORMATION = "draft", "awaiting_consent", "sent", "needs_information"
ACCEPTED, TIMES_OFFERED, WAITLISTED, BOOKED = "accepted", "times_offered", "waitlisted", "booked"
IN_CARE, CANCELLATION_REQUESTED, REPORTED = "in_care", "cancellation_requested", "reported"
DECLINED, EXPIRED, UNREACHABLE, CLIENT_DECLINED = "declined", "expired", "unreachable", "client_declined"
CLOSED, WITHDRAWN, REDIRECTED = "closed", "withdrawn", "redirected"


@dataclass(frozen=True, slots=True)
class State:
    """One state: whose move it is, its group for integrators, its FHIR Task.status, its IHE 360X message, and how a page says it.

    ``ihe_360x`` is the transaction that tells of the state, with its order control or status code where one is fixed;
    360X has no message for what happens before sending, for a question back, or when nobody answers.
    Sources: https://hl7.org/fhir/R4/valueset-task-status.html; IHE PCC 360X, transactions PCC-55 to PCC-61.
    """

    mover: str | None
    group: str
    fhir_task: str
    ihe_360x: str
    words: str


NO_MESSAGE = ""
STATES: dict[str, State] = {
    DRAFT: State(SENDER, "draft", "draft", NO_MESSAGE, "Not sent yet"),
    AWAITING_CONSENT: State(CLIENT, "waiting", "draft", NO_MESSAGE, "Waiting for the client to say yes"),
    SENT: State(RECIPIENT, "waiting", "requested", "PCC-55 NW", "Waiting for {them} to answer"),
    NEEDS_INFORMATION: State(SENDER, "waiting", "on-hold", NO_MESSAGE, "{recipient} asks for information"),
    ACCEPTED: State(RECIPIENT, "waiting", "accepted", "PCC-56 IP", "Accepted; waiting for a first visit"),
    TIMES_OFFERED: State(CLIENT, "waiting", "accepted", "PCC-56 IP", "Waiting for the client to choose a time"),
    WAITLISTED: State(RECIPIENT, "waiting", "accepted", "PCC-56 IP", "On the wait list"),
    BOOKED: State(RECIPIENT, "waiting", "accepted", "PCC-60", "A visit is booked"),
    IN_CARE: State(RECIPIENT, "in_care", "in-progress", "PCC-59", "In care"),
    CANCELLATION_REQUESTED: State(RECIPIENT, "in_care", "in-progress", "PCC-58 CA", "{sender} asks to stop"),
    REPORTED: State(SENDER, "waiting", "completed", "PCC-57 CM", "Report to read"),
    DECLINED: State(SENDER, "deciding", "rejected", "PCC-56 CA", "Declined; decide what now"),
    EXPIRED: State(SENDER, "deciding", "failed", NO_MESSAGE, "No answer in time; decide what now"),
    UNREACHABLE: State(SENDER, "deciding", "failed", NO_MESSAGE, "The client could not be reached; decide what now"),
    CLIENT_DECLINED: State(
        SENDER, "deciding", "cancelled", NO_MESSAGE, "The client has stopped sharing; decide what now"
    ),
    CLOSED: State(None, "finished", "completed", "PCC-57 CM", "Closed"),
    WITHDRAWN: State(None, "finished", "cancelled", "PCC-58 CA", "Withdrawn"),
    REDIRECTED: State(None, "finished", "cancelled", "PCC-58 CA", "Sent to somebody else"),
}
FINISHED = frozenset(name for name, state in STATES.items() if state.mover is None)
UNFINISHED = tuple(name for name in STATES if name not in FINISHED)
BEFORE_CARE = (DRAFT, AWAITING_CONSENT, SENT, NEEDS_INFORMATION, ACCEPTED, TIMES_OFFERED, WAITLISTED, BOOKED)
DECIDING = (DECLINED, EXPIRED, UNREACHABLE, CLIENT_DECLINED)
# What answers a referral, and comes too late once it has expired.
ANSWERS = frozenset(
    {"accept", "decline", "ask_information", "give_information", "report", "consent_given", "consent_refused"}
)

TREATS = frozenset({"practitioner"})
STAFF = frozenset({"practitioner", "coordinator"})
REPORT_OVERDUE, REMINDERS_BEFORE_CLOSING = timedelta(days=14), 3
MOST_RETURNS = 2
Details = Mapping[str, Any]


def is_care(referral: Referral, details: Details) -> bool:
    """An advice has no visit: answer it with a report instead."""
    return not referral.is_advice


def is_advice(referral: Referral, details: Details) -> bool:
    """Only an advice is converted."""
    return referral.is_advice


def is_not_an_open_pool(referral: Referral, details: Details) -> bool:
    """A pool's referral is passed, not declined."""
    return not (referral.is_pool and referral.state == SENT)


def is_pool(referral: Referral, details: Details) -> bool:
    """Only a pool's referral is passed on."""
    return referral.is_pool


def can_be_released(referral: Referral, details: Details) -> bool:
    """The winner of a pool can give it back within one business day."""
    return referral.is_pool and referral.release_until is not None and clock.now() <= referral.release_until


def may_be_redirected(referral: Referral, details: Details) -> bool:
    """While it waits for an answer, only a pool's referral can be sent to somebody else."""
    return referral.state != SENT or referral.is_pool


def may_report(referral: Referral, details: Details) -> bool:
    """Report after the client was seen, or with seen_at; an advice is answered at once."""
    if referral.state in (SENT, ACCEPTED) and referral.is_advice:
        return True
    return referral.state == IN_CARE or (referral.state in (ACCEPTED, BOOKED) and not referral.is_advice)


def may_be_returned(referral: Referral, details: Details) -> bool:
    """A report can be returned twice; after that, acknowledge it and write a message."""
    return referral.return_count < MOST_RETURNS


def report_is_long_overdue(referral: Referral, details: Details) -> bool:
    """Closing without a report needs a report 14 days overdue and three reminders, or a recipient who has left."""
    role = referral.recipient_role  # none: it was handed over to the clinic's queue when the role ended
    if not referral.is_guest and (role is None or role.ended_at is not None):
        return True
    overdue = referral.due_at is not None and clock.now() >= referral.due_at + REPORT_OVERDUE
    return overdue and referral.reminders >= REMINDERS_BEFORE_CLOSING


def needs_no_consent(name: str, referral: Referral, details: Details) -> bool:
    """What the recipient still does when the consent has ended: stop, or go on to its final report on what was done."""
    return name in ("agree", "refuse") or (name == "report" and referral.state == IN_CARE and details["final"])


def report_target(referral: Referral, details: Details) -> str:
    return IN_CARE if referral.state == IN_CARE and not details.get("final", True) else REPORTED


def returned_target(referral: Referral, details: Details) -> str:
    return ACCEPTED if referral.is_advice else IN_CARE


def step(
    name: str, sources: tuple[str, ...], target: str | None, by: tuple[str, ...], summary: str, **more: Any
) -> Transition[Referral]:
    """A row; the event is ``referral.<past>`` and the label is the name in words unless said otherwise."""
    past = more.pop("past", None) or f"{name}ed"
    more.setdefault("label", name.replace("_", " ").capitalize())
    more.setdefault("rights", STAFF)
    more.setdefault("input", inputs.Details)
    return Transition(
        name=name, sources=sources, target=target, by=by, summary=summary, event=f"referral.{past}", **more
    )


WORKFLOW: Workflow[Referral] = Workflow(
    (
        step("send", (DRAFT,), SENT, (SENDER,), "Send it to the recipient.", past="sent", rights=TREATS),
        step("ask_consent", (DRAFT,), AWAITING_CONSENT, (SENDER,), "Ask the client; it is sent when they say yes.",
             past="consent_asked", label="Ask the client"),
        step("consent_given", (AWAITING_CONSENT,), SENT, (CLIENT, SENDER), "The client said yes.",
             past="consent_given", label="Client said yes", input=inputs.ConsentAnswer),
        step("consent_refused", (AWAITING_CONSENT,), CLIENT_DECLINED, (CLIENT, SENDER), "The client said no.",
             past="consent_refused", label="Client said no", input=inputs.ConsentAnswer),
        step("accept", (SENT,), ACCEPTED, (RECIPIENT, POOL), "Take the client on.", past="accepted", input=inputs.Accept),
        step("ask_information", (SENT,), NEEDS_INFORMATION, (RECIPIENT,), "Ask the sender a question; the answer clock waits.",
             past="information_asked", label="Ask", input=inputs.Question),
        step("give_information", (NEEDS_INFORMATION,), SENT, (SENDER,), "Answer the question; the answer clock goes on.",
             past="information_given", label="Answer", input=inputs.Answer),
        step("pass", (SENT,), SENT, (POOL,), "Leave it to others of the pool.", past="passed", offered=is_pool),
        step("release", (ACCEPTED,), SENT, (RECIPIENT,), "Give it back to the pool, within one business day.",
             past="released", label="Give back", offered=can_be_released),
        step("offer_times", (ACCEPTED, WAITLISTED), TIMES_OFFERED, (RECIPIENT,), "Offer the client one to five times.",
             past="times_offered", label="Offer times", input=inputs.OfferTimes, offered=is_care),
        step("choose_time", (TIMES_OFFERED,), BOOKED, (CLIENT, RECIPIENT), "Take one of the offered times.",
             past="time_chosen", label="Choose a time", input=inputs.ChooseTime),
        step("times_lapsed", (TIMES_OFFERED,), ACCEPTED, (SYSTEM,), "Nobody chose a time.", past="times_lapsed"),
        step("waitlist", (ACCEPTED, WAITLISTED), WAITLISTED, (RECIPIENT,), "Put the client on the wait list.",
             past="waitlisted", label="Wait list", input=inputs.Waitlist, offered=is_care),
        step("book", (ACCEPTED, WAITLISTED, TIMES_OFFERED, BOOKED), BOOKED, (RECIPIENT,), "Book a visit.",
             past="booked", input=inputs.Book, offered=is_care),
        step("cancel_visit", (BOOKED,), ACCEPTED, (RECIPIENT, CLIENT), "The visit will not take place.",
             past="visit_cancelled", label="Cancel the visit", input=inputs.CancelVisit),
        step("record_no_show", (BOOKED,), ACCEPTED, (RECIPIENT,), "The client did not come.",
             past="no_show_recorded", label="Did not come", input=inputs.Detail),
        step("log_contact", (ACCEPTED, WAITLISTED, TIMES_OFFERED), None, (RECIPIENT,), "Note an attempt to reach the client.",
             past="contact_logged", label="Note a call", input=inputs.LogContact, offered=is_care),
        step("give_up_contact", (ACCEPTED, WAITLISTED, TIMES_OFFERED), UNREACHABLE, (RECIPIENT,),
             "The client could not be reached on three days.", past="contact_given_up", label="Cannot reach the client", offered=is_care),
        step("decline", (SENT, ACCEPTED, WAITLISTED, TIMES_OFFERED, BOOKED), DECLINED, (RECIPIENT,),
             "Say no, with a reason; perhaps name a colleague.", past="declined", input=inputs.Decline, offered=is_not_an_open_pool),
        step("assign", UNFINISHED, None, (SENDER, RECIPIENT), "Give it to a colleague of the same clinic.",
             past="assigned", input=inputs.Assign),
        step("start", (ACCEPTED, WAITLISTED, TIMES_OFFERED, BOOKED), IN_CARE, (RECIPIENT,), "The client was seen.",
             past="started", label="Seen", input=inputs.Start, rights=TREATS, offered=is_care),
        step("report", (SENT, ACCEPTED, BOOKED, IN_CARE), REPORTED, (RECIPIENT, POOL), "Report back, signed.", past="reported",
             label="Report back", input=inputs.MakeReport, rights=TREATS, offered=may_report,
             choose_target=report_target, targets=(IN_CARE, REPORTED)),
        step("read_report", (IN_CARE,), None, (SENDER,), "Read an interim report.", past="report_read",
             label="Read the report", input=inputs.ReadReport, rights=TREATS),
        step("return_report", (REPORTED,), IN_CARE, (SENDER,), "Ask for what the report does not answer.", past="report_returned",
             label="Return the report", input=inputs.ReturnReport, rights=TREATS, offered=may_be_returned,
             choose_target=returned_target, targets=(IN_CARE, ACCEPTED)),
        step("acknowledge", (REPORTED, *DECIDING), CLOSED, (SENDER,), "Close the loop.", past="acknowledged",
             input=inputs.Acknowledge, rights=TREATS),
        step("convert", (REPORTED,), CLOSED, (SENDER,), "Make a referral of the advice.", past="converted",
             label="Make it a referral", input=inputs.Convert, rights=TREATS, offered=is_advice),
        step("withdraw", BEFORE_CARE, WITHDRAWN, (SENDER, SYSTEM), "Take it back, with a reason.", past="withdrawn",
             input=inputs.Withdraw),
        step("request_cancellation", (IN_CARE,), CANCELLATION_REQUESTED, (SENDER,), "Ask the recipient to stop.",
             past="cancellation_requested", label="Ask to stop", input=inputs.Reason),
        step("agree", (CANCELLATION_REQUESTED,), WITHDRAWN, (RECIPIENT, SYSTEM), "Stop, as the sender asked.",
             past="cancellation_agreed", label="Agree to stop", offered=None),
        step("refuse", (CANCELLATION_REQUESTED,), IN_CARE, (RECIPIENT,), "Go on, with a sentence why.",
             past="cancellation_refused", label="Go on", input=inputs.Reason),
        step("close_without_report", (IN_CARE,), CLOSED, (SENDER,), "Close although no report came.",
             past="closed_without_report", label="Close without a report", offered=report_is_long_overdue),
        step("redirect", (SENT, *DECIDING), REDIRECTED, (SENDER,), "Send it to somebody else.", past="redirected",
             input=inputs.Redirect, rights=TREATS, offered=may_be_redirected),
        step("consent_ended", (AWAITING_CONSENT, SENT, NEEDS_INFORMATION, ACCEPTED, TIMES_OFFERED, WAITLISTED, BOOKED),
             CLIENT_DECLINED, (SYSTEM,), "The client has stopped sharing.", past="consent_ended"),
        step("expire", (SENT, AWAITING_CONSENT, NEEDS_INFORMATION), EXPIRED, (SYSTEM,), "No answer in twice the time.",
             past="expired"),
        step("close_unacknowledged", (REPORTED,), CLOSED, (SYSTEM,), "The report was not acknowledged in 14 days.",
             past="closed_unacknowledged"),
    )
)  # fmt: skip


def state_group(state: str, parties: set[str]) -> str:
    """The state in the six words that never grow, from the reader's side."""
    group = STATES[state].group
    if group != "waiting":
        return group
    return "waiting_for_us" if STATES[state].mover in parties else "waiting_for_them"
