"""Every type of event there is, with the sentence that explains it."""

from collections.abc import Mapping

from backend.referrals.workflow import WORKFLOW

# What is not a step of a referral; the steps bring their own types.
OTHER_TYPES: Mapping[str, str] = {
    "client.registered": "A client was registered.",
    "client.updated": "Something about a client changed: name, contact, status.",
    "client.moved": "A client moved away.",
    "client.deceased": "A client died: stop reminders, look at what is open.",
    "client.linked": "A client another clinic shares was linked to one's own record of the same person.",
    "client.unlinked": "Such a link was undone.",
    "client.merged": "Two records of one person became one; the old id keeps answering.",
    "client.unmerged": "A merge was undone.",
    "access.started": "You may see this client from now on: load it.",
    "access.ended": "You may no longer see this client; `related` says why. Stop showing your copy.",
    "access.break_glass": "Somebody opened this client in an emergency, without a live consent.",
    "consent.given": "The client said yes to a circle.",
    "consent.changed": "The circle or its end changed.",
    "consent.refused": "The client said no.",
    "consent.withdrawn": "The client has stopped sharing.",
    "consent.expiring": "A consent comes to its end soon: ask the client to renew it.",
    "consent.expired": "A consent came to its end.",
    "precaution.recorded": "A condition that limits care was recorded.",
    "precaution.ended": "A precaution no longer holds.",
    "precaution.entered_in_error": "A precaution was recorded by mistake: stop showing your copy.",
    "hold.placed": "Treatment of a region stops for everybody until somebody clears it.",
    "hold.cleared": "Treatment of the region may go on.",
    "referral.delivered": "The referral reached the recipient.",
    "referral.opened": "A person on the recipient's side opened it.",
    "referral.message_added": "Somebody wrote a message.",
    "referral.changed": "A draft was changed.",
    "referral.handed_over": "Whoever had it left; the clinic's queue has it now.",
    "referral.report_unread": "An interim report was not read in its time.",
    "referral.reminded": "The side whose move it is was reminded.",
    "referral.mail_bounced": "A mail to a guest or the client came back: ring them, or correct the address.",
    "referral.link_ended": "The sender ended the guest's link; it opens nothing any more.",
    "referral.link_sent": "The sender sent the guest a fresh link; earlier ones open nothing any more.",
    "referral.claimed": "A guest has an account now; the referral is in their clinic's list.",
    "referral.overdue": "The side whose move it is let the due time pass.",
    "note.signed": "A note was signed.",
    "note.cosigned": "A colleague co-signed a student's note: it counts as signed from now on.",
    "note.amended": "Something was added to a signed note.",
    "note.entered_in_error": "A note should not have been written: stop showing your copy, or strike it through.",
    "note.closed_unsigned": "What somebody who left did not sign was closed as it is.",
    "note.unsigned": "A visit took place, and a day after its draft was last touched it is not signed.",
    "ask.raised": "A signed note asks something of those who treat the client.",
    "ask.ended": "What a note asked no longer holds.",
    "visit.booked": "A visit was booked.",
    "visit.cancelled": "A visit was cancelled.",
    "visit.missed": "The client did not come.",
    "visit.done": "A visit took place.",
    "organization.opened": "The clinic joined.",
    "organization.changed": "Something about the clinic changed.",
    "location.added": "The clinic has a new place.",
    "location.changed": "Something about a place changed.",
    "practitioner.added": "A practitioner was added.",
    "practitioner.changed": "Something about a practitioner changed.",
    "credential.added": "A license or certification was added.",
    "credential.changed": "A license or certification was verified, renewed or ended.",
    "practitioner_role.started": "A practitioner took up a role.",
    "practitioner_role.changed": "Something about a role changed, such as whether it accepts.",
    "practitioner_role.ended": "A practitioner left a role.",
    "member.added": "Somebody may work here now.",
    "member.changed": "What a member may do changed.",
    "member.ended": "A member left.",
    "application.added": "A clinic system was connected.",
    "application.changed": "What a clinic system may do changed.",
    "application.secret_rotated": "A clinic system has a new secret.",
    "application.ended": "A clinic system was disconnected.",
}


def event_types() -> dict[str, str]:
    """Type and sentence, in alphabetical order."""
    steps = {row.event: row.summary for row in WORKFLOW.rows}
    return dict(sorted({**steps, **OTHER_TYPES}.items()))
