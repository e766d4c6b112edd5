"""Send, accept and decline can be taken back on the page for ten seconds: until then nothing has happened.

A press is checked at once, by making the move and rolling it back, so that a refusal is read immediately. It counts when
its ten seconds are over: the worker makes the move as the person who pressed. The API has no presses: it moves at once.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from backend.audit import events, work
from backend.directory.actors import actor_of_member
from backend.lib import clock
from backend.lib.actor import Actor, system_of
from backend.lib.problems import Conflict, Problem
from backend.lib.unit_of_work import acting_as
from backend.referrals import services
from backend.referrals.models import Press, Referral

HELD = frozenset({"send", "accept", "decline"})
TAKES_BACK = timedelta(seconds=10)
KIND = "referral.press"


def press(referral_id: UUID | str, name: str, *, actor: Actor, expected_version: int | None, **details: Any) -> Press:
    """Holds a move for ten seconds. Raises what the move itself would raise; 409 when another press is held already."""
    if Press.objects.visible_to(actor).filter(referral_id=referral_id, refused_because="").exists():
        raise Conflict("You pressed a button here already; take it back first.", code="press_held")
    assert actor.member_id is not None, "only a person presses"
    _try(referral_id, name, actor, expected_version, details)
    held = Press(
        referral_id=referral_id,
        organization_id=actor.clinic_id,
        member_id=actor.member_id,
        name=name,
        details=details,
        counts_at=clock.now() + TAKES_BACK,
    )
    held.save(force_insert=True)
    work.queue(KIND, held.id, organization_id=actor.clinic_id, due_at=held.counts_at)
    return held


def take_back(press_id: UUID | str, *, actor: Actor) -> None:
    """Nothing has happened, and now nothing will. 409 when the ten seconds are over."""
    held = Press.objects.visible_to(actor).locked().filter(pk=press_id, refused_because="").first()
    if held is None:
        raise Conflict("The ten seconds are over: this has happened already.", code="too_late")
    work.drop([KIND], held.id)
    held.delete()


def held_by(actor: Actor, referral_id: UUID | str) -> Press | None:
    """The press of this person that waits on a referral, or was refused when its time came."""
    return Press.objects.visible_to(actor).filter(referral_id=referral_id).order_by("-created_at").first()


@work.handles(KIND)
def count(claim: work.Claim) -> None:
    """The ten seconds are over: the move is made as the person who pressed, under the same rules as ever."""
    held = _read(claim)
    actor = actor_of_member(held.member_id) if held else None
    assert claim.organization_id is not None
    if held is None:
        work.do_in_organization(claim, lambda: None)
        return
    if actor is None:
        work.do_in_organization(claim, lambda: lapse(held))
        return
    try:
        with acting_as(actor):
            services.move_referral(held.referral_id, held.name, actor=actor, **held.details)
            Press.objects.filter(pk=held.pk).delete()
            work.finish(claim)
    except Problem as problem:
        refused = problem.detail
        with acting_as(actor):
            Press.objects.filter(pk=held.pk).update(refused_because=refused)
            work.finish(claim)


def lapse(held: Press) -> None:
    """Whoever pressed has left meanwhile: nothing happened, and the clinic is told so that a colleague decides."""
    actor = system_of(held.organization_id)
    referral = Referral.objects.visible_to(actor).one(held.referral_id)
    events.record(
        "referral.press_lapsed",
        subject=referral,
        actor=actor,
        organizations=[held.organization_id],
        client_id=referral.client_id,
    )
    Press.objects.filter(pk=held.pk).delete()


def _read(claim: work.Claim) -> Press | None:
    assert claim.organization_id is not None
    with acting_as(system_of(claim.organization_id)):
        return Press.objects.filter(pk=claim.subject_id, refused_because="").first()


def _try(
    referral_id: UUID | str, name: str, actor: Actor, expected_version: int | None, details: dict[str, Any]
) -> None:
    with transaction.atomic():
        services.move_referral(referral_id, name, actor=actor, expected_version=expected_version, **details)
        transaction.set_rollback(True)
