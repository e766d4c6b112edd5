"""Work that waits: queued in the transaction that makes it due, claimed with a lease, run under the same walls.

Any number of workers may run. A worker claims in one short transaction (real time, the database's clock) and works in
another as the system of the row's organization. A crash counts as an attempt, because attempts rise with the claim.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from backend.audit.models import Work
from backend.lib import clock, request_ids
from backend.lib.actor import WORKER, system_of
from backend.lib.ids import uuid7
from backend.lib.prepared import Statement, sent_together, write
from backend.lib.unit_of_work import acting_as

LEASE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
# Pauses double from two seconds to an hour: the last try is made three days after the first.
MOST_ATTEMPTS = 83
CHANNEL = "work"
Handler = Callable[["Claim"], None]
_handlers: dict[str, Handler] = {}
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """How much work failed and is tried again, and how much was given up and waits for the operator."""

    failing: int
    dead: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A row of work that is ours until its lease ends."""

    id: UUID
    kind: str
    subject_id: UUID
    organization_id: UUID | None
    attempts: int


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Registers what does work of this kind."""

    def register(handler: Handler) -> Handler:
        assert kind not in _handlers, f"{kind} is handled already"
        _handlers[kind] = handler
        return handler

    return register


def queue(kind: str, subject_id: UUID, *, organization_id: UUID | None, due_at: datetime) -> None:
    """Asks for work at a time of the domain's clock; asking again moves it."""
    queue_all(kind, [(subject_id, organization_id)], due_at=due_at)


QUEUE = Statement(
    """
INSERT INTO audit_work (id, kind, subject_id, organization_id, due_at, lease_until, attempts, is_dead, created_at)
VALUES ($1, $2, $3, $4, $5, NULL, 0, false, $6)
    ON CONFLICT (kind, subject_id) DO UPDATE
   SET organization_id = excluded.organization_id, due_at = excluded.due_at, attempts = 0, is_dead = false, lease_until = NULL
""",
    *("uuid", "text", "uuid", "uuid", "timestamptz", "timestamptz"),
)
DROP = Statement("DELETE FROM audit_work WHERE kind = $1 AND subject_id = $2", "text", "uuid")
WAKE = Statement(f"SELECT pg_notify('{CHANNEL}', '')")


def queue_all(kind: str, subjects: Iterable[tuple[UUID, UUID | None]], *, due_at: datetime) -> None:
    with sent_together():
        for subject_id, organization_id in subjects:
            write(QUEUE, uuid7(), kind, subject_id, organization_id, due_at, clock.real_now())
        if due_at <= clock.now():
            write(WAKE)


def drop(kinds: Iterable[str], subject_id: UUID) -> None:
    """Work that is no longer needed."""
    for kind in kinds:
        write(DROP, kind, subject_id)


CLAIM = """
UPDATE audit_work SET lease_until = clock_timestamp() + %(lease)s::interval, attempts = attempts + 1
 WHERE id = (SELECT id FROM audit_work
              WHERE due_at <= domain_now() AND NOT is_dead AND (lease_until IS NULL OR lease_until < clock_timestamp())
                AND kind = ANY(%(kinds)s)
              ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, kind, subject_id, organization_id, attempts
"""


def claim_one() -> Claim | None:
    """Takes one row that is due, or None. Real time for the lease, the domain's clock for what is due."""
    with acting_as(WORKER), connection.cursor() as cursor:
        cursor.execute(CLAIM, {"lease": f"{LEASE.total_seconds()} seconds", "kinds": list(_handlers)})
        row = cursor.fetchone()
    return Claim(*row) if row else None


def run_one() -> bool:
    """Claims and does one row of work. False when nothing is due."""
    claim = claim_one()
    if claim is None:
        return False
    request_ids.begin(None)
    try:
        _handlers[claim.kind](claim)
    except Exception:
        log.exception("work %s of %s failed, attempt %s", claim.kind, claim.subject_id, claim.attempts)
        _put_back(claim)
    return True


def run_due(most: int = 10_000) -> int:
    """Does all work that is due, in this process; for tests, the demo and the sandbox's clock."""
    done = 0
    while done < most and run_one():
        done += 1
    return done


def finish(claim: Claim) -> None:
    """Removes the row, in the transaction of what was done: both happen or neither.

    Fenced by the attempt: a worker that lost its lease to another removes nothing.
    """
    Work.objects.filter(id=claim.id, attempts=claim.attempts, lease_until__isnull=False).delete()


def do_in_organization(claim: Claim, act: Callable[[], None]) -> None:
    """The usual shape of a handler: one transaction as the organization's system, then done."""
    assert claim.organization_id is not None
    with acting_as(system_of(claim.organization_id)):
        act()
        finish(claim)


def _put_back(claim: Claim) -> None:
    gives_up = claim.attempts >= MOST_ATTEMPTS
    if gives_up:
        log.error("work %s of %s is given up; manage.py work --raise-dead tries again", claim.kind, claim.subject_id)
    with acting_as(WORKER):
        Work.objects.filter(id=claim.id, attempts=claim.attempts).update(
            lease_until=clock.real_now() + pause_after(claim.attempts), is_dead=gives_up
        )


def pause_after(attempts: int) -> timedelta:
    """How long what failed so often waits before it is tried again."""
    return min(timedelta(seconds=2.0 ** min(attempts, 12)), LONGEST_PAUSE)


def trouble(organization_id: UUID | None = None) -> Trouble:
    """What does not go well, of one organization or of all."""
    rows = Work.objects.all() if organization_id is None else Work.objects.filter(organization_id=organization_id)
    failing, dead = Q(is_dead=False, attempts__gt=1), Q(is_dead=True)
    return Trouble(**rows.aggregate(failing=Count("pk", filter=failing), dead=Count("pk", filter=dead)))


def raise_dead() -> int:
    """Gives dead work another life, now; returns how much. For the operator."""
    with acting_as(WORKER):
        return Work.objects.filter(is_dead=True).update(is_dead=False, attempts=0, lease_until=None)
