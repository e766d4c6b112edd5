"""Who may change what in the directory; each function lets the caller pass or raises the refusal they read."""

from uuid import UUID

from backend.directory.models import Credential, Member, Practitioner, PractitionerRole
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import Forbidden


def organization_of(actor: Actor) -> UUID:
    """The organization the caller acts for."""
    if not actor.is_staff or actor.organization_id is None:
        raise Forbidden("Only those who act for an organization may do that.", code="no_organization")
    return actor.organization_id


def require_admin(actor: Actor, organization_id: UUID | None = None) -> UUID:
    """An admin, as a person, of this organization (None: of their own), whose id is returned."""
    if actor.kind != ActorKind.MEMBER or not actor.has_right("admin") or _is_elsewhere(actor, organization_id):
        raise Forbidden("Only an admin of this organization may do that.", code="admin_only")
    return organization_of(actor)


def require_manager(actor: Actor, organization_id: UUID | None = None) -> UUID:
    """An admin or the system of this organization (None: of their own), whose id is returned."""
    is_manager = actor.kind == ActorKind.SYSTEM or (actor.kind == ActorKind.MEMBER and actor.has_right("admin"))
    if not is_manager or _is_elsewhere(actor, organization_id):
        raise Forbidden("Only an admin or the system of this organization may do that.", code="manager_only")
    return organization_of(actor)


def may_see_members(actor: Actor) -> None:
    if actor.kind != ActorKind.MEMBER:
        raise Forbidden("Members are shown to the people of the organization only.", code="members_only")


def may_change_member(actor: Actor, member: Member) -> None:
    """Members set their own quiet hours; an admin sets all else."""
    if actor.member_id != member.id:
        require_admin(actor, member.organization_id)


def may_change_practitioner(actor: Actor, practitioner: Practitioner) -> None:
    if not _is_self(actor, practitioner.id):
        _require_manager_of(actor, practitioner.organization_id)


def may_start_role(actor: Actor, practitioner: Practitioner) -> None:
    """Whoever another organization entered joins by their own hand; nobody is put on a clinic's list unasked."""
    if _is_self(actor, practitioner.id) and actor.treats:
        return
    if practitioner.organization_id != actor.organization_id:
        raise Forbidden(
            "This practitioner was entered by another organization; they join yours by starting the role themselves.",
            code="joins_themselves",
        )
    require_manager(actor)


def may_change_role(actor: Actor, role: PractitionerRole) -> None:
    if role.id not in actor.role_ids:
        require_manager(actor, role.organization_id)


def may_agree_to_transmission(actor: Actor, role: PractitionerRole) -> None:
    if actor.kind != ActorKind.MEMBER or role.id not in actor.role_ids:
        raise Forbidden("Only the practitioner may agree to this, signed in themselves.", code="only_yourself")


def may_change_credential(actor: Actor, credential: Credential) -> None:
    if not _is_self(actor, credential.practitioner_id):
        _require_manager_of(actor, credential.organization_id)


def may_verify_credential(actor: Actor, credential: Credential) -> None:
    if credential.organization_id is None:
        raise Forbidden("The operator of this service entered this credential and answers for it.", code="admin_only")
    require_admin(actor, credential.organization_id)


def _require_manager_of(actor: Actor, organization_id: UUID | None) -> None:
    if organization_id is None:
        raise Forbidden("No organization entered this, so only the practitioner may change it.", code="manager_only")
    require_manager(actor, organization_id)


def _is_self(actor: Actor, practitioner_id: UUID) -> bool:
    return actor.kind == ActorKind.MEMBER and actor.practitioner_id == practitioner_id


def _is_elsewhere(actor: Actor, organization_id: UUID | None) -> bool:
    return organization_id is not None and organization_id != actor.organization_id
