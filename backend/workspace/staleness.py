"""Who changed a row last and when, for the answer to a form that was made from an older version."""

from typing import Any
from uuid import UUID

from backend.audit.models import Event
from backend.directory.models import Member
from backend.lib.actor import Actor
from backend.lib.problems import Problem, Stale
from backend.workspace import words
from backend.workspace.worklist import zone_of


def who_changed(problem: Problem, subject_id: UUID, *, actor: Actor) -> Problem:
    """A stale answer that says who changed the row and when; every other refusal as it is."""
    if not isinstance(problem, Stale):
        return problem
    zone = zone_of(actor)
    if "changed_by" in problem.extra:
        return _told(problem, problem.extra["changed_by"], problem.extra["changed_at"], zone)
    last = Event.objects.visible_to(actor).filter(subject_id=subject_id).order_by("-recorded_at", "-id").first()
    if last is None:
        return problem
    member = Member.objects.select_related("user").filter(pk=last.actor_member_id).first()
    return _told(problem, str(member.user) if member else "Somebody else", last.recorded_at, zone)


def _told(problem: Problem, who: str, at: Any, zone: str) -> Problem:
    return Stale(
        f"{who} changed this while you were looking at it ({words.moment(at, zone)}).",
        code=problem.code,
    )
