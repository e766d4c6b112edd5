"""Breaking the glass: one licensed practitioner, one sentence, sixty minutes, reads only, and everybody is told."""

from uuid import UUID

from django.conf import settings

from backend.audit.access_log import Look, log_looks
from backend.audit.events import record
from backend.audit.models import AccessLog
from backend.clients.models import Access
from backend.clients.queries import ask_guard, homes_of
from backend.directory.eligibility import credential_problem_of
from backend.directory.models import Organization
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.problems import Forbidden, NotFound, invalid

SHORTEST_REASON = 10


def break_the_glass(client_id: UUID, *, actor: Actor, reason: str) -> Access:
    """Opens the shared record to this practitioner for 60 minutes, without a consent.

    Only at home, or where the organization was in a circle of this client; else 404. Whoever calls this writes a
    refused attempt into the access log (``refused_attempt``), in the transaction after the refusal.
    """
    check_may_break_the_glass(client_id, actor=actor)
    if len(reason.strip()) < SHORTEST_REASON:
        raise invalid("/reason", "Say in a sentence what makes this an emergency.", code="reason_required")
    access_id = uuid7()
    ask_guard("SELECT break_glass(%s, %s, %s)", [access_id, client_id, reason.strip()])
    access = Access.objects.visible_to(actor).get(pk=access_id)
    homes = homes_of(client_id)
    look = Look("access", access_id, client_id, homes[0] if homes else None, Access.Why.BREAK_GLASS)
    log_looks(actor, [look], action=AccessLog.Action.BROKE_GLASS)
    record(
        "access.break_glass",
        subject=access,
        actor=actor,
        organizations=[actor.organization_id, *homes],
        client_id=client_id,
        always=True,
    )
    return access


def refused_attempt(client_id: UUID, *, actor: Actor) -> None:
    """An attempt that was refused, for the clinic's own auditor and the client's home."""
    homes = homes_of(client_id)
    look = Look("client", client_id, client_id, homes[0] if homes else None, Access.Why.BREAK_GLASS)
    log_looks(actor, [look], action=AccessLog.Action.REFUSED)


def check_may_break_the_glass(client_id: UUID, *, actor: Actor) -> None:
    """404 for a client the organization never had to do with, 403 for whoever may not; the reason is asked later."""
    if not ask_guard("SELECT may_break_glass(%s)", [client_id])[0][0]:
        raise NotFound
    organization: Organization = Organization.objects.one(actor.organization_id)
    if not organization.break_glass_enabled:
        raise Forbidden("Your clinic has not switched this on; an admin can.", code="break_glass_off")
    if actor.kind != ActorKind.MEMBER or not actor.treats:
        raise Forbidden("Only a practitioner breaks the glass.", code="not_a_practitioner")
    if problem := credential_problem_of(actor):
        raise Forbidden(problem, code="credential_required")
    if not (actor.second_factor or settings.SANDBOX):
        raise Forbidden("Sign in with your second factor first.", code="second_factor_required")
    if ask_guard("SELECT is_excluded(%s)", [client_id])[0][0]:
        raise Forbidden("The client has said that this person must not see the record.", code="excluded")
