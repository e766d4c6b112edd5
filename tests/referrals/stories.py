"""Shortcuts for the stories told here: a referral in any state, a clock that is moved, what the tables hold."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from backend.audit import work
from backend.audit.models import MovedClock
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.unit_of_work import acting_as
from backend.referrals.models import Guest, Referral
from tests import make

RECORDED = {"who": "Gil Guest", "how": "phone"}
GUEST = {"guest": {"name": "Gil Guest", "discipline": "chiropractic", "email": "gil@guest.example"}}
# How a referral that was sent comes into each state; who presses is the sender (s) or the recipient (r).
WAYS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "sent": [],
    "needs_information": [("r", "ask_information", {"question": "Any dizziness?"})],
    "accepted": [("r", "accept", {})],
    "times_offered": [("r", "accept", {}), ("r", "offer_times", {"times": "two"})],
    "waitlisted": [("r", "accept", {}), ("r", "waitlist", {"review_on": "later"})],
    "booked": [("r", "accept", {}), ("r", "book", {"visit": "soon"})],
    "in_care": [("r", "accept", {}), ("r", "start", {})],
    "cancellation_requested": [
        ("r", "accept", {}),
        ("r", "start", {}),
        ("s", "request_cancellation", {"reason": "The client moves away."}),
    ],
    "reported": [("r", "accept", {}), ("r", "start", {}), ("r", "report", {"final": True, "report": make.REPORT})],
    "declined": [("r", "decline", {"reason": "no_capacity"})],
    "withdrawn": [("s", "withdraw", {"reason": "better"})],
}
WAYS["closed"] = [*WAYS["reported"], ("s", "acknowledge", {"plan_change": "no_change"})]


def in_state(state: str, sender: make.Clinic, recipient: make.Clinic, **more: Any) -> Any:
    """A referral that was sent under a consent and then moved into a state."""
    referral = make.sent(sender, recipient, **more)
    for side, name, details in WAYS[state]:
        referral = make.move(sender if side == "s" else recipient, referral["id"], name, **filled(details))
    assert referral["state"] == state
    return referral


def filled(details: dict[str, Any]) -> dict[str, Any]:
    """Details with times that lie ahead of the clock."""
    ahead: dict[str, Callable[[], Any]] = {
        "two": lambda: [make.visit_window(1), make.visit_window(2)],
        "soon": lambda: make.visit_window(2),
        "later": lambda: (now() + timedelta(days=20)).date().isoformat(),
    }
    return {
        name: ahead[value]() if isinstance(value, str) and value in ahead else value for name, value in details.items()
    }


def now() -> datetime:
    """The service's time, moved or not."""
    moved = MovedClock.objects.first()
    return clock.real_now() + (moved.moved_by if moved else timedelta())


def advance(**span: float) -> None:
    """Moves the clock on, and lets the worker do what became due, step by step as time would have."""
    target = now() + timedelta(**span)
    while (step := next_due()) is not None and step <= target:
        move_to(max(step, now()) + timedelta(seconds=1))
        work.run_due()
    move_to(target)
    work.run_due()


def next_due() -> datetime | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(due_at) FROM audit_work WHERE NOT is_dead AND lease_until IS NULL")
        found: datetime | None = cursor.fetchone()[0]
    return found


def move_to(moment: datetime) -> None:
    """Sets the service's clock."""
    MovedClock.objects.update_or_create(id=1, defaults={"moved_by": moment - clock.real_now()})


def until_due(referral_id: str, clinic: make.Clinic, times: float = 1.0) -> timedelta:
    """From now to the due time, or to so many times the way to it."""
    found = row(referral_id, clinic)
    assert found.due_at is not None
    return found.state_entered_at + times * (found.due_at - found.state_entered_at) - now()


def row(referral_id: str, clinic: make.Clinic) -> Referral:
    """The referral as the clinic's people may load it."""
    actor = clinic.practitioner.actor
    with acting_as(actor):
        return Referral.objects.visible_to(actor).select_related("sender_role", "recipient_role").get(pk=referral_id)


def event_types(clinic: make.Clinic, subject_id: str) -> list[str]:
    """The types of a clinic's events about one thing, oldest first."""
    with acting_as(clinic.practitioner.actor), connection.cursor() as cursor:
        cursor.execute("SELECT type FROM audit_event WHERE subject_id = %s ORDER BY recorded_at, id", [subject_id])
        return [type for (type,) in cursor.fetchall()]


def count(clinic: make.Clinic, referral: Any, type: str) -> int:
    """How often something happened to a referral, by the clinic's own events."""
    return event_types(clinic, referral["id"]).count(f"referral.{type}")


def read(who: Any, referral_id: str, what: str = "") -> Any:
    """An answer of GET /referrals/{id}/…"""
    http = who if isinstance(who, make.Api) else who.http
    return http.send("GET", f"referrals/{referral_id}{'/' + what if what else ''}")


def names(referral: Any) -> set[str]:
    """What the reader of this answer may do next."""
    return {step["name"] for step in referral["available_transitions"]}


def last_step(referral_id: str, clinic: make.Clinic) -> dict[str, Any]:
    step: dict[str, Any] = read(clinic, referral_id).json()["history"][-1]
    return step


@contextmanager
def as_guest_of(referral_id: str, *, attested: bool = True) -> Iterator[Actor]:
    """Acts as the guest behind the link and the code, who has said who they are."""
    actor = Actor(kind=ActorKind.GUEST, referral_id=UUID(referral_id), display="Gil Guest")
    with acting_as(actor):
        if attested:
            Guest.objects.filter(pk=UUID(referral_id), attested_at=None).update(
                attested_name="Gil Guest", attested_clinic="Guest Clinic", license_kind="DC license",
                license_number="4711", license_place="CO", attested_at=clock.now(),
            )  # fmt: skip
        yield actor


def as_client(client_id: Any) -> Actor:
    """The client, after the code."""
    return Actor(kind=ActorKind.CLIENT, client_id=UUID(str(client_id)), display="Probe Canary")


def withdraw_consent(clinic: make.Clinic, client_id: Any, consent: Any) -> None:
    answer = clinic.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {})
    assert answer.status_code == 200, answer.content


def assert_readable(answer: Any, status: int, code: str) -> Any:
    """A refusal with a stable code and a sentence a practitioner can read."""
    body = answer.json()
    assert (answer.status_code, body.get("code")) == (status, code), body
    detail = body["detail"]
    assert detail, body
    assert detail[0] == "“" or detail[0].isupper(), detail
    assert detail[-1] in ".!?", detail
    words = (
        detail.replace("seen_at", "")
        .replace("signed_elsewhere", "")
        .replace("on_behalf_of", "")
        .replace("practitioner_role_id", "")
    )
    assert "_" not in words.replace("no_change", "").replace("notes:transmit", ""), detail
    return body
