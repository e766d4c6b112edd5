"""People who treat, and the licenses and certificates that let them."""

from typing import Any
from uuid import UUID

from backend.audit import events
from backend.directory import policies
from backend.directory.eligibility import today_at
from backend.directory.models import Credential, Member, Organization, Practitioner, PractitionerRole
from backend.directory.services import versions
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, invalid
from backend.lib.rest.views import check_version


def add_practitioner(*, actor: Actor, family_name: str, given_name: str, member_id: UUID | None = None) -> Practitioner:
    """Enters a practitioner; with ``member_id`` they are that member of the organization, signed in."""
    if member_id is None or member_id != actor.member_id or not actor.treats:
        policies.require_manager(actor)
    here = policies.organization_of(actor)
    user_id = None if member_id is None else _account_of(member_id, here)
    practitioner = Practitioner.objects.create(
        organization_id=here, family_name=family_name, given_name=given_name, user_id=user_id
    )
    events.record("practitioner.added", subject=practitioner, actor=actor, organizations=[actor.organization_id])
    return practitioner


def change_practitioner(
    practitioner_id: UUID, *, actor: Actor, version: int | None = None, **changes: Any
) -> Practitioner:
    practitioner: Practitioner = Practitioner.objects.visible_to(actor).locked().one(practitioner_id)
    policies.may_change_practitioner(actor, practitioner)
    check_version(practitioner.version, version)
    if versions.apply(practitioner, changes):
        _record("practitioner.changed", practitioner, practitioner.id, actor)
    return practitioner


def add_credential(practitioner_id: UUID, *, actor: Actor, **fields: Any) -> Credential:
    """Enters a license or certificate; it counts once an admin has verified it."""
    practitioner: Practitioner = Practitioner.objects.visible_to(actor).one(practitioner_id)
    policies.may_change_practitioner(actor, practitioner)
    credential = Credential.objects.create(
        practitioner=practitioner, organization_id=actor.organization_id, status=Credential.Status.PENDING, **fields
    )
    _record("credential.added", credential, practitioner.id, actor)
    return credential


def change_credential(credential_id: UUID, *, actor: Actor, version: int | None = None, **changes: Any) -> Credential:
    """Corrects a credential. What was verified is no longer what it says, so it waits for an admin again."""
    credential: Credential = Credential.objects.visible_to(actor).locked().one(credential_id)
    policies.may_change_credential(actor, credential)
    check_version(credential.version, version)
    if credential.status in (Credential.Status.SUSPENDED, Credential.Status.REVOKED):
        raise Conflict(
            f"This credential is {credential.status}; an admin has to lift that before anything in it changes.",
            code="credential_" + credential.status,
        )
    changed = versions.set_fields(credential, changes)
    if changed:
        credential.status, credential.verified_on, credential.verified_by = Credential.Status.PENDING, None, None
        versions.save(credential, [*changed, "status", "verified_on", "verified_by"])
        _record("credential.changed", credential, credential.practitioner_id, actor)
    return credential


def judge_credential(credential_id: UUID, *, actor: Actor, status: str, version: int | None = None) -> Credential:
    """An admin of the organization that entered it verifies, suspends or revokes a credential, or takes that back."""
    credential: Credential = Credential.objects.visible_to(actor).locked().one(credential_id)
    policies.may_verify_credential(actor, credential)
    check_version(credential.version, version)
    today = today_at(Organization.objects.one(actor.organization_id))
    is_verified = status == Credential.Status.VERIFIED
    if is_verified and credential.expires_on is not None and credential.expires_on < today:
        raise Conflict(f"It expired on {credential.expires_on}; enter the renewed one.", code="credential_expired")

    verdict = {"verified_on": today, "verified_by_id": actor.member_id} if is_verified else {}
    if versions.apply(credential, {"status": status, **verdict}):
        _record(f"credential.{status}", credential, credential.practitioner_id, actor)
    return credential


def _account_of(member_id: UUID, organization_id: UUID) -> UUID:
    member = Member.objects.filter(pk=member_id, organization_id=organization_id, ended_at=None).first()
    if member is None:
        raise invalid("/member_id", "This is no member of your organization.", code="unknown_member")
    if Practitioner.objects.filter(user_id=member.user_id).exists():
        raise Conflict("This member is a practitioner already; start a role for them.", code="already_a_practitioner")
    user_id: UUID = member.user_id
    return user_id


def _record(type: str, subject: Practitioner | Credential, practitioner_id: UUID, actor: Actor) -> None:
    """Tells the organization that acts and everywhere the practitioner works."""
    places = PractitionerRole.objects.filter(practitioner_id=practitioner_id, ended_at=None)
    events.record(
        type,
        subject=subject,
        actor=actor,
        organizations={actor.organization_id, *places.values_list("organization_id", flat=True)},
        related={"practitioner_id": str(practitioner_id)},
    )
