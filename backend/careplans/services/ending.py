"""What the end of a plan leaves: thirty days in which its parties still read it; and the end that a death brings."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.audit import events, work
from backend.careplans.models import CarePlan, Proposal
from backend.careplans.services.taking import tell_to
from backend.careplans.workflow import PLAN_WORKFLOW, PROPOSAL_WORKFLOW
from backend.clients.models import Access, Client
from backend.clients.queries import ask_guard, homes_of, ids_of
from backend.lib.actor import Actor, system_of
from backend.lib.problems import Conflict

ACCESS_ENDS = "care_plan.access_ends"


def wind_down_access(plan: CarePlan) -> None:
    """The plan has ended: what only its circle's care team opened ends in thirty days, unless another plan holds it."""
    for access_id, organization_id, ends_at in ask_guard("SELECT * FROM wind_down_access(%s)", [plan.pk]):
        work.queue(ACCESS_ENDS, access_id, organization_id=organization_id, due_at=ends_at)


def keep_access(plan: CarePlan) -> None:
    """The plan goes on: who has not lost its place yet keeps it as long as the consent lasts."""
    for (access_id,) in ask_guard("SELECT keep_access(%s)", [plan.pk]):
        work.drop([ACCESS_ENDS], access_id)


def watch_access(access_id: UUID, *, actor: Actor) -> None:
    """Says it when a place on the care team ends that was given with an end."""
    access = Access.objects.visible_to(actor).filter(pk=access_id, until__isnull=False).first()
    if access is not None and access.until is not None:
        work.queue(ACCESS_ENDS, access_id, organization_id=access.organization_id, due_at=access.until)


def end_access(access_id: UUID, *, actor: Actor) -> None:
    """The thirty days are over; says so to who had the place and to the client's home. Says nothing the second time."""
    client_id = ask_guard("SELECT plan_access_ran_out(%s)", [access_id])[0][0]
    if client_id is None:
        return
    events.record(
        "access.ended",
        subject=Access(pk=access_id),
        actor=actor,
        organizations=[actor.organization_id, *homes_of(client_id)],
        client_id=client_id,
        related={"client_id": str(client_id), "reason": "plan_ended"},
        always=True,
    )


def check_client_lives(client_id: UUID) -> None:
    """409 for what would begin a plan of a client who died, or go on with it."""
    if ask_guard("SELECT has_died(%s)", [client_id])[0][0]:
        raise Conflict(
            "This client died. Take the death back first if it was recorded by mistake.", code="client_deceased"
        )


def end_with_death(client: Client, actor: Actor) -> None:
    """Called in the transaction that records a death: every open plan of the client is revoked, whoever leads it.

    What was proposed lapses, and the parties read the plan for thirty days more. A death that is taken back leaves the
    plan as it was, for its lead to reopen.
    """
    for client_id in ids_of(actor, client):
        for (revoked,) in ask_guard("SELECT end_plans_with_death(%s)", [client_id]):
            _tell_revoked(client_id, json.loads(revoked), system_of(actor.clinic_id))


def _tell_revoked(client_id: UUID, revoked: dict[str, Any], actor: Actor) -> None:
    plan = CarePlan(pk=UUID(revoked["plan"]), version=revoked["version"], client_id=client_id)
    team = [UUID(member) for member in revoked["members"]]
    tell_to(team, PLAN_WORKFLOW["revoke"].event, plan, actor)
    for proposal_id in revoked["proposals"]:
        tell_to(team, PROPOSAL_WORKFLOW["lapse"].event, plan, actor, Proposal(pk=UUID(proposal_id)))
    for place in revoked["places"]:
        ends_at = datetime.fromisoformat(place["ends_at"])
        work.queue(ACCESS_ENDS, UUID(place["id"]), organization_id=UUID(place["organization"]), due_at=ends_at)
