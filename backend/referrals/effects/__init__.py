"""What each transition changes besides the state: one small function per transition, found by its name."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from backend.directory.models import PractitionerRole
from backend.lib.problems import Conflict, invalid
from backend.referrals import files, gates
from backend.referrals import workflow as w
from backend.referrals.effects import answering, ending, reporting, sending, visiting
from backend.referrals.effects.access import end_access
from backend.referrals.effects.registry import effect_of, of
from backend.referrals.effects.reporting import mark_read
from backend.referrals.effects.visiting import cancel_coming_visits
from backend.referrals.inputs import role_named
from backend.referrals.move import Move

__all__ = ["answering", "apply", "ending", "follow_up", "mark_read", "of", "reporting", "sending", "visiting"]

# What a practitioner decides with a license in force; sending, accepting and signing ask theirs in gates of their own.
NEEDS_CREDENTIAL = frozenset({"start", "acknowledge", "return_report"})


def apply(move: Move, target: str) -> None:
    """Runs the transition's own effect, and what every way into the target brings."""
    _name_practitioner(move)
    if move.row.name in NEEDS_CREDENTIAL:
        check_who_acts(move)
    if scan := (move.details.get("recorded") or {}).get("attachment_id"):
        files.attach([scan], referral=move.referral, actor=move.actor)
    if effect := effect_of(move.row.name):
        effect(move)
    if target in (w.DECLINED, w.WITHDRAWN, w.CLIENT_DECLINED, w.UNREACHABLE, w.EXPIRED):
        cancel_coming_visits(move)
    if target not in (w.TIMES_OFFERED, move.referral.state) and move.referral.state == w.TIMES_OFFERED:
        move.referral.offered_times.filter(is_open=True).update(is_open=False)


def follow_up(move: Move) -> None:
    """Runs after the referral was saved: access is opened and ended by what is true now."""
    for act in move.after:
        act()
    referral = move.referral
    if referral.state in (*w.FINISHED, w.DECLINED, w.EXPIRED, w.UNREACHABLE, w.CLIENT_DECLINED):
        end_access(referral, move.actor, because=move.row.name)


def _name_practitioner(move: Move) -> None:
    """The practitioner a system acts for, or a member's own role that fits the referral best."""
    if move.is_recorded_for_guest:
        return
    named = role_named(move.details) if move.row.name != "assign" else None
    wanted = [named] if named else sorted(move.actor.role_ids) if move.actor.treats else []
    if not wanted:
        return
    role = _best(_of_a_side(move, wanted), move) or _best(_of_the_clinic(move, wanted), move)
    if role is None:
        raise invalid(
            "/practitioner_role_id", "There is no such practitioner role in your clinic.", code="unknown_role"
        )
    move.on_behalf_of = role


def _of_a_side(move: Move, wanted: Sequence[UUID]) -> list[PractitionerRole]:
    """Those wanted that the referral names; they were read with it."""
    named = (move.referral.sender_role, move.referral.recipient_role)
    here = move.actor.organization_id
    return [r for r in named if r is not None and r.id in wanted and r.organization_id == here and r.ended_at is None]


def _of_the_clinic(move: Move, wanted: Sequence[UUID]) -> Iterable[PractitionerRole]:
    return PractitionerRole.objects.select_related("practitioner", "organization").filter(
        pk__in=wanted, organization_id=move.actor.organization_id, ended_at=None
    )


def _best(roles: Iterable[PractitionerRole], move: Move) -> PractitionerRole | None:
    return min(roles, key=lambda role: (role.discipline != move.referral.discipline, role.id), default=None)


def check_who_acts(move: Move) -> None:
    """409 unless the practitioner who decides has a credential in force; a guest attested theirs at the door."""
    if not move.actor.is_staff or move.is_recorded_for_guest:
        return
    if move.on_behalf_of is None:
        raise Conflict("A practitioner with a license in force decides this.", code="credential_invalid")
    gates.check_role(move.on_behalf_of, of_discipline=move.on_behalf_of.discipline, who=move.party)
