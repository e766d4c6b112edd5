"""Who is told of what: one row per event of a referral, with what each of the two sides reads.

A line never holds a client's name, a reason or a clinical word: mails travel and are read over shoulders.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """What the sender and the recipient read; empty: that side is not told.

    ``{them}`` is the other side's name. ``asks`` when it only makes sense while the reader still has the move.
    """

    sender: str = ""
    recipient: str = ""
    asks: bool = False

    def line(self, side: str) -> str:
        return self.sender if side == "sender" else self.recipient


CONSENT_ENDS = "consent.expiring"
ASKED = "{them} asks whether you can help with a referral."
TOLD: dict[str, Told] = {
    "referral.sent": Told(recipient=ASKED, asks=True),
    "referral.consent_given": Told("The client said yes; your referral to {them} was sent.", ASKED),
    "referral.consent_refused": Told("The client said no to sharing with {them}. Please decide what now."),
    "referral.accepted": Told("{them} accepted your referral."),
    "referral.information_asked": Told("{them} asks you a question.", asks=True),
    "referral.information_given": Told(recipient="{them} answered your question.", asks=True),
    "referral.released": Told("Your referral waits for somebody to take it again."),
    "referral.pool_exhausted": Told("Nobody is left who could take your referral. Please send it to somebody else."),
    "referral.times_offered": Told("{them} offered your client times."),
    "referral.time_chosen": Told("The client chose a time with {them}.", "The client chose one of your times."),
    "referral.times_lapsed": Told(
        "The client chose none of the times of {them}.", "The client chose none of your times; please try again."
    ),
    "referral.waitlisted": Told("{them} put your client on the wait list."),
    "referral.booked": Told("{them} booked a visit for your client."),
    "referral.visit_cancelled": Told(
        "A visit with {them} was cancelled.", "A visit was cancelled; please book another."
    ),
    "referral.no_show_recorded": Told("There is news from {them} about a visit."),
    "referral.contact_given_up": Told("{them} could not reach your client. Please decide what now."),
    "referral.declined": Told("{them} declined. The page says why, and whom to call; please decide what now."),
    "referral.assigned": Told("A referral to {them} was given to you.", "A referral from {them} was given to you."),
    "referral.started": Told("{them} saw your client."),
    "referral.reported": Told("{them} reported back; please read it."),
    "referral.report_due": Told(recipient="Ten visits since the last report to {them}; please report.", asks=True),
    "referral.report_unread": Told("A report of {them} still waits to be read."),
    "referral.report_entered_in_error": Told("{them} says that a report was a mistake; please look."),
    "referral.report_returned": Told(recipient="{them} asks for more on your report.", asks=True),
    "referral.acknowledged": Told(recipient="{them} read your report; the loop is closed."),
    "referral.converted": Told(recipient="{them} made a referral of your advice."),
    "referral.withdrawn": Told(
        "A referral to {them} was withdrawn.", "{them} withdrew a referral; nothing is left for you to do."
    ),
    "referral.cancellation_requested": Told(recipient="{them} asks you to stop.", asks=True),
    "referral.cancellation_agreed": Told("{them} stopped, as you asked.", "A referral was stopped, as {them} asked."),
    "referral.cancellation_refused": Told("{them} goes on, and says why."),
    "referral.closed_without_report": Told(recipient="{them} closed a referral without your report."),
    "referral.consent_ended": Told(
        "Your client has stopped sharing. Please decide what now.", "The client of a referral has stopped sharing."
    ),
    "referral.expired": Told(
        "{them} did not answer in time. Please decide what now.", "A referral ran out; {them} decides what now."
    ),
    "referral.closed_unacknowledged": Told(
        "A report was never acknowledged; the referral was closed.", "{them} never acknowledged your report."
    ),
    "referral.reminded": Told("Something waits for you.", "Something waits for you.", asks=True),
    "referral.overdue": Told("Something is overdue.", "Something is overdue.", asks=True),
    "referral.message_added": Told("{them} wrote you a message.", "{them} wrote you a message."),
    "referral.handed_over": Told(
        "A referral lost the colleague who had it; your clinic has it now.",
        "A referral lost the colleague who had it; your clinic has it now.",
    ),
    "referral.press_lapsed": Told(
        "A colleague pressed a button and left before it counted; please look at it again.",
        "A colleague pressed a button and left before it counted; please look at it again.",
    ),
    "referral.mail_bounced": Told("A mail to {them} or the client came back: ring them, or correct the address."),
    "referral.claimed": Told("{them} has an account now and keeps the referral there."),
}

# What a colleague without an account gets by mail: the subject, and the sentence above the link.
GUEST: dict[str, tuple[str, str]] = {
    "referral.sent": ("Can you see a client?", "{asker} at {clinic} asks whether you can see a client{by}."),
    "referral.information_given": ("An answer to your question", "{asker} at {clinic} answered your question{by}."),
    "referral.time_chosen": ("A time was chosen", "The client of {clinic} chose one of the times you offered."),
    "referral.times_lapsed": ("No time was chosen", "The client of {clinic} chose none of your times{by}."),
    "referral.visit_cancelled": ("A visit was cancelled", "A visit for a client of {clinic} was cancelled{by}."),
    "referral.report_returned": (
        "A question about your report",
        "{asker} at {clinic} asks for more on your report{by}.",
    ),
    "referral.acknowledged": ("Thank you for your report", "{asker} at {clinic} read your report; the loop is closed."),
    "referral.converted": ("Thank you for your advice", "{asker} at {clinic} read your advice and goes on with it."),
    "referral.withdrawn": ("No longer needed", "{asker} at {clinic} took a request back; nothing is left to do."),
    "referral.cancellation_requested": ("Please stop", "{asker} at {clinic} asks you to stop{by}."),
    "referral.consent_ended": ("No longer needed", "A request of {clinic} has ended; nothing is left to do."),
    "referral.expired": ("The time to answer is over", "A request of {clinic} has ended without your answer."),
    "referral.closed_without_report": ("Closed", "{asker} at {clinic} closed a request without your report."),
    "referral.message_added": ("A message for you", "{asker} at {clinic} wrote you a message."),
    "referral.reminded": ("A reminder", "{asker} at {clinic} still hopes for your answer{by}."),
    "referral.overdue": ("Overdue", "{asker} at {clinic} is waiting for your answer; it was due{on}."),
}
INVITES = frozenset({"referral.sent", "referral.consent_given", "referral.guest_address_corrected"})
GUEST |= dict.fromkeys(INVITES, GUEST["referral.sent"])
ADVICE = ("May I ask for your advice?", "{asker} at {clinic} asks for your advice{by}.")


def guest_mail(event_type: str, *, is_advice: bool) -> tuple[str, str]:
    """Subject and sentence of a guest's mail."""
    return ADVICE if is_advice and event_type in INVITES else GUEST[event_type]


# Only while the guest still has the move.
GUEST_ASKED = INVITES | frozenset(
    {
        "referral.information_given",
        "referral.report_returned",
        "referral.cancellation_requested",
        "referral.times_lapsed",
        "referral.reminded",
        "referral.overdue",
    }
)

# What a client gets by mail: the subject, and the sentence above the link.
CLIENT: dict[str, tuple[str, str]] = {
    "referral.consent_asked": (
        "{clinic} asks you something",
        "{clinic} asks if they may share with another clinic. Please look and decide.",
    ),
    "referral.times_offered": ("Choose a time", "You can choose a time for a visit."),
    "referral.booked": ("News about a visit", "There is news about a visit."),
    "referral.visit_cancelled": ("News about a visit", "There is news about a visit."),
}
# What a client gets about their own page, by the mail's kind: the subject, and the sentence above the link.
SENT_OWN_PAGE, CONSENT_WRITTEN, GLASS_WAS_BROKEN = "client.own_page", "client.consent", "client.broken_glass"
OWN_PAGE: dict[str, tuple[str, str]] = {
    SENT_OWN_PAGE: ("Your own page", "This is your own page: see who can see you and who looked, and stop sharing."),
    CONSENT_WRITTEN: (
        "What you said yes to",
        "{clinic} wrote down that you share with others. On your own page you see with whom, and can stop it.",
    ),
    GLASS_WAS_BROKEN: (
        "Somebody looked in an emergency",
        "Somebody opened your record in an emergency, without asking you first. Your own page says who, and why.",
    ),
}
# What home's people get when a glass was broken.
BROKEN_GLASS, EMERGENCY = "access.break_glass", "emergency"
GLASS_BROKEN = "Somebody opened one of your clients in an emergency, without a consent. See who looked, and why."
CLIENT_REMINDED = ("A reminder from {clinic}", "{clinic} still waits for your answer. Please look and decide.")
