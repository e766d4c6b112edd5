"""The text of mails: plain, short, without a client's name, a reason or a clinical word."""

from datetime import datetime
from email.utils import formataddr, parseaddr
from uuid import UUID

from django.conf import settings

from backend.directory.models import Organization
from backend.lib.zones import zone_named
from backend.links.models import Link
from backend.links.tokens import path_of
from backend.notifications.told import TOLD
from backend.referrals.models import Referral

SAFE = "This mail holds nothing about anybody's health. If it is not for you, you can ignore it or say so on the page."


def one_line(text: str) -> str:
    """Names as people typed them, safe in a mail's header."""
    return " ".join(text.split())


def from_address(organization: Organization) -> str:
    """The clinic by way of the service, so that the reader knows who writes."""
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((f"{one_line(organization.name)} via Trialogue", address))


def day(moment: datetime | None, zone: str) -> str:
    """Thu 27 Nov, by the clock of the clinic that asks."""
    if moment is None:
        return ""
    there = moment.astimezone(zone_named(zone))
    return f"{there:%a} {there.day} {there:%b}"


def asker(referral: Referral) -> str:
    role = referral.sender_role
    return one_line(str(role.practitioner)) if role else "A colleague"


def other_side(referral: Referral, side: str) -> str:
    """How a member's mail calls the other side."""
    if side == "recipient":
        return one_line(referral.sender_organization.name)
    if referral.recipient_organization is not None:
        return one_line(referral.recipient_organization.name)
    return "Your colleague" if referral.is_guest else "The pool"


def line(event_type: str, side: str, referral: Referral) -> str:
    """One sentence a member reads in a mail or digest."""
    return TOLD[event_type].line(side).format(them=other_side(referral, side))


def consents_line(number: int) -> str:
    """How many clients' consents end soon: no name, no clinic."""
    whose = "A client's consent ends" if number == 1 else f"{number} consents of clients end"
    return f"{whose} within 14 days; ask them whether it goes on."


def consents_address() -> str:
    return f"{settings.BASE_URL}/clients?consents=ending"


def unsigned_line(number: int) -> str:
    """How many drafts of the reader's own wait: no name, and nothing of what they say."""
    waits = "A note of yours waits" if number == 1 else f"{number} notes of yours wait"
    return f"{waits} for your signature."


def uncosigned_line(number: int) -> str:
    waits = "A student's note waits" if number == 1 else f"{number} notes of students wait"
    return f"{waits} for your co-signature."


def left_unsigned_line(number: int) -> str:
    which = "A note" if number == 1 else f"{number} notes"
    return f"{which} that somebody who left did not sign {'waits' if number == 1 else 'wait'} to be closed."


def notes_address(part: str) -> str:
    """The list of what waits for a signature, at one of its parts."""
    return f"{settings.BASE_URL}/notes#{part}"


def plans_line(number: int) -> str:
    """How many care plans wait for a step of the reader's clinic: no name, and nothing of what they say."""
    waits = "A care plan waits" if number == 1 else f"{number} care plans wait"
    return f"{waits} for a step of your clinic."


def plans_address() -> str:
    return f"{settings.BASE_URL}/care-plans"


def client_address(client_id: UUID) -> str:
    return f"{settings.BASE_URL}/clients/{client_id}"


def referral_address(referral: Referral) -> str:
    return f"{settings.BASE_URL}/referrals/{referral.pk}"


def link_address(link: Link) -> str:
    """The address with the secret in it: made when the mail leaves, kept nowhere."""
    return settings.BASE_URL + path_of(link)


def for_guest(sentence: str, referral: Referral, link: Link) -> str:
    clinic = referral.sender_organization
    due = day(referral.due_at, clinic.time_zone)
    said = sentence.format(
        asker=asker(referral),
        clinic=one_line(clinic.name),
        by=f"; please answer by {due}" if due else "",
        on=f" on {due}" if due else "",
    )
    call = f"\n\nYou can also ring {one_line(clinic.name)}: {clinic.phone}" if clinic.phone else ""
    return f"{said}\n\nOpen it here, without an account:\n{link_address(link)}{call}\n\n{SAFE}\n"


def for_client(sentence: str, organization: Organization, link: Link) -> str:
    said = sentence.format(clinic=one_line(organization.name))
    return f"Hello,\n\n{said}\n\n{link_address(link)}\n\n{SAFE}\n"


def for_member(lines: list[tuple[str, str]]) -> str:
    """Lines with the address of the page that each is about."""
    told = "\n\n".join(f"{said}\n{address}" for said, address in lines)
    return f"{told}\n\nYou choose what reaches you by mail, and when: {settings.BASE_URL}/settings/notifications\n"


def for_code(code: str, organization: Organization) -> str:
    return (
        f"Your code is {code}\n\nType it on the page you opened. It is good for ten minutes, once. "
        f"Nobody at {one_line(organization.name)} will ever ask you for it.\n"
    )
