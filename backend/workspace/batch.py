"""Several referrals given to one colleague at once; each is given, or refused, by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from backend.lib.actor import Actor
from backend.lib.problems import Problem
from backend.referrals import services
from backend.referrals import workflow as w
from backend.referrals.models import Referral


@dataclass(slots=True)
class Given:
    """How many were given, and why the others were not."""

    count: int = 0
    refusals: list[Problem] = field(default_factory=list)


def give_all(chosen: Mapping[UUID, int | None], role_id: UUID, *, actor: Actor) -> Given:
    """Gives each of the chosen referrals, by id with the version that was shown, to a role of the actor's clinic."""
    given = Given()
    # Always in the same order, so that two who give the same referrals do not wait for each other.
    for referral_id in sorted(chosen):
        try:
            with transaction.atomic():
                services.move_referral(
                    referral_id,
                    "assign",
                    actor=actor,
                    expected_version=chosen[referral_id],
                    practitioner_role_id=str(role_id),
                    **_side(referral_id, actor),
                )
        except Problem as refusal:
            given.refusals.append(refusal)
        else:
            given.count += 1
    return given


def _side(referral_id: UUID, actor: Actor) -> dict[str, Any]:
    """Inside one clinic the colleague joins the side whose move it is."""
    referral = Referral.objects.visible_to(actor).filter(pk=referral_id).first()
    if referral is None or not referral.is_inside_one_organization:
        return {}
    return {"side": w.RECIPIENT if w.STATES[referral.state].mover == w.RECIPIENT else w.SENDER}
