"""Taking back what should not have stood in a plan, and where it is looked for then."""

from typing import Any
from uuid import UUID

from backend.lib.actor import Actor, ActorKind
from tests import make
from tests.careplans.plans import Plan, done
from tests.record.feed import settle

REASONS = ["wrong_client", "wrong_entry", "duplicate", "other"]


def the_client(plan: Plan, at: make.Clinic) -> Actor:
    """The client, signed in by link."""
    return Actor(kind=ActorKind.CLIENT, client_id=UUID(plan.client_id), organization_id=UUID(at.id))


def void(plan: Plan, who: Any, row: str = "", reason: str = "wrong_client", **more: Any) -> Any:
    """Enters the plan, or a row of it by its address, in error."""
    return plan.post(who, f"{row}/entered-in-error", {"reason": reason, **more})


def told(clinic: make.Clinic, type: str) -> list[Any]:
    settle()
    return list(done(clinic.http.send("GET", f"events?types={type}"))["results"])


def page(clinic: make.Clinic, path: str) -> str:
    answer = make.signed_in(clinic.practitioner.member.user).get(path)
    return answer.content.decode() if answer.status_code == 200 else f"{answer.status_code}"


def items(clinic: make.Clinic, client_id: str, kinds: str) -> list[Any]:
    return list(done(clinic.http.send("GET", f"clients/{client_id}/timeline?kinds={kinds}"))["results"])
