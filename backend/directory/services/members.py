"""Accounts in a clinic: invited by an admin, with rights, until they leave."""

from typing import Any
from uuid import UUID

from backend.audit import events
from backend.directory import policies
from backend.directory.models import AccessToken, Member, Organization, RefreshToken, User
from backend.directory.services import versions
from backend.directory.services.roles import end_roles_of
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Conflict
from backend.lib.rest.views import check_version


def add_member(*, actor: Actor, email: str, rights: list[str], given_name: str = "", family_name: str = "") -> Member:
    """Makes the account with this address a member; a new account has no password until its person sets one."""
    here = policies.require_admin(actor)
    _lock_members(actor)
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        user = User.objects.create_user(email, None, first_name=given_name, last_name=family_name)
    if Member.objects.filter(user=user, organization_id=here, ended_at=None).exists():
        raise Conflict("This person is a member here already.", code="already_member")
    member = Member.objects.create(user=user, organization_id=here, rights=rights)
    events.record("member.added", subject=member, actor=actor, organizations=[actor.organization_id])
    return member


def change_member(member_id: UUID, *, actor: Actor, version: int | None = None, **changes: Any) -> Member:
    """Rights by an admin; quiet hours and the digest by the member, too. An organization keeps an admin."""
    _lock_members(actor)
    member = _live(member_id, actor)
    policies.may_change_member(actor, member)
    check_version(member.version, version)
    if "rights" in changes and changes["rights"] != member.rights:
        policies.require_admin(actor, member.organization_id)
        if Member.Right.ADMIN not in changes["rights"]:
            _refuse_last_admin(member)
    if versions.apply(member, changes):
        events.record("member.changed", subject=member, actor=actor, organizations=[actor.organization_id])
    return member


def end_member(member_id: UUID, *, actor: Actor) -> Member:
    """The membership ends, with its tokens and the roles the person holds here; the account stays."""
    _lock_members(actor)
    member = _live(member_id, actor)
    policies.may_change_member(actor, member)
    _refuse_last_admin(member)
    versions.apply(member, {"ended_at": clock.now()})
    RefreshToken.objects.filter(access_token__member=member, revoked=None).update(revoked=clock.real_now())
    AccessToken.objects.filter(member=member).delete()
    events.record("member.ended", subject=member, actor=actor, organizations=[actor.organization_id])
    end_roles_of(member.user_id, member.organization_id, actor=actor, reason="The membership has ended.")
    return member


def _lock_members(actor: Actor) -> None:
    """One change of members at a time, or two admins could remove each other."""
    Organization.objects.visible_to(actor).locked().one(actor.organization_id)


def _live(member_id: UUID, actor: Actor) -> Member:
    member: Member = Member.objects.visible_to(actor).filter(ended_at=None).locked().one(member_id)
    return member


def _refuse_last_admin(member: Member) -> None:
    admins = Member.objects.filter(
        organization_id=member.organization_id, ended_at=None, rights__contains=[Member.Right.ADMIN]
    )
    if Member.Right.ADMIN in member.rights and not admins.exclude(pk=member.pk).exists():
        raise Conflict("An organization needs an admin; make somebody else one first.", code="last_admin")
