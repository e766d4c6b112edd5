"""A colleague without an account: what they say of themselves at the door, and taking over with an account."""

from uuid import UUID

from django.db import connection

from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import Conflict, Forbidden
from backend.referrals import services
from backend.referrals.models import Guest, Referral


def attest(
    referral_id: UUID, *, actor: Actor, name: str, clinic: str, license_kind: str, license_number: str, place: str
) -> Guest:
    """Name, clinic and license as the guest states them: attested, never verified. Said once, before the package opens."""
    if actor.kind != ActorKind.GUEST:
        raise Forbidden("Only the guest says who they are.", code="wrong_party")
    referral = services.locked(referral_id, actor)
    guest = Guest.objects.visible_to(actor).get(pk=referral.pk)
    if guest.attested_at is not None:
        raise Conflict("This was said already.", code="already_attested")
    guest.attested_name, guest.attested_clinic = name, clinic
    guest.license_kind, guest.license_number, guest.license_place = license_kind, license_number, place
    guest.attested_at = clock.now()
    guest.save(
        update_fields=[
            "attested_name",
            "attested_clinic",
            "license_kind",
            "license_number",
            "license_place",
            "attested_at",
        ]
    )
    return guest


def claim_guest_referrals(*, actor: Actor, proven_address: str) -> list[Referral]:
    """What was sent to this address goes to the person's own role; package access only, as before.

    ``proven_address`` was confirmed by a code or by the account's own verification. The database compares it with the
    account once more. 403 for another's address or without a role of one's own.
    """
    if actor.kind != ActorKind.MEMBER or not actor.role_ids:
        raise Forbidden("Sign in as a practitioner with a role in a clinic first.", code="practitioner_required")
    claimed: list[UUID] = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lower(u.email) FROM directory_member m JOIN directory_user u ON u.id = m.user_id WHERE m.id = %s",
            [actor.member_id],
        )
        if cursor.fetchone() != (proven_address.lower(),):
            raise Forbidden("This address is not the one of your account.", code="address_not_yours")
        for role_id in PractitionerRole.objects.filter(pk__in=actor.role_ids).values_list("pk", flat=True):
            cursor.execute("SELECT claim_guest_referrals(%s)", [role_id])
            claimed += [row[0] for row in cursor.fetchall()]
    found = list(Referral.objects.visible_to(actor).filter(pk__in=claimed))
    for referral in found:
        services.record("referral.claimed", referral, actor)
    return found


def referrals_to_claim(actor: Actor) -> int:
    """How many referrals to the person's own address, as a guest, could move to their roles here."""
    if actor.kind != ActorKind.MEMBER:
        return 0
    found = 0
    with connection.cursor() as cursor:
        for role_id in actor.role_ids:
            cursor.execute("SELECT guest_referrals_to_claim(%s)", [role_id])
            found += cursor.fetchone()[0]
    return found
